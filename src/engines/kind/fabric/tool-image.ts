/**
 * The image that routers, outside hosts, workstations and sidecars are made of: built once on the learner's own engine from
 * `resources/tool-image`, of Debian packages and files of ours. It is known by a hash of what it is built from, so an image
 * that came in a bundle counts, and one of another version of Underlay does not.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import { runsOn } from '../docker/architecture.ts';
import type { Docker } from '../docker/docker.ts';
import { isOnLoopback } from '../process/proxies.ts';
import { imageMissing, imageNotBuilt } from './errors.ts';

export interface ToolImageOptions {
  readonly signal: AbortSignal;
  /** `resources/tool-image` of the installation. */
  readonly folder: string;
  /**
   * `UNDERLAY_TOOL_IMAGE` names one that is there already; `UNDERLAY_TOOL_BASE` another Debian to build on,
   * `UNDERLAY_DEBIAN_MIRROR` another source of packages. Proxies are handed to the build.
   */
  readonly env: NodeJS.ProcessEnv;
  /** Of the engine, for the packages: `default` unless said. */
  readonly network?: string;
  /** `linux/arm64`, for others' machines: such a one is built anew. The engine's own unless said. */
  readonly platform?: string;
  readonly onProgress?: (progress: Progress) => void;
}

export const TOOL_IMAGE_LABEL = 'underlay.tool-image';
/** The simulator's machines are of the same release, so that tools print alike. */
const BASE = 'debian:bookworm-slim';

export const toolBase = (env: NodeJS.ProcessEnv): string => env.UNDERLAY_TOOL_BASE || BASE;

const PHASE = "Building Underlay's tool image";

/** Its reference in the engine, once it is there. */
export async function toolImage(
  docker: Docker,
  options: ToolImageOptions,
): Promise<Result<string, LabError>> {
  const present = await presentToolImage(docker, options);
  if (!present.ok) return present;
  if (present.value !== undefined && options.platform === undefined) return ok(present.value);
  return build(docker, wanted(await contextIn(options.folder)), options);
}

/** Its reference in the engine; undefined when it would have to be built. */
export async function presentToolImage(
  docker: Docker,
  { signal, folder, env }: Pick<ToolImageOptions, 'signal' | 'folder' | 'env'>,
): Promise<Result<string | undefined, LabError>> {
  const chosen = env.UNDERLAY_TOOL_IMAGE;
  if (chosen) {
    const found = await docker.images.inspect(chosen, signal);
    if (!found.ok) return found;
    return found.value ? ok(chosen) : err(imageMissing(chosen));
  }
  const { hash, tag } = wanted(await contextIn(folder));
  const found = await docker.images.inspect(tag, signal);
  if (!found.ok) return found;
  const serves = found.value?.labels[TOOL_IMAGE_LABEL] === hash && runsOn(docker, found.value);
  return ok(serves ? tag : undefined);
}

interface Wanted {
  readonly context: Context;
  readonly hash: string;
  readonly tag: string;
}

function wanted(context: Context): Wanted {
  const hash = hashOf(context);
  return { context, hash, tag: toolImageReference(hash) };
}

async function build(
  docker: Docker,
  { context, hash, tag }: Wanted,
  { signal, env, network, platform, onProgress }: ToolImageOptions,
): Promise<Result<string, LabError>> {
  const base = toolBase(env);
  const pulled = await ensureBase(docker, base, {
    signal,
    ...(platform !== undefined && { platform }),
    ...(onProgress && { onProgress }),
  });
  if (!pulled.ok) return pulled;
  const log = new BuildLog(onProgress);
  const built = await docker.images.build(
    {
      context,
      tag,
      labels: { [TOOL_IMAGE_LABEL]: hash },
      args: { BASE: base, MIRROR: env.UNDERLAY_DEBIAN_MIRROR ?? '', ...proxiesIn(env) },
      ...(network !== undefined && { network }),
      ...(platform !== undefined && { platform }),
    },
    { signal, onLog: (line) => log.add(line) },
  );
  if (built.ok) return ok(tag);
  return err(
    built.error.code === 'interrupted' ? built.error : imageNotBuilt(log.fault ?? built.error.message),
  );
}

/** For a bundle: the reference that `toolImage` will look for. */
export const toolImageOf = async (folder: string): Promise<string> =>
  toolImageReference(hashOf(await contextIn(folder)));

const toolImageReference = (hash: string): string => `underlay/tool-image:${hash}`;

type Context = Readonly<Record<string, Uint8Array>>;

async function contextIn(folder: string): Promise<Context> {
  const names = (await readdir(folder)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

function hashOf(context: Context): string {
  const hash = createHash('sha256');
  for (const [name, content] of Object.entries(context))
    hash.update(`${name}\n${content.length}\n`).update(content);
  return hash.digest('hex').slice(0, 12);
}

async function ensureBase(
  docker: Docker,
  base: string,
  { signal, platform, onProgress }: Pick<ToolImageOptions, 'signal' | 'platform' | 'onProgress'>,
): Promise<Result<void, LabError>> {
  const found = await docker.images.inspect(base, signal);
  if (!found.ok) return found;
  if (found.value && platform === undefined && runsOn(docker, found.value)) return ok(undefined);
  const pulled = await docker.images.pull(base, {
    signal,
    ...(platform !== undefined && { platform }),
    onProgress: ({ status, done, total }) =>
      onProgress?.({
        phase: PHASE,
        detail: `${base}: ${status}`,
        ...(done !== undefined && total && { fraction: (done / total) * BASE_SHARE }),
      }),
  });
  return pulled.ok ? ok(undefined) : pulled;
}

/** Of the whole way; installing packages is the rest. */
const BASE_SHARE = 0.2;

/** The builder's lines as progress. */
class BuildLog {
  readonly #tell: ((progress: Progress) => void) | undefined;
  #fraction = BASE_SHARE;
  /** apt's own complaint, which says more than that a step failed. */
  fault: string | undefined;

  constructor(tell: ((progress: Progress) => void) | undefined) {
    this.#tell = tell;
  }

  add(line: string): void {
    const complaint = /^E: (.+)/.exec(line)?.[1];
    if (complaint !== undefined) this.fault ??= complaint;
    const [, step, steps] = /^Step (\d+)\/(\d+)/.exec(line) ?? [];
    if (step !== undefined)
      this.#fraction = BASE_SHARE + ((Number(step) - 1) / Number(steps)) * (1 - BASE_SHARE);
    this.#tell?.({ phase: PHASE, fraction: this.#fraction, log: [line] });
  }
}

const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy'];

/** One on this machine's loopback is not there for a container. */
const proxiesIn = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    PROXIES.flatMap((name) => [name, name.toUpperCase()]).flatMap((name) => {
      const value = env[name];
      return value && !isOnLoopback(value) ? [[name, value]] : [];
    }),
  );
