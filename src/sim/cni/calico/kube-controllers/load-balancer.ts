/**
 * calico-kube-controllers' load balancer: Services of type LoadBalancer get an address of the pools that allow that use,
 * and show it in their status. It takes blocks for a node that does not exist, `load-balancer`.
 * Source: kube-controllers/pkg/controllers/loadbalancer/loadbalancer_controller.go, Calico v3.32.1. An empty list of pools in
 * an annotation counts as none, and pools of one family say nothing of addresses of the other; the real one then gives the
 * address back and takes it again for ever.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../../../../base/bytes.ts';
import type { JsonObject } from '../../../../base/json.ts';
import type { Ip } from '../../../../model/ip.ts';
import {
  familyOf,
  formatIp,
  ipCidrContains,
  isIpv4,
  parseIp,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import type { Change, Controller } from '../../../kube/controller.ts';
import { listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { base64url } from '../base64url.ts';
import { transactionDatastore } from '../datastore.ts';
import { goTimestamp } from '../go-time.ts';
import { affinityOf, LOAD_BALANCER } from '../ipam/affinity.ts';
import { Ipam } from '../ipam/ipam.ts';
import { IpamStore } from '../ipam/ipam-store.ts';
import { poolHolding } from '../ipam/pools.ts';
import type { AnyPool } from '../ippool.ts';
import { IPAM_BLOCKS, IP_POOLS, KUBE_CONTROLLERS_CONFIGURATIONS, NAMESPACES } from '../kinds.ts';
import { strings } from '../validation.ts';
import { allocationsOf } from './allocations.ts';
import { kubeControllersConfig } from './configuration.ts';
import { isManaged, readWishes, type ServiceWishes } from './service-wishes.ts';

const NAME = 'calico-load-balancer';
const SERVICES = 'services';
const USE = 'LoadBalancer';
/** Milliseconds until a change is seen. */
const DELAY = 10;

/** Keys: `service/<namespace>/<name>/<handle>`, or `all` when something moved that any of them may depend on. */
export const loadBalancer: Controller = {
  name: NAME,
  watches: [SERVICES, IP_POOLS, IPAM_BLOCKS, KUBE_CONTROLLERS_CONFIGURATIONS],
  react: (change) => keysFor(change).map((key) => ({ key, after: DELAY })),
  reconcile: (tx, key) => {
    const [kind, namespace = '', name = '', handle = ''] = key.split('/');
    if (kind === 'all') for (const each of known(tx)) sync(tx, each);
    else sync(tx, { namespace, name, handle });
  },
};

interface ServiceKey {
  readonly namespace: string;
  readonly name: string;
  readonly handle: string;
}

function keysFor({ resource, before, after }: Change): readonly string[] {
  const either = (concerned: (object: KubeObject) => boolean): boolean =>
    (before !== undefined && concerned(before)) || (after !== undefined && concerned(after));
  switch (resource) {
    case SERVICES: {
      const service = after ?? before;
      return service && either(isLoadBalancer) ? [spelled(keyOf(service))] : [];
    }
    case IP_POOLS:
      return either(({ spec }) => strings(spec?.['allowedUses']).includes(USE)) ? ['all'] : [];
    case IPAM_BLOCKS:
      return either(({ spec }) => spec?.['affinity'] === affinityOf(LOAD_BALANCER)) ? ['all'] : [];
    default:
      return ['all'];
  }
}

const isLoadBalancer = ({ spec }: KubeObject): boolean => spec?.['type'] === USE;

const spelled = ({ namespace, name, handle }: ServiceKey): string => `service/${namespace}/${name}/${handle}`;

function keyOf({ metadata }: KubeObject): ServiceKey {
  const { namespace = '', name, uid = '' } = metadata;
  const digest = base64url(sha256(utf8(`${name}-${namespace}-${uid}`.toLowerCase())));
  return { namespace, name, handle: `lb-${digest.replaceAll(/[-_.]/g, '')}` };
}

/** All Services of the type, and all that hold an address. */
function known(tx: ClusterTransaction): readonly ServiceKey[] {
  const keys = tx.list(SERVICES).filter(isLoadBalancer).map(keyOf);
  const holders = new IpamStore(transactionDatastore(tx))
    .blocks()
    .filter(({ affinity }) => affinity === affinityOf(LOAD_BALANCER))
    .flatMap(allocationsOf)
    .flatMap(({ handle, secondary: { service, namespace } }) =>
      service === undefined || namespace === undefined ? [] : { name: service, namespace, handle },
    );
  return [...new Map([...keys, ...holders].map((key) => [spelled(key), key])).values()];
}

