import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  bundleBench,
  TOOL_IMAGE_FOLDER,
  sha256,
  CALICO_YAML,
  type BundleBench,
  type Machine,
} from '../../../../test/support/bundle-bench.ts';
import type { Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import { manifestsOf } from '../calico/manifests.ts';
import { findKind } from '../cluster/kind-binary.ts';
import { ensureNodeImage, NODE_IMAGE_REFERENCE, NODE_IMAGE_TAG } from '../cluster/node-image.ts';
import { toolImage, toolImageOf } from '../fabric/tool-image.ts';
import { createBundle, type BundleAbout, type BundleWish } from './create.ts';
import { loadBundle, type Loaded } from './load.ts';
import { verifyBundle } from './verify.ts';

const { signal } = new AbortController();

let bench: BundleBench;
let file: string;

beforeEach(async () => {
  bench = await bundleBench();
  file = join(bench.stick, 'underlay.bundle');
});
afterEach(() => bench.close());

function must<T>(result: Result<T, LabError>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.code}: ${result.error.message}`);
}

const made = (
  machine: Machine,
  wish: Partial<BundleWish> = {},
  onProgress?: (progress: Progress) => void,
): Promise<Result<BundleAbout, LabError>> =>
  createBundle({ file, installs: ['manifest'], ...wish }, machine, {
    signal,
    ...(onProgress && { onProgress }),
  });

const loaded = (machine: Machine, fingerprint?: string): Promise<Result<Loaded, LabError>> =>
  loadBundle({ from: file, ...(fingerprint !== undefined && { fingerprint }) }, machine, { signal });

const names = ({ manifest }: BundleAbout): readonly string[] =>
  manifest.members.map(({ part }) =>
    part.is === 'image'
      ? `${part.reference.split('@')[0] ?? ''} ${part.platform}`
      : part.is === 'kind'
        ? part.host
        : part.name,
  );

const tools = (): Promise<string> => toolImageOf(TOOL_IMAGE_FOLDER);

const imagesOf = async (platform: string): Promise<readonly string[]> =>
  [
    NODE_IMAGE_TAG,
    await tools(),
    'quay.io/calico/cni:v3.32.1',
    'quay.io/calico/node:v3.32.1',
    'registry.k8s.io/e2e-test-images/agnhost:2.53',
    'quay.io/calico/ctl:v3.32.1',
  ].map((image) => `${image} ${platform}`);

test('what a lab needs is made where there is a network, and found where there is none', async () => {
  const maker = await bench.machine();
  const told: Progress[] = [];
  const about = must(await made(maker, {}, (progress) => told.push(progress)));
  expect(names(about)).toEqual([
    'calico.yaml',
    'linux-amd64',
    'windows-amd64',
    ...(await imagesOf('linux/amd64')),
  ]);
  expect(about.size).toBe((await stat(file)).size);
  expect(await readdir(bench.stick)).not.toContain('underlay.bundle.part');
  const fractions = told.flatMap(({ fraction }) => (fraction === undefined ? [] : [fraction]));
  expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
  expect(told.at(-1)).toEqual({ phase: 'Finishing the bundle', fraction: 1 });
  bench.cut();

  const taker = await bench.machine({ registry: [] });
  expect(must(await verifyBundle(file, taker, { signal }))).toEqual(about);
  const taken = must(await loaded(taker, about.fingerprint.slice(0, 16)));
  expect(taken.fingerprint).toBe(about.fingerprint);
  expect(taken.parts.map(({ name, wasThere }) => `${name}: ${String(wasThere)}`)).toEqual([
    'calico.yaml of Calico v3.32.1: false',
    'kind v0.32.0 for linux-amd64: false',
    ...(await imagesOf('linux/amd64')).map((image) => `${image.replace(' ', ' for ')}: false`),
  ]);
  await findsAll(taker);
});

/** Everything that making a cluster looks for, by those that look for it; the network is cut, and the registry is empty. */
async function findsAll(machine: Machine): Promise<void> {
  const { docker, folder, toolImageFolder } = machine;
  expect(must(await findKind({ ...machine, env: {}, signal }))).toMatchObject({
    from: 'data folder',
    pinned: true,
  });
  expect(must(await manifestsOf('manifest', { ...machine, signal }))).toEqual([
    { name: 'calico.yaml', text: CALICO_YAML, sha256: sha256(CALICO_YAML) },
  ]);
  const before = docker.calls.length;
  expect(must(await ensureNodeImage(docker, {}, { folder, signal }))).toBe(NODE_IMAGE_TAG);
  expect(must(await toolImage(docker, { folder: toolImageFolder, env: {}, signal }))).toBe(await tools());
  for (const image of (await imagesOf('')).map((name) => name.trim()))
    expect(must(await docker.images.inspect(image, signal)), image).toBeDefined();
  expect(docker.calls.slice(before).filter((call) => /pull|build/.test(call))).toEqual([]);
}

describe('making', () => {
  test('goes on where an earlier making stopped', async () => {
    const maker = await bench.machine();
    const cut = { code: 'docker-gone', message: 'The engine is gone.', remedy: 'Start it.' };
    maker.docker.failOn('images.pull quay.io/calico/node', cut);
    expect(await made(maker)).toEqual({ ok: false, error: cut });
    expect((await readdir(bench.stick)).filter((name) => name.startsWith('underlay.'))).toEqual([
      'underlay.bundle.part',
    ]);
    const saved = maker.docker.calls.filter((call) => call.startsWith('images.save')).length;
    expect(saved).toBe(3);
    maker.docker.calls.length = 0;
    const about = must(await made(maker));
    expect(maker.docker.calls.filter((call) => call.startsWith('images.save'))).toHaveLength(3);
    expect(must(await verifyBundle(file, maker, { signal }))).toEqual(about);
  });

  test.each([
    ['a flipped byte in an image', (bytes: Buffer) => (bytes[150_000] = (bytes[150_000] ?? 0) ^ 1)],
    ['a manifest that is cut', (bytes: Buffer) => bytes.fill(0, 700, 900)],
  ])('does not go on with %s', async (_, spoil) => {
    const maker = await bench.machine();
    maker.docker.failOn(`images.save ${maker.docker.images.add('quay.io/calico/ctl:v3.32.1').id}`, {
      code: 'docker-gone',
      message: 'x',
      remedy: 'y',
    });
    expect(await made(maker)).toMatchObject({ error: { code: 'docker-gone' } });
    const bytes = await readFile(`${file}.part`);
    spoil(bytes);
    await writeFile(`${file}.part`, bytes);
    const about = must(await made(maker));
    expect(must(await verifyBundle(file, maker, { signal }))).toEqual(about);
  });

  test('of another content begins anew', async () => {
    const maker = await bench.machine();
    maker.docker.failOn('images.pull quay.io/calico/ctl', { code: 'docker-gone', message: 'x', remedy: 'y' });
    await made(maker);
    maker.docker.calls.length = 0;
    const about = must(await made(maker, { platforms: ['linux/amd64', 'linux/arm64'] }));
    expect(names(about)).toEqual([
      'calico.yaml',
      'linux-amd64',
      'linux-arm64',
      'darwin-arm64',
      'windows-amd64',
      ...(await imagesOf('linux/amd64')),
      ...(await imagesOf('linux/arm64')),
    ]);
  });

  test('never writes over a file', async () => {
    const maker = await bench.machine();
    await writeFile(file, 'my thesis');
    expect(await made(maker)).toMatchObject({ error: { code: 'bundle-exists' } });
    expect(await readFile(file, 'utf8')).toBe('my thesis');
    expect(await made(maker, { file: join(bench.stick, 'nowhere', 'x') })).toMatchObject({
      error: { code: 'no-such-file' },
    });
  });

  test('is given up in order, and goes on', async () => {
    const maker = await bench.machine();
    const control = new AbortController();
    const given = await createBundle({ file, installs: ['manifest'] }, maker, {
      signal: control.signal,
      onProgress: ({ phase }) => {
        if (phase.includes('agnhost')) control.abort();
      },
    });
    expect(given).toMatchObject({ error: { code: 'interrupted' } });
    expect(await readdir(maker.folder.root)).not.toContain('bundle.lock');
    const about = must(await made(maker));
    expect(must(await verifyBundle(file, maker, { signal }))).toEqual(about);
  });

  test('leaves an engineer’s own artefacts out', async () => {
    const env = {
      UNDERLAY_NODE_IMAGE: 'mine:1',
      UNDERLAY_TOOL_IMAGE: 'mine:2',
      UNDERLAY_CALICO_MANIFESTS: '/nosuch',
    };
    const maker = await bench.machine({}, { env });
    must(await made(maker));
    expect(maker.docker.calls.join('\n')).not.toContain('mine');
  });

  test('needs an engine that there are images for, or a platform', async () => {
    const maker = await bench.machine({ engine: { arch: 'riscv64' } });
    expect(await made(maker)).toMatchObject({ error: { code: 'bundle-other-platform' } });
  });
});

describe('images of another platform', () => {
  test('are borrowed: names mean afterwards what they meant before', async () => {
    const maker = await bench.machine({
      images: [NODE_IMAGE_REFERENCE, 'quay.io/calico/cni:v3.32.1', 'debian:bookworm-slim'],
    });
    const { docker, folder } = maker;
    const idOf = async (name: string): Promise<string | undefined> =>
      must(await docker.images.inspect(name, signal))?.id;
    const before = await Promise.all(['quay.io/calico/cni:v3.32.1', 'debian:bookworm-slim'].map(idOf));
    const node = await idOf(NODE_IMAGE_REFERENCE);
    const about = must(await made(maker, { platforms: ['linux/arm64'] }));
    expect(names(about)).toEqual([
      'calico.yaml',
      'linux-arm64',
      'darwin-arm64',
      ...(await imagesOf('linux/arm64')),
    ]);
    expect(await Promise.all(['quay.io/calico/cni:v3.32.1', 'debian:bookworm-slim'].map(idOf))).toEqual(
      before,
    );
    expect(await idOf('quay.io/calico/node:v3.32.1')).toBeUndefined();
    expect(await idOf(await tools())).toBeUndefined();
    // The digest went to the other image; that this one had it is known.
    expect(must(await ensureNodeImage(docker, {}, { folder, signal }))).toBe(NODE_IMAGE_TAG);
    expect(await idOf(NODE_IMAGE_TAG)).toBe(node);

    const mac = await bench.machine(
      { engine: { arch: 'arm64' }, registry: [] },
      { platform: 'darwin', arch: 'arm64' },
    );
    must(await loaded(mac));
    expect(must(await mac.docker.images.inspect(NODE_IMAGE_TAG, signal))).toMatchObject({ arch: 'arm64' });
  });

  test('that their owner has by another name stay', async () => {
    const cni = 'quay.io/calico/cni:v3.32.1';
    const maker = await bench.machine({ images: [cni] });
    const { images } = maker.docker;
    const foreign = must(await images.pull('theirs:1', { signal, platform: 'linux/arm64' }));
    const pull = images.pull.bind(images);
    // What comes from the registry is what they have already.
    images.pull = (reference, options) =>
      reference === cni
        ? images
            .tag(foreign.id, cni, signal)
            .then(() => images.inspect(cni, signal) as ReturnType<typeof pull>)
        : pull(reference, options);
    must(await made(maker, { platforms: ['linux/arm64'] }));
    expect(must(await images.inspect('theirs:1', signal))).toMatchObject({
      id: foreign.id,
      tags: ['theirs:1'],
    });
    expect(must(await images.inspect(cni, signal))).toMatchObject({ arch: 'amd64' });
    expect(
      [...images.present.values()].filter(({ arch, tags }) => arch === 'arm64' && tags.length === 0),
    ).toEqual([]);
  });

  test('are not taken for others', async () => {
    const maker = await bench.machine();
    must(await made(maker));
    const mac = await bench.machine({ engine: { arch: 'arm64' } }, { platform: 'darwin', arch: 'arm64' });
    expect(await loaded(mac)).toEqual({
      ok: false,
      error: {
        code: 'bundle-other-platform',
        message: 'The bundle has images for linux/amd64, and the Docker Engine here is linux/arm64.',
        remedy: 'Make one with `underlay bundle create --platform linux/arm64`.',
      },
    });
    expect(mac.docker.images.loaded).toEqual([]);
  });

  test('need a newer engine where it keeps several under one name', async () => {
    const maker = await bench.machine({
      info: { containerdImageStore: true },
      engine: { apiVersion: '1.47' },
    });
    expect(await made(maker, { platforms: ['linux/arm64'] })).toMatchObject({
      error: { code: 'docker-too-old' },
    });
  });
});

describe('loading', () => {
  test('a second time does nothing, and a cut one goes on', async () => {
    must(await made(await bench.machine()));
    const taker = await bench.machine({ registry: [] });
    taker.docker.failOn('images.load', { code: 'docker-gone', message: 'x', remedy: 'y' });
    expect(await loaded(taker)).toMatchObject({ error: { code: 'docker-gone' } });
    const second = must(await loaded(taker));
    expect(second.parts.filter(({ wasThere }) => wasThere).map(({ name }) => name)).toEqual([
      'calico.yaml of Calico v3.32.1',
      'kind v0.32.0 for linux-amd64',
    ]);
    const loads = taker.docker.images.loaded.length;
    expect(must(await loaded(taker)).parts.every(({ wasThere }) => wasThere)).toBe(true);
    expect(taker.docker.images.loaded).toHaveLength(loads);
    bench.cut();
    await findsAll(taker);
  });

  test('leaves images alone that have the names already', async () => {
    must(await made(await bench.machine()));
    const own = { reference: NODE_IMAGE_TAG, id: 'sha256:mine', digests: ['kindest/node@sha256:0000'] };
    const taker = await bench.machine({
      images: [own, { reference: 'quay.io/calico/cni:v3.32.1', id: 'sha256:theirs' }],
    });
    must(await loaded(taker));
    const { docker, folder } = taker;
    expect(must(await docker.images.inspect(NODE_IMAGE_TAG, signal))).toMatchObject({ id: 'sha256:mine' });
    expect(must(await docker.images.inspect('quay.io/calico/cni:v3.32.1', signal))).toMatchObject({
      id: 'sha256:theirs',
    });
    expect(must(await ensureNodeImage(docker, {}, { folder, signal }))).toBe('underlay/node:v1.35.5');
    expect(docker.calls.filter((call) => call.startsWith('images.pull'))).toEqual([]);
  });

  test('replaces one that is for other machines', async () => {
    must(await made(await bench.machine()));
    const wrong = { reference: 'quay.io/calico/cni:v3.32.1', arch: 'arm64', id: 'sha256:other' };
    const taker = await bench.machine({ images: [wrong] });
    must(await loaded(taker));
    expect(must(await taker.docker.images.inspect('quay.io/calico/cni:v3.32.1', signal))).toMatchObject({
      arch: 'amd64',
    });
  });

  test('a manifest that is not the one known before is refused before anything is put in place', async () => {
    must(await made(await bench.machine()));
    const taker = await bench.machine();
    const path = join(taker.folder.manifests, 'v3.32.1', 'calico.yaml');
    must(await manifestsOf('manifest', { ...taker, signal }));
    await writeFile(`${path}.sha256`, `${'0'.repeat(64)}\n`);
    expect(await loaded(taker)).toMatchObject({ error: { code: 'bundle-manifest-differs' } });
    expect(taker.docker.images.loaded).toEqual([]);
  });

  test('takes only the bundle that is meant', async () => {
    const { fingerprint } = must(await made(await bench.machine()));
    const taker = await bench.machine();
    expect(await loaded(taker, 'f'.repeat(16))).toMatchObject({
      error: { code: 'bundle-other-fingerprint', message: expect.stringContaining(fingerprint) as string },
    });
    expect(await readdir(taker.folder.root)).toEqual([]);
  });

  test('no file, and no engine that bundles serve', async () => {
    const taker = await bench.machine();
    expect(await loaded(taker)).toMatchObject({ error: { code: 'no-such-file' } });
    must(await made(await bench.machine()));
    const other = await bench.machine({ engine: { arch: 'riscv64' } });
    expect(await loaded(other)).toMatchObject({ error: { code: 'bundle-other-platform' } });
    await rm(file);
  });
});
