/**
 * Accidents while the real kind makes a cluster of stub nodes: our process is killed, the engine goes away, the disk is full,
 * two begin at once. Each ends in a state that has a name, and is cleaned up from there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCluster } from '../../src/engines/kind/cluster/create.ts';
import { deleteCluster } from '../../src/engines/kind/cluster/delete.ts';
import { kindFailed } from '../../src/engines/kind/cluster/errors.ts';
import { readJournal } from '../../src/engines/kind/cluster/journal.ts';
import { kindEnvironment, runKind } from '../../src/engines/kind/cluster/kind-cli.ts';
import { kindConfig } from '../../src/engines/kind/cluster/kind-config.ts';
import { findKind } from '../../src/engines/kind/cluster/kind-binary.ts';
import { clean, leftovers } from '../../src/engines/kind/cluster/leftovers.ts';
import { lives } from '../../src/engines/kind/cluster/owner.ts';
import { kindFolder } from '../../src/engines/kind/data-folder.ts';
import { connectDocker } from '../../src/engines/kind/docker/connect.ts';
import { clusterName } from '../../src/engines/kind/names.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { bundleForNode } from '../support/bundle.ts';
import { Bench, INSTALLATION, SMALL } from './support/cluster-bench.ts';
import { CuttableSocket } from './support/cuttable-socket.ts';
import { must, onEngineAtLength } from './support/engine.ts';
import { kindLacking } from './support/kind-cli.ts';
import { must as program } from './support/programs.ts';

const NEVER = new AbortController().signal;

onEngineAtLength('accidents while the real kind makes stub nodes', (engine) => {
  describe.skipIf(kindLacking !== undefined)(kindLacking ?? 'with kind v0.32.0', () => {
    const bench = new Bench(engine);
    beforeAll(() => bench.setUp());
    afterAll(() => bench.tearDown());

    test('the real kind says the version that we ask for', async () => {
      const { means } = await bench.lab();
      const { folder, kind: path = '', home } = means;
      const found = await findKind({
        folder,
        env: { UNDERLAY_KIND_BIN: path },
        platform: 'linux',
        home,
        arch: 'x64',
        signal: NEVER,
      });
      expect(must(found)).toMatchObject({ path, from: 'UNDERLAY_KIND_BIN' });
    });

    test.each(['two-racks', 'tor-bgp', 'dual-stack'])(
      'the configuration of %s passes the strict decoder of the real kind, and its validation',
      async (name) => {
        const { means, wish } = await bench.lab();
        const path = join(import.meta.dirname, `../../labs/topologies/${name}.yaml`);
        const topology = parseTopology(path, readFileSync(path, 'utf8'));
        if (!topology.ok) throw new Error(path);
        const image = means.env['UNDERLAY_NODE_IMAGE'] ?? '';
        const accepted = new AbortController();
        await runKind(means.kind ?? '', {
          argv: ['create', 'cluster', '--config', '-', '--kubeconfig', join(means.home, 'kubeconfig')],
          environment: kindEnvironment(means, wish.name),
          signal: accepted.signal,
          stdin: kindConfig(wish.name, topology.value, image),
          // Said after the configuration has been decoded and validated, before anything is made of it.
          onLine: (line) => {
            if (line === `Creating cluster "${wish.name}" ...`) accepted.abort();
          },
        });
        expect(accepted.signal.aborted).toBe(true);
        must(await deleteCluster(wish.name, means, { signal: NEVER }));
        // kind itself made the network that was not there: it carries no label of ours.
        await engine.cli('network', 'rm', '--force', wish.name);
      },
    );

    test('the strict decoder refuses what it does not know', async () => {
      const { means, wish } = await bench.lab();
      const ended = await runKind(means.kind ?? '', {
        argv: ['create', 'cluster', '--config', '-', '--kubeconfig', join(means.home, 'kubeconfig')],
        environment: kindEnvironment(means, wish.name),
        signal: NEVER,
        stdin: `${kindConfig(wish.name, SMALL, 'image')}bogus: true\n`,
      });
      const { log, exitCode } = must(ended);
      expect(exitCode).toBe(1);
      expect(kindFailed({ log, exitCode, host: '', platform: 'linux' }).code).toBe('kind-config-refused');
    });

    test('a kind that is given nothing makes nothing: what is left when we die before we hand over', async () => {
      const { means, wish } = await bench.lab();
      const died = { code: 'died', message: '', remedy: '' };
      const pids: number[] = [];
      const ended = await runKind(means.kind ?? '', {
        argv: ['create', 'cluster', '--name', wish.name, '--config', '-'],
        environment: kindEnvironment(means, wish.name),
        signal: NEVER,
        stdin: kindConfig(wish.name, SMALL, means.env['UNDERLAY_NODE_IMAGE'] ?? ''),
        onStart: (pid) => {
          pids.push(pid);
          return Promise.resolve({ ok: false, error: died });
        },
      });
      expect(ended).toEqual({ ok: false, error: died });
      expect(pids).toHaveLength(1);
      await bench.expectNothing(wish.name);
    });

    test.each([
      ['Starting the machines', []],
      ['Starting the control plane', ['hang-init']],
      ['Joining worker nodes', ['hang-join']],
    ] as const)(
      'our process is killed while %s: what it left is found, and cleaned up',
      async (phase, orders) => {
        const { means, wish } = await bench.lab(...orders);
        await killedIn(phase, {
          ...means.env,
          DOCKER_HOST: engine.host,
          TEST_CLUSTER: wish.name,
          TEST_TOPOLOGY: JSON.stringify(wish.topology),
          TEST_DATA: bench.folder,
          TEST_INSTALLATION: INSTALLATION,
          TEST_KIND: means.kind,
        });
        const journal = await readJournal(means.folder.cluster(wish.name));
        if (!journal?.owner || !journal.child) throw new Error('no journal of a creation');
        expect(journal.state).toBe('creating');
        expect(await lives(journal.owner)).toBe(false);
        expect(must(await leftovers(means, NEVER))).toMatchObject([
          { name: wish.name, lab: 'small', kind: 'unfinished' },
        ]);
        must(await clean([wish.name], means, { signal: NEVER }));
        expect(await lives(journal.child)).toBe(false);
        expect(must(await leftovers(means, NEVER))).toEqual([]);
        await bench.expectNothing(wish.name);
      },
    );

    test('the engine goes away midway: the state has a name, and is cleaned up when it is back', async () => {
      const { means, wish } = await bench.lab('hang-init');
      const way = new CuttableSocket(join(bench.folder, 'docker.sock'), engine.host.replace('unix://', ''));
      await way.connect();
      const docker = must(
        await connectDocker({ env: { DOCKER_HOST: way.host }, platform: 'linux', home: means.home }),
      );
      const made = await createCluster(
        wish,
        { ...means, docker },
        {
          signal: NEVER,
          onProgress: ({ phase }) => {
            if (phase === 'Starting the control plane') void way.cut();
          },
        },
      );
      expect(made).toMatchObject({ ok: false });
      if (!made.ok) expect(['docker-gone', 'kubeadm-init-failed']).toContain(made.error.code);
      expect(await readJournal(means.folder.cluster(wish.name))).toMatchObject({ state: 'deleting' });
      expect(await leftovers({ ...means, docker }, NEVER)).toMatchObject({ error: { code: 'docker-gone' } });
      await way.connect();
      const found = must(await leftovers({ ...means, docker }, NEVER));
      expect(found).toMatchObject([{ name: wish.name, lab: 'small', kind: 'unfinished' }]);
      must(await clean([wish.name], { ...means, docker }, { signal: NEVER }));
      await way.cut();
      await bench.expectNothing(wish.name);
    });

    test('a full disk: nothing is begun', async () => {
      const { means, wish } = await bench.lab();
      const small = join(bench.folder, 'small-disk');
      await mkdir(small);
      await program(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
      try {
        const folder = kindFolder(small);
        await mkdir(folder.clusters, { recursive: true });
        await writeFile(join(small, 'filling'), Buffer.alloc(64 * 1024)).catch(() => undefined);
        const made = await createCluster(wish, { ...means, folder }, { signal: NEVER });
        expect(made).toMatchObject({ ok: false, error: { code: 'disk-full' } });
      } finally {
        await program(['umount', small]);
      }
      await bench.expectNothing(wish.name);
    });

    test('two that begin at once are made one after the other', async () => {
      const [first, second] = [await bench.lab('fail-init'), await bench.lab('fail-init')];
      const told: string[] = [];
      const run = async ({ means, wish }: typeof first): Promise<void> => {
        await createCluster(wish, means, {
          signal: NEVER,
          onProgress: ({ phase }) => told.push(`${wish.name}: ${phase}`),
        });
        told.push(`${wish.name}: ended`);
      };
      await Promise.all([run(first), run(second)]);
      const at = (wish: { readonly name: string }, phase: string): number =>
        told.indexOf(`${wish.name}: ${phase}`);
      const [leads, follows] =
        at(first.wish, 'ended') < at(second.wish, 'ended')
          ? [first.wish, second.wish]
          : [second.wish, first.wish];
      expect(at(follows, 'Waiting for another cluster to be made')).toBeGreaterThan(-1);
      expect(at(follows, 'Making the network')).toBeGreaterThan(at(leads, 'Cleaning up'));
      await bench.expectNothing(leads.name);
      await bench.expectNothing(follows.name);
    });

    test('kind finds what we find', async () => {
      const { means } = await bench.lab();
      const name = clusterName(INSTALLATION, 'lost', 'beef');
      await engine.sleeper({ name: `${name}-worker`, labels: { 'io.x-k8s.kind.cluster': name } });
      const listed = await runKind(means.kind ?? '', {
        argv: ['get', 'clusters'],
        environment: kindEnvironment(means),
        signal: NEVER,
      });
      expect(must(listed).stdout.split('\n')).toContain(name);
      must(await clean([name], means, { signal: NEVER }));
    });
  });
});

/** Makes a cluster in another process, and kills that without warning as soon as it is in the phase. */
async function killedIn(phase: string, env: NodeJS.ProcessEnv): Promise<void> {
  using bundle = await bundleForNode('test/docker/support/create-cluster.ts');
  const child = spawn(process.execPath, [bundle.file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line === phase) child.kill('SIGKILL');
  }
  const [, signal] = (await ended) as [number | null, string | null];
  expect(signal, said.join('\n')).toBe('SIGKILL');
}
