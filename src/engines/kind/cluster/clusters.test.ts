/** The life of clusters without Docker: an engine in memory, and a program that prints what the real kind printed. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDocker, refusal } from '../../../../test/support/fake-docker.ts';
import type { Progress } from '../../../lab/ports.ts';
import { cidr, ipv4 } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import { kindFolder } from '../data-folder.ts';
import { KIND_CLUSTER_LABEL, LABELS } from '../names.ts';
import { configHash, createCluster } from './create.ts';
import { deleteCluster } from './delete.ts';
import golden from './kind-output.golden.json' with { type: 'json' };
import { readJournal, writeJournal, type Journal } from './journal.ts';
import { clean, leftovers } from './leftovers.ts';
import type { ClusterMeans, CreateOptions } from './making.ts';
import { idleClusters, keepCluster, openCluster, releaseCluster } from './open.ts';
import { ourselves } from './owner.ts';

const NEVER = new AbortController().signal;
const NAME = 'underlay-abc123-lab-0001';
const IMAGE = 'underlay-test/node:1';

const LAB: Topology = {
  name: 'lab',
  segments: [{ name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 }],
  routers: [],
  nodes: (['control-plane', 'node1'] as const).map((name, index) => ({
    name,
    role: index === 0 ? 'control-plane' : 'worker',
    segment: 'rack-a',
    address: { address: ipv4(`10.0.0.${10 + index}`), length: 24 },
    gateway: ipv4('10.0.0.1'),
    labels: {},
  })),
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

let data = '';
let docker: FakeDocker;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'underlay-clusters-'));
  docker = new FakeDocker({ images: [IMAGE] });
});
afterEach(() => rm(data, { recursive: true, force: true }));

const folder = (name = NAME): ReturnType<ReturnType<typeof kindFolder>['cluster']> =>
  kindFolder(data).cluster(name);

const means = (change: Partial<ClusterMeans> = {}): ClusterMeans => ({
  docker,
  folder: kindFolder(data),
  installation: 'abc123',
  env: { PATH: process.env['PATH'], KUBECONFIG: '/home/me/.kube/config', UNDERLAY_NODE_IMAGE: IMAGE },
  platform: 'linux',
  home: data,
  ...change,
});

/** A program that does as kind does on creation: reads its configuration, prints that transcript, ends so. */
async function printing(transcript: keyof typeof golden.transcripts, exitCode = 0): Promise<string> {
  const path = join(data, 'kind-that-prints');
  await writeFile(
    path,
    `#!${process.execPath}
const { readFileSync, writeFileSync } = require('node:fs');
if (process.argv[2] === 'delete') process.exit(0);
const config = readFileSync(0, 'utf8');
writeFileSync(${JSON.stringify(join(data, 'asked.json'))}, JSON.stringify({ argv: process.argv.slice(2), env: process.env, config }));
console.error(${JSON.stringify(golden.transcripts[transcript])});
process.exitCode = ${exitCode};
`,
  );
  await chmod(path, 0o755);
  return path;
}

function addNodes(state: 'running' | 'exited' = 'running'): void {
  for (const suffix of ['control-plane', 'worker'])
    docker.containers.add({
      name: `${NAME}-${suffix}`,
      labels: { [KIND_CLUSTER_LABEL]: NAME },
      volumes: [`var-${suffix}`],
      created: 1_767_225_700_000,
      state,
    });
}

const create = async (
  kind: Promise<string>,
  options: Partial<CreateOptions> = {},
): ReturnType<typeof createCluster> =>
  createCluster({ name: NAME, lab: 'lab', topology: LAB }, means({ kind: await kind }), {
    signal: NEVER,
    ...options,
  });

const journal = (change: Partial<Journal> = {}): Journal => ({
  format: 1,
  cluster: NAME,
  lab: 'lab',
  state: 'ready',
  network: NAME,
  image: IMAGE,
  kind: 'v0.32.0',
  config: configHash(LAB),
  created: 1_767_225_800_000,
  volumes: [],
  ...change,
});

