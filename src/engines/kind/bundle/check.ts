/**
 * Whether a member of a bundle is what the manifest says, and what may be taken: bytes by their SHA-256, an image's archive
 * by what it calls itself, kind by the checksum that this Underlay knows. All of it is read once, in pieces.
 */
import { createHash } from 'node:crypto';
import type { LabError } from '../../../lab/ports.ts';
import { releasedKind, type PlatformSearch } from '../cluster/kind-binary.ts';
import { damaged, strangeArchive, stray } from './errors.ts';
import { ImageArchive } from './image-archive.ts';
import type { Member } from './manifest.ts';
import { nameOf, shortReference } from './parts.ts';

/** @returns what is wrong; throws what reading throws */
export async function faultOfMember(
  member: Member,
  bytes: AsyncIterable<Uint8Array>,
  { signal, search }: { readonly signal: AbortSignal; readonly search: PlatformSearch },
): Promise<LabError | undefined> {
  const { part } = member;
  const archive = part.is === 'image' ? new ImageArchive() : undefined;
  const right = await readThrough(member, bytes, { signal, archive });
  const says = part.is === 'image' ? await archive?.end(shortReference(part.reference)) : undefined;
  if (!right) return damaged(`${nameOf(part)} is not what it was`);
  return says === undefined ? faultOfProgram(member, search) : strangeArchive(nameOf(part), says);
}

/** Whether the bytes are what the sum says. */
async function readThrough(
  { size, sha256 }: Member,
  bytes: AsyncIterable<Uint8Array>,
  { signal, archive }: { readonly signal: AbortSignal; readonly archive: ImageArchive | undefined },
): Promise<boolean> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const piece of bytes) {
      signal.throwIfAborted();
      hash.update(piece);
      length += piece.length;
      await archive?.write(piece);
    }
  } catch (cause) {
    await archive?.giveUp();
    throw cause;
  }
  return length === size && hash.digest('hex') === sha256;
}

function faultOfProgram({ part, sha256 }: Member, search: PlatformSearch): LabError | undefined {
  if (part.is !== 'kind' || releasedKind(part.host, search)?.sha256 === sha256) return undefined;
  return stray(`a kind for ${part.host} that was never released`);
}
