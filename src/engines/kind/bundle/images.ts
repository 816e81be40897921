/**
 * The images of a bundle as its maker's engine has them: pulled or built where they are not there. Of another platform an
 * image is only borrowed. Engines without containerd's image store know one image under a name, so the name is given back
 * to the image that had it: the maker's own labs go on with that.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import { ensureImages } from '../calico/images.ts';
import {
  adoptNodeImage,
  NODE_IMAGE_REFERENCE,
  NODE_IMAGE_TAG,
  presentNodeImage,
} from '../cluster/node-image.ts';
import { transferDetail, transferFraction } from '../cluster/transfer-detail.ts';
import type { KindFolder } from '../data-folder.ts';
import type { Docker, ImageState, TransferProgress } from '../docker/docker.ts';
import { toolBase, toolImage } from '../fabric/tool-image.ts';
import { cannotRun, engineTooOld, imageOfOtherPlatform } from './errors.ts';
import type { Platform } from './manifest.ts';
import { architectureOf, shortReference, type Part } from './parts.ts';

export interface ImageMaker {
  readonly docker: Docker;
  readonly folder: KindFolder;
  readonly env: NodeJS.ProcessEnv;
  /** Reference of the tool image, and what it is built from. */
  readonly tools: string;
  readonly toolImageFolder: string;
  readonly toolNetwork?: string;
}

