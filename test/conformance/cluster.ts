/** Simulated clusters to be rebuilt: one for each way of carrying packets, and those that labs start and end with. */
import type { JsonObject } from '../../src/base/json.ts';
import { formatCidr } from '../../src/model/ip.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import { Simulator } from '../../src/sim/index.ts';
import type { Device, Netns } from '../../src/sim/net/netns.ts';

/** What a pool is set to. */
export interface Mode {
  readonly name: string;
  readonly pool: { readonly ipipMode: string; readonly vxlanMode: string; readonly natOutgoing: boolean };
}

export const MODES: readonly Mode[] = [
  { name: 'VXLAN', pool: { ipipMode: 'Never', vxlanMode: 'Always', natOutgoing: true } },
  { name: 'VXLAN CrossSubnet', pool: { ipipMode: 'Never', vxlanMode: 'CrossSubnet', natOutgoing: true } },
  {
    name: 'VXLAN CrossSubnet, no SNAT',
    pool: { ipipMode: 'Never', vxlanMode: 'CrossSubnet', natOutgoing: false },
  },
  { name: 'no encapsulation', pool: { ipipMode: 'Never', vxlanMode: 'Never', natOutgoing: true } },
  { name: 'no encapsulation, no SNAT', pool: { ipipMode: 'Never', vxlanMode: 'Never', natOutgoing: false } },
  { name: 'IPIP', pool: { ipipMode: 'Always', vxlanMode: 'Never', natOutgoing: true } },
  { name: 'IPIP CrossSubnet', pool: { ipipMode: 'CrossSubnet', vxlanMode: 'Never', natOutgoing: true } },
];

/** A cluster as far as packets are concerned. */
export interface ClusterNetwork {
  readonly topology: Topology;
  readonly stacks: readonly Netns[];
  /** Cluster addresses of services whose port 80 pods answer. */
  readonly services: readonly string[];
}

const EPOCH = Date.parse('2026-05-01T10:00:00Z');
/** Virtual milliseconds in which pods run and routes are everywhere. */
const REST = 60_000;
export const UDP_PORT = 7007;

/** Two pods on each worker and a service in front of them, all of one pool. */
export function clusterIn(topology: Topology, { pool }: Mode): ClusterNetwork {
  const simulator = new Simulator({ topology, seed: 1, epoch: EPOCH, defaultPool: false });
  simulator.settle(REST);
  create(simulator, '/apis/crd.projectcalico.org/v1/ippools', {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'IPPool',
    metadata: { name: 'default-ipv4-ippool' },
    spec: { cidr: formatCidr(topology.podCidr), blockSize: 26, nodeSelector: 'all()', ...pool },
  });
  simulator.settle(REST);
  for (const { name } of topology.nodes.filter(({ role }) => role === 'worker')) {
    for (const each of ['a', 'b'])
      create(simulator, '/api/v1/namespaces/default/pods', pod(`${name}-${each}`, name));
  }
  const last = topology.nodes.findLast(({ role }) => role === 'worker');
  if (last) create(simulator, '/api/v1/namespaces/default/services', service('web', `${last.name}-a`));
  simulator.settle(REST);
  return networkIn(simulator);
}

/** The network of a simulator as it is now. */
export function networkIn(simulator: Simulator): ClusterNetwork {
  const { topology, cluster } = simulator.world;
  const ids: NetnsId[] = [
    ...topology.routers.map(({ name }) => `router/${name}`),
    ...topology.hosts.map(({ name }) => `host/${name}`),
    ...topology.nodes.map(({ name }) => `node/${name}`),
    ...[...cluster.sandboxes.values()].flatMap(({ namespace, pod, network }) =>
      network ? [`pod/${namespace}/${pod}`] : [],
    ),
  ];
  return {
    topology,
    stacks: ids.flatMap((id) => simulator.network.netns(id) ?? []),
    services: predictableServices(simulator),
  };
}

/** Those with one pod behind port 80: which of several a connection gets is left to chance. */
function predictableServices(simulator: Simulator): readonly string[] {
  const { store } = simulator.world.cluster;
  const pods = (service: string): number =>
    store
      .list('endpointslices.discovery.k8s.io')
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
      .reduce((count, { endpoints }) => count + (Array.isArray(endpoints) ? endpoints.length : 0), 0);
  return store
    .list('services')
    .filter(({ spec }) => JSON.stringify(spec?.['ports'] ?? '').includes('"port":80,'))
    .filter(({ metadata }) => pods(metadata.name) === 1)
    .flatMap(({ spec }) => (typeof spec?.['clusterIP'] === 'string' ? [spec['clusterIP']] : []))
    .filter((address) => address !== 'None');
}

/** Whether packets of this network travel through a device of this type. */
export function uses(type: Device['kind']['type'], { stacks }: ClusterNetwork): boolean {
  return stacks.some(({ devices, routes }) =>
    devices.some(({ name, kind }) => kind.type === type && routes.some(({ device }) => device === name)),
  );
}

/** The network without devices of a type that nothing is sent through. */
export function withoutIdle(type: Device['kind']['type'], cluster: ClusterNetwork): ClusterNetwork {
  const stacks = cluster.stacks.map((stack) => ({
    ...stack,
    devices: stack.devices.filter(({ kind }) => kind.type !== type),
  }));
  return { ...cluster, stacks };
}

function create(simulator: Simulator, path: string, body: JsonObject): void {
  const { code, body: said } = simulator.cluster.request({ method: 'POST', path, body });
  if (code !== 201) throw new Error(`POST ${path}: ${code} ${JSON.stringify(said)}`);
}

const pod = (name: string, nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    nodeName,
    containers: [
      {
        name: 'web',
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        args: ['netexec', '--http-port=80'],
        ports: [{ containerPort: 80 }, { containerPort: UDP_PORT, protocol: 'UDP' }],
      },
    ],
  },
});

const service = (name: string, app: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app }, ports: [{ port: 80 }] },
});
