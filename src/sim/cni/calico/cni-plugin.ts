/**
 * The `calico` CNI plugin with `calico-ipam`: gives a pod its address and its veth pair, and takes the address back.
 * What a pod may wish for is read in `pod-wishes.ts`. Errors come as the kubelet receives them from the plugin, without the runtime's
 * own prefix (`plugin type="calico" failed (add): `).
 * Sources: cni-plugin/pkg/{k8s/k8s.go,ipamplugin/ipam_plugin.go}, cni-plugin/internal/pkg/utils, Calico v3.32.1. Left out:
 * hwAddr, pods with an IPv6 address alone, and what a plugin cannot do while the API server is away.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { formatIpv4, type Ip } from '../../../model/ip.ts';
import { isIpv4, isIpv6, type IpFamily } from '../../../model/ip-family.ts';
import { formatIpv6 } from '../../../model/ipv6.ts';
import type { Topology } from '../../../model/topology.ts';
import { memoize } from '../../core/memo.ts';
import type { Table } from '../../core/table.ts';
import { isBroken, nodeMachine } from '../../kube/machines.ts';
import { lastSeen } from '../../kube/last-seen.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { CniPlugin, PodNetwork } from '../../kube/sandbox.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { transactionDatastore } from './datastore.ts';
import { encapsulations, mtus } from './encapsulation.ts';
import { felixConfiguration } from './felix-configuration.ts';
import { goTimestamp } from './go-time.ts';
import { hostMtu, KNOWN_INTERFACES } from './host-mtu.ts';
import { nextIndex } from './interface-index.ts';
import { host } from './ipam/affinity.ts';
import { Ipam } from './ipam/ipam.ts';
import { allPools, type AnyPool } from './ippool.ts';
import {
  CLUSTER_INFORMATIONS,
  FELIX_CONFIGURATIONS,
  IP_POOLS,
  NAMESPACES,
  PODS,
  annotation,
} from './kinds.ts';
import { hostInterface, podHandle, podMac } from './names.ts';
import { NODE_ENVIRONMENTS, nodeEnvironment, type NodeEnvironment } from './node-environment.ts';
import { POD_ANNOTATION } from './pod-addresses.ts';
import { readWishes, type Wishes } from './pod-wishes.ts';

export function calicoCni(topology: Topology): CniPlugin {
  return {
    type: 'calico',
    refusal: (tx, node) =>
      isBroken(nodeMachine(tx, node), 'nodename-file')
        ? 'stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/'
        : undefined,
    add: (tx, pod, containerId) => {
      if (!isReady(tx)) return err('Calico is currently not ready to process requests');
      const node = String(pod.spec?.['nodeName'] ?? '');
      const assigned = assignAddresses(tx, { pod, node, containerId });
      if (!assigned.ok) return assigned;
      const { address, address6 } = assigned.value;
      annotatePod(tx, pod, {
        [POD_ANNOTATION.containerId]: containerId,
        ...addressAnnotations([
          [formatIpv4(address), '32'].join('/'),
          ...(address6 === undefined ? [] : [`${formatIpv6(address6)}/128`]),
        ]),
      });
      return ok(podNetwork(tx, { pod, node, topology }, assigned.value));
    },
    del: (tx, { namespace, pod: name, containerId }) => {
      const pod = tx.get(PODS, namespace, name);
      // A pod of the same name may have another sandbox already.
      if (pod && annotation(pod, POD_ANNOTATION.containerId) === containerId)
        annotatePod(tx, pod, addressAnnotations([]));
      new Ipam(transactionDatastore(tx)).releaseHandle(podHandle(containerId));
    },
  };
}

/** What `calicoctl datastore migrate lock` takes away. */
const isReady = (tx: ClusterTransaction): boolean =>
  tx.get(CLUSTER_INFORMATIONS, undefined, 'default')?.spec?.['datastoreReady'] !== false;

interface Attachment {
  readonly pod: KubeObject;
  readonly node: string;
  readonly containerId: string;
}

type PodAddresses = Pick<PodNetwork, 'address' | 'address6'>;

/** Addresses given to a pod that is refused afterwards go back into the queue. */
function assignAddresses(tx: ClusterTransaction, attachment: Attachment): Result<PodAddresses, string> {
  const { pod, node, containerId } = attachment;
  const home = tx.get(NAMESPACES, undefined, pod.metadata.namespace ?? 'default');
  const ipam = new Ipam(transactionDatastore(tx));
  const { podFamilies } = nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, node));
  const wishes = readWishes(pod, {
    namespace: home,
    pools: ipam.allPools(),
    families: podFamilies,
  });
  if (!wishes.ok) return wishes;
  const request = requestOf(tx, attachment, home);
  const assigned =
    wishes.value.addresses.length > 0
      ? exactly(ipam, wishes.value, request)
      : fromPools(ipam, wishes.value, request);
  const problem = assigned.ok ? wishes.value.problem : assigned.error;
  const addresses = assigned.ok ? podAddressesOf(assigned.value) : assigned;
  if (problem === undefined && addresses.ok) return addresses;
  ipam.releaseHandle(podHandle(containerId));
  return problem === undefined ? addresses : err(problem);
}

const requestOf = (
  tx: ClusterTransaction,
  { pod, node, containerId }: Attachment,
  home: KubeObject | undefined,
) => {
  const { name, namespace = 'default' } = pod.metadata;
  return {
    owner: host(node),
    handle: podHandle(containerId),
    secondary: { namespace, node, pod: name, timestamp: goTimestamp(tx) },
    use: 'Workload',
    namespaceLabels: home?.metadata.labels ?? {},
  } as const;
};

