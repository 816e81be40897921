/** A simulated cluster without a lab around it, driven by transactions as an engine drives it. */
import type { JsonObject } from '../../src/base/json.ts';
import { ipv4, type Ipv4 } from '../../src/model/ip.ts';
import type { Transaction } from '../../src/sim/apply.ts';
import type { ApiResponse } from '../../src/sim/kube/api.ts';
import { Simulator, type World } from '../../src/sim/index.ts';
import { labNamed } from '../support/labs.ts';

export const TOPOLOGY = labNamed('first-overlay').environment.topology;

const EPOCH = Date.parse('2026-05-01T10:00:00Z');
/** Virtual milliseconds in which a change of a few pods comes to rest. */
const REST = 30_000;

export function simulator({ seed = 1 }: { readonly seed?: number } = {}): Simulator {
  return new Simulator({ topology: TOPOLOGY, seed, epoch: EPOCH, defaultPool: true });
}

/** The same as `settled`, brought up for whoever asks alone. */
export function broughtUp(options?: { readonly seed?: number }): Simulator {
  const cluster = simulator(options);
  cluster.settle(REST);
  return cluster;
}

/** Worlds do not change: whoever wants the same cluster gets one that goes on from the world of the first. */
export function shared<T extends readonly unknown[]>(
  bringUp: (...wanted: T) => Simulator,
): (...wanted: T) => Simulator {
  const worlds = new Map<string, World>();
  return (...wanted) => {
    const key = JSON.stringify(wanted);
    const world = worlds.get(key) ?? bringUp(...wanted).world;
    worlds.set(key, world);
    return new Simulator({ world });
  };
}

/** A cluster whose own pods run. */
export const settled = shared(broughtUp);

/** Applies any transaction; what it brings about as plain data. */
export function perform(cluster: Simulator, transaction: Transaction): unknown {
  const apply = cluster.apply.bind(cluster) as (transaction: Transaction) => unknown;
  return apply(transaction);
}

export function create(cluster: Simulator, path: string, body: JsonObject): ApiResponse {
  return cluster.cluster.request({ method: 'POST', path, body });
}

/** Merges into an object's spec; throws when the API refuses. */
export function patch(cluster: Simulator, path: string, spec: JsonObject): void {
  const contentType = 'application/merge-patch+json';
  const { code } = cluster.cluster.request({ method: 'PATCH', path, contentType, body: { spec } });
  if (code !== 200) throw new Error(`PATCH ${path}: ${code}`);
}

export const podBody = (name: string, nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { nodeName, containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
});

/** Creates a pod on a node and waits until it runs. */
export function run(cluster: Simulator, name: string, node: string): Ipv4 {
  const { code } = create(cluster, '/api/v1/namespaces/default/pods', podBody(name, node));
  if (code !== 201) throw new Error(`pod ${name}: ${code}`);
  cluster.settle(REST);
  return addressOf(cluster, name);
}

export function remove(cluster: Simulator, name: string): void {
  const path = `/api/v1/namespaces/default/pods/${name}`;
  const { code } = cluster.cluster.request({ method: 'DELETE', path, query: { gracePeriodSeconds: '0' } });
  if (code !== 200) throw new Error(`pod ${name}: ${code}`);
  cluster.settle(REST);
}

export function addressOf(cluster: Simulator, name: string): Ipv4 {
  const pod = cluster.world.cluster.store.get('pods', 'default', name);
  return ipv4(String(pod?.status?.['podIP']));
}

export function ping(cluster: Simulator, from: string, to: Ipv4): ReturnType<Simulator['network']['echo']> {
  return cluster.network.echo({
    from,
    to,
    identifier: 1,
    sequence: 1,
    ttl: 64,
    dataLength: 56,
    pmtuDiscovery: 'want',
  });
}
