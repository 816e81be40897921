/** What every node's kube-proxy does to its connection table when services or their endpoints have changed. */
import type { ClusterState } from './kube/controller.ts';
import { serviced, serviced6 } from './kube/proxy/kube-proxy.ts';
import { servingEndpoints, withoutStale, type ServingEndpoints } from './kube/proxy/stale-connections.ts';
import type { World } from './stacks.ts';

const SEEN = ['services', 'endpointslices.discovery.k8s.io'];

/** `world`, whose cluster came out of `before`; the very same when no connection has to go. */
export function afterProxySync(before: ClusterState, world: World): World {
  const { store } = world.cluster;
  if (SEEN.every((name) => store.table(name) === before.store.table(name))) return world;
  let serving: ServingEndpoints | undefined;
  let { memory } = world;
  for (const [key, known] of memory.entries()) {
    if (!key.startsWith('node/') || !known.conntrack.some(({ protocol }) => protocol === 'udp')) continue;
    serving ??= servingEndpoints([
      ...serviced(world.cluster),
      ...(world.topology.podCidr6 ? serviced6(world.cluster) : []),
    ]);
    const kept = withoutStale(known, serving);
    if (kept !== known) memory = memory.set(key, kept);
  }
  return memory === world.memory ? world : { ...world, memory };
}
