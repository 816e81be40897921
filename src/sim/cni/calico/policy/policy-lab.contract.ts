/**
 * A small datastore for tests of policy, written in the words of the domain, and what its node would do with a packet: an
 * interpreter of the calculated result that knows nothing of where the result came from.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { cidr, cidrOf, ipv4, type Ipv4 } from '../../../../model/ip.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { ObjectStore } from '../../../kube/store.ts';
import * as kinds from '../kinds.ts';
import { isStaged, policyKey, type ActivePolicy, type PolicyId, type Rule, type RuleSide } from './active.ts';
import { policyCalculator, type LocalWorkload } from './calculator.ts';

export type Named = Readonly<Record<string, string>>;

export interface PodSketch {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly labels: Named;
  readonly account: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

export interface PolicySketch {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly spec: JsonObject;
}

export interface SetSketch {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Named;
  readonly nets: readonly string[];
}

export interface ServiceSketch {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

export interface LabSketch {
  readonly namespaces: Readonly<Record<string, Named>>;
  /** `<namespace>/<name>` to labels. */
  readonly accounts: Readonly<Record<string, Named>>;
  readonly pods: readonly PodSketch[];
  readonly sets?: readonly SetSketch[];
  readonly services?: readonly ServiceSketch[];
  readonly tiers?: Readonly<Record<string, { readonly order?: number; readonly defaultAction?: string }>>;
  readonly policies: readonly PolicySketch[];
}

const RESOURCE: Readonly<Record<string, string>> = {
  NetworkPolicy: kinds.NETWORK_POLICIES,
  GlobalNetworkPolicy: kinds.GLOBAL_NETWORK_POLICIES,
  KubernetesNetworkPolicy: kinds.KUBERNETES_NETWORK_POLICIES,
  StagedNetworkPolicy: kinds.STAGED_NETWORK_POLICIES,
  StagedGlobalNetworkPolicy: kinds.STAGED_GLOBAL_NETWORK_POLICIES,
  StagedKubernetesNetworkPolicy: kinds.STAGED_KUBERNETES_NETWORK_POLICIES,
  HostEndpoint: kinds.HOST_ENDPOINTS,
};

const object = (kind: string, metadata: KubeObject['metadata'], rest: JsonObject = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata,
  ...rest,
});

export const policyEntry = ({ kind, name, namespace, spec }: PolicySketch): readonly [string, KubeObject] => [
  RESOURCE[kind] ?? kind,
  object(kind, { name, ...(namespace !== undefined && { namespace }) }, { spec }),
];

export const podEntry = (pod: PodSketch): readonly [string, KubeObject] => [
  kinds.PODS,
  object(
    'Pod',
    { name: pod.name, namespace: pod.namespace, labels: pod.labels },
    {
      spec: {
        nodeName: 'node1',
        serviceAccountName: pod.account,
        containers: [
          {
            name: 'main',
            ports: pod.ports.map(({ name, protocol, port }) => ({ name, protocol, containerPort: port })),
          },
        ],
      },
      status: { phase: 'Running', podIP: pod.address },
    },
  ),
];

/** Every object with its resource, in the order of the sketch. */
export function entriesOf(lab: LabSketch): readonly (readonly [string, KubeObject])[] {
  return [
    ...Object.entries(lab.namespaces).map(
      ([name, labels]) => [kinds.NAMESPACES, object('Namespace', { name, labels })] as const,
    ),
    ...Object.entries(lab.accounts).map(([key, labels]) => {
      const [namespace = '', name = ''] = key.split('/');
      return [kinds.SERVICE_ACCOUNTS, object('ServiceAccount', { namespace, name, labels })] as const;
    }),
    ...Object.entries(lab.tiers ?? {}).map(
      ([name, spec]) => [kinds.TIERS, object('Tier', { name }, { spec })] as const,
    ),
    ...lab.pods.map(podEntry),
    ...(lab.sets ?? []).map(({ namespace, name, labels, nets }) => {
      const resource = namespace === undefined ? kinds.GLOBAL_NETWORK_SETS : kinds.NETWORK_SETS;
      const metadata = { name, labels, ...(namespace !== undefined && { namespace }) };
      return [resource, object('NetworkSet', metadata, { spec: { nets } })] as const;
    }),
    ...(lab.services ?? []).map(({ namespace, name, addresses, ports }) => {
      const labels = { 'kubernetes.io/service-name': name };
      const slice = object(
        'EndpointSlice',
        { namespace, name: `${name}-1`, labels },
        {
          endpoints: addresses.map((address) => ({ addresses: [address] })),
          ports: [...ports],
        },
      );
      return [kinds.ENDPOINT_SLICES, slice] as const;
    }),
    ...lab.policies.map(policyEntry),
  ];
}

export const filled = (
  entries: readonly (readonly [string, KubeObject])[],
  store = ObjectStore.empty(),
): ObjectStore => entries.reduce((before, [resource, item]) => before.put(resource, item).store, store);

export const interfaceOf = ({ namespace, name }: Pick<PodSketch, 'namespace' | 'name'>): string =>
  `cali-${namespace}-${name}`;

