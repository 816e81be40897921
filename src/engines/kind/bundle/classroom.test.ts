/** Bundles from the instructor's machine: served, fetched in ranges, broken off, taken up, and refused. */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bundleBench, type BundleBench, type Machine } from '../../../../test/support/bundle-bench.ts';
import type { Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { createBundle, type BundleAbout } from './create.ts';
import { loadBundle, type Loaded } from './load.ts';
import { layoutOf } from './manifest.ts';
import { serveBundle, type ServeOptions, type Serving } from './serve.ts';

const NEVER = new AbortController().signal;

let bench: BundleBench;
let file: string;
let about: BundleAbout;
let taker: Machine;
let stop: AbortController;
let served: Serving[] = [];
let servers: Server[] = [];

beforeAll(async () => {
  bench = await bundleBench();
  file = join(bench.stick, 'classroom.tar');
  const wish = { file, installs: ['manifest'], platforms: ['linux/amd64', 'linux/arm64'] } as const;
  const made = await createBundle(wish, await bench.machine(), { signal: NEVER });
  if (!made.ok) throw new Error(made.error.message);
  about = made.value;
});
afterAll(() => bench.close());

beforeEach(async () => {
  taker = await bench.machine({ registry: [] });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(served.map(({ closed }) => closed));
  for (const server of servers) server.close().closeAllConnections();
  [served, servers] = [[], []];
});

async function serve(change: Partial<ServeOptions> = {}): Promise<Serving> {
  const serving = await serveBundle(file, { address: '127.0.0.1', port: 0, signal: stop.signal, ...change });
  if (!serving.ok) throw new Error(serving.error.message);
  served.push(serving.value);
  return serving.value;
}

/** A web server of another kind. */
async function server(answer: RequestListener): Promise<string> {
  const made = createServer(answer).listen(0, '127.0.0.1');
  servers.push(made);
  await once(made, 'listening');
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}/some.bundle`;
}

const load = (from: string, signal = NEVER): Promise<Result<Loaded, LabError>> =>
  loadBundle({ from }, taker, { signal });

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function get(
  url: string,
  path: string,
  options: { method?: string; range?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const asking = ask({
    ...{ hostname, port, path, agent: false, method: options.method ?? 'GET' },
    headers: options.range === undefined ? {} : { range: options.range },
  });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const pieces: Uint8Array[] = [];
  for await (const piece of response) pieces.push(piece as Uint8Array);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) };
}

describe('serving', () => {
  test('gives one file, whole or in part, and nothing else', async () => {
    const from: string[] = [];
    const { url, fingerprint } = await serve({ onFetch: (address) => from.push(address) });
    expect(fingerprint).toBe(about.fingerprint);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/underlay\.bundle$/);
    const bytes = await readFile(file);
    const whole = await get(url, '/underlay.bundle');
    expect(whole.status).toBe(200);
    expect(whole.body.equals(bytes)).toBe(true);
    expect(whole.headers).toMatchObject({
      'content-type': 'application/x-tar',
      'content-length': String(bytes.length),
      'accept-ranges': 'bytes',
      etag: `"${about.fingerprint}"`,
    });
    const part = await get(url, '/underlay.bundle', { range: 'bytes=1000-1999' });
    expect([
      part.status,
      part.headers['content-range'],
      part.body.equals(bytes.subarray(1000, 2000)),
    ]).toEqual([206, `bytes 1000-1999/${bytes.length}`, true]);
    const rest = await get(url, '/underlay.bundle', { range: `bytes=${bytes.length - 10}-` });
    expect([rest.status, rest.body.length]).toEqual([206, 10]);
    const head = await get(url, '/underlay.bundle', { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      String(bytes.length),
      0,
    ]);
    expect((await get(url, '/underlay.bundle', { range: `bytes=${bytes.length}-` })).status).toBe(416);
    expect(from).toEqual(['127.0.0.1']);
  });

  test.each([
    ['/', 'GET', 404],
    ['/classroom.tar', 'GET', 404],
    ['/../classroom.tar', 'GET', 404],
    ['/underlay.bundle/', 'GET', 404],
    ['/underlay.bundle?x=1', 'GET', 404],
    ['/underlay.bundle', 'POST', 405],
    ['/underlay.bundle', 'PUT', 405],
    ['/underlay.bundle', 'DELETE', 405],
  ])('%s by %s is refused with %i, and without a word', async (path, method, status) => {
    const { url } = await serve();
    const { body, ...answer } = await get(url, path, { method });
    expect([answer.status, body.length]).toEqual([status, 0]);
  });

  test('several ranges, or strange ones, are answered with the whole', async () => {
    const { url } = await serve();
    for (const range of ['bytes=0-1,5-6', 'bytes=-5', 'lines=1-2', 'bytes=9-3'])
      expect((await get(url, '/underlay.bundle', { range })).status, range).toBe(200);
  });

  test('begins with a whole bundle, on an address that was named', async () => {
    const options = { address: '127.0.0.1', port: 0, signal: NEVER };
    const other = join(bench.stick, 'thesis');
    await writeFile(other, 'my thesis');
    expect(await serveBundle(other, options)).toMatchObject({ error: { code: 'not-a-bundle' } });
    for (const address of ['', '0.0.0.0', '::', '[::]', '0'])
      expect(await serveBundle(file, { ...options, address })).toMatchObject({
        error: { code: 'address-unnamed' },
      });
    expect(await serveBundle(file, { ...options, address: '203.0.113.77' })).toMatchObject({
      error: { code: 'no-such-address' },
    });
    const { port } = new URL((await serve()).url);
    expect(await serveBundle(file, { ...options, port: Number(port) })).toMatchObject({
      error: { code: 'port-taken' },
    });
  });
});

describe('loading from another machine', () => {
  test('fetches what is for this one, and leaves nothing of it behind', async () => {
    const { url } = await serve();
    const loaded = await load(url);
    expect(loaded).toMatchObject({ ok: true, value: { fingerprint: about.fingerprint } });
    expect(await readdir(taker.folder.root)).not.toContain('bundles');
    expect(taker.docker.images.loaded).toHaveLength(6);
  });

  test('a line that breaks is taken up where it broke', async () => {
    const ranges: (readonly [number, number])[] = [];
    const bytes = await readFile(file);
    let cuts = 3;
    const url = await server((request, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      const part = bytes.subarray(Number(from), Number(to) + 1);
      ranges.push([Number(from), Number(to)]);
      response.writeHead(206, { 'content-length': part.length });
      if (part.length < 200_000 || cuts === 0) return void response.end(part);
      cuts -= 1;
      response.write(part.subarray(0, 150_000));
      // What has not been written down when a line breaks is lost with it.
      void vi.waitUntil(somethingCame, { timeout: 20_000 }).then(() => response.destroy());
    });
    const staging = join(taker.folder.bundles, about.fingerprint);
    const somethingCame = async (): Promise<boolean> => {
      const parts = (await readdir(staging)).filter((name) => name.endsWith('.part'));
      const sizes = await Promise.all(parts.map(async (name) => (await stat(join(staging, name))).size));
      return sizes.some((size) => size > 0);
    };
    expect(await load(url)).toMatchObject({ ok: true });
    const arm = layoutOf(about.manifest.members).filter(({ path }) => path.includes('arm64'));
    expect(ranges.filter(([from]) => arm.some((one) => from >= one.from && from < one.to))).toEqual([]);
    // The same end is asked for again, from where it broke.
    const again = ranges.filter(([, to], at) => ranges.findIndex(([, other]) => other === to) < at);
    expect(again).toHaveLength(3);
    const begun = (end: number): number => ranges.find(([, to]) => to === end)?.[0] ?? 0;
    for (const [from, to] of again) expect(from).toBeGreaterThan(begun(to));
  });

  test('one that is given up goes on with what came', async () => {
    const { url } = await serve();
    const control = new AbortController();
    const given = await loadBundle({ from: url }, taker, {
      signal: control.signal,
      onProgress: ({ phase, detail = '' }) => {
        if (phase === 'Fetching the bundle' && detail.includes('agnhost')) control.abort();
      },
    });
    expect(given).toMatchObject({ error: { code: 'interrupted' } });
    expect(taker.docker.images.loaded).toEqual([]);
    const kept = await readdir(join(taker.folder.bundles, about.fingerprint));
    expect(kept.length).toBeGreaterThan(3);
    expect(await load(url)).toMatchObject({ ok: true });
    expect(await readdir(taker.folder.root)).not.toContain('bundles');
  });

  test('what comes damaged is not taken', async () => {
    const bytes = await readFile(file);
    const node = layoutOf(about.manifest.members).find(({ path }) => path.includes('linux-amd64/kindest'));
    const at = (node?.from ?? 0) + 100;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const url = await server((request, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      response.writeHead(206).end(bytes.subarray(Number(from), Number(to) + 1));
    });
    expect(await load(url)).toMatchObject({ error: { code: 'wrong-checksum' } });
    expect(taker.docker.images.loaded).toEqual([]);
  });

  test('a server that knows no ranges gives it whole', async () => {
    let whole = 0;
    const url = await server((_, response) => {
      whole += 1;
      createReadStream(file).pipe(response);
    });
    expect(await load(url)).toMatchObject({ ok: true, value: { fingerprint: about.fingerprint } });
    expect(whole).toBe(2);
    expect(await readdir(taker.folder.root)).not.toContain('bundles');
  });

  test.each([
    ['not found', 404, ''],
    ['forbidden', 403, ''],
  ])('%s', async (_, status, body) => {
    const url = await server((__, response) => response.writeHead(status).end(body));
    expect(await load(url)).toMatchObject({
      error: { code: 'bundle-not-reached', message: `${url} gives no bundle: HTTP ${status}.` },
    });
  });

  test('a page, a machine that is not there, an address that is none', async () => {
    const page = await server((_, response) => response.end('<!doctype html><title>Log in</title>'));
    expect(await load(page)).toMatchObject({ error: { code: 'not-a-bundle' } });
    for (const gone of servers) gone.close().closeAllConnections();
    expect(await load(page)).toMatchObject({
      error: { code: 'bundle-not-reached', message: expect.stringContaining('ECONNREFUSED') as string },
    });
    expect(await load('http://[::1')).toMatchObject({ error: { code: 'bundle-address' } });
    expect((await readdir(taker.folder.root)).filter((name) => name !== 'bundles')).toEqual([]);
  });
});