function sync(tx: ClusterTransaction, key: ServiceKey): void {
  const ipam = new Ipam(transactionDatastore(tx));
  const stored = tx.get(SERVICES, key.namespace, key.name);
  // One that was made anew under the old name is another.
  const service = stored && keyOf(stored).handle === key.handle ? stored : undefined;
  const pools = ipam.allPools().filter(({ allowedUses }) => allowedUses.includes(USE));
  if (!service) ipam.releaseHandle(key.handle);
  else if (pools.length === 0) {
    if (ipam.releaseHandle(key.handle)) show(tx, service, []);
  } else if (isManaged(service, kubeControllersConfig(tx).assignIps))
    serve(tx, ipam, { service, key, pools });
  else letGo(tx, ipam, service, key);
}

/** No longer ours to serve: other addresses in the status are somebody else's. */
function letGo(tx: ClusterTransaction, ipam: Ipam, service: KubeObject, { handle }: ServiceKey): void {
  const held = new Set(ipam.addressesOf(handle));
  if (!ipam.releaseHandle(handle) || !isLoadBalancer(service)) return;
  show(
    tx,
    service,
    shownAddresses(service).filter((address) => !held.has(address)),
  );
}

interface Served {
  readonly service: KubeObject;
  readonly key: ServiceKey;
  /** That allow the use. */
  readonly pools: readonly AnyPool[];
}

function serve(tx: ClusterTransaction, ipam: Ipam, { service, key, pools }: Served): void {
  const wishes = readWishes(service, pools);
  if (!wishes.ok) return;
  for (const address of ipam.addressesOf(key.handle)) {
    if (!fits(address, wishes.value, pools)) ipam.releaseAddress(address);
  }
  const count = textAt(service.spec, 'ipFamilyPolicy').endsWith('DualStack') ? 2 : 1;
  if (ipam.addressesOf(key.handle).length !== count) assign(tx, ipam, { service, key, wishes: wishes.value });
  show(tx, service, ipam.addressesOf(key.handle));
}

/** Whether an address it has is one it still asks for. */
function fits(address: Ip, wishes: ServiceWishes, pools: readonly AnyPool[]): boolean {
  if (wishes.addresses.length > 0) return wishes.addresses.includes(address);
  const wanted = wishes.pools[familyOf(address)];
  if (wanted.length > 0) return wanted.some((cidr) => ipCidrContains(cidr, address));
  return poolHolding<AnyPool>(pools, address)?.assignmentMode !== 'Manual';
}

interface Assignment {
  readonly service: KubeObject;
  readonly key: ServiceKey;
  readonly wishes: ServiceWishes;
}

/** One that cannot be had is asked for again when pools or blocks of the load balancer change. */
function assign(tx: ClusterTransaction, ipam: Ipam, { service, key, wishes }: Assignment): void {
  const { name, namespace } = key;
  const request = {
    owner: LOAD_BALANCER,
    handle: key.handle,
    secondary: { namespace, service: name, timestamp: goTimestamp(tx), type: textAt(service.spec, 'type') },
  };
  const held = ipam.addressesOf(key.handle);
  if (wishes.addresses.length > 0) {
    for (const address of wishes.addresses) {
      if (!held.includes(address) && !ipam.assign(address, request).ok) return;
    }
    return;
  }
  const home = tx.get(NAMESPACES, undefined, namespace);
  if (!home) return;
  for (const family of missingFamilies(service, held)) {
    const assigned = ipam.autoAssign<IpFamily>({
      ...request,
      family,
      use: USE,
      namespaceLabels: home.metadata.labels ?? {},
      requested: wishes.pools[family],
    });
    if (!assigned.ok) return;
  }
}

/**
 * IPv4 is asked for first, whichever family is the Service's first one. One that holds an address of IPv4 gets none of IPv6
 * later: upstream takes every address for one that could be written as IPv6.
 */
function missingFamilies({ spec }: KubeObject, held: readonly Ip[]): readonly IpFamily[] {
  const wanted = textsAt(spec, 'ipFamilies');
  if (held.some(isIpv4)) return [];
  return ([4, 6] as const).filter(
    (family) => wanted.includes(`IPv${family}`) && !held.some((address) => familyOf(address) === family),
  );
}

const shownAddresses = ({ status }: KubeObject): readonly Ip[] =>
  listAt(status, 'loadBalancer', 'ingress').flatMap((ingress) => parseIp(textAt(ingress, 'ip')) ?? []);

function show(tx: ClusterTransaction, service: KubeObject, addresses: readonly Ip[]): void {
  const shown = shownAddresses(service);
  if (shown.length === addresses.length && shown.every((address) => addresses.includes(address))) return;
  const ingress: readonly JsonObject[] = addresses.map((address) => ({
    ip: formatIp(address),
    ipMode: 'VIP',
  }));
  const { ingress: _former, ...others } = objectAt(service.status, 'loadBalancer');
  const loadBalancer = ingress.length === 0 ? others : { ...others, ingress };
  tx.put(SERVICES, { ...service, status: { ...service.status, loadBalancer } });
}
