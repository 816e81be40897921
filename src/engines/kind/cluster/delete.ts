/**
 * Takes a cluster away, whatever state it is in: half made, whole, stopped, or half removed by somebody else. Every step can
 * be done again, and the journal goes last, so a removal that is cut short is found and finished. The learner's other
 * clusters are not touched: everything is found by this cluster's name.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { folderFailed, type ClusterFolder } from '../data-folder.ts';
import type { ContainerState, Docker } from '../docker/docker.ts';
import { isOurs, KIND_CLUSTER_LABEL, LABELS } from '../names.ts';
import { notRemoved } from './errors.ts';
import { readJournal, updateJournal } from './journal.ts';
import { killGroup } from '../process/child.ts';
import { kindEnvironment, runKind } from './kind-cli.ts';
import type { ClusterMeans, DeleteOptions } from './making.ts';
import { removeNetworks } from './network.ts';
import { lives } from './owner.ts';

/** Milliseconds in which a command that was under way when kind was ended may still make a container. */
const LATE = 1_500;
/** How often what is found is removed before it is said that it cannot be. */
const SWEEPS = 5;

/** Trying again is harmless. When it fails the journal says `deleting`, and the cluster is a leftover. */
export async function deleteCluster(
  name: string,
  means: ClusterMeans,
  options: DeleteOptions,
): Promise<Result<void, LabError>> {
  if (!isOurs(name, means.installation)) throw new Error(`not ours: ${name}`);
  const removed = await remove(name, means, options);
  // Whoever looks for leftovers shall find it, also while we live on.
  if (!removed.ok) await updateJournal(means.folder.cluster(name), { owner: undefined });
  return removed;
}

async function remove(
  name: string,
  means: ClusterMeans,
  options: DeleteOptions,
): Promise<Result<void, LabError>> {
  const { signal } = options;
  const folder = means.folder.cluster(name);
  options.onProgress?.({ phase: 'Removing the cluster', fraction: 0 });
  const cutShort = await begin(folder);
  if (!cutShort.ok) return cutShort;
  const volumes = await noteVolumes(name, folder, means.docker, signal);
  if (!volumes.ok) return volumes;
  await removeByKind(name, means, signal);
  options.onProgress?.({ phase: 'Removing the cluster', fraction: 0.6 });
  const swept = await sweep(name, means.docker, { signal, late: cutShort.value });
  if (!swept.ok) return swept;
  const networks = await removeNetworks(name, means.docker, signal);
  if (!networks.ok) return networks;
  const gone = await removeVolumes(volumes.value, means.docker, signal);
  if (!gone.ok) return gone;
  const left = await whatIsLeft(name, means.docker, signal);
  if (!left.ok) return left;
  if (left.value.length > 0) return err(notRemoved(name, left.value));
  options.onProgress?.({ phase: 'Removing the cluster', fraction: 1 });
  return removeFolder(folder);
}

/**
 * Nobody makes anything more for it from here on. A kind that outlived the process which started it is ended.
 * @returns whether it may have been ended in the middle of making something
 */
async function begin(folder: ClusterFolder): Promise<Result<boolean, LabError>> {
  const journal = await readJournal(folder);
  const { child } = journal ?? {};
  if (child && (await lives(child))) killGroup(child.pid);
  const noted = await updateJournal(folder, { state: 'deleting', child: undefined });
  return noted.ok ? ok(journal === undefined || journal.state !== 'ready') : noted;
}

/** Volumes of containers that are there now, and those that were noted before. */
async function noteVolumes(
  name: string,
  folder: ClusterFolder,
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<readonly string[], LabError>> {
  const containers = await containersOf(name, docker, signal);
  if (!containers.ok) return containers;
  const before = (await readJournal(folder))?.volumes ?? [];
  const volumes = [...new Set([...before, ...containers.value.flatMap((container) => container.volumes)])];
  const noted = await updateJournal(folder, { volumes });
  return noted.ok ? ok(volumes) : noted;
}

/** Nodes, by kind's label, and what we made ourselves, by ours. */
export async function containersOf(
  name: string,
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<readonly ContainerState[], LabError>> {
  const own = await docker.containers.list({ [LABELS.cluster]: name }, signal);
  if (!own.ok) return own;
  const nodes = await docker.containers.list({ [KIND_CLUSTER_LABEL]: name }, signal);
  return nodes.ok ? ok([...own.value, ...nodes.value]) : nodes;
}

/** kind's own way, when kind is there; whatever it leaves is swept up. */
async function removeByKind(name: string, means: ClusterMeans, signal: AbortSignal): Promise<void> {
  const { kind } = means;
  if (kind === undefined) return;
  const { kubeconfig } = means.folder.cluster(name);
  await rm(`${kubeconfig}.lock`, { force: true }).catch(() => undefined);
  await runKind(kind, {
    argv: ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig],
    environment: kindEnvironment(means),
    signal,
  });
}

/** Until nothing is found, and once more after a while when something may still be on its way. */
async function sweep(
  name: string,
  docker: Docker,
  { signal, late }: { readonly signal: AbortSignal; readonly late: boolean },
): Promise<Result<void, LabError>> {
  const first = await removeContainers(name, docker, signal);
  if (!first.ok || !late) return first;
  await pause(LATE, undefined, { signal }).catch(() => undefined);
  return removeContainers(name, docker, signal);
}

async function removeContainers(
  name: string,
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  let failure: LabError | undefined;
  for (let round = 0; round < SWEEPS; round += 1) {
    const found = await containersOf(name, docker, signal);
    if (!found.ok) return found;
    if (found.value.length === 0) return ok(undefined);
    const removed = await Promise.all(found.value.map(({ id }) => docker.containers.remove(id, signal)));
    failure = removed.map((result) => (result.ok ? undefined : result.error)).find(Boolean);
    if (failure?.code === 'interrupted' || failure?.code === 'docker-gone') break;
  }
  return failure ? err(failure) : ok(undefined);
}

async function removeVolumes(
  volumes: readonly string[],
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  for (const volume of volumes) {
    const removed = await docker.volumes.remove(volume, signal);
    if (!removed.ok && removed.error.code !== 'no-such-volume') return removed;
  }
  return ok(undefined);
}

async function whatIsLeft(
  name: string,
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<readonly string[], LabError>> {
  const containers = await containersOf(name, docker, signal);
  if (!containers.ok) return containers;
  const networks = await docker.networks.list({ [LABELS.cluster]: name }, signal);
  if (!networks.ok) return networks;
  return ok([
    ...containers.value.map((container) => container.name),
    ...networks.value.map((network) => `network ${network.name}`),
  ]);
}

/** The journal last: until then the rest can be found. */
async function removeFolder(folder: ClusterFolder): Promise<Result<void, LabError>> {
  try {
    const entries = await readdir(folder.root).catch(() => []);
    for (const entry of entries.filter((name) => join(folder.root, name) !== folder.journal))
      await rm(join(folder.root, entry), { recursive: true, force: true });
    await rm(folder.journal, { force: true });
    await rm(folder.root, { recursive: true, force: true });
    return ok(undefined);
  } catch (cause) {
    return err(folderFailed(folder.root, cause));
  }
}
