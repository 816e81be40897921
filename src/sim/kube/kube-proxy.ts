/**
 * kube-proxy in iptables mode: the nat and filter rules of a node, as a function of services and endpoint slices.
 *
 *   PREROUTING, OUTPUT -> KUBE-SERVICES -> KUBE-SVC-x -> KUBE-SEP-x -> DNAT to the pod
 *                               `-> KUBE-NODEPORTS -> KUBE-EXT-x -> KUBE-SVC-x
 *   POSTROUTING -> KUBE-POSTROUTING -> MASQUERADE what KUBE-MARK-MASQ marked
 *
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go, Kubernetes 1.35. Session affinity, load balancer source ranges,
 * health check ports and nfacct counters are left out. KUBE-FIREWALL is the kubelet's (pkg/kubelet/kubelet_network_linux.go).
 */
import { cidr, parseCidr, type Cidr, type Ipv4 } from '../../model/ip.ts';
import { memoize } from '../core/memo.ts';
import type { Chain, IpSet, Match, Rule, Target } from '../net/netfilter-rules.ts';
import type { Programming } from '../net/netns.ts';
import type { ClusterState } from './controller.ts';
import { textAt } from './fields.ts';
import {
  chainOf,
  endpointText,
  servicePorts,
  type ProxyEndpoint,
  type ServicePort,
} from './proxy-services.ts';

const MASQUERADE_MARK = 0x4000;
const PROTOCOL = { tcp: 6, udp: 17 } as const;

/** What kube-proxy puts into the stack of `node`. Equal tables give the identical answer. */
export function kubeProxy(cluster: ClusterState, node: string): Programming {
  const { store } = cluster;
  return program(
    node,
    ports(store.table('services'), store.table('endpointslices.discovery.k8s.io')),
    clusterCidr(cluster),
  );
}

const ports = memoize(servicePorts, 4);

const programs = new WeakMap<readonly ServicePort[], Map<string, Programming>>();

/** One answer a node for each state of the services. */
function program(node: string, services: readonly ServicePort[], local: string): Programming {
  const ofState = programs.get(services) ?? new Map<string, Programming>();
  programs.set(services, ofState);
  const key = `${node} ${local}`;
  const known = ofState.get(key);
  if (known) return known;
  const made = render(node, services, parseCidr(local));
  ofState.set(key, made);
  return made;
}

/** kube-proxy tells pods from others by the cluster's pod range (its clusterCIDR setting). */
function clusterCidr({ store }: ClusterState): string {
  const config = store.get('configmaps', 'kube-system', 'kube-proxy');
  return /^clusterCIDR: "?([^"\n]*)"?$/m.exec(textAt(config, 'data', 'config.conf'))?.[1] ?? '';
}

interface Draft {
  readonly nat: Map<string, Rule[]>;
  readonly filter: Map<string, Rule[]>;
  readonly node: string;
  readonly local: Cidr | undefined;
}

const NAT_CHAINS = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ'];
const FILTER_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-FORWARD',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
  'KUBE-FIREWALL',
];

function render(node: string, services: readonly ServicePort[], local: Cidr | undefined): Programming {
  const draft: Draft = {
    nat: new Map(NAT_CHAINS.map((name) => [name, []])),
    filter: new Map(FILTER_CHAINS.map((name) => [name, []])),
    node,
    local,
  };
  writeMasquerading(draft);
  for (const service of services) writeService(draft, service);
  add(draft.nat, 'KUBE-SERVICES', {
    matches: [{ kind: 'addrtype', side: 'dst', type: 'LOCAL' }],
    target: jump('KUBE-NODEPORTS'),
    comment: 'kubernetes service nodeports; NOTE: this must be the last rule in this chain',
  });
  writeForwarding(draft);
  writeFirewall(draft);
  const netfilter = {
    tables: { nat: [...NAT_JUMPS, ...chains(draft.nat)], filter: [...FILTER_JUMPS, ...chains(draft.filter)] },
    ipsets: new Map<string, IpSet>(),
  };
  return { devices: [], routes: [], neighbours: [], fdb: [], netfilter };
}