/** All pods of the sketches run on one node. */
export const workloadsOf = (lab: LabSketch): readonly LocalWorkload[] =>
  lab.pods.map((pod) => ({
    namespace: pod.namespace,
    pod: pod.name,
    network: { hostInterface: interfaceOf(pod) },
  }));

export const calculatedFor = (lab: LabSketch): ActivePolicy =>
  policyCalculator()(filled(entriesOf(lab)), 'node1', workloadsOf(lab));

export interface Packet {
  readonly src: string;
  readonly dst: string;
  /** A name in lower case. */
  readonly protocol: string;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}

export const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  sctp: 132,
  udplite: 136,
};

export type Direction = 'ingress' | 'egress';

/** Whether the endpoint of that interface lets a packet of a new connection through. */
export function verdict(
  active: ActivePolicy,
  endpoint: string,
  direction: Direction,
  packet: Packet,
): boolean {
  const workload = active.workloads.get(endpoint);
  if (!workload) return false;
  for (const tier of workload.tiers) {
    const enforced = (direction === 'ingress' ? tier.ingressPolicies : tier.egressPolicies).filter(
      (id) => !isStaged(id),
    );
    if (enforced.length === 0) continue;
    const action = actionOf(rulesOf(active, enforced, direction), active, packet) ?? tier.defaultAction;
    if (action === 'allow') return true;
    if (action === 'deny' || action === 'Deny') return false;
  }
  const profiles = workload.profileIds.flatMap((name) => {
    const profile = active.profiles.get(name);
    return (direction === 'ingress' ? profile?.inboundRules : profile?.outboundRules) ?? [];
  });
  return actionOf(profiles, active, packet) === 'allow';
}

const rulesOf = (active: ActivePolicy, ids: readonly PolicyId[], direction: Direction): readonly Rule[] =>
  ids.flatMap((id) => {
    const policy = active.policies.get(policyKey(id));
    if (!policy) throw new Error(`not active: ${policyKey(id)}`);
    return direction === 'ingress' ? policy.inboundRules : policy.outboundRules;
  });

function actionOf(rules: readonly Rule[], active: ActivePolicy, packet: Packet): string | undefined {
  return rules.find((rule) => rule.action !== 'log' && ruleMatches(rule, active, packet))?.action;
}

function ruleMatches(rule: Rule, active: ActivePolicy, packet: Packet): boolean {
  const number = NUMBERS[packet.protocol] ?? 0;
  const speaks = (wanted: string | number): boolean => wanted === packet.protocol || wanted === number;
  const icmp = (wanted: Rule['icmp']): boolean =>
    packet.icmp !== undefined &&
    wanted?.type === packet.icmp.type &&
    (wanted.code === undefined || wanted.code === packet.icmp.code);
  return (
    (rule.ipVersion ?? 4) === 4 &&
    (rule.protocol === undefined || speaks(rule.protocol)) &&
    (rule.notProtocol === undefined || !speaks(rule.notProtocol)) &&
    (!rule.icmp || icmp(rule.icmp)) &&
    (!rule.notIcmp || !icmp(rule.notIcmp)) &&
    sideMatches(rule.src, active, packet, ipv4(packet.src), packet.srcPort) &&
    sideMatches(rule.dst, active, packet, ipv4(packet.dst), packet.dstPort) &&
    rule.dstIpPortSetIds.every((id) => inSet(active, id, packet, ipv4(packet.dst), packet.dstPort))
  );
}

function sideMatches(
  side: RuleSide,
  active: ActivePolicy,
  packet: Packet,
  address: Ipv4,
  port: number,
): boolean {
  const member = (id: string): boolean => inSet(active, id, packet, address, port);
  const inNet = (net: string): boolean => !net.includes(':') && within(net, address);
  const hasPorts = ['tcp', 'udp', 'sctp', 'udplite'].includes(packet.protocol);
  const inRange = (ranges: RuleSide['ports']): boolean =>
    hasPorts && ranges.some(({ first, last }) => first <= port && port <= last);
  const anyPort = side.ports.length === 0 && side.namedPortIpSetIds.length === 0;
  return (
    (side.nets.length === 0 || side.nets.some(inNet)) &&
    (anyPort || inRange(side.ports) || side.namedPortIpSetIds.some(member)) &&
    side.ipSetIds.every(member) &&
    !side.notNets.some(inNet) &&
    !inRange(side.notPorts) &&
    !side.notNamedPortIpSetIds.some(member) &&
    !side.notIpSetIds.some(member)
  );
}

export const within = (net: string, address: Ipv4): boolean => {
  const prefix = cidr(net);
  return cidrOf(address, prefix.length).base === prefix.base;
};

function inSet(active: ActivePolicy, id: string, packet: Packet, address: Ipv4, port: number): boolean {
  const set = active.ipSets.get(id);
  if (!set) throw new Error(`no IP set ${id}`);
  return set.type === 'NET'
    ? set.members.some((net) => cidrOf(address, net.length).base === net.base)
    : set.members.some(
        (each) => each.address === address && each.protocol === packet.protocol && each.port === port,
      );
}
