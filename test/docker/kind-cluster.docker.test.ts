/**
 * Clusters by the real kind CLI on a real Docker Engine, with stub nodes: made, opened again, and removed; what goes wrong
 * midway; what is left behind and found. What a node does by itself (systemd, kubeadm, Kubernetes) is not run here.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Progress } from '../../src/lab/ports.ts';
import { createCluster, failureLog } from '../../src/engines/kind/cluster/create.ts';
import { deleteCluster } from '../../src/engines/kind/cluster/delete.ts';
import { readJournal } from '../../src/engines/kind/cluster/journal.ts';
import { clean, leftovers } from '../../src/engines/kind/cluster/leftovers.ts';
import type { CreateOptions } from '../../src/engines/kind/cluster/making.ts';
import {
  idleClusters,
  keepCluster,
  openCluster,
  releaseCluster,
} from '../../src/engines/kind/cluster/open.ts';
import { clusterName, LABELS } from '../../src/engines/kind/names.ts';
import { cidr, cidrsOverlap } from '../../src/model/ip.ts';
import { Bench, INSTALLATION, SMALL } from './support/cluster-bench.ts';
import { full, must, onEngine } from './support/engine.ts';
import { kindLacking } from './support/kind-cli.ts';

const NEVER = new AbortController().signal;

/** Bytes that a node is made to write. */
const STORED = 3_000_000;
const WRITTEN = 1_000_000;

/** In which a creation can be given up, and how a node is made to stay in it. */
const PHASES = [
  ['Making the network', undefined],
  ['Looking for the node image', undefined],
  ['Starting the machines', undefined],
  ['Configuring Kubernetes', undefined],
  ['Starting the control plane', 'hang-init'],
  ['Installing storage', undefined],
  ['Joining worker nodes', 'hang-join'],
] as const;

