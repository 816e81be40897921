/**
 * Three nodes as the tests of confd's templates have them, with calico-node running, and what confd renders for one of them in
 * the words of BIRD's file, a line a statement.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { formatIp, formatIpCidr } from '../../../../model/ip-family.ts';
import { cidr, formatIpv4, ipv4 } from '../../../../model/ip.ts';
import type { Topology } from '../../../../model/topology.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { FilterRule, NeighbourConfig, SpeakerConfig } from '../../../routing/speaker-config.ts';
import { BIRD_CONFIGURATIONS, bird6Configuration, birdConfiguration } from '../confd.ts';
import {
  API_VERSION,
  BGP_CONFIGURATIONS,
  BGP_FILTERS,
  BGP_PEERS,
  ENDPOINT_SLICES,
  NODES,
  PODS,
  SECRETS,
  SERVICES,
} from '../kinds.ts';
import { TestCluster, TWO_RACKS } from '../two-racks.contract.ts';

const ADDRESSES = { 'kube-master': '10.192.0.2', 'kube-node-1': '10.192.0.3', 'kube-node-2': '10.192.0.4' };
export type LabNode = keyof typeof ADDRESSES;

const TOPOLOGY: Topology = {
  ...TWO_RACKS,
  segments: [{ name: 'rack', subnet: cidr('10.192.0.0/16'), mtu: 1500 }],
  routers: [],
  nodes: Object.entries(ADDRESSES).map(([name, address]) => ({
    name,
    role: 'worker' as const,
    segment: 'rack',
    address: { address: ipv4(address), length: 16 },
    gateway: ipv4('10.192.0.1'),
    labels: {},
  })),
  podCidr: cidr('192.168.0.0/16'),
};

const RESOURCES = {
  BGPConfiguration: BGP_CONFIGURATIONS,
  BGPFilter: BGP_FILTERS,
  BGPPeer: BGP_PEERS,
} as const;

/** A write that a test makes; several can come in any order. */
export type Write = (lab: BgpLab) => void;

export class BgpLab {
  readonly cluster = new TestCluster(TOPOLOGY).withCalico('none');

  constructor() {
    for (const node of Object.keys(ADDRESSES)) this.runCalicoNode(node);
  }

