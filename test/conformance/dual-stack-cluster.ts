/** The dual-stack reference lab as a simulated cluster: a pod on each worker, and a service before the last. */
import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { formatIp } from '../../src/model/ip-family.ts';
import type { Topology } from '../../src/model/topology.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import { Simulator } from '../../src/sim/index.ts';
import type { Netns } from '../../src/sim/net/netns.ts';
import { UDP_PORT } from './cluster.ts';

export const WORKERS = ['node1', 'node2', 'node3'] as const;
/** Of the service, at every node. */
export const NODE_PORT = 30_080;

const EPOCH = Date.parse('2026-05-01T10:00:00Z');
/** Virtual milliseconds in which the cluster follows a change. */
const REST = 60_000;
const FILE = 'labs/topologies/dual-stack.yaml';
const TOPOLOGY = topologyIn(FILE, readFileSync(FILE, 'utf8'));

function topologyIn(file: string, text: string): Topology {
  const topology = parseTopology(file, text);
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  return topology.value;
}

export type Asking = (method: 'POST' | 'PATCH', path: string, body: JsonObject) => void;

/** @param change what else is asked of the API before everything comes to rest */
export function dualStackCluster(change: (ask: Asking) => void): Simulator {
  const simulator = new Simulator({ topology: TOPOLOGY, seed: 1, epoch: EPOCH, defaultPool: true });
  simulator.settle(REST);
  const ask: Asking = (method, path, body) => {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const { code, body: said } = simulator.cluster.request({ method, path, contentType, body });
    if (code >= 300) throw new Error(`${method} ${path}: ${code} ${JSON.stringify(said)}`);
  };
  change(ask);
  for (const node of WORKERS) ask('POST', '/api/v1/namespaces/default/pods', webPod(node));
  ask('POST', '/api/v1/namespaces/default/services', SERVICE);
  simulator.settle(REST);
  return simulator;
}

export const podOn = (node: string): NetnsId => `pod/default/on-${node}`;

/** The service's own addresses, IPv4's first. */
export function serviceAddresses(simulator: Simulator): readonly string[] {
  const { spec } = simulator.world.cluster.store.get('services', 'default', 'web') ?? {};
  return spec?.['clusterIPs'] as readonly string[];
}

/** Of its card, IPv4's and IPv6's. */
export function addressesIn(stacks: readonly Netns[], id: NetnsId): readonly [v4: string, v6: string] {
  const stack = stacks.find((known) => known.id === id);
  const own = stack?.devices.find(({ name }) => name === 'eth0')?.addresses[0];
  const own6 = stack?.inet6?.addresses.get('eth0')?.[0];
  if (!own || !own6) throw new Error(`${id} lacks an address`);
  return [formatIp(own.address), formatIp(own6.address)];
}

const webPod = (nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `on-${nodeName}`, labels: { on: nodeName } },
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

const SERVICE: JsonObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: {
    type: 'NodePort',
    selector: { on: 'node3' },
    ports: [{ port: 80, nodePort: NODE_PORT }],
    ipFamilyPolicy: 'RequireDualStack',
  },
};
