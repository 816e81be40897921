/**
 * kube-proxy in iptables mode: what it puts into a node's stack, as a function of services and endpoint slices.
 *
 *   PREROUTING, OUTPUT -> KUBE-SERVICES -> KUBE-SVC-x -> KUBE-SEP-x -> DNAT to the pod
 *                               `-> KUBE-NODEPORTS -> KUBE-EXT-x -> KUBE-SVC-x
 *   POSTROUTING -> KUBE-POSTROUTING -> MASQUERADE what KUBE-MARK-MASQ marked
 *
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go, Kubernetes 1.35. Left out: topology-aware hints, IPv6, and the
 * second that may pass between a change and its rules.
 */
import { parseCidr, parseIpv4, type Ipv4 } from '../../../model/ip.ts';
import { memoize } from '../../core/memo.ts';
import type { IpSet, Rule } from '../../net/netfilter-rules.ts';
import type { Programming } from '../../net/netns.ts';
import type { ClusterState } from '../controller.ts';
import { listAt, textAt } from '../fields.ts';
import {
  FILTER_CHAINS,
  FILTER_JUMPS,
  MANGLE,
  NAT_CHAINS,
  NAT_JUMPS,
  writeForwarding,
  writeKubeletFirewall,
  writeMasquerading,
  writeNodePortDoor,
} from './base-rules.ts';
import { chainsOf, type Draft } from './draft.ts';
import { healthCheckListeners } from './health-check.ts';
import { servicePorts, type ServicePort } from './service-ports.ts';
import { writeService } from './service-rules.ts';

/** What kube-proxy puts into the stack of `node`. Equal tables give the identical answer. */
export function kubeProxy(cluster: ClusterState, node: string): Programming {
  return program(serviced(cluster), {
    node,
    address: nodeAddress(cluster, node),
    local: clusterCidr(cluster),
  });
}

/** The service ports of the cluster, in order; unchanged tables give the identical list. */
export const serviced = ({ store }: ClusterState): readonly ServicePort[] =>
  ports(store.table('services'), store.table('endpointslices.discovery.k8s.io'));

const ports = memoize(servicePorts, 4);

interface Place {
  readonly node: string;
  readonly address: string;
  readonly local: string;
}

const programs = new WeakMap<readonly ServicePort[], Map<string, Programming>>();

/** One answer for all nodes for each state of the services, or one a node where services care which node it is. */
function program(services: readonly ServicePort[], place: Place): Programming {
  const ofState = programs.get(services) ?? new Map<string, Programming>();
  programs.set(services, ofState);
  const own = services.some(differsByNode) ? `${place.node} ${place.address}` : '';
  const key = `${own} ${place.local}`;
  const known = ofState.get(key);
  if (known) return known;
  const made = render(services, place);
  ofState.set(key, made);
  return made;
}

/** Its endpoints on the node count, or the node's own address does. */
const differsByNode = ({ internalLocal, externalLocal, sourceRanges }: ServicePort): boolean =>
  internalLocal || externalLocal || sourceRanges.length > 0;

/** kube-proxy tells pods from others by the cluster's pod range (its clusterCIDR setting). */
function clusterCidr({ store }: ClusterState): string {
  const config = store.get('configmaps', 'kube-system', 'kube-proxy');
  return /^clusterCIDR: "?([^"\n]*)"?$/m.exec(textAt(config, 'data', 'config.conf'))?.[1] ?? '';
}

function nodeAddress({ store }: ClusterState, name: string): string {
  const addresses = listAt(store.get('nodes', undefined, name)?.status, 'addresses');
  return textAt(
    addresses.find((each) => textAt(each, 'type') === 'InternalIP'),
    'address',
  );
}

/** Beyond so many endpoints kube-proxy saves on comments. */
const LARGE_CLUSTER_ENDPOINTS = 1000;

function render(services: readonly ServicePort[], { node, address, local }: Place): Programming {
  const nodeIp: Ipv4 | undefined = parseIpv4(address);
  const draft: Draft = {
    nat: new Map(NAT_CHAINS.map((name): [string, Rule[]] => [name, []])),
    filter: new Map(FILTER_CHAINS.map((name): [string, Rule[]] => [name, []])),
    node,
    nodeIp,
    local: parseCidr(local),
    large: services.reduce((sum, { endpoints }) => sum + endpoints.length, 0) > LARGE_CLUSTER_ENDPOINTS,
  };
  writeMasquerading(draft);
  for (const service of services) writeService(draft, service);
  writeNodePortDoor(draft);
  writeForwarding(draft);
  writeKubeletFirewall(draft);
  const netfilter = {
    tables: {
      mangle: MANGLE,
      nat: [...NAT_JUMPS, ...chainsOf(draft.nat)],
      filter: [...FILTER_JUMPS, ...chainsOf(draft.filter)],
    },
    ipsets: new Map<string, IpSet>(),
  };
  const listeners = healthCheckListeners(node, services);
  return { devices: [], routes: [], neighbours: [], fdb: [], netfilter, listeners };
}
