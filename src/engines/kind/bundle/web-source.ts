/**
 * A bundle on a web server: its manifest is asked for, and then the members that are needed, each by its range, into the
 * data folder; `download.ts` takes up what broke, and lets nothing through whose SHA-256 is another. A server that knows no
 * ranges gives the whole file.
 */
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { KindFolder } from '../data-folder.ts';
import { download } from '../download.ts';
import { wayOut } from '../way-out.ts';
import { addressRefused, fileFault, INTERRUPTED, notReached } from './errors.ts';
import {
  fingerprintOf,
  HEAD_SIZE,
  layoutOf,
  readWholeHead,
  type BundleManifest,
  type Placed,
} from './manifest.ts';
import { nameOf } from './parts.ts';
import { openFile, type Bringing, type OpenBundle } from './source.ts';

export interface WebOptions {
  readonly folder: KindFolder;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

export const isAddress = (text: string): boolean => /^https?:\/\//i.test(text);

export async function openAddress(url: string, options: WebOptions): Promise<Result<OpenBundle, LabError>> {
  if (!URL.canParse(url)) return err(addressRefused(url));
  const head = await fetchHead(url, options);
  if (!head.ok) return head;
  const manifest = readWholeHead(head.value.bytes);
  if (!manifest.ok) return manifest;
  return head.value.ranges ? ok(bundleAt(url, manifest.value, options)) : openWhole(url, options);
}

/** Milliseconds until the server's first word. */
const PATIENCE = 20_000;
const PARTIAL_CONTENT = 206;

interface HeadOfFile {
  readonly bytes: Uint8Array;
  /** Whether the server gives parts of files. */
  readonly ranges: boolean;
}

async function fetchHead(url: string, { env, signal }: WebOptions): Promise<Result<HeadOfFile, LabError>> {
  const way = await wayOut(env);
  if (!way.ok) return way;
  try {
    const response = await way.value.fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
      headers: { 'accept-encoding': 'identity', range: `bytes=0-${HEAD_SIZE - 1}` },
    });
    if (!response.ok) {
      await response.body?.cancel();
      return err(notReached(url, `HTTP ${response.status}`));
    }
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of response.body ?? []) {
      pieces.push(piece as Uint8Array);
      size += (piece as Uint8Array).length;
      if (size >= HEAD_SIZE) break;
    }
    return ok({
      bytes: Buffer.concat(pieces).subarray(0, HEAD_SIZE),
      ranges: response.status === PARTIAL_CONTENT,
    });
  } catch (cause) {
    return err(signal.aborted ? INTERRUPTED : notReached(url, reasonOf(cause)));
  } finally {
    await way.value.close();
  }
}

function reasonOf(cause: unknown): string {
  const { code, cause: inner, message } = cause as { code?: unknown; cause?: unknown; message?: string };
  if (typeof code === 'string') return code;
  return inner === undefined || inner === null ? (message ?? String(cause)) : reasonOf(inner);
}

function bundleAt(url: string, manifest: BundleManifest, { folder, env }: WebOptions): OpenBundle {
  const fingerprint = fingerprintOf(manifest);
  const staging = join(folder.bundles, fingerprint);
  const fileOf = ({ path }: Placed): string => join(staging, path.replaceAll('/', '_'));
  const bring = async (
    members: readonly Placed[],
    { signal, onProgress }: Bringing,
  ): Promise<Result<void, LabError>> => {
    const total = members.reduce((sum, { member }) => sum + member.size, 0);
    let before = 0;
    for (const placed of members) {
      const { member, from } = placed;
      const got = await download(
        {
          url,
          file: fileOf(placed),
          name: nameOf(member.part),
          sha256: member.sha256,
          slice: { from, size: member.size },
        },
        { signal, env, onProgress: (done) => onProgress?.(before + done, total, nameOf(member.part)) },
      );
      if (!got.ok) return got;
      before += member.size;
    }
    return ok(undefined);
  };
  return {
    manifest,
    fingerprint,
    members: layoutOf(manifest.members),
    bring,
    content: (placed) => createReadStream(fileOf(placed)) as AsyncIterable<Uint8Array>,
    close: (finished) =>
      finished ? rm(folder.bundles, { recursive: true, force: true }) : Promise.resolve(),
  };
}

async function openWhole(url: string, options: WebOptions): Promise<Result<OpenBundle, LabError>> {
  const { folder, env, signal, onProgress } = options;
  const file = join(folder.bundles, 'whole');
  const forget = (): Promise<void> => rm(folder.bundles, { recursive: true, force: true });
  try {
    // What is there under that name may be of another bundle.
    await forget();
    await mkdir(folder.bundles, { recursive: true });
  } catch (cause) {
    return err(fileFault(folder.bundles, cause, signal));
  }
  const got = await download(
    { url, file, name: 'the bundle' },
    { signal, env, ...(onProgress && { onProgress }) },
  );
  if (!got.ok) return got;
  const opened = await openFile(file, signal);
  if (!opened.ok) {
    await forget();
    return opened;
  }
  const close = async (): Promise<void> => {
    await opened.value.close(true);
    await forget();
  };
  return ok({ ...opened.value, close });
}
