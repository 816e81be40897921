/**
 * Files from the network: written beside their final name, resumed where an earlier attempt broke off, and put in place only
 * when their SHA-256 is what it has to be. Where nobody could say beforehand what it has to be, the one of the first
 * download is written down beside the file and holds from then on.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabError } from '../../lab/ports.ts';

export interface Download {
  readonly url: string;
  /** Final path. */
  readonly file: string;
  /** What it is, in sentences: `kind v0.32.0`. */
  readonly name: string;
  /** 64 hex digits; the first download's own unless said. */
  readonly sha256?: string;
  readonly executable?: boolean;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Bytes that are there, of all when the server says so. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
  /** How the partial file is opened for adding to it; the file system's own unless said. */
  readonly openPart?: (path: string) => Promise<PartFile>;
}

export interface PartFile {
  write(bytes: Uint8Array): Promise<unknown>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface Downloaded {
  readonly file: string;
  readonly sha256: string;
  /** False when nobody vouches for it but its first download. */
  readonly pinned: boolean;
}

/** A file that is there already and is what it has to be; undefined otherwise. */
export async function alreadyThere({ file, sha256 }: Download): Promise<Downloaded | undefined> {
  const expected = sha256 ?? (await recorded(file));
  if (expected === undefined) return undefined;
  const found = await sha256Of(file).catch(() => undefined);
  return found === expected ? { file, sha256: found, pinned: sha256 !== undefined } : undefined;
}

/** The file, fetched unless it is there. */
export async function download(
  wanted: Download,
  options: DownloadOptions,
): Promise<Result<Downloaded, LabError>> {
  const there = await alreadyThere(wanted);
  if (there) return ok(there);
  const resumed = (await sizeOf(partOf(wanted))) > 0;
  const first = await attempt(wanted, options);
  // What an earlier attempt left may be of another file: once more, from the start.
  if (!first.ok && first.error.code === 'wrong-checksum' && resumed) return attempt(wanted, options);
  return first;
}

const partOf = ({ file }: Download): string => `${file}.part`;
const recordOf = (file: string): string => `${file}.sha256`;

async function attempt(wanted: Download, options: DownloadOptions): Promise<Result<Downloaded, LabError>> {
  try {
    await mkdir(dirname(wanted.file), { recursive: true });
    const fetched = await fetchPart(wanted, options);
    return fetched.ok ? await putInPlace(wanted) : fetched;
  } catch (cause) {
    return err(failed(wanted, cause, options.signal));
  }
}

async function fetchPart(wanted: Download, options: DownloadOptions): Promise<Result<void, LabError>> {
  const part = partOf(wanted);
  const had = await sizeOf(part);
  const response = await fetch(wanted.url, {
    signal: options.signal,
    redirect: 'follow',
    headers: had > 0 ? { range: `bytes=${had}-` } : {},
  });
  if (response.status === 416) {
    // Nothing is missing behind what is there: the checksum will say whether it is the file.
    await response.body?.cancel();
    return ok(undefined);
  }
  if (!response.ok || !response.body) return err(refused(wanted, response.status));
  const goesOn = response.status === 206;
  if (!goesOn) await rm(part, { force: true });
  await append(part, response, { ...options, from: goesOn ? had : 0 });
  return ok(undefined);
}

async function append(
  part: string,
  response: Response,
  { from, onProgress, openPart = openToAppend }: DownloadOptions & { readonly from: number },
): Promise<void> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(length) ? from + length : undefined;
  const target = await openPart(part);
  let done = from;
  try {
    onProgress?.(done, total);
    for await (const bytes of response.body ?? []) {
      await target.write(bytes);
      done += bytes.length;
      onProgress?.(done, total);
    }
    await target.sync();
  } finally {
    await target.close();
  }
}

const openToAppend = (path: string): Promise<PartFile> => open(path, 'a', 0o600);

/** Under its final name only when it is what it has to be; otherwise nothing of it stays. */
async function putInPlace(wanted: Download): Promise<Result<Downloaded, LabError>> {
  const part = partOf(wanted);
  const found = await sha256Of(part);
  const expected = wanted.sha256 ?? (await recorded(wanted.file)) ?? found;
  if (found !== expected) {
    await rm(part, { force: true });
    return err(wrong(wanted, expected, found));
  }
  if (wanted.executable) await chmod(part, 0o755);
  if (wanted.sha256 === undefined) await writeFile(recordOf(wanted.file), `${found}\n`);
  await rename(part, wanted.file);
  return ok({ file: wanted.file, sha256: found, pinned: wanted.sha256 !== undefined });
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function recorded(file: string): Promise<string | undefined> {
  const text = (await readFile(recordOf(file), 'utf8').catch(() => '')).trim();
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

const sizeOf = async (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

const hostOf = ({ url }: Download): string => new URL(url).host;

const refused = (wanted: Download, status: number): LabError => ({
  code: 'download-refused',
  message: `${hostOf(wanted)} does not give ${wanted.name}: HTTP ${status}.`,
  remedy: 'Try again later, or load an offline bundle.',
});

const wrong = (wanted: Download, expected: string, found: string): LabError => ({
  code: 'wrong-checksum',
  message: `What came as ${wanted.name} is something else: its SHA-256 is ${found}, not ${expected}.`,
  remedy: 'Something between here and there changes files, or the file is damaged: try another network.',
});

function failed(wanted: Download, cause: unknown, signal: AbortSignal): LabError {
  if (signal.aborted)
    return {
      code: 'interrupted',
      message: `The download of ${wanted.name} was given up.`,
      remedy: 'Try again: it goes on where it was.',
    };
  const code = codeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return {
      code: 'disk-full',
      message: `The disk is full: ${wanted.name} has no room in ${dirname(wanted.file)}.`,
      remedy: 'Free some space there, then try again: it goes on where it was.',
    };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return {
      code: 'data-folder-failed',
      message: `${dirname(wanted.file)} cannot be written: ${code}.`,
      remedy: 'Look at the rights of that folder, then try again.',
    };
  return {
    code: 'download-failed',
    message: `${wanted.name} could not be downloaded from ${hostOf(wanted)}: ${code ?? messageOf(cause)}.`,
    remedy:
      'Look at the network and its proxy, then try again: it goes on where it was. An offline bundle needs none.',
  };
}

/** Node's fetch wraps what happened. */
function codeOf(cause: unknown): string | undefined {
  const { code, cause: inner } = cause as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string') return code;
  return inner === undefined || inner === null ? undefined : codeOf(inner);
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