type PodRequest = ReturnType<typeof requestOf>;

function exactly(ipam: Ipam, { addresses }: Wishes, request: PodRequest): Result<readonly Ip[], string> {
  for (const address of addresses) {
    const assigned = ipam.assign(address, request);
    if (!assigned.ok) return err(`error getting IP from IPAM: ${assigned.error}`);
  }
  return ok(addresses);
}

/** Where one family has no address left, the other one is asked all the same. */
function fromPools(
  ipam: Ipam,
  { families, pools }: Wishes,
  request: PodRequest,
): Result<readonly Ip[], string> {
  const found: Ip[] = [];
  let failure: string | undefined;
  for (const family of families) {
    const assigned = ipam.autoAssign<IpFamily>({ ...request, family, requested: pools[family] });
    if (assigned.ok) found.push(assigned.value);
    else {
      const isExhausted = assigned.error.startsWith('Assigned ');
      failure ??= isExhausted
        ? `failed to request IPv${family} addresses: ${assigned.error}`
        : assigned.error;
      if (!isExhausted) break;
    }
  }
  if (failure !== undefined) return err(failure);
  return families.length === 0 ? err('IPAM plugin returned missing IP config') : ok(found);
}

function podAddressesOf(addresses: readonly Ip[]): Result<PodAddresses, string> {
  const address = addresses.find(isIpv4);
  const address6 = addresses.find(isIpv6);
  if (address === undefined) return err('pods with an IPv6 address alone are not simulated');
  return ok({ address, ...(address6 !== undefined && { address6 }) });
}

/** Empty when the plugin has taken the network away: so the pod's endpoint loses its addresses at once. */
const addressAnnotations = (addresses: readonly string[]): Readonly<Record<string, string>> => ({
  [POD_ANNOTATION.podIp]: addresses[0] ?? '',
  [POD_ANNOTATION.podIps]: addresses.join(','),
});

function annotatePod(
  tx: ClusterTransaction,
  pod: KubeObject,
  values: Readonly<Record<string, string>>,
): void {
  const { name, namespace } = pod.metadata;
  const stored = tx.get(PODS, namespace, name) ?? pod;
  const annotations = { ...stored.metadata.annotations, ...values };
  tx.put(PODS, { ...stored, metadata: { ...stored.metadata, annotations } });
}

interface Attached {
  readonly pod: KubeObject;
  readonly node: string;
  readonly topology: Topology;
}

function podNetwork(
  tx: ClusterTransaction,
  { pod, node, topology }: Attached,
  addresses: PodAddresses,
): PodNetwork {
  const pools = new Ipam(transactionDatastore(tx)).allPools();
  return {
    ...addresses,
    mac: podMac(addresses.address),
    mtu: podMtu(tx, { topology, node, pools }),
    hostInterface: hostInterface(pod.metadata.namespace ?? 'default', pod.metadata.name),
    hostIndex: nextIndex(tx, node),
    ...(nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, node)).podForwarding && { forwarding: true }),
  };
}

/** What Felix has written to a node's /var/lib/calico/mtu, or the CNI configuration fixes. */
export const nodeMtu = (tx: ClusterTransaction, topology: Topology, node: string): number =>
  podMtu(tx, { topology, node, pools: allPools(tx.list(IP_POOLS)) });

interface MtuFacts {
  readonly topology: Topology;
  readonly node: string;
  readonly pools: readonly AnyPool[];
}

/** What the node's Felix wrote to /var/lib/calico/mtu when it last started. */
function podMtu(tx: ClusterTransaction, { topology, node, pools }: MtuFacts): number {
  const seen = lastSeen(tx, 'felix', node)?.store;
  const known = (seen ?? tx).get(KNOWN_INTERFACES, undefined, node);
  const started = tx.get(NODE_ENVIRONMENTS, undefined, node);
  const environment = nodeEnvironment(started);
  // A MTU in the CNI configuration goes before the one that Felix wrote down.
  if (environment.podMtu > 0) return environment.podMtu;
  const configurations = (seen ?? tx).table(FELIX_CONFIGURATIONS);
  const seenPools = seen ? allPools(seen.table(IP_POOLS)?.values() ?? []) : pools;
  if (known || seen || environment.vxlanMtu > 0 || environment.ipipMtu > 0)
    return readMtu({ topology, node, pools: seenPools }, configurations, { known, environment });
  return podMtus(topology, configurations, pools)(node);
}

function readMtu(
  { topology, node, pools }: MtuFacts,
  configurations: Table<KubeObject> | undefined,
  { known, environment }: { readonly known: KubeObject | undefined; readonly environment: NodeEnvironment },
): number {
  const felix = felixConfiguration(configurations, node);
  const host = hostMtu(topology, node, { pattern: felix.mtuIfacePattern, known });
  return mtus(host, felix, { enabled: encapsulations(pools, felix), environment }).pod;
}

/** Nobody changed an interface by hand or fixed a MTU. */
const NOTHING_SET = { known: undefined, environment: nodeEnvironment(undefined) };

/** By node, where nothing of that is set. */
const podMtus = memoize(
  (topology: Topology, configurations: Table<KubeObject> | undefined, pools: readonly AnyPool[]) => {
    const read = new Map<string, number>();
    return (node: string): number => {
      const mtu = read.get(node) ?? readMtu({ topology, node, pools }, configurations, NOTHING_SET);
      read.set(node, mtu);
      return mtu;
    };
  },
);
