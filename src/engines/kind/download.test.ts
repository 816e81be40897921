import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { download, type Download, type DownloadOptions } from './download.ts';

const NEVER = new AbortController().signal;
const CONTENT = randomBytes(200_000);
const SHA = createHash('sha256').update(CONTENT).digest('hex');

let folder = '';
let server: Server;
let serve: (request: IncomingMessage, response: ServerResponse) => void;
let asked: (string | undefined)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-download-'));
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.headers.range);
    serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  serve = whole;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const url = (path = 'file'): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

/** As release servers answer: with its length, and in parts when asked for. */
function whole(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= CONTENT.length) {
    response.writeHead(416).end();
    return;
  }
  const rest = CONTENT.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length }).end(rest);
}

/** Half of it, and then the line is cut. */
function cut(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': CONTENT.length });
  cutAfter(response, 0, CONTENT.subarray(0, 100_000));
}

/** What has not been written down when a line breaks is lost with it: some of it shall be. */
function cutAfter(response: ServerResponse, had: number, bytes: Uint8Array): void {
  response.write(bytes);
  const size = async (): Promise<number> => (await stat(`${wanted().file}.part`)).size;
  const somethingCame = async (): Promise<boolean> => (await size().catch(() => 0)) > had;
  void vi.waitUntil(somethingCame, { timeout: 20_000 }).then(() => response.destroy());
}

const wanted = (change: Partial<Download> = {}): Download => ({
  url: url(),
  file: join(folder, 'bin', 'tool'),
  name: 'the tool',
  sha256: SHA,
  executable: true,
  ...change,
});

const got = (
  change: Partial<Download> = {},
  options: Partial<DownloadOptions> = {},
): ReturnType<typeof download> => download(wanted(change), { signal: NEVER, ...options });

const inFolder = (): Promise<readonly string[]> => readdir(join(folder, 'bin'));

