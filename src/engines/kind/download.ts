/**
 * Files from the network: written beside their final name, taken up where an earlier attempt broke off, and put in place only
 * when their SHA-256 is what it has to be. Where nobody could say beforehand what it has to be, the one of the first
 * download is written down beside the file and holds from then on.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'undici';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabError } from '../../lab/ports.ts';
import { failed, givenUp, portal, refused, silent, wrongChecksum } from './download-errors.ts';
import { wayOut, type WayOut } from './way-out.ts';

export interface Download {
  readonly url: string;
  /** Final path. */
  readonly file: string;
  /** What it is, in sentences: `kind v0.32.0`. */
  readonly name: string;
  /** 64 hex digits; the first download's own unless said. */
  readonly sha256?: string;
  readonly executable?: boolean;
  /** The file is this part of what the server has there. */
  readonly slice?: { readonly from: number; readonly size: number };
  /** What helps whoever has no network, as the end of a remedy: `point UNDERLAY_KIND_BIN at your own copy`. */
  readonly instead?: string;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Proxies and certificates (`way-out.ts`); this process's own environment unless said. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds without a byte after which the line counts as broken; half a minute unless said. */
  readonly patience?: number;
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
export async function alreadyThere(wanted: Download): Promise<Downloaded | undefined> {
  const { file, sha256 } = wanted;
  const expected = await expectedOf(wanted);
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
  const way = await wayOut(options.env ?? process.env);
  if (!way.ok) return way;
  const fetching: Fetching = { wanted, options, way: way.value };
  try {
    // Of what nobody knows beforehand, nobody could say whether the rest fits.
    if ((await expectedOf(wanted)) === undefined) await rm(partOf(wanted), { force: true });
    const resumed = (await sizeOf(partOf(wanted))) > 0;
    const first = await attempt(fetching);
    // What an earlier attempt left may be of another file: once more, from the start.
    const strange = !first.ok && ['wrong-checksum', 'captive-portal'].includes(first.error.code);
    return strange && resumed ? await attempt(fetching) : first;
  } finally {
    await way.value.close();
  }
}

interface Fetching {
  readonly wanted: Download;
  readonly options: DownloadOptions;
  readonly way: WayOut;
}

const partOf = ({ file }: Download): string => `${file}.part`;
/** Where the SHA-256 of a file's first download is written down. */
export const recordOf = (file: string): string => `${file}.sha256`;

const expectedOf = async ({ sha256, file }: Download): Promise<string | undefined> =>
  sha256 ?? (await recorded(file));

async function attempt(fetching: Fetching): Promise<Result<Downloaded, LabError>> {
  const fetched = await fetchAll(fetching);
  if (!fetched.ok) return fetched;
  try {
    return await putInPlace(fetching.wanted);
  } catch (cause) {
    return err(failed(fetching.wanted, cause, undefined));
  }
}

/** How often a line that broke is taken up again, as long as each time something came. */
const BREAKS = 5;
const BROKEN: readonly string[] = ['download-failed', 'download-silent'];

async function fetchAll(fetching: Fetching): Promise<Result<void, LabError>> {
  const part = partOf(fetching.wanted);
  for (let breaks = 0; ; breaks += 1) {
    const before = await sizeOf(part);
    const fetched = await fetchRest(fetching);
    if (fetched.ok || !BROKEN.includes(fetched.error.code) || breaks === BREAKS) return fetched;
    if ((await sizeOf(part)) <= before) return fetched;
  }
}

async function fetchRest(fetching: Fetching): Promise<Result<void, LabError>> {
  const { wanted, options, way } = fetching;
  const patience = new Patience(options.patience);
  const signal = AbortSignal.any([options.signal, patience.signal]);
  try {
    await mkdir(dirname(wanted.file), { recursive: true });
    return await ask(fetching, patience, signal);
  } catch (cause) {
    if (options.signal.aborted) return err(givenUp(wanted));
    if (patience.signal.aborted) return err(silent(wanted, patience.milliseconds));
    return err(failed(wanted, cause, way.proxyOf(wanted.url)));
  } finally {
    patience.end();
  }
}

const RANGE_NOT_SATISFIABLE = 416;
const PARTIAL_CONTENT = 206;
const NETWORK_LOGIN_REQUIRED = 511;

