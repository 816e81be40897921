/** Bundles as they come from strangers and broken sticks: each fault is told, and nothing of them is put in place. */
import { execFile } from 'node:child_process';
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  bundleBench,
  sha256,
  type BundleBench,
  type Machine,
} from '../../../../test/support/bundle-bench.ts';
import { imageArchive } from '../../../../test/support/fake-image-archives.ts';
import type { LabError } from '../../../lab/ports.ts';
import { NODE_IMAGE_REFERENCE } from '../cluster/node-image.ts';
import { createBundle } from './create.ts';
import { loadBundle } from './load.ts';
import {
  headerOf,
  headOf,
  HEAD_SIZE,
  layoutOf,
  readHead,
  TRAILER,
  type BundleManifest,
  type Member,
} from './manifest.ts';
import { pathOf } from './parts.ts';
import { verifyBundle } from './verify.ts';

const { signal } = new AbortController();

let bench: BundleBench;
/** One that is right. */
let good: Buffer;
let manifest: BundleManifest;
let file: string;
let taker: Machine;

beforeAll(async () => {
  bench = await bundleBench();
  file = join(bench.stick, 'good.bundle');
  const made = await createBundle({ file, installs: ['manifest'] }, await bench.machine(), { signal });
  if (!made.ok) throw new Error(made.error.message);
  good = await readFile(file);
  manifest = made.value.manifest;
});
afterAll(() => bench.close());

beforeEach(async () => {
  file = join(bench.stick, 'underlay.bundle');
  await writeFile(file, good);
  taker = await bench.machine();
});

/** What verifying and loading say, which is the same; and that nothing came of it. */
async function refused(): Promise<LabError> {
  const verified = await verifyBundle(file, taker, { signal });
  const loaded = await loadBundle({ from: file }, taker, { signal });
  expect(await readdir(taker.folder.root)).toEqual([]);
  expect(taker.docker.images.loaded).toEqual([]);
  expect(taker.docker.calls.filter((call) => /tag|load/.test(call))).toEqual([]);
  if (verified.ok || loaded.ok) throw new Error('it was taken');
  expect(loaded.error).toEqual(verified.error);
  return verified.error;
}

const contentOf = (member: Member): Buffer => {
  const placed = layoutOf(manifest.members).find((one) => one.member === member);
  return good.subarray(placed?.from, placed?.to);
};

type Content = readonly [part: Member['part'], content: Buffer];

const contents = (): readonly Content[] => manifest.members.map((member) => [member.part, contentOf(member)]);

/** A bundle of anybody's making, with sums that are right. */
function forged(members: readonly Content[], change: Partial<BundleManifest> = {}): Buffer {
  const listed = members.map(([part, content]) => ({ part, size: content.length, sha256: sha256(content) }));
  const head = headOf({ ...manifest, members: listed, ...change });
  const blocks = members.flatMap(([part, content]) => [
    headerOf(pathOf(part), content.length),
    content,
    Buffer.alloc(-content.length & 511),
  ]);
  return Buffer.concat([head, ...blocks, TRAILER]);
}

const isImage = (reference: string, [part]: Content): boolean =>
  part.is === 'image' && part.reference === reference;

test('the forger’s hand is good: what is forged of the same is the same', () => {
  expect(forged(contents()).equals(good)).toBe(true);
});

test('what is no file is none: a folder says so, and a pipe is not waited for', async () => {
  file = bench.stick;
  expect(await refused()).toMatchObject({ code: 'no-such-file', message: `${file}: that is a folder.` });
  file = join(bench.stick, 'pipe');
  await promisify(execFile)('mkfifo', [file]);
  expect(await refused()).toMatchObject({ code: 'not-a-bundle' });
});

