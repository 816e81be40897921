/**
 * Where a bundle is read from: a file, or a web server on the network. What is read of a file is found by its place, which
 * follows from the manifest; of a server only what is needed is asked for, into the data folder, and a line that breaks is
 * taken up where it broke.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { rangeOf } from './bytes.ts';
import { cutShort, damaged, fileFault, NOT_A_BUNDLE, stray } from './errors.ts';
import {
  BLOCK,
  endOf,
  fingerprintOf,
  headerOf,
  HEAD_SIZE,
  layoutOf,
  nameIn,
  readWholeHead,
  TRAILER,
  type BundleManifest,
  type Placed,
} from './manifest.ts';
import { nameOf } from './parts.ts';
import { readUpTo } from './writer.ts';

export interface Bringing {
  readonly signal: AbortSignal;
  /** Bytes of these members that are there. */
  readonly onProgress?: (done: number, total: number, name: string) => void;
}

export interface OpenBundle {
  readonly manifest: BundleManifest;
  /** 64 hex digits. */
  readonly fingerprint: string;
  readonly members: readonly Placed[];
  /** Brings members to this machine; nothing is to be done where the bundle is a file. */
  bring(members: readonly Placed[], bringing: Bringing): Promise<Result<void, LabError>>;
  /** Of a member that was brought. */
  content(member: Placed): AsyncIterable<Uint8Array>;
  /** @param finished that what was brought is needed no more */
  close(finished: boolean): Promise<void>;
}

export async function openFile(file: string, signal: AbortSignal): Promise<Result<OpenBundle, LabError>> {
  let handle: FileHandle | undefined;
  try {
    const kind = await stat(file);
    // To open a pipe is to wait for its writer, and no signal ends that.
    if (!kind.isFile() && !kind.isDirectory()) return err(NOT_A_BUNDLE);
    handle = await open(file, 'r');
    const read = readWholeHead(await readUpTo(handle, HEAD_SIZE));
    const fault = read.ok ? await faultOfLayout(handle, read.value) : read.error;
    if (read.ok && !fault) return ok(bundleIn(handle, read.value));
    await handle.close();
    return err(fault ?? damaged('its beginning'));
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    return err(fileFault(file, cause, signal));
  }
}

const bundleIn = (handle: FileHandle, manifest: BundleManifest): OpenBundle => ({
  manifest,
  fingerprint: fingerprintOf(manifest),
  members: layoutOf(manifest.members),
  bring: () => Promise.resolve(ok(undefined)),
  content: ({ from, to }) => rangeOf(handle, from, to),
  close: () => handle.close(),
});

/** Whether everything between the members is as it is written, and nothing else is there. */
async function faultOfLayout(handle: FileHandle, { members }: BundleManifest): Promise<LabError | undefined> {
  const end = endOf(members);
  const { size } = await handle.stat();
  for (const { path, header, from, to, member } of layoutOf(members)) {
    if (to > size) return cutShort(size, end + TRAILER.length);
    const found = await readAt(handle, header, BLOCK);
    if (!found.equals(headerOf(path, member.size)))
      return strangeBlock(found, path) ?? damaged(`the beginning of ${nameOf(member.part)}`);
    if ((await readAt(handle, to, -(to - from) & (BLOCK - 1))).some(Boolean))
      return damaged(`what follows ${nameOf(member.part)}`);
  }
  if (size < end + TRAILER.length) return cutShort(size, end + TRAILER.length);
  const trailer = await readAt(handle, end, TRAILER.length);
  if (trailer.some(Boolean)) return strangeBlock(trailer, '') ?? damaged('its end');
  return size > end + TRAILER.length ? damaged('there is more of it behind its end') : undefined;
}

function strangeBlock(block: Buffer, expected: string): LabError | undefined {
  const name = nameIn(block);
  return name === undefined || name === expected ? undefined : stray(JSON.stringify(name));
}

async function readAt(handle: FileHandle, at: number, size: number): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, at);
  return buffer.subarray(0, bytesRead);
}