/** User chains in name order, as iptables-save lists them. */
const chains = (drafted: ReadonlyMap<string, readonly Rule[]>): readonly Chain[] =>
  [...drafted.keys()].sort().map((name) => ({ name, rules: drafted.get(name) ?? [] }));

const jump = (chain: string): Target => ({ kind: 'jump', chain });

function add(table: Map<string, Rule[]>, chain: string, rule: Rule): void {
  const rules = table.get(chain);
  if (rules) rules.push(rule);
  else table.set(chain, [rule]);
}

const to = (address: Ipv4): Match => ({ kind: 'destination', cidr: { base: address, length: 32 } });
const from = (address: Ipv4): Match => ({ kind: 'source', cidr: { base: address, length: 32 } });

const transport = (service: ServicePort, port: number): readonly Match[] => [
  { kind: 'protocol', protocol: PROTOCOL[service.protocol] },
  { kind: 'destination-port', port },
];

function writeMasquerading({ nat }: Draft): void {
  const marked: Match = { kind: 'mark', value: MASQUERADE_MARK, mask: MASQUERADE_MARK, not: true };
  add(nat, 'KUBE-POSTROUTING', { matches: [marked], target: { kind: 'return' } });
  add(nat, 'KUBE-POSTROUTING', { matches: [], target: { kind: 'mark', value: MASQUERADE_MARK, mask: 0 } });
  add(nat, 'KUBE-POSTROUTING', {
    matches: [],
    target: { kind: 'masquerade', randomFully: true },
    comment: 'kubernetes service traffic requiring SNAT',
  });
  add(nat, 'KUBE-MARK-MASQ', {
    matches: [],
    target: { kind: 'mark', value: MASQUERADE_MARK, mask: MASQUERADE_MARK },
  });
}

const LOCALNET = cidr('127.0.0.0/8');

/** What claims to come from elsewhere has no business at a loopback address. */
function writeFirewall({ filter }: Draft): void {
  add(filter, 'KUBE-FIREWALL', {
    matches: [
      { kind: 'source', cidr: LOCALNET, not: true },
      { kind: 'destination', cidr: LOCALNET },
      { kind: 'ctstate', states: ['RELATED', 'ESTABLISHED', 'DNAT'], not: true },
    ],
    target: { kind: 'drop' },
    comment: 'block incoming localnet connections',
  });
}

function writeForwarding({ filter }: Draft): void {
  add(filter, 'KUBE-FORWARD', {
    matches: [{ kind: 'ctstate', states: ['INVALID'] }],
    target: { kind: 'drop' },
  });
  add(filter, 'KUBE-FORWARD', {
    matches: [{ kind: 'mark', value: MASQUERADE_MARK, mask: MASQUERADE_MARK }],
    target: { kind: 'accept' },
    comment: 'kubernetes forwarding rules',
  });
  add(filter, 'KUBE-FORWARD', {
    matches: [{ kind: 'ctstate', states: ['RELATED', 'ESTABLISHED'] }],
    target: { kind: 'accept' },
    comment: 'kubernetes forwarding conntrack rule',
  });
}

/** A service's endpoints as one node may use them. */
interface Reach {
  readonly service: ServicePort;
  readonly own: readonly ProxyEndpoint[];
  /** Whether traffic by this way finds an endpoint it may use. */
  readonly reachable: boolean;
}