describe('on a broken stick', () => {
  test.each([0, 100, 511, 512, 5_000, HEAD_SIZE - 1])(
    'a bundle of %i bytes is none, or damaged',
    async (size) => {
      await truncate(file, size);
      expect(['not-a-bundle', 'bundle-damaged']).toContain((await refused()).code);
    },
  );

  test.each([HEAD_SIZE, HEAD_SIZE + 700, 400_000])('a bundle of %i bytes is cut short', async (size) => {
    const shorter = Math.min(size, good.length - 1);
    await truncate(file, shorter);
    expect(await refused()).toMatchObject({
      code: 'bundle-cut',
      message: `The bundle has ${shorter} bytes of ${good.length}: its end is missing.`,
    });
  });

  test('the last byte counts, and none follows it', async () => {
    await truncate(file, good.length - 1);
    expect(await refused()).toMatchObject({ code: 'bundle-cut' });
    await writeFile(file, good);
    await appendFile(file, 'x');
    expect(await refused()).toMatchObject({ code: 'bundle-damaged' });
  });

  const flipped = async (at: number): Promise<void> => {
    const bytes = Buffer.from(good);
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    await writeFile(file, bytes);
  };
  // In the manifest a bit may make another word of one: the fingerprint tells.
  const codes = ['bundle-damaged', 'not-a-bundle', 'bundle-stray-member', 'bundle-other-version'];

  test('a bit that flipped is found in whatever is taken, and around it', async () => {
    const taken = layoutOf(manifest.members).filter(({ path }) => !path.includes('windows'));
    // What follows a member that ends with its block is the next one's header.
    const around = taken.flatMap(({ header, from, to }) => [header, header + 130, from, to - 1, to]);
    for (const at of [0, 300, 600, HEAD_SIZE - 1, ...around, good.length - 1]) {
      await flipped(at);
      expect(codes, String(at)).toContain((await refused()).code);
    }
  });

  test('one in what is for others is found by who checks all', async () => {
    const windows = layoutOf(manifest.members).find(({ path }) => path.includes('windows'));
    await flipped(windows?.from ?? 0);
    expect(await verifyBundle(file, taker, { signal })).toMatchObject({ error: { code: 'bundle-damaged' } });
    expect(await loadBundle({ from: file }, taker, { signal })).toMatchObject({ ok: true });
  });

  test('a bundle that was never finished is told', async () => {
    await writeFile(file, forged(contents(), { complete: false }));
    expect(await refused()).toMatchObject({ code: 'bundle-unfinished' });
  });

  test.each(['', 'PK\u0003\u0004 not a tar', '<!doctype html>'])('%j is no bundle', async (text) => {
    await writeFile(file, text);
    expect(await refused()).toMatchObject({ code: 'not-a-bundle' });
  });
});

describe('from another Underlay', () => {
  test('a newer form is told before anything in it is judged', async () => {
    const text = good.subarray(512, HEAD_SIZE).toString().replace('"version": 1', '"version": 2');
    await writeFile(
      file,
      Buffer.concat([good.subarray(0, 512), Buffer.from(text), good.subarray(HEAD_SIZE)]),
    );
    expect(await refused()).toMatchObject({ code: 'bundle-newer' });
  });

  test.each([
    ['kind', 'v0.99.0', 'kind in it is "v0.99.0", and v0.32.0 is needed'],
    ['calico', 'v3.40.0', 'Calico in it is "v3.40.0", and v3.32.1 is needed'],
    [
      'node',
      'kindest/node:v1.40.0',
      `the node image in it is "kindest/node:v1.40.0", and ${NODE_IMAGE_REFERENCE} is needed`,
    ],
  ])('another %s', async (pin, version, says) => {
    await writeFile(file, forged(contents(), { pins: { ...manifest.pins, [pin]: version } }));
    expect(await refused()).toMatchObject({
      code: 'bundle-other-version',
      message: `The bundle was made for another Underlay: ${says}.`,
    });
  });

  test('a part that is needed here and is not in it', async () => {
    const short = contents().filter((content) => !isImage('quay.io/calico/cni:v3.32.1', content));
    await writeFile(file, forged(short));
    expect(await refused()).toMatchObject({
      code: 'bundle-other-version',
      message: expect.stringContaining('it lacks quay.io/calico/cni:v3.32.1 for linux/amd64') as string,
    });
  });
});

