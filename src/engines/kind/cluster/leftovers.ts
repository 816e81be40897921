/**
 * What earlier sessions of this installation left on an engine and on this disk: found by journals, by kind's label and by
 * ours, whichever is still there. What a process that lives has in use is none; neither is anything whose name does not say
 * that it is ours.
 */
import { ok, err, type Result } from '../../../base/result.ts';
import type { CareOptions, Leftover } from '../../../lab/care.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { ContainerState, DiskUsage } from '../docker/docker.ts';
import { isOurs, KIND_CLUSTER_LABEL, LABELS } from '../names.ts';
import { deleteCluster } from './delete.ts';
import { clusterInUse } from './errors.ts';
import { journaledNames, readJournal, type Journal } from './journal.ts';
import type { ClusterMeans } from './making.ts';
import { isStopped, isUsed } from './open.ts';

export async function leftovers(
  means: ClusterMeans,
  signal: AbortSignal,
): Promise<Result<readonly Leftover[], LabError>> {
  const found = await finds(means, signal);
  if (!found.ok) return found;
  const unused = await Promise.all(
    found.value.map(async (find) => (find.journal && (await isUsed(find.journal)) ? undefined : find)),
  );
  const rest = unused.filter((find) => find !== undefined);
  const usage = await usageOf(rest, means, signal);
  return ok(rest.map((find) => leftoverOf(find, usage)));
}

/** Removes those, one after another; the first that cannot be removed ends it. Names that are gone are removed already. */
export async function clean(
  names: readonly string[],
  means: ClusterMeans,
  { signal, onProgress }: CareOptions,
): Promise<Result<void, LabError>> {
  for (const [index, name] of names.entries()) {
    if (!isOurs(name, means.installation)) return err(notOurs(name));
    const journal = await readJournal(means.folder.cluster(name));
    if (journal && (await isUsed(journal))) return err(clusterInUse(name));
    const removed = await deleteCluster(name, means, {
      signal,
      onProgress: ({ fraction = 0, ...rest }) =>
        onProgress?.({ ...rest, detail: name, fraction: (index + fraction) / names.length }),
    });
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

const notOurs = (name: string): LabError => ({
  code: 'not-ours',
  message: `${name} was not made by this Underlay.`,
  remedy: 'Remove it with the program that made it: `kind delete cluster`, or another Underlay.',
});

/** A cluster of which something is there. */
interface Find {
  readonly name: string;
  readonly journal: Journal | undefined;
  readonly containers: readonly ContainerState[];
}

async function finds(means: ClusterMeans, signal: AbortSignal): Promise<Result<readonly Find[], LabError>> {
  const { docker, folder, installation } = means;
  const nodes = await docker.containers.list(KIND_CLUSTER_LABEL, signal);
  if (!nodes.ok) return nodes;
  const own = await docker.containers.list(LABELS.cluster, signal);
  if (!own.ok) return own;
  const networks = await docker.networks.list(LABELS.cluster, signal);
  if (!networks.ok) return networks;
  const containers = [...nodes.value, ...own.value];
  const named = [...containers, ...networks.value].map(({ labels }) => clusterOf(labels));
  const names = new Set([...(await journaledNames(folder)), ...named.filter((name) => name !== undefined)]);
  const ours = [...names].filter((name) => isOurs(name, installation)).toSorted();
  return ok(
    await Promise.all(
      ours.map(async (name) => ({
        name,
        journal: await readJournal(folder.cluster(name)),
        containers: containers.filter(({ labels }) => clusterOf(labels) === name),
      })),
    ),
  );
}

const clusterOf = (labels: Readonly<Record<string, string>>): string | undefined =>
  labels[LABELS.cluster] ?? labels[KIND_CLUSTER_LABEL];

function leftoverOf(find: Find, usage: DiskUsage): Leftover {
  const { name, journal, containers } = find;
  const created = journal?.created ?? earliest(containers);
  const size = sizeOf(find, usage);
  return {
    name,
    ...(journal && { lab: journal.lab }),
    kind: kindOf(journal, containers),
    ...(created !== undefined && { created }),
    containers: containers.length,
    ...(size !== undefined && { size }),
  };
}

/** Nodes keep nearly everything in an anonymous volume each, the rest is written over their images. */
function sizeOf(find: Find, usage: DiskUsage): number | undefined {
  const sizes = [
    ...find.containers.flatMap(({ id }) => usage.containers[id] ?? []),
    ...volumesOf(find).flatMap((volume) => usage.volumes[volume] ?? []),
  ];
  return sizes.length > 0 ? sizes.reduce((sum, size) => sum + size, 0) : undefined;
}

function kindOf(journal: Journal | undefined, containers: readonly ContainerState[]): Leftover['kind'] {
  if (journal?.state !== 'ready' || containers.length === 0) return 'unfinished';
  return containers.every(isStopped) ? 'stopped' : 'idle';
}

function earliest(containers: readonly ContainerState[]): number | undefined {
  return containers.length > 0 ? Math.min(...containers.map(({ created }) => created)) : undefined;
}

const volumesOf = ({ journal, containers }: Pick<Find, 'journal' | 'containers'>): readonly string[] => [
  ...new Set([...(journal?.volumes ?? []), ...containers.flatMap(({ volumes }) => volumes)]),
];

/** Counting takes an engine long; one that does not come to an end has said nothing of sizes, and all the rest. */
async function usageOf(
  found: readonly Find[],
  { docker }: ClusterMeans,
  signal: AbortSignal,
): Promise<DiskUsage> {
  const nothing = found.every((find) => find.containers.length === 0 && volumesOf(find).length === 0);
  if (nothing) return UNKNOWN;
  const usage = await docker.diskUsage(signal);
  return usage.ok ? usage.value : UNKNOWN;
}

const UNKNOWN: DiskUsage = { containers: {}, volumes: {} };
