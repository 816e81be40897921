/**
 * A bundle on its way onto the disk, as `FILE.part`. Its manifest is written anew after each member, and lists those that
 * are whole: a process that dies midway leaves a file from which the next one goes on. A member's header is written after
 * its bytes, since only then its size is known.
 */
import { createHash } from 'node:crypto';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { rangeOf, sumOf } from './bytes.ts';
import { nameOf, pathOf, type Part } from './parts.ts';
import {
  BLOCK,
  endOf,
  headerOf,
  headOf,
  HEAD_SIZE,
  layoutOf,
  readHead,
  TRAILER,
  type BundleManifest,
  type Member,
} from './manifest.ts';

export const partFileOf = (file: string): string => `${file}.part`;

/** What of an earlier attempt is looked at before it is believed. */
export interface Keeping {
  readonly signal: AbortSignal;
  /** Whether a member, whose bytes are what its sum says, still is what is wanted. */
  readonly fits: (member: Member) => boolean;
  readonly onMember?: (name: string) => void;
}

/** Its methods throw what the file system throws. */
export class BundleWriter {
  readonly #file: string;
  readonly #handle: FileHandle;
  #manifest: BundleManifest;

  private constructor(file: string, handle: FileHandle, manifest: BundleManifest) {
    this.#file = file;
    this.#handle = handle;
    this.#manifest = manifest;
  }

  /**
   * Goes on with what an earlier attempt left, as far as that is what is wanted and undamaged.
   * @param blank says what it is a bundle of, and has no members
   */
  static async open(file: string, blank: BundleManifest, keeping: Keeping): Promise<BundleWriter> {
    const handle = await openToUpdate(partFileOf(file));
    try {
      const writer = new BundleWriter(file, handle, blank);
      await writer.#goOn(keeping);
      return writer;
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  get members(): readonly Member[] {
    return this.#manifest.members;
  }

  /** The bytes are written as they come; nothing of a member counts until all of it is there. */
  async append(part: Part, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Member> {
    const header = endOf(this.members);
    const from = header + BLOCK;
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of content) {
      signal.throwIfAborted();
      await this.#write(piece, from + size);
      hash.update(piece);
      size += piece.length;
    }
    const member: Member = { part, size, sha256: hash.digest('hex') };
    await this.#write(headerOf(pathOf(part), size), header);
    // What stands in the manifest is on the disk before it.
    await this.#handle.datasync();
    await this.#rewrite({ ...this.#manifest, members: [...this.members, member] });
    return member;
  }

  /** Under its final name, whole. */
  async finish(): Promise<BundleManifest> {
    const end = endOf(this.members);
    await this.#handle.truncate(end);
    await this.#write(TRAILER, end);
    await this.#handle.datasync();
    await this.#rewrite({ ...this.#manifest, complete: true });
    await this.#handle.sync();
    await this.#handle.close();
    await rename(partFileOf(this.#file), this.#file);
    return this.#manifest;
  }

  /** What was written so far stays. */
  async leave(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  async #goOn({ signal, fits, onMember }: Keeping): Promise<void> {
    const blank = this.#manifest;
    const left = readHead(await readUpTo(this.#handle, HEAD_SIZE));
    if (left.ok && sameAbout(left.value, blank)) {
      const kept: Member[] = [];
      for (const { member, path, header, from, to } of layoutOf(left.value.members)) {
        onMember?.(nameOf(member.part));
        const found = Buffer.alloc(from - header);
        await this.#handle.read(found, 0, found.length, header);
        const whole = found.equals(headerOf(path, member.size)) && fits(member);
        const sum = whole ? await sumOf(rangeOf(this.#handle, from, to), signal) : undefined;
        if (sum !== member.sha256) break;
        kept.push(member);
      }
      this.#manifest = { ...blank, members: kept };
    }
    await this.#handle.truncate(endOf(this.members));
    await this.#rewrite(this.#manifest);
  }

  async #rewrite(manifest: BundleManifest): Promise<void> {
    await this.#write(headOf(manifest), 0);
    this.#manifest = manifest;
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  }
}

/** There may be one already, or none. */
async function openToUpdate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    return open(path, 'w+', 0o644);
  }
}

export async function readUpTo(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let done = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, done, size - done, done);
    done += bytesRead;
    if (bytesRead === 0 || done === size) return bytes.subarray(0, done);
  }
}

/** Whether two are bundles of the same; which members they have is not asked. */
const sameAbout = (one: BundleManifest, other: BundleManifest): boolean =>
  [one, other]
    .map((manifest) => headOf({ ...manifest, complete: false, members: [] }).toString())
    .every((text, _, all) => text === all[0]);
