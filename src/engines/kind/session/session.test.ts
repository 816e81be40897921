/** What becomes of a session when things around it go: the engine of containers, its start, its end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { FakeDocker, type FakeRun } from '../../../../test/support/fake-docker.ts';
import { err, ok } from '../../../base/result.ts';
import type { Belongings, LabSession, SessionStatus } from '../../../lab/ports.ts';
import { formatPlace, WORKSTATION } from '../../../model/place.ts';
import { smallEnvironment } from '../../small-lab.contract.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kindFolder } from '../data-folder.ts';
import { networkName, nodeContainers, ownContainer } from '../names.ts';
import { kindEngine, type KindEngineOptions } from './engine.ts';
import type { RaisedCluster } from './parts.ts';

const { signal } = new AbortController();
const NAME = 'underlay-abcdef-small-0001';
const environment = smallEnvironment();

const temporary: string[] = [];
afterEach(async () => {
  for (const folder of temporary.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface Scene {
  /** The data folder. */
  readonly data: string;
  readonly docker: FakeDocker;
  readonly told: string[];
  readonly open: (change?: {
    readonly kept?: boolean;
    readonly afterwards?: KindEngineOptions['afterwards'];
    readonly belongings?: Belongings;
  }) => ReturnType<ReturnType<typeof kindEngine>['open']>;
}

/** A cluster of containers in memory; `answers` are those of programs. */
async function scene(
  answers: (
    run: FakeRun,
  ) => ReturnType<NonNullable<ConstructorParameters<typeof FakeDocker>[0]>['exec'] & object> = () => '',
): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'underlay-session-'));
  temporary.push(folder);
  const docker = new FakeDocker({
    images: ['image'],
    exec: (run) => (run.line.includes('--watch') ? endless(run.signal) : answers(run)),
  });
  const nodes = nodeContainers(NAME, environment.topology);
  await docker.networks.create({ name: networkName(NAME), labels: {} }, signal);
  const own = [
    ownContainer(NAME, 'workstation'),
    ...environment.topology.nodes.map(({ name }) => ownContainer(NAME, 'sidecar', name)),
    ...environment.topology.routers.map(({ name }) => ownContainer(NAME, 'router', name)),
    ...environment.topology.hosts.map(({ name }) => ownContainer(NAME, 'host', name)),
  ];
  for (const name of [...nodes.values(), ...own])
    expect(
      await docker.containers.run({ name, image: 'image', labels: {}, network: networkName(NAME) }, signal),
    ).toMatchObject({ ok: true });
  const cluster: Cluster = {
    ...{ name: NAME, lab: 'small', topology: environment.topology, docker, nodes },
    folder: kindFolder(folder).cluster(NAME),
  };
  const told: string[] = [];
  const tell = (what: string) => () => {
    told.push(what);
    return Promise.resolve(ok(undefined));
  };
  const raised: Omit<RaisedCluster, 'kept'> = {
    ...{ cluster, mend: tell('mend'), keep: tell('keep'), remove: tell('remove') },
    release: async () => void (await tell('release')()),
  };
  return {
    data: folder,
    docker,
    told,
    open: ({ kept = false, afterwards, belongings } = {}) =>
      kindEngine({
        parts: {
          preflight: () => Promise.resolve(undefined),
          raise: () => Promise.resolve(ok({ ...raised, kept })),
        },
        ...(afterwards ? { afterwards } : {}),
      }).open(environment, { signal, ...(belongings ? { belongings } : {}) }),
  };
}

/** Until it is given up. */
const endless = (given: AbortSignal): Promise<string> =>
  new Promise((resolve) => given.addEventListener('abort', () => resolve('')));

async function opened(made: ReturnType<Scene['open']>): Promise<LabSession> {
  const session = await made;
  if (!session.ok) throw new Error(session.error.message);
  return session.value;
}

test('a cluster is kept once the lab is whole on it, and when the learner leaves', async () => {
  const { open, told } = await scene();
  const session = await opened(open());
  expect(told).toEqual(['keep']);
  await session.dispose();
  await session.dispose();
  expect(told).toEqual(['keep', 'release']);
});

test('or removed, where that is wished', async () => {
  const { open, told } = await scene();
  await (await opened(open({ afterwards: 'delete' }))).dispose();
  expect(told).toEqual(['keep', 'remove']);
  told.length = 0;
  // What counts is the wish at the end.
  let wish: 'keep' | 'delete' = 'keep';
  const session = await opened(open({ afterwards: () => wish }));
  wish = 'delete';
  await session.dispose();
  expect(told).toEqual(['keep', 'remove']);
});