test('a creation: journal and network first, kind alone with our kubeconfig, every node told', async () => {
  const laid: string[] = [];
  const told: Progress[] = [];
  const made = await create(printing('made'), {
    onProgress: (progress) => {
      const before = told.at(-1)?.phase;
      told.push(progress);
      if (before === 'Making the network' && docker.containers.all.size === 0) addNodes();
    },
    onNode: ({ node, container }) => {
      laid.push(`${node} in ${container}`);
      return Promise.resolve({ ok: true, value: undefined });
    },
  });
  expect(made).toMatchObject({ ok: true, value: { name: NAME, lab: 'lab' } });
  expect(laid.toSorted()).toEqual([`control-plane in ${NAME}-control-plane`, `node1 in ${NAME}-worker`]);
  const asked = JSON.parse(await readFile(join(data, 'asked.json'), 'utf8')) as {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly config: string;
  };
  expect(asked.argv).toEqual(
    `create cluster --name ${NAME} --config - --retain --kubeconfig ${folder().kubeconfig}`.split(' '),
  );
  expect(asked.env['KUBECONFIG']).toBeUndefined();
  expect(asked.env).toMatchObject({
    DOCKER_HOST: docker.endpoint.host,
    KIND_EXPERIMENTAL_PROVIDER: 'docker',
    KIND_EXPERIMENTAL_DOCKER_NETWORK: NAME,
  });
  expect(asked.config).toBe(await readFile(folder().config, 'utf8'));
  expect(docker.networks.all.get(NAME)?.spec.labels).toEqual({
    [LABELS.cluster]: NAME,
    [LABELS.role]: 'network',
  });
  expect(await readJournal(folder())).toMatchObject({ state: 'creating', owner: await ourselves() });
  expect(told.flatMap(({ log = [] }) => log)).toEqual(golden.transcripts.made.split('\n'));
  expect(existsSync(join(data, 'kind', 'creating.lock'))).toBe(false);
  expect(docker.watches).toBe(0);
});

test.each([
  ['init fails', 'kubeadm-init-failed'],
  ['machine ends', 'node-not-started'],
] as const)('a creation in which %s: its error, and nothing stays', async (transcript, code) => {
  const made = await create(printing(transcript, 1), {
    onProgress: ({ phase }) => {
      if (phase === 'Looking for the node image' && docker.containers.all.size === 0) addNodes();
    },
  });
  expect(made).toMatchObject({ error: { code } });
  expect([...docker.containers.all.keys()]).toEqual([]);
  expect([...docker.networks.all.keys()]).toEqual(['bridge']);
  expect([...docker.volumes.all.keys()]).toEqual([]);
  expect(existsSync(folder().root)).toBe(false);
  expect(await readFile(join(data, 'kind', 'last-failure.log'), 'utf8')).toContain('ERROR: failed to create');
});

test('no network can be had: nothing is asked of kind', async () => {
  docker.failOn(
    'networks.create',
    refusal({ says: 'all predefined address pools have been fully subnetted' }),
  );
  expect(await create(printing('made'))).toMatchObject({ error: { code: 'address-pool-exhausted' } });
  expect(existsSync(join(data, 'asked.json'))).toBe(false);
  expect(existsSync(folder().root)).toBe(false);
});

test('a subnet that the engine does not give is followed by the next', async () => {
  docker.failOn(
    'networks.create',
    refusal({ says: 'Pool overlaps with other one on this address space' }),
    2,
  );
  expect(await create(printing('init fails', 1))).toMatchObject({ error: { code: 'kubeadm-init-failed' } });
  expect(docker.calls.filter((call) => call.startsWith('networks.create'))).toHaveLength(3);
});

