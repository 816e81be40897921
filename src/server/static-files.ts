/** Serves the built renderer from one folder and nothing outside it. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { SECURITY_HEADERS } from './security.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export class StaticFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = normalize(root + sep);
  }

  async serve(pathname: string, response: ServerResponse): Promise<void> {
    const file = await this.read(pathname);
    if (file === undefined) {
      answer(response, 404, 'There is no such page.');
      return;
    }
    response.writeHead(200, file.headers);
    response.end(file.body);
  }

  /** The file and the headers it is served with; undefined for what is not there, or not served. */
  async read(pathname: string): Promise<StaticFile | undefined> {
    const file = this.#resolve(pathname === '/' || pathname === '' ? '/index.html' : pathname);
    const type = file === undefined ? undefined : TYPES[extname(file)];
    if (file === undefined || type === undefined) return undefined;
    const body = await readFile(file).catch(() => undefined);
    if (body === undefined) return undefined;
    // Names of built assets carry a hash of their content; the page itself must always be asked for anew.
    const cache = pathname.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store';
    return { body, headers: { ...SECURITY_HEADERS, 'content-type': type, 'cache-control': cache } };
  }

  /** The file a path names; undefined when it is malformed or leads out of the folder. */
  #resolve(pathname: string): string | undefined {
    let decoded: string;
    try {
      decoded = decodeURIComponent(pathname);
    } catch {
      return undefined;
    }
    if (decoded.includes('\0') || decoded.includes('\\')) return undefined;
    const file = normalize(join(this.#root, decoded));
    return file.startsWith(this.#root) ? file : undefined;
  }
}

export function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(`${message}\n`);
}
