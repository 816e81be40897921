/** Bytes of bundles on their way: in pieces, so that memory does not grow with what passes. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ChangedBytes } from './errors.ts';

const PIECE = 256 * 1024;

/** A part of an open file; who stops reading leaves it open. */
export async function* rangeOf(handle: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(PIECE), 0, Math.min(PIECE, to - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** SHA-256, 64 hex digits. */
export async function sumOf(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of bytes) {
    signal.throwIfAborted();
    hash.update(piece);
  }
  return hash.digest('hex');
}

/** What is read is told, in bytes since the telling before. */
export async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    onBytes(piece.length);
    yield piece;
  }
}

/** Compressed; throws what the source throws. */
export async function* gzipped(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ chunkSize: PIECE });
  let fault: unknown;
  const fed = pipeline(bytes, gzip, { signal }).catch((cause: unknown) => {
    fault = cause;
  });
  try {
    for await (const piece of gzip) yield piece as Uint8Array;
  } catch (cause) {
    await fed;
    throw fault ?? cause;
  } finally {
    gzip.destroy();
  }
  await fed;
  if (fault !== undefined) throw fault;
}

/** Lets bytes through, but the last of them only if all are what their sum says: whoever needs all gets nothing else. */
export async function* provenBytes(
  bytes: AsyncIterable<Uint8Array>,
  sha256: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let last: Uint8Array | undefined;
  for await (const piece of bytes) {
    if (last) yield last;
    hash.update(piece);
    last = piece;
  }
  if (hash.digest('hex') !== sha256) throw new ChangedBytes();
  if (last) yield last;
}
