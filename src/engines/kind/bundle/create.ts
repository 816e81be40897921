/**
 * Makes an offline bundle: fetches or builds what labs on real clusters need, and writes it member by member (`writer.ts`),
 * so that a making that is cut goes on where it stopped. Only what Underlay itself would fetch goes in: the artefacts that
 * an engineer points at by variables are theirs.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import { manifestsOf, type Install, type Manifest } from '../calico/manifests.ts';
import { KIND_RELEASE, releasedKind, type PlatformSearch } from '../cluster/kind-binary.ts';
import { lock } from '../cluster/lock.ts';
import { transferDetail } from '../cluster/transfer-detail.ts';
import type { Docker } from '../docker/docker.ts';
import { download } from '../download.ts';
import { toolImageOf } from '../fabric/tool-image.ts';
import { sharing } from '../share.ts';
import { counted, gzipped } from './bytes.ts';
import { bundleExists, fileFault, noKindFor, otherEngine } from './errors.ts';
import { platformOf, withImage, type ImageMaker } from './images.ts';
import {
  blankManifest,
  endOf,
  fingerprintOf,
  TRAILER,
  type BundleManifest,
  type Platform,
} from './manifest.ts';
import { imageParts, kindParts, manifestParts, nameOf, pathOf, pinsOf, type Part } from './parts.ts';
import { BundleWriter, partFileOf } from './writer.ts';

export interface BundleWish {
  readonly file: string;
  /** Of the Docker Engines that shall load it; that of this machine's own unless said. */
  readonly platforms?: readonly Platform[];
  /** The ways of installing Calico that labs ask for. */
  readonly installs: readonly Install[];
}

export interface BundleMeans extends PlatformSearch {
  readonly docker: Docker;
  readonly env: NodeJS.ProcessEnv;
  /** `resources/tool-image` of the installation. */
  readonly toolImageFolder: string;
  /** Of the engine, for building the tool image; tests have their own. */
  readonly toolNetwork?: string;
  /** Where manifests are fetched from; Calico's repository unless said. */
  readonly from?: string;
}

export interface BundleOptions {
  readonly signal: AbortSignal;
  /** `fraction` is that of the whole. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface BundleAbout {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly fingerprint: string;
  readonly manifest: BundleManifest;
}

export const aboutOf = (file: string, manifest: BundleManifest): BundleAbout => ({
  file,
  size: endOf(manifest.members) + TRAILER.length,
  fingerprint: fingerprintOf(manifest),
  manifest,
});

export async function createBundle(
  wish: BundleWish,
  means: BundleMeans,
  options: BundleOptions,
): Promise<Result<BundleAbout, LabError>> {
  const refused = await refusal(wish.file);
  if (refused) return err(refused);
  // One at a time: two that write one file would spoil it. A stick's file system may know no links, which a lock needs.
  const unlock = await lock(join(means.folder.root, 'bundle.lock'), {
    signal: options.signal,
    onWait: () => options.onProgress?.({ phase: 'Waiting for another bundle to be finished' }),
  });
  if (!unlock.ok) return unlock;
  try {
    return await make(wish, { ...means, env: withoutArtefacts(means.env) }, options);
  } finally {
    await unlock.value();
  }
}

/** What speaks against a file of that name. */
async function refusal(file: string): Promise<LabError | undefined> {
  try {
    await stat(dirname(file));
    await stat(file);
    return bundleExists(file);
  } catch (cause) {
    const { code, path } = cause as NodeJS.ErrnoException;
    return code === 'ENOENT' && path === file ? undefined : fileFault(dirname(file), cause, NEVER);
  }
}

const NEVER = new AbortController().signal;

const ARTEFACTS = ['KIND_BIN', 'NODE_IMAGE', 'CALICO_MANIFESTS', 'CALICO_IMAGES', 'TOOL_IMAGE'];

const withoutArtefacts = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !ARTEFACTS.some((artefact) => name === `UNDERLAY_${artefact}`)),
  );

interface Making {
  readonly means: BundleMeans;
  readonly images: ImageMaker;
  readonly manifests: readonly Manifest[];
  readonly parts: readonly Part[];
}

async function make(
  wish: BundleWish,
  means: BundleMeans,
  options: BundleOptions,
): Promise<Result<BundleAbout, LabError>> {
  const own = platformOf(means.docker);
  const platforms = wish.platforms ?? (own === undefined ? [] : [own]);
  if (platforms.length === 0) return err(otherEngine(means.docker.engine.arch));
  const planned = await plan({ ...wish, platforms }, means, options);
  if (!planned.ok) return planned;
  const { images } = planned.value;
  const blank = blankManifest({
    pins: pinsOf(images.tools),
    installs: [...wish.installs],
    platforms: [...platforms],
  });
  let writer: BundleWriter | undefined;
  try {
    writer = await BundleWriter.open(wish.file, blank, {
      signal: options.signal,
      fits: (member) => fits(member.part, member.sha256, planned.value),
      onMember: (detail) => options.onProgress?.({ phase: 'Looking at what is there already', detail }),
    });
    const filled = await fill(writer, planned.value, options);
    if (!filled.ok) return filled;
    return ok(aboutOf(wish.file, await writer.finish()));
  } catch (cause) {
    return err(fileFault(partFileOf(wish.file), cause, options.signal));
  } finally {
    await writer?.leave();
  }
}

