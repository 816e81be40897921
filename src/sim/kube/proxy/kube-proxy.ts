/**
 * kube-proxy in iptables mode: what it puts into a node's stack, as a function of services and endpoint slices.
 *
 *   PREROUTING, OUTPUT -> KUBE-SERVICES -> KUBE-SVC-x -> KUBE-SEP-x -> DNAT to the pod
 *                               `-> KUBE-NODEPORTS -> KUBE-EXT-x -> KUBE-SVC-x
 *   POSTROUTING -> KUBE-POSTROUTING -> MASQUERADE what KUBE-MARK-MASQ marked
 *
 * A node with addresses of both families has the same program once for each, in iptables and in ip6tables.
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go, Kubernetes 1.35. Left out: topology-aware hints, and the second that
 * may pass between a change and its rules.
 */
import type { Ip, Ipv4, Ipv6 } from '../../../model/ip.ts';
import { memoize } from '../../core/memo.ts';
import type { IpSet, Netfilter } from '../../net/netfilter-rules.ts';
import type { Inet6, Listener, Programming } from '../../net/netns.ts';
import type { ClusterState } from '../controller.ts';
import { listAt, textAt } from '../fields.ts';
import { IPV4, IPV6, type AddressFamily } from './address-family.ts';
import {
  FILTER_CHAINS,
  filterJumpsOf,
  MANGLE,
  NAT_CHAINS,
  NAT_JUMPS,
  writeForwarding,
  writeKubeletFirewall,
  writeMasquerading,
  writeNodePortDoor,
} from './base-rules.ts';
import { chainsOf, type Draft, type DraftTable } from './draft.ts';
import { healthCheckListeners } from './health-check.ts';
import { serviceReader, type ServicePort } from './service-ports.ts';
import { writeService } from './service-rules.ts';

/** What kube-proxy puts into the stack of `node`. Equal tables give the identical answer. */
export function kubeProxy(cluster: ClusterState, node: string): Programming {
  const addresses = nodeAddresses(cluster, node);
  const ranges = clusterCidrs(cluster);
  const program = programs4(serviced(cluster), placeOf(IPV4, node, addresses, ranges));
  const has6 = addresses.some((address) => IPV6.parse(address) !== undefined);
  return has6
    ? bothFamilies(program, programs6(serviced6(cluster), placeOf(IPV6, node, addresses, ranges)))
    : program;
}

interface Both {
  readonly inet6: Program6;
  readonly program: Programming;
}

const joined = new WeakMap<Programming, Both>();

/** The health check port of a service is one for both families. */
function bothFamilies(program: Programming, inet6: Program6): Programming {
  const before = joined.get(program);
  if (before?.inet6 === inet6) return before.program;
  const known = program.listeners ?? [];
  const more = inet6.listeners.filter(({ port }) => !known.some((other) => other.port === port));
  const both = { ...program, listeners: [...known, ...more], inet6: inet6.inet6 };
  joined.set(program, { inet6, program: both });
  return both;
}

/** The service ports of the cluster, in order; unchanged tables give the identical list. */
export const serviced = ({ store }: ClusterState): readonly ServicePort[] =>
  ports(store.table('services'), store.table(SLICES));

/** Those of IPv6; none where no service has an address of it. */
export const serviced6 = ({ store }: ClusterState): readonly ServicePort<Ipv6>[] =>
  ports6(store.table('services'), store.table(SLICES));

const SLICES = 'endpointslices.discovery.k8s.io';
const ports = memoize(serviceReader(IPV4), 4);
const ports6 = memoize(serviceReader(IPV6), 4);

interface Place {
  readonly node: string;
  readonly address: string;
  readonly local: string;
}

const placeOf = <Address extends Ip>(
  { parse, parseCidr }: AddressFamily<Address>,
  node: string,
  addresses: readonly string[],
  ranges: readonly string[],
): Place => ({
  node,
  address: addresses.find((text) => parse(text) !== undefined) ?? '',
  local: ranges.find((text) => parseCidr(text) !== undefined) ?? '',
});

interface Program6 {
  readonly inet6: Omit<Inet6, 'forwarding'>;
  readonly listeners: readonly Listener[];
}

const programs4 = programsOf<Ipv4, Programming>((services, place) => ({
  devices: [],
  routes: [],
  neighbours: [],
  fdb: [],
  netfilter: render(IPV4, services, place),
  listeners: healthCheckListeners(place.node, services),
}));

const programs6 = programsOf<Ipv6, Program6>((services, place) => ({
  inet6: {
    addresses: new Map(),
    routes: [],
    neighbours: [],
    netfilter: render(IPV6, services, place),
  },
  listeners: healthCheckListeners(place.node, services),
}));

/** One answer for all nodes for each state of the services, or one a node where services care which node it is. */
function programsOf<Address extends Ip, Program>(
  make: (services: readonly ServicePort<Address>[], place: Place) => Program,
): (services: readonly ServicePort<Address>[], place: Place) => Program {
  const programs = new WeakMap<readonly ServicePort<Address>[], Map<string, Program>>();
  return (services, place) => {
    const ofState = programs.get(services) ?? new Map<string, Program>();
    programs.set(services, ofState);
    const own = services.some(differsByNode) ? `${place.node} ${place.address}` : '';
    const key = `${own} ${place.local}`;
    const known = ofState.get(key);
    if (known !== undefined) return known;
    const made = make(services, place);
    ofState.set(key, made);
    return made;
  };
}

/** Its endpoints on the node count, or the node's own address does. */
const differsByNode = ({ internalLocal, externalLocal, sourceRanges }: ServicePort<Ip>): boolean =>
  internalLocal || externalLocal || sourceRanges.length > 0;

/** kube-proxy tells pods from others by the cluster's pod ranges (its clusterCIDR setting). */
function clusterCidrs({ store }: ClusterState): readonly string[] {
  const config = store.get('configmaps', 'kube-system', 'kube-proxy');
  return (/^clusterCIDR: "?([^"\n]*)"?$/m.exec(textAt(config, 'data', 'config.conf'))?.[1] ?? '').split(',');
}

const nodeAddresses = ({ store }: ClusterState, name: string): readonly string[] =>
  listAt(store.get('nodes', undefined, name)?.status, 'addresses')
    .filter((each) => textAt(each, 'type') === 'InternalIP')
    .map((each) => textAt(each, 'address'));

/** Beyond so many endpoints kube-proxy saves on comments. */
const LARGE_CLUSTER_ENDPOINTS = 1000;

function render<Address extends Ip>(
  family: AddressFamily<Address>,
  services: readonly ServicePort<Address>[],
  { node, address, local }: Place,
): Netfilter<Address> {
  const table = (names: readonly string[]): DraftTable<Address> => new Map(names.map((name) => [name, []]));
  const draft: Draft<Address> = {
    family,
    nat: table(NAT_CHAINS),
    filter: table(FILTER_CHAINS),
    node,
    nodeIp: family.parse(address),
    local: family.parseCidr(local),
    large: services.reduce((sum, { endpoints }) => sum + endpoints.length, 0) > LARGE_CLUSTER_ENDPOINTS,
  };
  writeMasquerading(draft);
  for (const service of services) writeService(draft, service);
  writeNodePortDoor(draft);
  writeForwarding(draft);
  writeKubeletFirewall(draft);
  return {
    tables: {
      mangle: MANGLE,
      nat: [...NAT_JUMPS, ...chainsOf(draft.nat)],
      filter: [...filterJumpsOf(family), ...chainsOf(draft.filter)],
    },
    ipsets: new Map<string, IpSet<Address>>(),
  };
}
