/**
 * Makes a cluster by kind's CLI. Whatever ends it early (a failure, the signal, a hook's error) leaves nothing behind, or a
 * journal that says `deleting` for `leftovers` to find. kind is given its configuration only after its process id is in the
 * journal: whenever we die, either it has made nothing, or its process can be found and ended.
 */
import { createHash } from 'node:crypto';
import { appendFile, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Topology } from '../../../model/topology.ts';
import { folderFailed } from '../data-folder.ts';
import { KIND_CLUSTER_LABEL, networkName, nodeContainers } from '../names.ts';
import { CALICO_VERSION, KIND_VERSION, OPERATOR_VERSION } from '../versions.ts';
import type { Cluster } from './cluster.ts';
import { CreateProgress } from './create-progress.ts';
import { containersOf, deleteCluster } from './delete.ts';
import { CREATE_INTERRUPTED, explained, kindFailed, KIND_MISSING } from './errors.ts';
import { updateJournal, writeJournal } from './journal.ts';
import { isDockerByName, kindEnvironment, runKind } from './kind-cli.ts';
import { kindConfig } from './kind-config.ts';
import { untilNodesAreMade } from './late-nodes.ts';
import { lock } from './lock.ts';
import type { ClusterMeans, ClusterWish, CreateOptions } from './making.ts';
import { createNetwork } from './network.ts';
import { ensureNodeImage, NODE_IMAGE_REFERENCE } from './node-image.ts';
import { NodeStarts } from './node-starts.ts';
import { ourselves, ownerOf } from './owner.ts';

/** Milliseconds for cleaning up behind a creation that failed, which its own signal no longer bounds. */
const CLEANING = 180_000;
/** Lines of each node's log that are kept of a creation that failed, and milliseconds to get them. */
const TAIL = 200;
const COLLECTING = 15_000;

/** The journal says `creating` until `keepCluster` (open.ts) is called, once the lab on it is whole. */
export async function createCluster(
  wish: ClusterWish,
  means: ClusterMeans,
  options: CreateOptions,
): Promise<Result<Cluster, LabError>> {
  const { signal } = options;
  const progress = new CreateProgress(wish.topology.nodes.length, options.onProgress);
  const program = programOf(means);
  if (!program.ok) return program;
  const image = await ensureNodeImage(means.docker, means.env, {
    signal,
    folder: means.folder,
    onProgress: (transfer) => progress.image(transfer),
  });
  if (!image.ok) return image;
  const unlock = await lock(join(means.folder.root, 'creating.lock'), {
    signal,
    onWait: () => progress.waiting(),
  });
  if (!unlock.ok) return unlock;
  try {
    const making: Making = { wish, means, options, progress, kind: program.value, image: image.value };
    const made = await make(making);
    return made.ok ? made : err(await cleaned(making, made.error));
  } finally {
    await unlock.value();
  }
}

interface Making {
  readonly wish: ClusterWish;
  readonly means: ClusterMeans;
  readonly options: CreateOptions;
  readonly progress: CreateProgress;
  /** Path of the CLI. */
  readonly kind: string;
  readonly image: string;
}

function programOf({ kind, env }: ClusterMeans): Result<string, LabError> {
  if (kind === undefined) return err(KIND_MISSING);
  const docker = env.UNDERLAY_DOCKER_BIN;
  if (docker && !isDockerByName(docker))
    return err({
      code: 'docker-cli-name',
      message: `UNDERLAY_DOCKER_BIN is ${docker}, but kind calls the command by the name docker.`,
      remedy: 'Give the file that name, in a folder of its own.',
    });
  return ok(kind);
}

async function make(making: Making): Promise<Result<Cluster, LabError>> {
  const { wish, means, options, progress, image } = making;
  const folder = means.folder.cluster(wish.name);
  const noted = await writeJournal(folder, {
    format: 1,
    cluster: wish.name,
    lab: wish.lab,
    state: 'creating',
    owner: await ourselves(),
    network: networkName(wish.name),
    image,
    kind: KIND_VERSION,
    config: configHash(wish.topology),
    created: Date.now(),
    volumes: [],
  });
  if (!noted.ok) return noted;
  progress.network();
  const network = await createNetwork(wish, means.docker, options.signal);
  if (!network.ok) return network;
  return runCreation(making);
}

/** What a cluster must have been made of to serve a lab of that topology: other pins make another. */
export const configHash = (topology: Topology): string =>
  createHash('sha256')
    .update(JSON.stringify([topology, kindConfig('', topology, NODE_IMAGE_REFERENCE), ...VERSIONS]))
    .digest('hex');

const VERSIONS = [KIND_VERSION, CALICO_VERSION, OPERATOR_VERSION];