interface Asked {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

type ImagePart = Part & { readonly is: 'image' };
type Use<T> = (image: ImageState) => Promise<Result<T, LabError>>;

/** What an engine runs; undefined for one that no bundle serves. */
export const platformOf = ({ engine }: Docker): Platform | undefined =>
  engine.arch === 'amd64' || engine.arch === 'arm64' ? `linux/${engine.arch}` : undefined;

/** Has the image there for as long as it is used. */
export function withImage<T>(
  part: ImagePart,
  maker: ImageMaker,
  asked: Asked,
  use: Use<T>,
): Promise<Result<T, LabError>> {
  return part.platform === platformOf(maker.docker)
    ? withOwn(part, maker, asked, use)
    : withBorrowed(part, maker, asked, use);
}

async function withOwn<T>(
  part: ImagePart,
  maker: ImageMaker,
  asked: Asked,
  use: Use<T>,
): Promise<Result<T, LabError>> {
  const named = await ensured(part.reference, maker, asked);
  if (!named.ok) return named;
  const image = await present(maker.docker, named.value, asked.signal);
  if (!image.ok) return image;
  const wrong = strange(part, image.value);
  return wrong ? err(wrong) : use(image.value);
}

/** @returns how the engine names it, now that it is there */
async function ensured(
  reference: string,
  maker: ImageMaker,
  asked: Asked,
): Promise<Result<string, LabError>> {
  const { docker, tools } = maker;
  if (reference === tools) return toolImage(docker, toolOptions(maker, asked));
  if (reference === NODE_IMAGE_REFERENCE) return nodeImage(maker, asked);
  const there = await ensureImages(docker, [reference], asked);
  return there.ok ? ok(reference) : there;
}

/** The pinned one and no other: `ensureNodeImage` would do with less. */
async function nodeImage({ docker, folder }: ImageMaker, asked: Asked): Promise<Result<string, LabError>> {
  const there = await presentNodeImage(docker, { folder, signal: asked.signal });
  if (!there.ok) return there;
  if (there.value !== undefined) return ok(there.value);
  const pulled = await docker.images.pull(NODE_IMAGE_REFERENCE, {
    signal: asked.signal,
    onProgress: (transfer) => asked.onProgress?.(told(NODE_IMAGE_REFERENCE, transfer)),
  });
  return pulled.ok ? ok(NODE_IMAGE_REFERENCE) : pulled;
}

const toolOptions = (
  { toolImageFolder: folder, env, toolNetwork: network }: ImageMaker,
  asked: Asked,
): Parameters<typeof toolImage>[1] => ({ ...asked, folder, env, ...(network !== undefined && { network }) });

async function withBorrowed<T>(
  part: ImagePart,
  maker: ImageMaker,
  asked: Asked,
  use: Use<T>,
): Promise<Result<T, LabError>> {
  const { docker, tools, env } = maker;
  const { reference, platform } = part;
  const info = await docker.info(asked.signal);
  if (!info.ok) return info;
  const { containerdImageStore: several } = info.value;
  if (several && !savesPlatforms(docker)) return err(engineTooOld(platform));
  const others = new Map([
    [tools, toolBase(env)],
    [NODE_IMAGE_REFERENCE, NODE_IMAGE_TAG],
  ]);
  const names = [reference, others.get(reference) ?? reference];
  return borrowing(names, maker, asked.signal, async () => {
    const fetched =
      reference === tools
        ? await toolImage(docker, { ...toolOptions(maker, asked), platform })
        : await docker.images.pull(reference, {
            signal: asked.signal,
            platform,
            onProgress: (transfer) => asked.onProgress?.(told(reference, transfer)),
          });
    if (!fetched.ok) return err(asForeign(fetched.error, platform));
    const image = await present(docker, reference, asked.signal);
    if (!image.ok) return image;
    // An engine that has several under one name shows its own.
    const wrong = several ? undefined : strange(part, image.value);
    return wrong ? err(wrong) : use(image.value);
  });
}

/** The kernel's words for a program of another architecture. */
const asForeign = (error: LabError, platform: Platform): LabError =>
  /exec format error/i.test(error.message) ? cannotRun(platform) : error;

/** Docker Engine 28: API 1.48. */
const SAVES_PLATFORM = 48;
const savesPlatforms = ({ engine }: Docker): boolean =>
  Number(engine.apiVersion.split('.')[1] ?? 0) >= SAVES_PLATFORM;

const NEVER = new AbortController().signal;

/** Whatever becomes of the work, names mean afterwards what they meant before it. */
async function borrowing<T>(
  names: readonly string[],
  maker: ImageMaker,
  signal: AbortSignal,
  work: () => Promise<Result<T, LabError>>,
): Promise<Result<T, LabError>> {
  const before = new Map<string, ImageState | undefined>();
  for (const name of names) {
    const found = await maker.docker.images.inspect(name, signal);
    if (!found.ok) return found;
    before.set(name, found.value);
  }
  try {
    return await work();
  } finally {
    for (const [name, image] of before) await giveBack(name, image, maker);
  }
}

/** As well as it can be done: an engine that went meanwhile is told by the next step. */
async function giveBack(
  name: string,
  before: ImageState | undefined,
  { docker, folder }: ImageMaker,
): Promise<void> {
  const now = await docker.images.inspect(name, NEVER);
  if (!now.ok || now.value?.id === before?.id) return;
  if (now.value && (before === undefined || name.includes('@'))) await docker.images.remove(name, NEVER);
  if (before === undefined) return;
  // A digest cannot be given to an image: that it was this one's is written down.
  if (name === NODE_IMAGE_REFERENCE) await adoptNodeImage(docker, before.id, { folder, signal: NEVER });
  else await docker.images.tag(before.id, name, NEVER);
  if (now.value) await removeNameless(docker, now.value.id, NEVER);
}

/** An image that somebody else has given a name stays. */
export async function removeNameless(docker: Docker, id: string, signal: AbortSignal): Promise<void> {
  const image = await docker.images.inspect(id, signal);
  if (image.ok && image.value?.tags.length === 0) await docker.images.remove(id, signal);
}

async function present(
  docker: Docker,
  reference: string,
  signal: AbortSignal,
): Promise<Result<ImageState, LabError>> {
  const found = await docker.images.inspect(reference, signal);
  if (!found.ok) return found;
  if (!found.value) throw new Error(`${reference} was fetched and is not there`);
  return ok(found.value);
}

function strange({ reference, platform }: ImagePart, { arch }: ImageState): LabError | undefined {
  return arch === architectureOf(platform)
    ? undefined
    : imageOfOtherPlatform(shortReference(reference), `linux/${arch}`, platform);
}

function told(reference: string, transfer: TransferProgress): Progress {
  const fraction = transferFraction(transfer);
  const detail = transferDetail(reference, transfer);
  return {
    phase: `Fetching ${shortReference(reference)}`,
    detail,
    ...(fraction !== undefined && { fraction }),
  };
}
