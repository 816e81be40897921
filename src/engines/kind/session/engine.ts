/** Real clusters as a lab engine: a cluster is raised or taken up again, the lab put on it, and a session given for it. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Belongings, LabEngine, LabEnvironment, LabError, OpenOptions } from '../../../lab/ports.ts';
import { kubectlOf, type Cluster } from '../cluster/cluster.ts';
import { INTERRUPTED } from '../probe/errors.ts';
import { BelongingsKeeper } from './belongings-keeper.ts';
import { takeInventory, type StoredObject } from './inventory.ts';
import type { KindEngineParts, RaisedCluster } from './parts.ts';
import { KindSession } from './session.ts';
import { applyStart } from './start-objects.ts';

export interface KindEngineOptions {
  readonly parts: KindEngineParts;
  /**
   * What becomes of a cluster when its learner leaves: kept unless said, for another would take minutes to make, and who
   * comes back expects to find what they left. The list of leftovers shows it, with what it takes. A wish that may change is
   * asked for when it matters.
   */
  readonly afterwards?: Afterwards | (() => Afterwards);
}

export type Afterwards = 'keep' | 'delete';

export type KindEngine = LabEngine & { readonly id: 'kind' };

const NOTHING: Belongings = { places: {} };

export function kindEngine({ parts, afterwards = 'keep' }: KindEngineOptions): KindEngine {
  return {
    id: 'kind',
    preflight: (environment) => parts.preflight(environment),
    async open(environment, options) {
      const raised = await parts.raise(environment, options);
      if (!raised.ok) return raised;
      const wish = typeof afterwards === 'function' ? afterwards : (): Afterwards => afterwards;
      const opened = await openOn(raised.value, { environment, options, afterwards: wish });
      if (opened.ok) return opened;
      // Half a lab is none: nobody could tell what is missing.
      if (raised.value.kept) await raised.value.release();
      else await raised.value.remove(new AbortController().signal);
      return opened;
    },
  };
}

interface Opening {
  readonly environment: LabEnvironment;
  readonly options: OpenOptions;
  readonly afterwards: () => Afterwards;
}

async function openOn(
  raised: RaisedCluster,
  { environment, options, afterwards }: Opening,
): Promise<Result<KindSession, LabError>> {
  const { signal, onProgress, belongings: before = NOTHING } = options;
  const { cluster } = raised;
  const belongings = new BelongingsKeeper(cluster, before);
  let start = raised.kept ? await readInventory(cluster) : undefined;
  if (start) {
    const resumed = await belongings.resume(environment.files, signal);
    if (!resumed.ok) return resumed;
  } else {
    onProgress?.({ phase: 'Putting the lab on the cluster', fraction: 0.97 });
    const built = await buildStart(cluster, environment, signal);
    if (!built.ok) return built;
    start = built.value;
    const begun = await belongings.begin(environment.files, signal);
    if (!begun.ok) return begun;
    const kept = await raised.keep();
    if (!kept.ok) return kept;
  }
  if (signal.aborted) return err(INTERRUPTED);
  return KindSession.begin({ environment, raised, start, belongings, afterwards });
}

/** The lab's objects, and what is stored once they are ready. */
async function buildStart(
  cluster: Cluster,
  { start }: LabEnvironment,
  signal: AbortSignal,
): Promise<Result<readonly StoredObject[], LabError>> {
  const kubectl = kubectlOf(cluster);
  const applied = await applyStart(start, { cluster, kubectl, signal });
  if (!applied.ok) return applied;
  const settled = await settledInventory(cluster, signal);
  if (!settled.ok) return settled;
  const written = await writeInventory(cluster, settled.value);
  return written.ok ? settled : written;
}

/** Milliseconds between two looks, and how many of them: pods that never become ready may be what the lab is about. */
const LOOK = { apart: 1_000, times: 90 };

/** Once every bare pod is ready, or nothing has changed for long. */
async function settledInventory(
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Result<readonly StoredObject[], LabError>> {
  const kubectl = kubectlOf(cluster);
  for (let look = 0; ; look += 1) {
    const taken = await takeInventory(kubectl, signal);
    if (!taken.ok) return taken;
    const pending = taken.value.filter(
      ({ resource, ready, succeeded }) => resource === 'pods' && !ready && !succeeded,
    );
    if (pending.length === 0 || look >= LOOK.times) return taken;
    await new Promise((resolve) => setTimeout(resolve, LOOK.apart));
    if (signal.aborted) return err(INTERRUPTED);
  }
}

const FILE = 'start-state.json';

async function writeInventory(
  { folder }: Cluster,
  inventory: readonly StoredObject[],
): Promise<Result<void, LabError>> {
  const file = join(folder.root, FILE);
  try {
    await mkdir(folder.root, { recursive: true });
    await writeFile(`${file}.new`, JSON.stringify(inventory), { mode: 0o600 });
    await rename(`${file}.new`, file);
    return ok(undefined);
  } catch (error) {
    return err({
      code: 'data-folder-unwritable',
      message: `${file} could not be written: ${error instanceof Error ? error.message : String(error)}`,
      remedy: 'Make room in the data folder, and see that it may be written.',
    });
  }
}

/** Undefined when there is none: the lab was not whole, and is put on anew. */
async function readInventory({ folder }: Cluster): Promise<readonly StoredObject[] | undefined> {
  const text = await readFile(join(folder.root, FILE), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const read = JSON.parse(text) as unknown;
    return Array.isArray(read) ? (read as readonly StoredObject[]) : undefined;
  } catch {
    return undefined;
  }
}