async function plan(
  wish: BundleWish & { readonly platforms: readonly Platform[] },
  means: BundleMeans,
  { signal, onProgress }: BundleOptions,
): Promise<Result<Making, LabError>> {
  const { docker, folder, env, toolImageFolder, toolNetwork, from } = means;
  const { installs, platforms } = wish;
  const manifests: Manifest[] = [];
  for (const install of installs) {
    const fetched = await manifestsOf(install, {
      ...{ folder, env, signal },
      ...(from !== undefined && { from }),
      onProgress: (detail) => onProgress?.({ phase: 'Fetching the manifests of Calico', detail }),
    });
    if (!fetched.ok) return fetched;
    manifests.push(...fetched.value);
  }
  const tools = await toolImageOf(toolImageFolder);
  const images: ImageMaker = {
    ...{ docker, folder, env, tools, toolImageFolder },
    ...(toolNetwork !== undefined && { toolNetwork }),
  };
  const parts = [
    ...manifestParts(installs),
    ...kindParts(pinnedHosts(means), platforms),
    ...platforms.flatMap((platform) => imageParts(platform, { tools, installs, manifests })),
  ];
  return ok({ means, images, manifests, parts });
}

/** A program whose checksum nobody knows beforehand is given to nobody. */
export function pinnedHosts({ release = KIND_RELEASE }: Pick<PlatformSearch, 'release'>): readonly string[] {
  return Object.entries(release.checksums).flatMap(([host, sum]) => (sum === undefined ? [] : [host]));
}

function fits(part: Part, sha256: string, { means, manifests, parts }: Making): boolean {
  if (!parts.some((wanted) => pathOf(wanted) === pathOf(part))) return false;
  if (part.is === 'kind') return releasedKind(part.host, means)?.sha256 === sha256;
  if (part.is === 'manifest') return manifests.find(({ name }) => name === part.name)?.sha256 === sha256;
  return true;
}

/** Megabytes, about: for how much of the way a part counts. */
const WEIGHTS = { manifest: 1, kind: 10, image: 100 } as const;

async function fill(
  writer: BundleWriter,
  making: Making,
  { signal, onProgress }: BundleOptions,
): Promise<Result<void, LabError>> {
  const there = new Set(writer.members.map(({ part }) => pathOf(part)));
  const total = making.parts.reduce((sum, { is }) => sum + WEIGHTS[is], 0);
  let done = 0;
  for (const part of making.parts) {
    const from = done / total;
    done += WEIGHTS[part.is];
    if (there.has(pathOf(part))) continue;
    const asked: BundleOptions = {
      signal,
      ...sharing(onProgress ? { onProgress } : {}, from, done / total),
    };
    asked.onProgress?.({ phase: `Adding ${nameOf(part)}`, fraction: 0 });
    const added = await add(writer, part, making, asked);
    if (!added.ok) return added;
  }
  onProgress?.({ phase: 'Finishing the bundle', fraction: 1 });
  return ok(undefined);
}

async function add(
  writer: BundleWriter,
  part: Part,
  making: Making,
  asked: BundleOptions,
): Promise<Result<void, LabError>> {
  const { signal } = asked;
  if (part.is === 'image') return addImage(writer, part, making, asked);
  if (part.is === 'manifest') {
    const text = making.manifests.find(({ name }) => name === part.name)?.text ?? '';
    await writer.append(part, pieces(Buffer.from(text)), signal);
    return ok(undefined);
  }
  const wanted = releasedKind(part.host, making.means);
  if (!wanted) return err(noKindFor(part.host));
  const got = await download(wanted, {
    signal,
    env: making.means.env,
    onProgress: (bytes, total) =>
      asked.onProgress?.({
        phase: `Adding ${nameOf(part)}`,
        detail: transferDetail('kind', { done: bytes, ...(total !== undefined && { total }) }),
      }),
  });
  if (!got.ok) return got;
  await writer.append(part, createReadStream(got.value.file), signal);
  return ok(undefined);
}

/** Of an image's way: having it in the engine, and then writing it. */
const FETCHED = 0.5;

function addImage(
  writer: BundleWriter,
  part: Part & { readonly is: 'image' },
  { images }: Making,
  asked: BundleOptions,
): Promise<Result<void, LabError>> {
  const { signal, onProgress } = asked;
  return withImage(part, images, { signal, ...sharing(asked, 0, FETCHED) }, async ({ id, size }) => {
    // By its id: an archive without names takes none away from others where it is loaded.
    const saved = await images.docker.images.save([id], { signal, platform: part.platform });
    if (!saved.ok) return saved;
    let done = 0;
    const read = counted(saved.value, (count) => {
      done += count;
      onProgress?.({
        phase: `Adding ${nameOf(part)}`,
        fraction: FETCHED + (1 - FETCHED) * Math.min(1, done / Math.max(1, size)),
        detail: transferDetail(part.reference, { done, total: Math.max(done, size) }),
      });
    });
    await writer.append(part, gzipped(read, signal), signal);
    return ok(undefined);
  });
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