async function ask(
  fetching: Fetching,
  patience: Patience,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  const { wanted, way } = fetching;
  const had = await sizeOf(partOf(wanted));
  if (wanted.slice && had >= wanted.slice.size) return ok(undefined);
  const response = await way.fetch(wanted.url, {
    signal,
    // Parts and lengths are of the file itself.
    headers: { 'accept-encoding': 'identity', ...missing(wanted, had) },
  });
  patience.anew();
  const unwanted = refusalIn(wanted, response);
  if (!unwanted && response.body) {
    await take(fetching, response, { had, patience });
    return ok(undefined);
  }
  await response.body?.cancel();
  // Nothing is missing behind what is there: the checksum will say whether it is the file.
  if (response.status === RANGE_NOT_SATISFIABLE) return ok(undefined);
  return err(unwanted ?? refused(wanted, response.status));
}

/** What is still to come, in bytes of what the server has. */
function missing({ slice }: Download, had: number): { readonly range?: string } {
  if (slice) return { range: `bytes=${slice.from + had}-${slice.from + slice.size - 1}` };
  return had > 0 ? { range: `bytes=${had}-` } : {};
}

function refusalIn(wanted: Download, response: Response): LabError | undefined {
  if (isPage(wanted, response)) return portal(wanted, new URL(response.url).host);
  const isWanted = wanted.slice ? response.status === PARTIAL_CONTENT : response.ok;
  return isWanted ? undefined : refused(wanted, response.status);
}

async function take(
  { wanted, options }: Fetching,
  response: Response,
  { had, patience }: { readonly had: number; readonly patience: Patience },
): Promise<void> {
  const part = partOf(wanted);
  const goesOn = response.status === PARTIAL_CONTENT;
  if (!goesOn) await rm(part, { force: true });
  await append(part, response, { ...options, patience, from: goesOn ? had : 0 });
}

/** Nothing that is downloaded is HTML, nor comes without encryption when it was asked for with it. */
function isPage({ url }: Download, response: Response): boolean {
  const type = response.headers.get('content-type') ?? '';
  const isHtml = response.ok && /^text\/html\b/i.test(type);
  const isOpen = url.startsWith('https:') && !response.url.startsWith('https:');
  return isHtml || isOpen || response.status === NETWORK_LOGIN_REQUIRED;
}

interface Appending extends Pick<DownloadOptions, 'onProgress' | 'openPart'> {
  readonly from: number;
  readonly patience: Patience;
}

async function append(
  part: string,
  response: Response,
  { from, patience, onProgress, openPart = openToAppend }: Appending,
): Promise<void> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(length) ? from + length : undefined;
  const target = await openPart(part);
  let done = from;
  try {
    onProgress?.(done, total);
    for await (const bytes of response.body ?? []) {
      patience.anew();
      await target.write(bytes);
      done += bytes.length;
      onProgress?.(done, total);
    }
    await target.sync();
  } finally {
    await target.close();
  }
}

/** Ends when nothing was heard for so long. */
class Patience {
  readonly milliseconds: number;
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds = 30_000) {
    this.milliseconds = milliseconds;
    this.#timer = setTimeout(() => this.#ending.abort(), milliseconds);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  anew(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

const openToAppend = (path: string): Promise<PartFile> => open(path, 'a', 0o600);

/** Under its final name only when it is what it has to be; otherwise nothing of it stays. */
async function putInPlace(wanted: Download): Promise<Result<Downloaded, LabError>> {
  const part = partOf(wanted);
  const found = await sha256Of(part);
  const known = await expectedOf(wanted);
  if (found !== known && (await beginsAsPage(part))) {
    await rm(part, { force: true });
    return err(portal(wanted, new URL(wanted.url).host));
  }
  const expected = known ?? found;
  if (found !== expected) {
    await rm(part, { force: true });
    return err(wrongChecksum(wanted, expected, found));
  }
  if (wanted.executable) await chmod(part, 0o755);
  if (wanted.sha256 === undefined) await writeFile(recordOf(wanted.file), `${found}\n`);
  await rename(part, wanted.file);
  return ok({ file: wanted.file, sha256: found, pinned: wanted.sha256 !== undefined });
}

/** Some networks' pages come under the type of what was asked for. */
async function beginsAsPage(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(PREFIX), 0, PREFIX, 0);
    return /^\s*<(!doctype\s+html|html)\b/i.test(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

const PREFIX = 256;

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Undefined when nothing is written down. */
export async function recorded(file: string): Promise<string | undefined> {
  const text = (await readFile(recordOf(file), 'utf8').catch(() => '')).trim();
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

const sizeOf = async (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
