/**
 * The image of the nodes: pulled by us, for kind pulls in silence. It is named by tag and digest; an archive that was loaded
 * (an offline bundle) has lost its digests, so which image it became is written down, and it is named by tag alone: kind would
 * otherwise pull it again (kind v0.32.0 providers/docker/images.go).
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { KindFolder } from '../data-folder.ts';
import { runsOn } from '../docker/architecture.ts';
import type { Docker, ImageState, TransferOptions } from '../docker/docker.ts';
import { NODE_IMAGE } from '../versions.ts';

export const NODE_IMAGE_TAG = `${NODE_IMAGE.repository}:${NODE_IMAGE.tag}`;
export const NODE_IMAGE_REFERENCE = `${NODE_IMAGE_TAG}@${NODE_IMAGE.digest}`;

/** Of an image that came in a bundle, on an engine where something else has the tag. */
const OWN_TAG = `underlay/node:${NODE_IMAGE.tag}`;

interface NodeImageOptions extends TransferOptions {
  /** Where it is written down which image a bundle brought. */
  readonly folder: KindFolder;
}

/** @returns how `docker run` names it, now that it is there */
export async function ensureNodeImage(
  docker: Docker,
  env: NodeJS.ProcessEnv,
  options: NodeImageOptions,
): Promise<Result<string, LabError>> {
  const own = env.UNDERLAY_NODE_IMAGE;
  if (own) return ensureOwn(docker, own, options.signal);
  const present = await presentNodeImage(docker, options);
  if (!present.ok) return present;
  if (present.value !== undefined) return ok(present.value);
  const pulled = await docker.images.pull(NODE_IMAGE_REFERENCE, options);
  if (pulled.ok) return ok(NODE_IMAGE_REFERENCE);
  // Engines that keep images by containerd give a loaded one a digest too, though not the registry's.
  const tagged = await docker.images.inspect(NODE_IMAGE_TAG, options.signal);
  const serves = tagged.ok && tagged.value && runsOn(docker, tagged.value);
  return serves && pulled.error.code !== 'interrupted' ? ok(NODE_IMAGE_TAG) : pulled;
}

/** How `docker run` names it; undefined when it would have to be pulled. */
export async function presentNodeImage(
  docker: Docker,
  { folder, signal }: Pick<NodeImageOptions, 'folder' | 'signal'>,
): Promise<Result<string | undefined, LabError>> {
  const pinned = await docker.images.inspect(NODE_IMAGE_REFERENCE, signal);
  if (!pinned.ok) return pinned;
  if (pinned.value && runsOn(docker, pinned.value)) return ok(NODE_IMAGE_REFERENCE);
  for (const id of await noted(folder)) {
    const found = await docker.images.inspect(id, signal);
    if (!found.ok) return found;
    if (found.value && runsOn(docker, found.value)) return ok(nameOf(found.value));
  }
  const tagged = await docker.images.inspect(NODE_IMAGE_TAG, signal);
  if (!tagged.ok) return tagged;
  return ok(
    tagged.value && runsOn(docker, tagged.value) && isLoaded(tagged.value) ? NODE_IMAGE_TAG : undefined,
  );
}

/** From an archive: nothing is known of the registry it was in. */
const isLoaded = ({ digests }: ImageState): boolean => digests.length === 0;

const nameOf = ({ id, tags }: ImageState): string =>
  [NODE_IMAGE_TAG, OWN_TAG].find((tag) => tags.includes(tag)) ?? id;

const notes = z.object({ reference: z.string(), ids: z.array(z.string()) });

/** Ids of images that are the pinned one: an engine that loaded it from an archive cannot know that. */
async function noted({ nodeImage }: KindFolder): Promise<readonly string[]> {
  try {
    const { reference, ids } = notes.parse(JSON.parse(await readFile(nodeImage, 'utf8')));
    return reference === NODE_IMAGE_REFERENCE ? ids : [];
  } catch {
    return [];
  }
}

/**
 * Makes an image the one that nodes are made of, under the pinned one's tag unless something else has that: without a name
 * it would go with `docker image prune`. Throws what the file system throws.
 */
export async function adoptNodeImage(
  docker: Docker,
  id: string,
  { folder, signal }: { readonly folder: KindFolder; readonly signal: AbortSignal },
): Promise<Result<void, LabError>> {
  const taken = await docker.images.inspect(NODE_IMAGE_TAG, signal);
  if (!taken.ok) return taken;
  const free = taken.value === undefined || taken.value.id === id;
  const tagged = await docker.images.tag(id, free ? NODE_IMAGE_TAG : OWN_TAG, signal);
  if (!tagged.ok) return tagged;
  const ids = [...new Set([id, ...(await noted(folder))])];
  const aside = `${folder.nodeImage}.${process.pid}.new`;
  await mkdir(folder.root, { recursive: true });
  await writeFile(aside, `${JSON.stringify({ reference: NODE_IMAGE_REFERENCE, ids }, undefined, 2)}\n`);
  await rename(aside, folder.nodeImage);
  return ok(undefined);
}

async function ensureOwn(
  docker: Docker,
  reference: string,
  signal: AbortSignal,
): Promise<Result<string, LabError>> {
  const found = await docker.images.inspect(reference, signal);
  if (!found.ok) return found;
  if (found.value) return ok(reference);
  return err({
    code: 'no-such-image',
    message: `There is no image ${reference}, which UNDERLAY_NODE_IMAGE names.`,
    remedy: 'Load or build it, or unset UNDERLAY_NODE_IMAGE.',
  });
}