describe('from a stranger', () => {
  test.each(['../../.ssh/authorized_keys', '/etc/passwd', 'images/../../x', 'kind/extra'])(
    'a member named %s is not taken',
    async (name) => {
      const extra = Buffer.concat([headerOf(name, 4), Buffer.from('evil'), Buffer.alloc(508)]);
      await writeFile(file, Buffer.concat([good.subarray(0, -TRAILER.length), extra, TRAILER]));
      expect(await refused()).toMatchObject({
        code: 'bundle-stray-member',
        message: `The bundle holds ${JSON.stringify(name)}, which does not belong there.`,
      });
      // In the place of a member that belongs there.
      const bytes = Buffer.from(good);
      const placed = layoutOf(manifest.members)[3];
      headerOf(name, placed?.member.size ?? 0).copy(bytes, placed?.header);
      await writeFile(file, bytes);
      expect(await refused()).toMatchObject({ code: 'bundle-stray-member' });
    },
  );

  test.each([
    { is: 'manifest', name: '../../evil.yaml' },
    { is: 'manifest', name: 'a/b' },
    { is: 'kind', host: '../linux-amd64' },
    { is: 'image', reference: 'Evil', platform: 'linux/amd64' },
    { is: 'image', reference: 'x:1', platform: 'windows/amd64' },
    { is: 'program', name: 'x' },
  ])('a manifest with %j cannot be read', async (part) => {
    const [first = { size: 1, sha256: '' }] = manifest.members;
    const text = JSON.stringify({ ...manifest, members: [{ ...first, part }] }, undefined, 1);
    const head = Buffer.concat([good.subarray(0, 512), Buffer.from(text.padEnd(HEAD_SIZE - 512))]);
    expect(readHead(head)).toMatchObject({ ok: false, error: { code: 'bundle-damaged' } });
    await writeFile(file, Buffer.concat([head, good.subarray(HEAD_SIZE)]));
    expect(await refused()).toMatchObject({ code: 'bundle-damaged' });
  });

  test('a member twice', async () => {
    const [first, ...others] = contents();
    if (!first) throw new Error('no member');
    await writeFile(file, forged([first, first, ...others]));
    expect(await refused()).toMatchObject({
      code: 'bundle-damaged',
      message: 'The bundle is damaged: its manifest, which has manifests/v3.32.1/calico.yaml twice.',
    });
  });

  test.each([
    ['an image that nobody asked for', { is: 'image', reference: 'nginx:latest', platform: 'linux/amd64' }],
    ['a manifest that is none of Calico’s', { is: 'manifest', name: 'evil.yaml' }],
    ['kind for a machine of nobody', { is: 'kind', host: 'plan9-amd64' }],
  ] as const)('%s', async (_, part) => {
    await writeFile(file, forged([...contents(), [part, Buffer.from('evil')]]));
    expect(await refused()).toMatchObject({ code: 'bundle-stray-member' });
  });

  test('a kind that was never released, whatever its sum says', async () => {
    const evil = contents().map(([part, content]): Content => [
      part,
      part.is === 'kind' ? Buffer.from('#!/bin/sh\nevil\n') : content,
    ]);
    await writeFile(file, forged(evil));
    expect(await refused()).toMatchObject({
      code: 'bundle-stray-member',
      message: expect.stringContaining('never released') as string,
    });
  });

  const image = { id: 'sha256:evil', tags: [], digests: [], size: 1, arch: 'amd64', labels: {} };
  const withArchive = async (archive: Uint8Array): Promise<void> => {
    const evil = contents().map((content): Content =>
      isImage('quay.io/calico/cni:v3.32.1', content) ? [content[0], gzipSync(archive)] : content,
    );
    await writeFile(file, forged(evil));
  };

  test('an archive that would take the names of others', async () => {
    await withArchive(await imageArchive(image, ['nginx:latest']));
    expect(await refused()).toEqual({
      code: 'bundle-image-strange',
      message:
        'The archive of quay.io/calico/cni:v3.32.1 for linux/amd64 in the bundle is not one image: it names nginx:latest.',
      remedy: 'Something other than Underlay wrote it: get it anew from a person you trust.',
    });
  });

  test('an archive that is none', async () => {
    await withArchive(Buffer.alloc(2048));
    expect(await refused()).toMatchObject({ code: 'bundle-image-strange' });
    await withArchive(Buffer.from('no archive at all'.repeat(100)));
    expect(await refused()).toMatchObject({ code: 'bundle-image-strange' });
  });

  test('an image for other machines goes again, and has no name', async () => {
    await withArchive(await imageArchive({ ...image, arch: 'arm64' }));
    const loaded = await loadBundle({ from: file }, taker, { signal });
    expect(loaded).toMatchObject({ error: { code: 'image-other-platform' } });
    expect([...taker.docker.images.present.keys()]).not.toContain('quay.io/calico/cni:v3.32.1');
    expect([...taker.docker.images.present.keys()]).not.toContain('sha256:evil');
  });
});