async function runCreation(making: Making): Promise<Result<Cluster, LabError>> {
  const { wish, means, options, progress } = making;
  const folder = means.folder.cluster(wish.name);
  const config = kindConfig(wish.name, wish.topology, making.image);
  const prepared = await prepare(making, config);
  if (!prepared.ok) return prepared;
  const nodes = nodeContainers(wish.name, wish.topology);
  const starts = new NodeStarts(nodes, options, (started) => progress.nodes(started));
  starts.watch(means.docker, `${KIND_CLUSTER_LABEL}=${wish.name}`);
  try {
    const ended = await runKind(making.kind, {
      argv: ['create', 'cluster', '--name', wish.name, '--config', '-', '--retain', ...kubeconfig(making)],
      environment: kindEnvironment(means, networkName(wish.name), wish.topology.segments),
      signal: starts.signal,
      stdin: config,
      onStart: async (pid) => updateJournal(folder, { child: await ownerOf(pid) }).then(settled),
      onLine: (line) => {
        progress.line(line);
        void appendFile(folder.log, `${line}\n`).catch(() => undefined);
      },
    });
    if (starts.signal.aborted) {
      const late = { name: wish.name, nodes: [...nodes.values()], image: making.image };
      await untilNodesAreMade(means.docker, late, AbortSignal.timeout(CLEANING));
    }
    if (starts.error) return err(starts.error);
    if (!ended.ok) return ended;
    if (ended.value.exitCode !== 0) return err(failureOf(making, ended.value));
    const told = await starts.complete(await containersOf(wish.name, means.docker, options.signal));
    if (!told.ok) return told;
    if (options.signal.aborted) return err(CREATE_INTERRUPTED);
    const unchild = await updateJournal(folder, { child: undefined });
    if (!unchild.ok) return unchild;
    progress.made();
    return ok({ ...wish, docker: means.docker, nodes, folder });
  } finally {
    await starts.end();
  }
}

const settled = <T>(result: Result<T, LabError>): Result<void, LabError> =>
  result.ok ? ok(undefined) : result;

const kubeconfig = ({ wish, means }: Making): readonly string[] => [
  '--kubeconfig',
  means.folder.cluster(wish.name).kubeconfig,
];

/** The configuration is kept for whoever looks into a folder; kind gets it by its standard input. */
async function prepare({ wish, means }: Making, config: string): Promise<Result<void, LabError>> {
  const folder = means.folder.cluster(wish.name);
  try {
    await writeFile(folder.config, config);
    await writeFile(folder.log, '');
    // kind never takes a lock for stale; the folder is ours alone.
    await rm(`${folder.kubeconfig}.lock`, { force: true });
    return ok(undefined);
  } catch (cause) {
    return err(folderFailed(folder.root, cause));
  }
}

const failureOf = (
  { means }: Making,
  { log, exitCode }: { readonly log: string; readonly exitCode: number | undefined },
): LabError => kindFailed({ log, exitCode, host: means.docker.endpoint.host, platform: means.platform });

/** Nothing is left of it; when that cannot be done now, the journal says so, and the first error is still the one to tell. */
async function cleaned(making: Making, error: LabError): Promise<LabError> {
  const { wish, means, progress } = making;
  progress.cleaning();
  const said = error.code === 'interrupted' ? '' : await nodesSaid(making);
  if (error.code !== 'interrupted') await keepLog(making, said);
  await deleteCluster(wish.name, means, { signal: AbortSignal.timeout(CLEANING) });
  return explained(error, said);
}

/** The ends of the nodes' logs, which go with them. */
async function nodesSaid({ wish, means }: Making): Promise<string> {
  const signal = AbortSignal.timeout(COLLECTING);
  const containers = await containersOf(wish.name, means.docker, signal);
  const ends = (containers.ok ? containers.value : []).map(async ({ name }) => {
    const said = await means.docker.containers.logs(name, { signal, tail: TAIL });
    return said.ok ? `\n==> ${name} <==\n${said.value}\n` : '';
  });
  return (await Promise.all(ends)).join('');
}

/** Where the log of the last creation that failed is, with what its nodes said. */
export const failureLog = ({ folder }: Pick<ClusterMeans, 'folder'>): string =>
  join(folder.root, 'last-failure.log');

async function keepLog({ wish, means }: Making, said: string): Promise<void> {
  const kept = failureLog(means);
  try {
    await mkdir(means.folder.root, { recursive: true });
    await copyFile(means.folder.cluster(wish.name).log, kept).catch(() => writeFile(kept, ''));
    await appendFile(kept, said);
  } catch {
    // A disk that is full keeps no log; the error itself is told all the same.
  }
}
