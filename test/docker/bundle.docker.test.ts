/**
 * Offline bundles with a real engine: made of real images, checked, and taken in by a machine that has nothing and no
 * network; the engine's own finders then find everything. The images are small stand-ins under the real names; what saves,
 * packs, kills, resumes and loads is real.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ok, type Result } from '../../src/base/result.ts';
import { PATHS } from '../../src/cli/paths.ts';
import { createBundle, type BundleAbout, type BundleMeans } from '../../src/engines/kind/bundle/create.ts';
import { loadBundle } from '../../src/engines/kind/bundle/load.ts';
import { partFileOf } from '../../src/engines/kind/bundle/writer.ts';
import { serveBundle } from '../../src/engines/kind/bundle/serve.ts';
import { verifyBundle } from '../../src/engines/kind/bundle/verify.ts';
import { prepareCalico } from '../../src/engines/kind/calico/install.ts';
import { findKind } from '../../src/engines/kind/cluster/kind-binary.ts';
import { ensureNodeImage, NODE_IMAGE_TAG } from '../../src/engines/kind/cluster/node-image.ts';
import { kindFolder } from '../../src/engines/kind/data-folder.ts';
import { archiveOf } from '../../src/engines/kind/docker/archive.ts';
import type { ImageState } from '../../src/engines/kind/docker/docker.ts';
import { toolImage, toolImageOf, TOOL_IMAGE_LABEL } from '../../src/engines/kind/fabric/tool-image.ts';
import type { LabError } from '../../src/lab/ports.ts';
import { bundleBench, sha256, type BundleBench } from '../support/bundle-bench.ts';
import { bundleForNode } from '../support/bundle.ts';
import { BASE_IMAGE, full, must, onEngine } from './support/engine.ts';
import { must as program } from './support/programs.ts';

const NEVER = new AbortController().signal;

const CALICO = [
  'quay.io/calico/cni:v3.32.1',
  'quay.io/calico/node:v3.32.1',
  'registry.k8s.io/e2e-test-images/agnhost:2.53',
  'quay.io/calico/ctl:v3.32.1',
];
/** Bytes of a stand-in's layer, which no compression makes fewer. */
const LAYER = 2_000_000;

/** The same, but for what is said. */
function instead<T extends object>(whole: T, change: Partial<T>): T {
  return new Proxy(whole, {
    get(target, key) {
      const own: unknown = Reflect.get(key in change ? change : target, key);
      return typeof own === 'function' && !(key in change) ? (own.bind(target) as unknown) : own;
    },
  });
}