function writeService(draft: Draft, service: ServicePort): void {
  const own = service.endpoints.filter((endpoint) => endpoint.node === draft.node);
  const some = service.endpoints.length > 0;
  writeClusterIp(draft, { service, own, reachable: service.internalLocal ? own.length > 0 : some });
  writeExternal(draft, { service, own, reachable: service.externalLocal ? own.length > 0 : some });
  const external = isExternal(service);
  const usesCluster = some && (!service.internalLocal || external);
  const usesLocal = own.length > 0 && (service.internalLocal || (service.externalLocal && external));
  if (usesCluster) writeBalancing(draft, service, chainOf.cluster(service), service.endpoints);
  if (usesLocal) writeBalancing(draft, service, chainOf.local(service), own);
  for (const endpoint of usesCluster ? service.endpoints : own) writeEndpoint(draft, service, endpoint);
}

const isExternal = ({ nodePort, externalIps, loadBalancerIps }: ServicePort): boolean =>
  nodePort !== 0 || externalIps.length > 0 || loadBalancerIps.length > 0;

/** Nothing to send to: refuse when there is no endpoint at all, drop when there is none here. */
function refusal(service: ServicePort): Pick<Rule, 'target' | 'comment'> {
  return service.endpoints.length === 0
    ? { target: { kind: 'reject' }, comment: `${service.name} has no endpoints` }
    : { target: { kind: 'drop' }, comment: `${service.name} has no local endpoints` };
}

function writeClusterIp(draft: Draft, { service, reachable }: Reach): void {
  const matches = [to(service.clusterIp), ...transport(service, service.port)];
  if (!reachable) {
    add(draft.filter, 'KUBE-SERVICES', { matches, ...refusal(service) });
    return;
  }
  const chain = service.internalLocal ? chainOf.local(service) : chainOf.cluster(service);
  const comment = `${service.name} cluster IP`;
  add(draft.nat, 'KUBE-SERVICES', { matches, target: jump(chain), comment });
  if (!draft.local) return;
  const notLocal: Match = { kind: 'source', cidr: draft.local, not: true };
  add(draft.nat, chain, { matches: [notLocal, ...matches], target: jump('KUBE-MARK-MASQ'), comment });
}

function writeExternal(draft: Draft, { service, own, reachable }: Reach): void {
  const chain = chainOf.external(service);
  const doors: readonly { readonly address: Ipv4; readonly kind: string }[] = [
    ...service.externalIps.map((address) => ({ address, kind: 'external IP' })),
    ...service.loadBalancerIps.map((address) => ({ address, kind: 'loadbalancer IP' })),
  ];
  if (!isExternal(service)) return;
  const some = service.endpoints.length > 0;
  for (const { address, kind } of doors) {
    const matches = [to(address), ...transport(service, service.port)];
    if (some)
      add(draft.nat, 'KUBE-SERVICES', { matches, target: jump(chain), comment: `${service.name} ${kind}` });
    if (!reachable) add(draft.filter, 'KUBE-EXTERNAL-SERVICES', { matches, ...refusal(service) });
  }
  if (service.nodePort !== 0) {
    const matches = transport(service, service.nodePort);
    if (some) add(draft.nat, 'KUBE-NODEPORTS', { matches, target: jump(chain), comment: service.name });
    if (!reachable) {
      const local: Match = { kind: 'addrtype', side: 'dst', type: 'LOCAL' };
      add(draft.filter, 'KUBE-EXTERNAL-SERVICES', { matches: [...matches, local], ...refusal(service) });
    }
  }
  if (some) writeExternalChain(draft, service, own.length > 0);
}

function writeExternalChain(draft: Draft, service: ServicePort, hasOwn: boolean): void {
  const chain = chainOf.external(service);
  const cluster = jump(chainOf.cluster(service));
  if (!service.externalLocal) {
    const comment = `masquerade traffic for ${service.name} external destinations`;
    add(draft.nat, chain, { matches: [], target: jump('KUBE-MARK-MASQ'), comment });
    add(draft.nat, chain, { matches: [], target: cluster });
    return;
  }
  const fromHere: Match = { kind: 'addrtype', side: 'src', type: 'LOCAL' };
  if (draft.local) {
    const comment = `pod traffic for ${service.name} external destinations`;
    add(draft.nat, chain, { matches: [{ kind: 'source', cidr: draft.local }], target: cluster, comment });
  }
  const masquerade = `masquerade LOCAL traffic for ${service.name} external destinations`;
  add(draft.nat, chain, { matches: [fromHere], target: jump('KUBE-MARK-MASQ'), comment: masquerade });
  const route = `route LOCAL traffic for ${service.name} external destinations`;
  add(draft.nat, chain, { matches: [fromHere], target: cluster, comment: route });
  if (hasOwn) add(draft.nat, chain, { matches: [], target: jump(chainOf.local(service)) });
}

