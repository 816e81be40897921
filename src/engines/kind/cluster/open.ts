/**
 * Clusters that are there already: taken into use, kept for later, let go. A cluster is used by one process at a time; its
 * journal says by which, and a process that is gone uses nothing.
 */
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Topology } from '../../../model/topology.ts';
import type { ContainerState } from '../docker/docker.ts';
import { isOurs, nodeContainers } from '../names.ts';
import type { Cluster } from './cluster.ts';
import { configHash } from './create.ts';
import { containersOf } from './delete.ts';
import { clusterGone, clusterInUse } from './errors.ts';
import { journaledNames, readJournal, updateJournal, type Journal } from './journal.ts';
import { lock } from './lock.ts';
import type { ClusterMeans } from './making.ts';
import { lives, ourselves } from './owner.ts';

/** Those of this installation that are whole, used by nobody, and made for that lab with that very topology; newest first. */
export async function idleClusters(
  lab: string,
  topology: Topology,
  means: Pick<ClusterMeans, 'folder' | 'installation'>,
): Promise<readonly Journal[]> {
  const config = configHash(topology);
  const names = (await journaledNames(means.folder)).filter((name) => isOurs(name, means.installation));
  const journals = await Promise.all(names.map((name) => readJournal(means.folder.cluster(name))));
  const fitting = journals
    .filter((journal) => journal !== undefined)
    .filter(({ state, ...journal }) => state === 'ready' && journal.lab === lab && journal.config === config);
  const used = await Promise.all(fitting.map(isUsed));
  return fitting.filter((_, index) => !used[index]).toSorted((a, b) => b.created - a.created);
}

/** Whether a process that lives has it. */
export const isUsed = async ({ owner }: Journal): Promise<boolean> =>
  owner !== undefined && (await lives(owner));

/**
 * Takes a ready cluster into use: this process is its owner from now on. Nodes that are stopped are started, the control
 * plane first, each at the time that kind would have given it its address: Docker gives addresses in the order of starts.
 */
export async function openCluster(
  { cluster: name, lab }: Journal,
  topology: Topology,
  means: ClusterMeans,
  signal: AbortSignal,
): Promise<Result<Cluster, LabError>> {
  const folder = means.folder.cluster(name);
  const unlock = await lock(join(means.folder.root, 'claiming.lock'), { signal });
  if (!unlock.ok) return unlock;
  try {
    const journal = await readJournal(folder);
    if (journal?.state !== 'ready' || journal.config !== configHash(topology)) return err(clusterGone(name));
    if (await isUsed(journal)) return err(clusterInUse(name));
    const nodes = nodeContainers(name, topology);
    const running = await startAll(name, [...nodes.values()], means, signal);
    if (!running.ok) return running;
    const taken = await updateJournal(folder, { owner: await ourselves() });
    if (!taken.ok) return taken;
    return ok({ name, lab, topology, docker: means.docker, nodes, folder });
  } finally {
    await unlock.value();
  }
}

async function startAll(
  name: string,
  nodes: readonly string[],
  { docker }: ClusterMeans,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  const found = await containersOf(name, docker, signal);
  if (!found.ok) return found;
  const there = new Map(found.value.map((container) => [container.name, container]));
  if (nodes.some((node) => !there.has(node))) return err(clusterGone(name));
  const stopped = nodes.flatMap((node) => there.get(node) ?? []).filter(isStopped);
  for (const { id } of stopped) {
    const started = await docker.containers.start(id, signal);
    if (!started.ok) return started;
  }
  return ok(undefined);
}

export const isStopped = ({ state }: ContainerState): boolean =>
  state !== 'running' && state !== 'restarting';

/** The lab on it is whole: from now on it can be opened again. */
export async function keepCluster({ folder }: Pick<Cluster, 'folder'>): Promise<Result<void, LabError>> {
  const kept = await updateJournal(folder, { state: 'ready' });
  return kept.ok ? ok(undefined) : kept;
}

/** Nobody uses it any more; it stays. */
export async function releaseCluster({ folder }: Pick<Cluster, 'folder'>): Promise<Result<void, LabError>> {
  const released = await updateJournal(folder, { owner: undefined });
  return released.ok ? ok(undefined) : released;
}
