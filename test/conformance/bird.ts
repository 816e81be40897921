/** Real BIRD 2 daemons in the nodes' namespaces, with what Calico's BIRD is configured to do, and the routes they bring. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { meshConfiguration } from '../../src/cli/kernel/mesh-configuration.ts';
import { inside } from '../../src/cli/kernel/namespaces.ts';
import { formatCidr, formatIpv4 } from '../../src/model/ip.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import type { Netns, Route } from '../../src/sim/net/netns.ts';
import type { ClusterNetwork } from './cluster.ts';
import type { KernelLab } from './kernel-lab.ts';

/** Milliseconds. Calico's `connect delay time 2` alone puts the routes at two or four seconds. */
const CONVERGES_WITHIN = 40_000;
const LOOK_EVERY = 100;

export const isLearnt = ({ protocol }: Route): boolean => protocol === 'bird';

/** Daemons that run until disposed. They leave their routes behind, as Calico's do (`persist`). */
export class BirdMesh {
  readonly #folder = mkdtempSync(join(tmpdir(), 'underlay-bird-'));
  readonly #daemons: ChildProcess[] = [];

  static start(lab: KernelLab, cluster: ClusterNetwork): BirdMesh {
    const mesh = new BirdMesh();
    for (const { name } of cluster.topology.nodes) {
      const id = `node/${name}`;
      const file = join(mesh.#folder, `${name}.conf`);
      writeFileSync(
        file,
        meshConfiguration(cluster.topology, { node: name, blocks: ownBlocks(lab.stack(id)) }),
      );
      const argv = ['bird', '-f', '-c', file, '-s', join(mesh.#folder, `${name}.ctl`)];
      const [command = '', ...args] = inside(lab.namespaceOf(id), argv);
      mesh.#daemons.push(spawn(command, args, { stdio: 'ignore' }));
    }
    return mesh;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#daemons.map(async (daemon) => {
        if (daemon.exitCode !== null || daemon.signalCode !== null) return;
        const ended = once(daemon, 'exit');
        daemon.kill('SIGKILL');
        await ended;
      }),
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function ownBlocks({ routes }: Netns): readonly string[] {
  return routes
    .filter((route) => isLearnt(route) && route.type === 'blackhole')
    .map(({ prefix }) => formatCidr(prefix));
}

/** A route as both sides can be asked for it. */
const routeText = ({ type, prefix, via, device, metric }: Route): string =>
  [
    ...(type === 'unicast' ? [] : [type]),
    formatCidr(prefix),
    ...(via === undefined ? [] : ['via', formatIpv4(via)]),
    ...(device === undefined ? [] : ['dev', device]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
  ].join(' ');

/** What the simulator's stack holds of BGP's making. */
export const simulatedRoutes = ({ routes }: Netns): readonly string[] =>
  routes.filter(isLearnt).map(routeText).sort();

interface KernelRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly metric?: number;
}

/** What BIRD has put into the kernel. */
export async function learntRoutes(lab: KernelLab, id: NetnsId): Promise<readonly string[]> {
  const { stdout } = await lab.type(id, ['ip', '-j', 'route', 'show', 'proto', 'bird']);
  return (JSON.parse(stdout || '[]') as readonly KernelRoute[])
    .map(({ type, dst, gateway, dev, metric }) =>
      [
        ...(type === undefined || type === 'unicast' ? [] : [type]),
        dst,
        ...(gateway === undefined ? [] : ['via', gateway]),
        ...(dev === undefined || type === 'blackhole' ? [] : ['dev', dev]),
        ...(metric === undefined ? [] : ['metric', String(metric)]),
      ].join(' '),
    )
    .sort();
}

/** Waits until every node has as many routes as the simulator expects there, or for as long as BIRD may need. */
export async function converged(lab: KernelLab, nodes: readonly Netns[]): Promise<void> {
  const deadline = performance.now() + CONVERGES_WITHIN;
  for (const stack of nodes) {
    const wanted = simulatedRoutes(stack).join();
    while ((await learntRoutes(lab, stack.id)).join() !== wanted && performance.now() < deadline)
      await pause(LOOK_EVERY);
  }
}