/** Equal shares: the first of n takes 1/n, the next 1/(n-1) of the rest, the last all that is left. */
function writeBalancing(
  { nat }: Draft,
  service: ServicePort,
  chain: string,
  endpoints: readonly ProxyEndpoint[],
): void {
  for (const [index, endpoint] of endpoints.entries()) {
    const left = endpoints.length - index;
    const matches: readonly Match[] = left > 1 ? [{ kind: 'probability', probability: 1 / left }] : [];
    const comment = `${service.name} -> ${endpointText(endpoint)}`;
    add(nat, chain, { matches, target: jump(chainOf.endpoint(service, endpoint)), comment });
  }
}

function writeEndpoint({ nat }: Draft, service: ServicePort, endpoint: ProxyEndpoint): void {
  const chain = chainOf.endpoint(service, endpoint);
  const { name: comment } = service;
  add(nat, chain, { matches: [from(endpoint.address)], target: jump('KUBE-MARK-MASQ'), comment });
  add(nat, chain, {
    matches: [{ kind: 'protocol', protocol: PROTOCOL[service.protocol], module: true }],
    target: { kind: 'dnat', to: endpoint.address, port: endpoint.port },
    comment,
  });
}

const NEW: Match = { kind: 'ctstate', states: ['NEW'] };

const PORTALS = 'kubernetes service portals';
const services: Rule = { matches: [], target: jump('KUBE-SERVICES'), comment: PORTALS };
const firewall: Rule = {
  matches: [NEW],
  target: jump('KUBE-PROXY-FIREWALL'),
  comment: 'kubernetes load balancer firewall',
  commentLast: true,
};
const newServices: Rule = {
  matches: [NEW],
  target: jump('KUBE-SERVICES'),
  comment: PORTALS,
  commentLast: true,
};
const externalServices: Rule = {
  matches: [NEW],
  target: jump('KUBE-EXTERNAL-SERVICES'),
  comment: 'kubernetes externally-visible service portals',
  commentLast: true,
};
const kubeletFirewall: Rule = { matches: [], target: jump('KUBE-FIREWALL') };

const NAT_JUMPS: readonly Chain[] = [
  { name: 'PREROUTING', policy: 'ACCEPT', rules: [services] },
  { name: 'INPUT', policy: 'ACCEPT', rules: [] },
  { name: 'OUTPUT', policy: 'ACCEPT', rules: [services] },
  {
    name: 'POSTROUTING',
    policy: 'ACCEPT',
    rules: [{ matches: [], target: jump('KUBE-POSTROUTING'), comment: 'kubernetes postrouting rules' }],
  },
];

const FILTER_JUMPS: readonly Chain[] = [
  {
    name: 'INPUT',
    policy: 'ACCEPT',
    rules: [
      firewall,
      { matches: [], target: jump('KUBE-NODEPORTS'), comment: 'kubernetes health check service ports' },
      externalServices,
      kubeletFirewall,
    ],
  },
  {
    name: 'FORWARD',
    policy: 'ACCEPT',
    rules: [
      firewall,
      { matches: [], target: jump('KUBE-FORWARD'), comment: 'kubernetes forwarding rules' },
      newServices,
      externalServices,
    ],
  },
  { name: 'OUTPUT', policy: 'ACCEPT', rules: [firewall, newServices, kubeletFirewall] },
];
