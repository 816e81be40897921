/** Files as tar archives (POSIX ustar), which is how engines take and give them. */
import { Readable } from 'node:stream';
import { extract, pack } from 'tar-stream';
import type { FileEntry } from './docker.ts';

const DEFAULT_MODE = 0o644;
/** 1980-01-01: the same files make the same archive. */
const STAMP = new Date(315_532_800_000);

/** An archive to be unpacked at `/`. */
export async function archiveOf(files: readonly FileEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, content, mode = DEFAULT_MODE } of files)
    archive.entry({ name: path.replace(/^\/+/, ''), mode, mtime: STAMP }, Buffer.from(content));
  archive.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

/** What is in the first regular file of an archive; undefined where there is none, or it has more than `limit` bytes. */
export async function firstFile(
  archive: NodeJS.ReadableStream,
  limit: number,
): Promise<Buffer | 'too-long' | undefined> {
  const unpacking = extract();
  let found: Buffer | 'too-long' | undefined;
  unpacking.on('entry', ({ type, size = 0 }, content, next) => {
    const pieces: Uint8Array[] = [];
    const wanted = found === undefined && type === 'file';
    if (wanted && size > limit) found = 'too-long';
    else if (wanted) content.on('data', (piece: Uint8Array) => pieces.push(piece));
    content.on('end', () => {
      if (wanted && found === undefined) found = Buffer.concat(pieces);
      next();
    });
    content.resume();
  });
  await new Promise<void>((settle, reject) => {
    unpacking.on('finish', settle).on('error', reject);
    archive.on('error', reject);
    archive.pipe(unpacking);
  });
  return found;
}

/** An archive as a stream that a request reads. */
export const streamOf = (bytes: Uint8Array): Readable => Readable.from([bytes]);