onEngine('clusters by the real kind on stub nodes', (engine) => {
  describe.skipIf(kindLacking !== undefined)(kindLacking ?? 'with kind v0.32.0', () => {
    const bench = new Bench(engine);
    beforeAll(() => bench.setUp());
    afterAll(() => bench.tearDown());

    test('a cluster is made, kept, opened again and removed without a trace', async () => {
      const { means, wish } = await bench.lab();
      const told: Progress[] = [];
      const laid: string[] = [];
      const made = await createCluster(wish, means, {
        signal: NEVER,
        onProgress: (progress) => told.push(progress),
        onNode: async ({ node, container }, signal) => {
          laid.push(node);
          const ran = await means.docker.containers.exec(
            container,
            ['ip', 'link', 'set', 'lo', 'mtu', '1400'],
            { signal },
          );
          return ran.ok ? { ok: true, value: undefined } : ran;
        },
      });
      const cluster = must(made);
      expect([...cluster.nodes]).toEqual([
        ['control-plane', `${wish.name}-control-plane`],
        ['node1', `${wish.name}-worker`],
        ['node2', `${wish.name}-worker2`],
      ]);
      expect(laid.toSorted()).toEqual(['control-plane', 'node1', 'node2']);
      const fractions = told.map(({ fraction = 0 }) => fraction);
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
      expect(fractions.at(-1)).toBe(1);
      expect([...new Set(told.map(({ phase }) => phase))]).toEqual([
        'Making the network',
        'Looking for the node image',
        'Starting the machines',
        'Configuring Kubernetes',
        'Starting the control plane',
        'Installing storage',
        'Joining worker nodes',
      ]);
      const config = await engine.cli('exec', `${wish.name}-worker`, 'cat', '/kind/kubeadm.conf');
      const join_ = config.split('---').find((part) => part.includes('kind: JoinConfiguration')) ?? '';
      expect(join_).toContain('node-ip: 10.0.0.11');
      expect(join_).toContain('node-labels: disk=fast');
      expect(join_).toContain('\n  name: node1\n');
      expect(await readFile(cluster.folder.kubeconfig, 'utf8')).toContain(`name: kind-${wish.name}`);
      expect(await readFile(cluster.folder.log, 'utf8')).toContain('✓ Joining worker nodes');
      expect(await readJournal(cluster.folder)).toMatchObject({
        state: 'creating',
        cluster: wish.name,
        lab: 'small',
      });

      must(await keepCluster(cluster));
      expect(must(await leftovers(means, NEVER)), 'ours while we live').toEqual([]);
      expect(await idleClusters('small', SMALL, means)).toEqual([]);
      must(await releaseCluster(cluster));
      expect(must(await leftovers(means, NEVER))).toMatchObject([
        { name: wish.name, lab: 'small', kind: 'idle', containers: 3 },
      ]);
      const fill = `head -c ${STORED} /dev/zero > /var/stored; head -c ${WRITTEN} /dev/zero > /etc/written`;
      await engine.cli('exec', `${wish.name}-worker`, 'sh', '-c', fill);
      await engine.cli('stop', '--time', '0', ...cluster.nodes.values());
      const [stopped] = must(await leftovers(means, NEVER));
      expect(stopped).toMatchObject({ kind: 'stopped' });
      // Nodes keep what they store in a volume without a name, and change little besides.
      expect(stopped?.size).toBeGreaterThanOrEqual(STORED + WRITTEN);
      const [idle] = await idleClusters('small', SMALL, means);
      if (!idle) throw new Error('nothing idle');
      expect(must(await openCluster(idle, SMALL, means, NEVER)).nodes).toEqual(cluster.nodes);
      expect((await engine.cli('ps', '--format', '{{.Names}}')).trim().split('\n')).toHaveLength(3);
      expect(await clean([wish.name], means, { signal: NEVER })).toMatchObject({
        error: { code: 'cluster-in-use' },
      });

      must(await deleteCluster(wish.name, means, { signal: NEVER }));
      await bench.expectNothing(wish.name);
      must(await deleteCluster(wish.name, means, { signal: NEVER }));
    });

    test.each([
      ['fail-init', 'kubeadm-init-failed'],
      ['fail-join', 'kubeadm-join-failed'],
      ['die', 'inotify-exhausted'],
    ] as const)('a node that is told to %s is %s, and nothing stays', async (order, code) => {
      const { means, wish } = await bench.lab(order);
      const made = await createCluster(wish, means, { signal: NEVER });
      expect(made).toMatchObject({ ok: false, error: { code } });
      expect(await readFile(failureLog(means), 'utf8')).toContain(`==> ${wish.name}-control-plane <==`);
      await bench.expectNothing(wish.name);
    });

    test('a name that somebody else took meanwhile', async () => {
      const { means, wish } = await bench.lab();
      await engine.sleeper({ name: 'squatter', labels: { 'io.x-k8s.kind.cluster': wish.name } });
      const made = await createCluster(wish, means, { signal: NEVER });
      expect(made).toMatchObject({ ok: false, error: { code: 'cluster-exists' } });
    });

    test('an image that is not there, and kind not there either', async () => {
      const { means, wish } = await bench.lab();
      const env = { ...means.env, UNDERLAY_NODE_IMAGE: 'underlay-test/node:none' };
      expect(await createCluster(wish, { ...means, env }, { signal: NEVER })).toMatchObject({
        error: { code: 'no-such-image' },
      });
      const { kind: _, ...without } = means;
      expect(await createCluster(wish, without, { signal: NEVER })).toMatchObject({
        error: { code: 'kind-missing' },
      });
      await bench.expectNothing(wish.name);
    });

    test('a subnet that another network has is passed over', async () => {
      await engine.cli('network', 'create', '--subnet', '172.31.0.0/23', 'taken');
      const { means, wish } = await bench.lab('fail-init');
      let subnets = '';
      await createCluster(wish, means, {
        signal: NEVER,
        onNode: async () => {
          const format = '{{range .IPAM.Config}}{{.Subnet}} {{end}}';
          subnets = await engine.cli('network', 'inspect', '--format', format, wish.name);
          return { ok: true, value: undefined };
        },
      });
      await engine.cli('network', 'rm', 'taken');
      expect(cidrsOverlap(cidr(subnets.trim()), cidr('172.31.0.0/23')), subnets).toBe(false);
    });

    test('a hook that fails ends the making', async () => {
      const { means, wish } = await bench.lab('hang-init');
      const error = { code: 'fabric-failed', message: 'No.', remedy: 'None.' };
      const made = await createCluster(wish, means, {
        signal: NEVER,
        onNode: ({ node }) =>
          Promise.resolve(node === 'node1' ? { ok: false, error } : { ok: true, value: undefined }),
      });
      expect(made).toEqual({ ok: false, error });
      await bench.expectNothing(wish.name);
    });

    test.each(full ? PHASES : PHASES.slice(4, 5))(
      'given up while %s: nothing stays',
      async (phase, order) => {
        const { means, wish } = await bench.lab(...(order ? [order] : []));
        const { options, reached } = givenUpAt(phase);
        const made = await createCluster(wish, means, options);
        expect(reached()).toBe(true);
        expect(made).toMatchObject({ ok: false, error: { code: 'interrupted' } });
        await bench.expectNothing(wish.name);
      },
    );

    test('what is left without a journal is found by its labels; what is not ours is left alone', async () => {
      const { means } = await bench.lab();
      const [lost, bare, foreign] = [
        clusterName(INSTALLATION, 'lost', '0001'),
        clusterName(INSTALLATION, 'bare', '0002'),
        clusterName('fedcba', 'theirs', '0003'),
      ];
      await engine.sleeper({ name: `${lost}-worker`, labels: { 'io.x-k8s.kind.cluster': lost } });
      await engine.sleeper({
        name: `${lost}-router-router`,
        labels: { [LABELS.cluster]: lost, [LABELS.role]: 'router' },
      });
      await engine.cli(
        'network',
        'create',
        '--subnet',
        '172.27.9.0/24',
        '--label',
        `${LABELS.cluster}=${bare}`,
        bare,
      );
      await engine.sleeper({ name: `${foreign}-worker`, labels: { 'io.x-k8s.kind.cluster': foreign } });
      await engine.sleeper({ name: 'kind-control-plane', labels: { 'io.x-k8s.kind.cluster': 'kind' } });
      expect(must(await leftovers(means, NEVER))).toMatchObject([
        { name: bare, kind: 'unfinished', containers: 0 },
        { name: lost, kind: 'unfinished', containers: 2 },
      ]);
      expect(await clean([foreign], means, { signal: NEVER })).toMatchObject({ error: { code: 'not-ours' } });
      const { kind: _, ...without } = means;
      must(await clean([bare, lost], without, { signal: NEVER }));
      expect(must(await leftovers(means, NEVER))).toEqual([]);
      const left = (await engine.cli('ps', '--format', '{{.Names}}')).trim().split('\n');
      expect(left.toSorted()).toEqual(
        [
          ...(left.includes('squatter') ? ['squatter'] : []),
          'kind-control-plane',
          `${foreign}-worker`,
        ].toSorted(),
      );
    });
  });
});

/** A creation that is given up as soon as it is in that phase. */
function givenUpAt(phase: string): { readonly options: CreateOptions; readonly reached: () => boolean } {
  const giving = new AbortController();
  return {
    options: {
      signal: giving.signal,
      onProgress: (progress) => {
        if (progress.phase === phase) giving.abort();
      },
    },
    reached: () => giving.signal.aborted,
  };
}
