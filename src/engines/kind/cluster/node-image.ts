/**
 * The image of the nodes: pulled by us, for kind pulls in silence. It is named by tag and digest; an archive that was loaded
 * (an offline bundle) has lost its digests, so it is named by tag alone: kind would otherwise pull it again (kind v0.32.0
 * providers/docker/images.go).
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Docker, ImageState, TransferOptions } from '../docker/docker.ts';
import { NODE_IMAGE } from '../versions.ts';

export const NODE_IMAGE_TAG = `${NODE_IMAGE.repository}:${NODE_IMAGE.tag}`;
export const NODE_IMAGE_REFERENCE = `${NODE_IMAGE_TAG}@${NODE_IMAGE.digest}`;

/** @returns how `docker run` names it, now that it is there */
export async function ensureNodeImage(
  docker: Docker,
  env: NodeJS.ProcessEnv,
  options: TransferOptions,
): Promise<Result<string, LabError>> {
  const own = env.UNDERLAY_NODE_IMAGE;
  if (own) return ensureOwn(docker, own, options.signal);
  const pinned = await docker.images.inspect(NODE_IMAGE_REFERENCE, options.signal);
  if (!pinned.ok) return pinned;
  if (pinned.value) return ok(NODE_IMAGE_REFERENCE);
  const tagged = await docker.images.inspect(NODE_IMAGE_TAG, options.signal);
  if (!tagged.ok) return tagged;
  if (tagged.value && isLoaded(tagged.value)) return ok(NODE_IMAGE_TAG);
  const pulled = await docker.images.pull(NODE_IMAGE_REFERENCE, options);
  if (pulled.ok) return ok(NODE_IMAGE_REFERENCE);
  // Engines that keep images by containerd give a loaded one a digest too, though not the registry's.
  return tagged.value && pulled.error.code !== 'interrupted' ? ok(NODE_IMAGE_TAG) : pulled;
}

/** From an archive: nothing is known of the registry it was in. */
const isLoaded = ({ digests }: ImageState): boolean => digests.length === 0;

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