test('one that was kept is not given the lab again', async () => {
  const { open, docker } = await scene();
  await (await opened(open())).dispose();
  docker.calls.length = 0;
  const again = await opened(open({ kept: true }));
  expect(docker.calls.filter((call) => call.includes('apply'))).toEqual([]);
  await again.dispose();
});

test('a desk that was made anew gets the lab’s files and the learner’s own, and others keep theirs', async () => {
  const isNew = ({ container, line }: FakeRun): boolean =>
    container === ownContainer(NAME, 'workstation') && line.includes('test -e');
  let lost = false;
  const { open, docker } = await scene((run) => (lost && isNew(run) ? 1 : ''));
  await (await opened(open())).dispose();
  docker.calls.length = 0;
  lost = true;
  const own = { files: { '/home/learner/mine.txt': 'aGk=' }, history: [] };
  const again = await opened(open({ kept: true, belongings: { places: { workstation: own } } }));
  const written = docker.calls.filter((call) => call.includes('writeFiles'));
  expect(written).toHaveLength(2);
  expect(written.every((call) => call.includes('workstation'))).toBe(true);
  expect(again.belongings()).toEqual({ places: { workstation: own } });
  await again.dispose();
});

test('a lab that cannot be put on it leaves nothing', async () => {
  const stderr = 'Error from server (Invalid): 20-web.yaml\n';
  const { open, told } = await scene(({ line }) =>
    line.startsWith('kubectl apply') ? { exitCode: 1, stderr } : '',
  );
  expect(await open()).toMatchObject({
    ok: false,
    error: { code: 'lab-start-failed', message: expect.stringContaining('20-web.yaml') as string },
  });
  expect(told).toEqual(['remove']);
});

test('a data folder that cannot be written leaves nothing either', async () => {
  const { open, told, data } = await scene();
  await writeFile(join(data, 'kind'), 'in the way');
  expect(await open()).toMatchObject({ ok: false, error: { code: 'data-folder-unwritable' } });
  expect(told).toEqual(['remove']);
});

test('an engine that goes away fails the session, with what is to be done', async () => {
  const { open, docker } = await scene();
  const session = await opened(open());
  const states: SessionStatus[] = [];
  session.onStatus((status) => void states.push(status));
  docker.goAway();
  expect(states).toMatchObject([
    { state: 'failed', error: { code: 'docker-gone', remedy: expect.any(String) as string } },
  ]);
  expect(await session.exec(WORKSTATION, ['true'], signal)).toMatchObject({ ok: false });
  expect(await session.objects({ resource: 'pods' }, signal)).toMatchObject({ ok: false });
  expect(session.belongings()).toEqual({ places: {} });
  await session.dispose();
});

test('places are the topology’s and the pods that run', async () => {
  const { open } = await scene(({ line }) => (line.includes('get pods') ? 'default web Running\n' : ''));
  const session = await opened(open());
  expect(session.places().map(formatPlace)).toEqual([
    'workstation',
    ...['control-plane', 'node1', 'node2', 'node3'].map((node) => `node/${node}`),
    ...['pod/web', 'router/router', 'host/outside'],
  ]);
  await session.dispose();
});

test('what a container says is an answer, and what the engine says an error', async () => {
  const gone = { code: 'no-such-container', message: 'There is none.', remedy: 'Start over.' };
  const { open } = await scene(({ line }) => (line === 'lost' ? { fails: gone } : line === 'false' ? 1 : ''));
  const session = await opened(open());
  expect(await session.exec(WORKSTATION, ['false'], signal)).toMatchObject({
    ok: true,
    value: { exitCode: 1 },
  });
  expect(await session.exec(WORKSTATION, ['lost'], signal)).toEqual(err(gone));
  await session.dispose();
});

test('a terminal that is closed says that it was hung up, once', async () => {
  const { open } = await scene();
  const session = await opened(open());
  const shell = await session.shell(WORKSTATION, { columns: 80, rows: 24 });
  if (!shell.ok) throw new Error(shell.error.message);
  const codes: number[] = [];
  shell.value.onExit(({ code }) => void codes.push(code));
  shell.value.close();
  await session.dispose();
  expect(codes).toEqual([129]);
});