test('the engine goes away while it is cleaned up behind a failure: the journal says deleting', async () => {
  const made = await create(printing('init fails', 1), {
    onProgress: ({ phase }) => {
      if (phase === 'Cleaning up') docker.goAway();
    },
  });
  expect(made).toMatchObject({ error: { code: 'kubeadm-init-failed' } });
  expect(await readJournal(folder())).toMatchObject({ state: 'deleting' });
  docker.comeBack();
  expect(await leftovers(means(), NEVER)).toMatchObject({ value: [{ name: NAME, kind: 'unfinished' }] });
  expect(await clean([NAME], means(), { signal: NEVER })).toEqual({ ok: true, value: undefined });
  expect(existsSync(folder().root)).toBe(false);
});

test('nodes that the engine is still making when it is given up go too', async () => {
  const labels = { [KIND_CLUSTER_LABEL]: NAME };
  for (const name of [`${NAME}-control-plane`, `${NAME}-worker`])
    docker.containers.late.set(name, { name, labels, state: 'created' });
  const giving = new AbortController();
  const given = await create(printing('made'), {
    signal: giving.signal,
    onProgress: ({ phase }) => {
      if (phase === 'Configuring Kubernetes') giving.abort();
    },
  });
  expect(given).toMatchObject({ error: { code: 'interrupted' } });
  expect([docker.containers.late.size, docker.containers.all.size]).toEqual([0, 0]);
  expect(existsSync(folder().root)).toBe(false);
});

test('UNDERLAY_DOCKER_BIN must have the name by which kind calls it', async () => {
  const env = { UNDERLAY_DOCKER_BIN: '/opt/shim.sh' };
  const wish = { name: NAME, lab: 'lab', topology: LAB };
  expect(await createCluster(wish, means({ env, kind: '/bin/true' }), { signal: NEVER })).toMatchObject({
    error: { code: 'docker-cli-name' },
  });
});

test('volumes are noted before their containers go, and removed if they stay', async () => {
  await writeJournal(folder(), journal({ volumes: ['left-behind'] }));
  docker.volumes.all.set('left-behind', 5);
  docker.volumes.all.set('not-ours', 5);
  addNodes();
  docker.failOn('remove', refusal({ says: 'device or resource busy' }), 20);
  expect(await deleteCluster(NAME, means(), { signal: NEVER })).toMatchObject({ ok: false });
  expect(await readJournal(folder())).toMatchObject({
    state: 'deleting',
    volumes: ['left-behind', 'var-control-plane', 'var-worker'],
  });
  for (let round = 0; round < 5; round += 1) await deleteCluster(NAME, means(), { signal: NEVER });
  expect([...docker.volumes.all.keys()]).toEqual(['not-ours']);
  expect(existsSync(folder().root)).toBe(false);
});

test('what an engine says to have removed and still has is told by name', async () => {
  await writeJournal(folder(), journal());
  addNodes();
  await docker.networks.create({ name: NAME, labels: { [LABELS.cluster]: NAME } }, NEVER);
  docker.networks.remove = () => Promise.resolve({ ok: true, value: undefined });
  expect(await deleteCluster(NAME, means(), { signal: NEVER })).toMatchObject({
    error: {
      code: 'cluster-not-removed',
      message: `The Docker Engine still has parts of ${NAME}: network ${NAME}.`,
    },
  });
  expect(await readJournal(folder())).toMatchObject({ state: 'deleting' });
});

test("another's cluster is never removed", async () => {
  await expect(deleteCluster('kind', means(), { signal: NEVER })).rejects.toThrow('not ours');
  expect(await clean(['underlay-fedcba-lab-0001'], means(), { signal: NEVER })).toMatchObject({
    error: { code: 'not-ours' },
  });
});