onEngine('offline bundles', ({ docker: connected, cli, host }) => {
  let bench: BundleBench;
  let folder: string;
  let file: string;
  let about: BundleAbout;
  let tools: string;
  const ids = new Map<string, string>();

  /** A machine with this engine and nothing else. */
  async function machine(change: Partial<BundleMeans> = {}): Promise<BundleMeans> {
    return { ...(await bench.machine()), docker: await connected(), ...change };
  }

  beforeAll(async () => {
    bench = await bundleBench();
    folder = await mkdtemp(join(tmpdir(), 'underlay-test-bundle-'));
    file = join(folder, 'underlay.bundle');
    tools = await toolImageOf(PATHS.toolImage);
    await makeImages();
  });
  afterAll(async () => {
    await removeImages();
    await bench.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function makeImages(): Promise<void> {
    const { images } = await connected();
    for (const reference of [NODE_IMAGE_TAG, ...CALICO]) {
      const layer = join(folder, 'layer.tar');
      const files = [
        { path: 'proof', content: Buffer.from('whole\n') },
        { path: 'bulk', content: randomBytes(LAYER) },
      ];
      await writeFile(layer, await archiveOf(files));
      await cli('import', layer, reference);
    }
    const context = { Dockerfile: Buffer.from(`FROM ${NODE_IMAGE_TAG}\n`) };
    const labels = { [TOOL_IMAGE_LABEL]: tools.split(':')[1] ?? '' };
    must(await images.build({ context, labels, args: {}, network: 'none', tag: tools }, { signal: NEVER }));
    for (const reference of [NODE_IMAGE_TAG, tools, ...CALICO])
      ids.set(reference, must(await images.inspect(reference, NEVER))?.id ?? '');
  }

  async function removeImages(): Promise<void> {
    for (const reference of ids.keys()) await cli('image', 'rm', '--force', reference).catch(() => undefined);
    for (const id of ids.values()) await cli('image', 'rm', '--force', id).catch(() => undefined);
  }

  /** Everything that making a cluster looks for, by those that look for it. */
  async function findsAll(means: BundleMeans): Promise<void> {
    const { docker } = means;
    const { folder: data, toolImageFolder } = means;
    const asked = bench.asked.length;
    const kind = must(await findKind({ ...means, env: {}, home: '/nonexistent', signal: NEVER }));
    expect(kind).toMatchObject({ from: 'data folder', pinned: true });
    expect(await program([kind.path, 'version'])).toMatch(/^kind v0\.32\.0 /);
    const parts = must(
      await prepareCalico(docker, { install: 'manifest' }, { folder: data, env: {}, signal: NEVER }),
    );
    expect([...parts.images].sort()).toEqual(CALICO.filter((image) => !image.includes('/ctl:')).sort());
    expect(must(await ensureNodeImage(docker, {}, { folder: data, signal: NEVER }))).toBe(NODE_IMAGE_TAG);
    expect(must(await toolImage(docker, { folder: toolImageFolder, env: {}, signal: NEVER }))).toBe(tools);
    for (const [reference, id] of ids)
      expect(must(await docker.images.inspect(reference, NEVER))?.id, reference).toBe(id);
    expect(bench.asked.length).toBe(asked);
  }

  test('a making that is killed goes on where it was', { timeout: 240_000 }, async () => {
    const means = await machine();
    using script = await bundleForNode('test/docker/support/create-bundle.ts');
    const data = await mkdtemp(join(folder, 'data-'));
    const env = {
      PATH: process.env['PATH'],
      DOCKER_HOST: host,
      TEST_FILE: file,
      TEST_DATA: data,
      TEST_TOOL_IMAGE_FOLDER: PATHS.toolImage,
      TEST_RELEASE: JSON.stringify(means.release),
      TEST_FROM: means.from,
    };
    const child = spawn(process.execPath, [script.file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    // In the middle of an image: something of it is written.
    for await (const line of createInterface({ input: child.stdout }))
      if (/^Adding registry.*agnhost.*: .* of \d+ MB$/.test(line)) child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    const left = (await stat(partFileOf(file))).size;

    const phases = new Set<string>();
    const mine = { ...means, folder: kindFolder(data) };
    about = must(
      await createBundle({ file, installs: ['manifest'] }, mine, {
        signal: NEVER,
        onProgress: ({ phase }) => phases.add(phase),
      }),
    );
    expect(left).toBeGreaterThan(LAYER);
    expect(
      [...phases].filter((phase) => phase.startsWith('Adding')).map((phase) => phase.split(' ')[1]),
    ).toEqual(['registry.k8s.io/e2e-test-images/agnhost:2.53', 'quay.io/calico/ctl:v3.32.1']);
    expect(about.manifest.members.map(({ part }) => part.is)).toEqual([
      ...['manifest', 'kind', 'kind'],
      ...['image', 'image', 'image', 'image', 'image', 'image'],
    ]);
    expect(must(await verifyBundle(file, means, { signal: NEVER }))).toEqual(about);
    // Whoever has no Underlay at hand can look into it.
    expect((await program(['tar', '--list', '--file', file])).split('\n').slice(0, 3)).toEqual([
      'underlay-bundle.json',
      'manifests/v3.32.1/calico.yaml',
      'kind/kind-v0.32.0-linux-amd64',
    ]);
  });

  test('a machine with nothing takes it in, and needs no network', { timeout: 240_000 }, async () => {
    await removeImages();
    bench.cut();
    const taker = await machine();
    const loaded = must(await loadBundle({ from: file }, taker, { signal: NEVER }));
    expect(loaded.fingerprint).toBe(about.fingerprint);
    expect(loaded.parts.filter(({ wasThere }) => wasThere)).toEqual([]);
    await findsAll(taker);
    // What has no name goes when somebody tidies up: everything has one.
    await cli('image', 'prune', '--force');
    await findsAll(taker);
    const { containers } = taker.docker;
    await cli('create', '--name', 'underlay-test-proof', '--network', 'none', NODE_IMAGE_TAG, 'nothing');
    expect(String(must(await containers.readFile('underlay-test-proof', '/proof', { signal: NEVER })))).toBe(
      'whole\n',
    );
    must(await containers.remove('underlay-test-proof', NEVER));
    const again = must(await loadBundle({ from: file }, taker, { signal: NEVER }));
    expect(again.parts.filter(({ wasThere }) => !wasThere)).toEqual([]);
  });

  test(
    'from the instructor’s machine too, and on an engine where something has the node image’s tag',
    { timeout: 240_000 },
    async () => {
      await removeImages();
      await cli('tag', BASE_IMAGE, NODE_IMAGE_TAG);
      const theirs = must(await (await connected()).images.inspect(BASE_IMAGE, NEVER))?.id;
      const stop = new AbortController();
      const serving = must(await serveBundle(file, { address: '127.0.0.1', port: 0, signal: stop.signal }));
      const taker = await machine();
      const { docker, folder: data } = taker;
      // As an engine says it that has it from a registry, and not from an archive.
      const images = instead(docker.images, {
        inspect: async (...asked) => {
          const found = await docker.images.inspect(...asked);
          if (!found.ok || found.value === undefined || found.value.id !== theirs) return found;
          return ok({ ...found.value, digests: ['kindest/node@sha256:0000'] });
        },
      });
      const picky = { ...taker, docker: instead(docker, { images }) };
      must(await loadBundle({ from: serving.url }, picky, { signal: NEVER }));
      expect(must(await docker.images.inspect(NODE_IMAGE_TAG, NEVER))?.id).toBe(theirs);
      const name = must(await ensureNodeImage(picky.docker, {}, { folder: data, signal: NEVER }));
      expect(name).toBe('underlay/node:v1.35.5');
      expect(must(await docker.images.inspect(name, NEVER))?.id).toBe(ids.get(NODE_IMAGE_TAG));
      await cli('image', 'rm', name);
      stop.abort();
      await serving.closed;
    },
  );

  test(
    'images of another platform are borrowed from the engine, and serve engines of that platform',
    { timeout: 240_000 },
    async () => {
      await removeImages();
      const fresh = await bundleBench();
      const maker = { ...(await fresh.machine()), docker: await connected() };
      const { docker } = maker;
      must(await loadBundle({ from: file }, maker, { signal: NEVER }));
      const [own = '', absent = ''] = CALICO;
      await cli('image', 'rm', absent);
      const layer = await archiveOf([{ path: 'proof', content: randomBytes(LAYER) }]);
      // In the place of a registry that has both, and of a builder that can run the other's programs.
      const fetched = async (
        reference: string,
        labels: Readonly<Record<string, string>> = {},
      ): Promise<Result<ImageState, LabError>> => {
        const name = reference.split('@')[0] ?? '';
        const config = {
          ...{ architecture: 'arm64', os: 'linux', config: { Labels: labels } },
          rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
        };
        const archive = await archiveOf([
          { path: 'config.json', content: Buffer.from(JSON.stringify(config)) },
          { path: 'layer.tar', content: layer },
          {
            path: 'manifest.json',
            content: Buffer.from(
              JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]),
            ),
          },
        ]);
        must(await docker.images.load(Readable.from([archive]), { signal: NEVER }));
        const image = must(await docker.images.inspect(name, NEVER));
        if (!image) throw new Error(name);
        return ok(image);
      };
      const images = instead(docker.images, {
        pull: (reference) => fetched(reference),
        build: ({ tag, labels }) => fetched(tag, labels),
        inspect: (reference, signal) => docker.images.inspect(reference.split('@')[0] ?? '', signal),
      });
      const foreign = join(folder, 'foreign.bundle');
      must(
        await createBundle(
          { file: foreign, installs: ['manifest'], platforms: ['linux/arm64'] },
          { ...maker, docker: instead(docker, { images }) },
          { signal: NEVER },
        ),
      );
      for (const [reference, id] of ids)
        expect(must(await docker.images.inspect(reference, NEVER))?.id, reference).toBe(
          reference === absent ? undefined : id,
        );
      expect(own).not.toBe(absent);

      await removeImages();
      const mac = await machine({ platform: 'darwin', arch: 'arm64' });
      const engine = { ...docker.engine, arch: 'arm64' };
      const taker = { ...mac, docker: instead(docker, { engine }) };
      const loaded = must(await loadBundle({ from: foreign }, taker, { signal: NEVER }));
      expect(loaded.parts.map(({ name }) => name)).toContain('kind v0.32.0 for darwin-arm64');
      for (const reference of ids.keys())
        expect(must(await docker.images.inspect(reference, NEVER))?.arch, reference).toBe('arm64');
      await fresh.close();
    },
  );

  test('an archive that is cut on its way into the engine leaves no image', async () => {
    await removeImages();
    const taker = await machine();
    const { docker } = taker;
    const bytes = await readFile(file);
    const archive = bytes.subarray(-3_000_000, -1_000_000);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(archive);
      throw new Error('the stick was pulled out');
    }
    expect(await docker.images.load(broken(), { signal: NEVER })).toMatchObject({
      error: { code: 'archive-not-read' },
    });
    for (const reference of ids.keys())
      expect(must(await docker.images.inspect(reference, NEVER)), reference).toBeUndefined();
  });

  test('a full disk is told, and the making goes on once there is room', { timeout: 240_000 }, async () => {
    must(await loadBundle({ from: file }, await machine(), { signal: NEVER }));
    const small = join(folder, 'stick');
    await mkdir(small);
    await program(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small]);
    try {
      const fresh = await bundleBench();
      const maker = { ...(await fresh.machine()), docker: await connected() };
      const wish = { file: join(small, 'x.bundle'), installs: ['manifest'] } as const;
      expect(await createBundle(wish, maker, { signal: NEVER })).toMatchObject({
        error: { code: 'disk-full' },
      });
      const { size } = about;
      await program(['mount', '-o', `remount,size=${size + 1_000_000}`, small]);
      const made = must(await createBundle(wish, maker, { signal: NEVER }));
      expect(must(await verifyBundle(wish.file, maker, { signal: NEVER }))).toEqual(made);
      await fresh.close();
    } finally {
      await program(['umount', small]);
    }
  });

  test.runIf(full)('memory stays flat while a large image passes', { timeout: 600_000 }, async () => {
    const fresh = await bundleBench();
    const maker = { ...(await fresh.machine()), docker: await connected() };
    must(await loadBundle({ from: file }, await machine(), { signal: NEVER }));
    const bulk = join(folder, 'bulk');
    await program(['dd', 'if=/dev/urandom', `of=${bulk}`, 'bs=1M', 'count=400', 'status=none']);
    await program(['tar', '--create', '--file', `${bulk}.tar`, '--directory', folder, 'bulk']);
    await cli('import', `${bulk}.tar`, CALICO[0] ?? '');
    const large = join(folder, 'large.bundle');
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    must(await createBundle({ file: large, installs: ['manifest'] }, maker, { signal: NEVER }));
    must(await verifyBundle(large, maker, { signal: NEVER }));
    await cli('image', 'rm', '--force', CALICO[0] ?? '');
    must(await loadBundle({ from: large }, await machine(), { signal: NEVER }));
    clearInterval(watch);
    expect((await stat(large)).size).toBeGreaterThan(400_000_000);
    expect(most - before).toBeLessThan(200_000_000);
    await fresh.close();
  });
});