test('a file arrives whole, executable, and with progress; a second time nothing is asked', async () => {
  const told: (readonly [number, number | undefined])[] = [];
  const result = await got({}, { onProgress: (done, total) => told.push([done, total]) });
  expect(result).toEqual({ ok: true, value: { file: wanted().file, sha256: SHA, pinned: true } });
  expect(await readFile(wanted().file)).toEqual(CONTENT);
  expect((await stat(wanted().file)).mode & 0o777).toBe(0o755);
  expect(told[0]).toEqual([0, CONTENT.length]);
  expect(told.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
  expect(await inFolder()).toEqual(['tool']);
  await got();
  expect(asked).toHaveLength(1);
});

test('redirects are followed, as releases need', async () => {
  serve = (request, response) => {
    if (request.url === '/file') response.writeHead(302, { location: url('elsewhere') }).end();
    else whole(request, response);
  };
  expect(await got()).toMatchObject({ ok: true });
});

/** The half that is still missing, and then the line is cut again. */
function cutAgain(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = CONTENT.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
  cutAfter(response, from, rest.subarray(0, Math.ceil(rest.length / 2)));
}

test('a line that is cut is taken up where it broke', async () => {
  serve = (...call) => {
    serve = whole;
    cut(...call);
  };
  expect(await got()).toMatchObject({ ok: true });
  expect(asked).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
  expect(await readFile(wanted().file)).toEqual(CONTENT);
});

test('a line that is cut again and again leaves no file under the final name, and the next attempt goes on', async () => {
  serve = cutAgain;
  expect(await got()).toMatchObject({ ok: false, error: { code: 'download-failed' } });
  expect(asked).toHaveLength(6);
  expect(await inFolder()).toEqual(['tool.part']);
  const { size } = await stat(`${wanted().file}.part`);
  serve = whole;
  expect(await got()).toMatchObject({ ok: true });
  expect(asked.at(-1)).toBe(`bytes=${size}-`);
  expect(await readFile(wanted().file)).toEqual(CONTENT);
});

test('of what nobody knows beforehand a part is not gone on with', async () => {
  const { sha256: _, ...unpinned } = wanted();
  await mkdir(join(folder, 'bin'));
  await writeFile(`${unpinned.file}.part`, 'the half of something else');
  expect(await download(unpinned, { signal: NEVER, env: {} })).toMatchObject({ value: { sha256: SHA } });
  expect(asked).toEqual([undefined]);
});

test('a page where a file should be is the page of a network that wants something first', async () => {
  serve = (_, response) =>
    void response.setHeader('content-type', 'text/html; charset=utf-8').end('<p>Room?');
  expect(await got()).toMatchObject({ error: { code: 'captive-portal' } });
  // Under another type it shows by how it begins; it is not written down as what the file has to be.
  serve = (_, response) => void response.end('\n<!DOCTYPE html><title>Your room number</title>');
  const { sha256: _, ...unpinned } = wanted();
  for (const each of [wanted(), unpinned])
    expect(await download(each, { signal: NEVER, env: {} })).toMatchObject({
      error: { code: 'captive-portal', message: expect.stringContaining('127.0.0.1') },
    });
  serve = (_, response) => void response.writeHead(511).end();
  expect(await got()).toMatchObject({ error: { code: 'captive-portal' } });
  expect(await inFolder()).toEqual([]);
});

test('a server that says nothing for long is told so', async () => {
  serve = () => undefined;
  expect(await got({}, { patience: 20 })).toMatchObject({
    error: { code: 'download-silent', remedy: expect.stringContaining('load an offline bundle') },
  });
});

test('a server that sends no parts sends all of it again', async () => {
  serve = cutAgain;
  await got();
  serve = (_, response) => void response.end(CONTENT);
  expect(await got()).toMatchObject({ ok: true });
});

test('a part that is complete already is only looked at', async () => {
  await got();
  await writeFile(`${wanted().file}.part`, CONTENT);
  await rm(wanted().file);
  expect(await got()).toMatchObject({ ok: true });
  expect(await inFolder()).toEqual(['tool']);
});

test('what is something else is never put in place; a part of something else is fetched anew', async () => {
  serve = (_, response) => void response.end('a page of a hotel');
  expect(await got()).toMatchObject({ ok: false, error: { code: 'wrong-checksum' } });
  expect(await inFolder()).toEqual([]);
  await writeFile(`${wanted().file}.part`, 'a page of a hotel');
  serve = whole;
  expect(await got()).toMatchObject({ ok: true });
});

test('a file that was changed since is fetched anew', async () => {
  await got();
  await writeFile(wanted().file, 'changed');
  expect(await got()).toMatchObject({ ok: true });
  expect(await readFile(wanted().file)).toEqual(CONTENT);
});

test('without a checksum the first download sets it, and a second must be the same', async () => {
  const { sha256: _, ...unpinned } = wanted();
  const fetched = (): ReturnType<typeof download> => download(unpinned, { signal: NEVER, env: {} });
  expect(await fetched()).toEqual({ ok: true, value: { file: unpinned.file, sha256: SHA, pinned: false } });
  expect(await readFile(`${unpinned.file}.sha256`, 'utf8')).toBe(`${SHA}\n`);
  await rm(unpinned.file);
  serve = (_request, response) => void response.end('another');
  expect(await fetched()).toMatchObject({ ok: false, error: { code: 'wrong-checksum' } });
});

test('a full disk says so, and what was written stays for later', async () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const openPart: DownloadOptions['openPart'] = () =>
    Promise.resolve({
      write: () => Promise.reject(full),
      sync: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
  expect(await got({}, { openPart })).toMatchObject({ ok: false, error: { code: 'disk-full' } });
});

test('refusals, silence and giving up', async () => {
  serve = (_, response) => void response.writeHead(404).end();
  expect(await got()).toMatchObject({
    error: { code: 'download-refused', message: expect.stringContaining('404') },
  });
  expect(await got({ url: 'http://127.0.0.1:1/none' })).toMatchObject({ error: { code: 'download-failed' } });
  const giving = new AbortController();
  serve = (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, 1000), () => giving.abort());
  };
  expect(await got({}, { signal: giving.signal })).toMatchObject({ error: { code: 'interrupted' } });
});
