/**
 * Where Electron's program is. The package `electron` brings only a script that fetches it (npm runs no install scripts
 * here), so the first start does; it is checked against the checksums in the package. A fetch has a limit, and one that
 * failed is not tried again for a day, unless a window was insisted on.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { err, ok, type Result } from '../../base/result.ts';

/**
 * Milliseconds a fetch may take: where the server answers, for about 110 MB, and where nobody does, enough to unpack what
 * was fetched before and kept in the cache of Electron's own.
 */
const LIMITS = { online: 180_000, offline: 15_000 } as const;
const PROBE_LIMIT = 4_000;
/** Milliseconds a failed fetch is remembered. */
const DAY = 24 * 60 * 60 * 1000;

const failedFetch = z.object({ version: z.string(), at: z.number(), reason: z.string() });

export interface ElectronPackageOptions {
  /** The folder of the package `electron`. */
  readonly folder: string;
  /** Where a failed fetch is remembered. */
  readonly memory: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly now?: () => number;
  readonly probe?: (host: string) => Promise<boolean>;
  readonly limits?: { readonly online: number; readonly offline: number };
}

export class ElectronPackage {
  readonly #folder: string;
  readonly #memory: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #now: () => number;
  readonly #probe: (host: string) => Promise<boolean>;
  readonly #limits: { readonly online: number; readonly offline: number };

  constructor(options: ElectronPackageOptions) {
    const { folder, memory, env = process.env, now = Date.now } = options;
    this.#folder = folder;
    this.#memory = memory;
    this.#env = env;
    this.#now = now;
    this.#probe = options.probe ?? answers;
    this.#limits = options.limits ?? LIMITS;
  }

  /** The program, when it is whole and of the version that the lock file asks for. */
  installed(): string | undefined {
    const elsewhere = this.#env.ELECTRON_OVERRIDE_DIST_PATH;
    const name = this.#read('path.txt') ?? PROGRAMS[process.platform] ?? 'electron';
    if (elsewhere !== undefined && elsewhere !== '') return existing(join(elsewhere, name));
    if (this.#read('path.txt') === undefined) return undefined;
    if (this.#read('dist/version')?.replace(/^v/, '') !== this.#version()) return undefined;
    return existing(join(this.#folder, 'dist', name));
  }

  /** Why there is no use in fetching now; undefined when it may be tried. */
  hopeless(): string | undefined {
    if (this.#version() === undefined) return 'the package electron is not installed';
    const last = this.#lastFailure();
    if (last === undefined || last.version !== this.#version()) return undefined;
    const age = this.#now() - last.at;
    return age >= 0 && age < DAY ? last.reason : undefined;
  }

  /** The error is the rest of a sentence: why it could not be fetched. */
  async fetch(): Promise<Result<string, string>> {
    const fetched = await this.#install();
    const program = this.installed();
    if (program !== undefined) {
      rmSync(this.#memory, { force: true });
      return ok(program);
    }
    const reason = fetched.ok ? 'the package electron did not install it' : fetched.error;
    mkdirSync(dirname(this.#memory), { recursive: true });
    const failure = { version: this.#version() ?? '', at: this.#now(), reason };
    writeFileSync(this.#memory, JSON.stringify(failure));
    return err(reason);
  }

  async #install(): Promise<Result<void, string>> {
    const script = join(this.#folder, 'install.js');
    if (!existsSync(script)) return err('the package electron is not installed');
    const child = spawn(process.execPath, [script], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const ended = new Promise<number | undefined>((resolve) => {
      child.once('error', () => resolve(undefined));
      child.once('close', (code) => resolve(code ?? undefined));
    });
    const reachable = await Promise.race([this.#reachable(), ended.then(() => true)]);
    const limit = reachable ? this.#limits.online : this.#limits.offline;
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      child.kill();
    }, limit);
    const code = await ended;
    clearTimeout(timer);
    if (code === 0) return ok(undefined);
    if (!expired) return err(reasonFrom(said));
    return err(`${reachable ? 'it took longer than' : 'nobody answered within'} ${limit / 1000} s`);
  }

  /** Does anybody answer where it would be fetched from? Behind a proxy that cannot be asked. */
  async #reachable(): Promise<boolean> {
    const proxy = this.#env.HTTPS_PROXY ?? this.#env.https_proxy ?? this.#env.ELECTRON_GET_USE_PROXY;
    if (proxy) return true;
    const mirror = this.#env.ELECTRON_MIRROR ?? this.#env.npm_config_electron_mirror ?? '';
    return this.#probe(URL.canParse(mirror) ? new URL(mirror).hostname : 'github.com');
  }

  #version(): string | undefined {
    const parsed = z.object({ version: z.string() }).safeParse(jsonOf(this.#read('package.json')));
    return parsed.success ? parsed.data.version : undefined;
  }

  #lastFailure(): z.infer<typeof failedFetch> | undefined {
    const text = existsSync(this.#memory) ? readFileSync(this.#memory, 'utf8') : undefined;
    const parsed = failedFetch.safeParse(jsonOf(text));
    return parsed.success ? parsed.data : undefined;
  }

  #read(name: string): string | undefined {
    const path = join(this.#folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }
}

/** The program within Electron's distribution, as its package names it. */
const PROGRAMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
};

const existing = (path: string): string | undefined => (existsSync(path) ? path : undefined);

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // half written: as if it were not there
  }
}

/** One line of what the installer printed: its causes stand below its stack, the innermost last. */
function reasonFrom(said: string): string {
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|fetch failed|CONNECT_TIMEOUT/.test(
      said,
    )
  ) {
    return 'the server it is fetched from does not answer';
  }
  if (/ENOSPC/.test(said)) return 'the disk is full';
  const line = said.split('\n').find((text) => /\S/.test(text) && !/^\s+at /.test(text));
  return line === undefined ? 'its installer failed without a word' : line.trim().slice(0, 200);
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443, timeout: PROBE_LIMIT });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