test('leftovers: what each is, how large, and what is in use by nobody', async () => {
  await writeJournal(folder(), journal());
  addNodes();
  docker.volumes.all.set('var-control-plane', 700);
  docker.volumes.all.set('var-worker', 300);
  docker.containers.written.set(`${NAME}-worker`, 24);
  docker.containers.add({ name: 'kind-control-plane', labels: { [KIND_CLUSTER_LABEL]: 'kind' } });
  const lost = 'underlay-abc123-lost-0002';
  docker.containers.add({ name: `${lost}-worker`, labels: { [KIND_CLUSTER_LABEL]: lost }, created: 1000 });
  await writeJournal(folder('underlay-abc123-used-0003'), journal({ owner: await ourselves() }));
  await mkdir(folder('underlay-abc123-torn-0004').root, { recursive: true });
  await writeFile(folder('underlay-abc123-torn-0004').journal, '{"format":1,"clus');
  const found = {
    ok: true,
    value: [
      { name: NAME, lab: 'lab', kind: 'idle', created: 1_767_225_800_000, containers: 2, size: 1024 },
      { name: lost, kind: 'unfinished', created: 1000, containers: 1, size: 0 },
      { name: 'underlay-abc123-torn-0004', kind: 'unfinished', containers: 0 },
    ],
  };
  expect(await leftovers(means(), NEVER)).toEqual(found);
  expect(await clean(['underlay-abc123-used-0003'], means(), { signal: NEVER })).toMatchObject({
    error: { code: 'cluster-in-use' },
  });
  const told: Progress[] = [];
  const names = found.value.map(({ name }) => name);
  const cleaned = await clean(names, means(), {
    signal: NEVER,
    onProgress: (progress) => told.push(progress),
  });
  expect(cleaned).toEqual({ ok: true, value: undefined });
  expect(told.at(-1)).toMatchObject({ detail: names.at(-1), fraction: 1 });
  expect(await leftovers(means(), NEVER)).toEqual({ ok: true, value: [] });
  expect([...docker.containers.all.keys()]).toEqual(['kind-control-plane']);
});

test('leftovers are told without their sizes when the engine does not come to count', async () => {
  addNodes();
  docker.failOn('diskUsage', refusal({ system: 'TIMEOUT', says: 'no answer' }));
  expect(await leftovers(means(), NEVER)).toEqual({
    ok: true,
    value: [{ name: NAME, kind: 'unfinished', created: 1_767_225_700_000, containers: 2 }],
  });
});

test('leftovers cannot be told while the engine is away', async () => {
  docker.goAway();
  expect(await leftovers(means(), NEVER)).toMatchObject({ error: { code: 'docker-gone' } });
});

test('a cluster that is kept is opened again, its stopped nodes are started, the first one first', async () => {
  await writeJournal(folder(), journal({ state: 'creating', owner: await ourselves() }));
  addNodes('exited');
  expect(await idleClusters('lab', LAB, means())).toEqual([]);
  await keepCluster({ folder: folder() });
  expect(await idleClusters('lab', LAB, means()), 'in use').toEqual([]);
  await releaseCluster({ folder: folder() });
  const [idle] = await idleClusters('lab', LAB, means());
  if (!idle) throw new Error('nothing idle');
  const opened = await openCluster(idle, LAB, means(), NEVER);
  expect(opened).toMatchObject({ ok: true, value: { name: NAME, lab: 'lab' } });
  const ids = ['control-plane', 'worker'].map((suffix) => docker.containers.all.get(`${NAME}-${suffix}`)?.id);
  expect(docker.calls.filter((call) => call.startsWith('start '))).toEqual(
    ids.map((id) => `start ${id ?? ''}`),
  );
  expect(await openCluster(idle, LAB, means(), NEVER)).toMatchObject({ error: { code: 'cluster-in-use' } });
  expect(await readJournal(folder())).toMatchObject({ owner: await ourselves() });
});

test('another topology, another lab, or a node that is gone: not opened', async () => {
  await writeJournal(folder(), journal());
  expect(await idleClusters('other', LAB, means())).toEqual([]);
  const changed = { ...LAB, podCidr: cidr('10.245.0.0/16') };
  expect(await idleClusters('lab', changed, means())).toEqual([]);
  expect(await openCluster(journal(), changed, means(), NEVER)).toMatchObject({
    error: { code: 'cluster-gone' },
  });
  expect(await openCluster(journal(), LAB, means(), NEVER)).toMatchObject({
    error: { code: 'cluster-gone' },
  });
});