  runCalicoNode(node: string): void {
    this.#put(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `calico-node-${node}`,
        namespace: 'kube-system',
        labels: { 'k8s-app': 'calico-node' },
      },
      spec: {
        nodeName: node,
        containers: [
          {
            name: 'calico-node',
            env: [
              {
                name: 'CALICO_NETWORKING_BACKEND',
                valueFrom: { configMapKeyRef: { name: 'calico-config', key: 'calico_backend' } },
              },
            ],
          },
        ],
      },
      status: {
        containerStatuses: [
          { name: 'calico-node', containerID: `containerd://${node}`, state: { running: {} } },
        ],
      },
    });
  }

  #put(resource: string, object: KubeObject): this {
    this.cluster.change((tx) => tx.put(resource, object));
    this.cluster.wait(0);
    return this;
  }

  with(kind: keyof typeof RESOURCES, name: string, spec: JsonObject): this {
    return this.#put(RESOURCES[kind], { apiVersion: API_VERSION, kind, metadata: { name }, spec });
  }

  without(kind: keyof typeof RESOURCES, name: string): this {
    this.cluster.change((tx) => tx.delete(RESOURCES[kind], undefined, name));
    this.cluster.wait(0);
    return this;
  }

  /** Adds labels and annotations (`projectcalico.org/` is put in front of the latter). */
  node(name: LabNode, labels: Record<string, string>, annotations: Record<string, string> = {}): this {
    const node = this.cluster.get(NODES, name);
    if (!node) throw new Error(`no node ${name}`);
    const named = Object.entries(annotations).map(([key, value]) => [`projectcalico.org/${key}`, value]);
    return this.#put(NODES, {
      ...node,
      metadata: {
        ...node.metadata,
        labels: { ...node.metadata.labels, ...labels },
        annotations: {
          ...node.metadata.annotations,
          ...(Object.fromEntries(named) as Record<string, string>),
        },
      },
    });
  }

  pool(name: string, spec: JsonObject): this {
    this.cluster.withPool(name, spec);
    return this;
  }

  secret(name: string, data: Record<string, string>): this {
    return this.#put(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'kube-system' },
      data,
    });
  }

  service(name: string, spec: JsonObject, ingress: readonly string[] = []): this {
    return this.#put(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'ClusterIP', ipFamilies: ['IPv4'], clusterIPs: [String(spec['clusterIP'])], ...spec },
      status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
    });
  }

  /** An EndpointSlice with one endpoint on each node named. */
  endpoints(service: string, nodes: readonly LabNode[], ready = true): this {
    return this.#put(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${service}-x7k2p`,
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': service },
      },
      addressType: 'IPv4',
      endpoints: nodes.map((nodeName) => ({ addresses: ['192.168.0.9'], nodeName, conditions: { ready } })),
    });
  }

  deleteService(name: string): this {
    this.cluster.change((tx) => tx.delete(SERVICES, 'default', name));
    this.cluster.wait(0);
    return this;
  }

  config(node: LabNode): SpeakerConfig {
    const record = this.cluster.get(BIRD_CONFIGURATIONS, node);
    if (!record) throw new Error(`no BIRD on ${node}`);
    return birdConfiguration(record);
  }

  /** Of bird6; undefined where none runs. */
  config6(node: LabNode): SpeakerConfig | undefined {
    const record = this.cluster.get(BIRD_CONFIGURATIONS, node);
    return record && bird6Configuration(record);
  }

  #bird6(node: LabNode): SpeakerConfig {
    const config = this.config6(node);
    if (!config) throw new Error(`no bird6 on ${node}`);
    return config;
  }

  /** BGP protocols, each its statements in the order of the template. */
  protocols(node: LabNode): readonly string[] {
    return this.config(node).neighbours.map(protocolText);
  }

  protocols6(node: LabNode): readonly string[] {
    return this.#bird6(node).neighbours.map(protocolText);
  }

  filter6(name: string, node: LabNode = 'kube-master'): readonly string[] {
    return (this.#bird6(node).filters?.[name] ?? []).map(ruleText);
  }

  exports6(node: LabNode): readonly string[] {
    return this.#bird6(node).exports.map(ruleText);
  }

  kernel6(node: LabNode): readonly string[] {
    return kernelTexts(this.#bird6(node));
  }

  statics6(node: LabNode): readonly string[] {
    return staticTexts(this.#bird6(node));
  }

  /** A function that stands for one direction of a BGPFilter. */
  filter(name: string, node: LabNode = 'kube-master'): readonly string[] {
    return (this.config(node).filters?.[name] ?? []).map(ruleText);
  }

  /** calico_export_to_bgp_peers */
  exports(node: LabNode): readonly string[] {
    return this.config(node).exports.map(ruleText);
  }

  /** calico_kernel_programming */
  kernel(node: LabNode): readonly string[] {
    return kernelTexts(this.config(node));
  }

  /** `protocol static` */
  statics(node: LabNode): readonly string[] {
    return staticTexts(this.config(node));
  }
}

const kernelTexts = ({ kernel }: SpeakerConfig): readonly string[] =>
  kernel.map(({ within, accept, tunnel }) => {
    const device = tunnel
      ? ` ${tunnel.device}${tunnel.unless ? ` unless ${formatIpCidr(tunnel.unless)}` : ''}`
      : '';
    return `net ~ ${formatIpCidr(within)}:${device} ${accept ? 'accept' : 'reject'}`;
  });

const staticTexts = ({ blackholes, statics = [] }: SpeakerConfig): readonly string[] => [
  ...blackholes.map((prefix) => `${formatIpCidr(prefix)} blackhole`),
  ...statics.map(({ prefix, via }) => `${formatIpCidr(prefix)} via ${formatIp(via)}`),
];

function protocolText(neighbour: NeighbourConfig): string {
  const { port, source, reflector, nextHop, multihop, password } = neighbour;
  const calls = (names: readonly string[] = []): string => names.join(' ');
  return [
    `${neighbour.name}: neighbor ${formatIp(neighbour.address)}${port === undefined ? '' : ` port ${port}`} as ${neighbour.asNumber}`,
    `local as ${neighbour.localAs}`,
    ...(source === undefined ? [] : [`source address ${formatIp(source)}`]),
    ...(neighbour.ttlSecurity ? ['ttl security on'] : []),
    ...(multihop === undefined ? [] : [multihop === 'direct' ? 'direct' : `multihop ${multihop}`]),
    `import ${calls(neighbour.importFilters)}`,
    ...(neighbour.exportFilters ? [`export ${calls(neighbour.exportFilters)}`] : []),
    ...(neighbour.passive ? ['passive on'] : []),
    ...(neighbour.restartTime === 120 ? [] : [`graceful restart time ${neighbour.restartTime}`]),
    ...(neighbour.keepaliveTime === undefined ? [] : [`keepalive time ${neighbour.keepaliveTime}`]),
    ...(reflector ? [`rr client; rr cluster id ${formatIpv4(reflector.clusterId)}`] : []),
    ...(password === undefined ? [] : [`password "${password}"`]),
    ...(nextHop === undefined ? [] : [`next hop ${nextHop}`]),
    ...(neighbour.allowLocalAs === undefined ? [] : [`allow local as ${neighbour.allowLocalAs}`]),
  ]
    .join('; ')
    .replace('; import elevated_priority', '')
    .replace(/ elevated_priority\b/, '');
}

const OPERATORS = { exact: '=', within: '~', 'not-exact': '!=', 'not-within': '!~' } as const;

function ruleText(rule: FilterRule): string {
  const { prefix, match = 'exact', lengths, communities = [], asPathPrefix = [], set = [] } = rule;
  const range = lengths ? `{${lengths.least},${lengths.most}}` : '';
  const conditions = [
    ...(rule.peer === undefined ? [] : [rule.peer]),
    ...(prefix ? [`net ${OPERATORS[match]} ${formatIpCidr(prefix)}${range}`] : []),
    ...(rule.source === undefined ? [] : [`source ${rule.source}`]),
    ...(rule.interface === undefined ? [] : [`ifname ~ ${rule.interface}`]),
    ...communities.map((community) => `community ${community.join(':')}`),
    ...(asPathPrefix.length === 0 ? [] : [`path = ${asPathPrefix.join(' ')} *`]),
    ...(rule.localPref === undefined ? [] : [`local_pref = ${rule.localPref}`]),
    ...(rule.localPrefAbove === undefined ? [] : [`local_pref > ${rule.localPrefAbove}`]),
  ];
  const changes = set.map((change) => {
    switch (change.kind) {
      case 'add-community':
        return `add ${change.community.join(':')}`;
      case 'prepend':
        return `prepend ${change.asNumber}`;
      default:
        return `${change.kind} ${change.value}`;
    }
  });
  const verdict = rule.accept === undefined ? [] : [rule.accept ? 'accept' : 'reject'];
  return `${conditions.length === 0 ? 'always' : conditions.join(', ')}: ${[...changes, ...verdict].join('; ')}`;
}
