import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Progress } from '../../../lab/ports.ts';
import { kindFolder } from '../data-folder.ts';
import { KIND_VERSION } from '../versions.ts';
import { findKind, kindOnMachine, parseKindVersion, type KindSearch } from './kind-binary.ts';

/** A program that says what kind says of its version. */
const program = (version: string): string => `#!/bin/sh\necho "kind ${version} go1.26.8 linux/amd64"\n`;
const RIGHT = program(KIND_VERSION);
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

let home = '';
let server: Server;
let served = RIGHT;
let asked: string[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'underlay-kind-'));
  [served, asked] = [RIGHT, []];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(served);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.close();
  await rm(home, { recursive: true, force: true });
});

const search = (change: Partial<KindSearch> = {}): KindSearch => ({
  folder: kindFolder(home),
  env: { PATH: join(home, 'path') },
  platform: 'linux',
  home,
  arch: 'x64',
  signal: new AbortController().signal,
  release: {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${KIND_VERSION}`,
    checksums: { 'linux-amd64': sha(RIGHT), 'linux-arm64': undefined },
  },
  ...change,
});

async function install(path: string, text: string): Promise<string> {
  const file = join(home, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
  return file;
}

test('the one that the variable names, in the right version only', async () => {
  const path = await install('own/kind', RIGHT);
  expect(await findKind(search({ env: { UNDERLAY_KIND_BIN: path } }))).toEqual({
    ok: true,
    value: { path, from: 'UNDERLAY_KIND_BIN', sha256: sha(RIGHT), pinned: true },
  });
  const other = await install('own/old', program('v0.31.0'));
  expect(await findKind(search({ env: { UNDERLAY_KIND_BIN: other } }))).toMatchObject({
    error: {
      code: 'kind-wrong',
      message: `UNDERLAY_KIND_BIN: ${other} is kind v0.31.0, and ${KIND_VERSION} is needed.`,
    },
  });
  expect(await findKind(search({ env: { UNDERLAY_KIND_BIN: join(home, 'none') } }))).toMatchObject({
    error: { code: 'kind-wrong' },
  });
  expect(asked).toEqual([]);
});

test("the learner's own when it is that version", async () => {
  const path = await install('path/kind', `${RIGHT}# their own build\n`);
  expect(await findKind(search())).toMatchObject({ value: { path, from: 'PATH', pinned: false } });
  expect(asked).toEqual([]);
});

test("another version of the learner's is left as it is, and ours is downloaded beside it", async () => {
  const theirs = await install('path/kind', program('v0.33.0'));
  const told: Progress[] = [];
  const found = await findKind(search({ onProgress: (progress) => told.push(progress) }));
  const path = join(home, 'kind', 'bin', `kind-${KIND_VERSION}`);
  expect(found).toEqual({ ok: true, value: { path, from: 'download', sha256: sha(RIGHT), pinned: true } });
  expect(asked).toEqual([`/${KIND_VERSION}/kind-linux-amd64`]);
  expect(await readFile(theirs, 'utf8')).toBe(program('v0.33.0'));
  expect(told.at(-1)).toMatchObject({ phase: `Downloading kind ${KIND_VERSION}`, fraction: 1, log: [] });
  expect(await findKind(search())).toMatchObject({ value: { path, from: 'data folder' } });
  expect(asked).toHaveLength(1);
});

test('a download that is something else is not kept', async () => {
  served = program('v0.32.0-evil');
  expect(await findKind(search())).toMatchObject({ error: { code: 'wrong-checksum' } });
  expect(await kindOnMachine(search())).toEqual({ ok: true, value: undefined });
});

test('where no checksum is known, the first one is shown and holds', async () => {
  const told: Progress[] = [];
  const arm = search({ arch: 'arm64', onProgress: (progress) => told.push(progress) });
  expect(await findKind(arm)).toMatchObject({
    value: { from: 'download', pinned: false, sha256: sha(RIGHT) },
  });
  expect(told.at(-1)?.log?.join()).toContain(sha(RIGHT));
  expect(await findKind(arm)).toMatchObject({ value: { from: 'data folder', pinned: false } });
});

test('a machine that the release has nothing for', async () => {
  expect(await findKind(search({ platform: 'freebsd' }))).toMatchObject({ error: { code: 'kind-missing' } });
  expect(await findKind(search({ platform: 'win32', arch: 'arm64' }))).toMatchObject({
    error: { code: 'kind-missing' },
  });
});

test('versions as kind prints them', () => {
  expect(parseKindVersion('kind v0.32.0 go1.26.8 linux/amd64\n')).toBe('v0.32.0');
  expect(parseKindVersion('kind v0.33.0-alpha+fed268827e21ca go1.26.8 darwin/arm64\n')).toBe(
    'v0.33.0-alpha+fed268827e21ca',
  );
  expect(parseKindVersion('kind version 0.32.0\n')).toBeUndefined();
});
