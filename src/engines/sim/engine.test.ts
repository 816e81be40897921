/** The engine as hosts use it: real workers, bundled for this test. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleForNode } from '../../../test/support/bundle.ts';
import type { LabEngine } from '../../lab/ports.ts';
import { WORKSTATION } from '../../model/place.ts';
import { labFaultsContract } from '../lab-faults.contract.ts';
import { labCaptureContract } from '../lab-capture.contract.ts';
import { labClockContract } from '../lab-clock.contract.ts';
import { labHistoryContract } from '../lab-history.contract.ts';
import { labSessionContract } from '../lab-session.contract.ts';
import { openSession, openShell, SIGNAL, smallEnvironment } from '../small-lab.contract.ts';
import { simEngine, type SimEngine } from './engine.ts';
import { WorkerSession } from './worker-session.ts';

let bundle: Awaited<ReturnType<typeof bundleForNode>>;
/** Shared, as in a host: each session leaves it to make the next spare. */
let engine: SimEngine;

beforeAll(async () => {
  bundle = await bundleForNode('src/engines/sim/worker.ts');
  engine = simEngine({ worker: bundle.file });
}, 60_000);

afterAll(async () => {
  await engine.dispose();
  bundle[Symbol.dispose]();
});

labSessionContract('a session in a worker', (): LabEngine => engine);
labFaultsContract('a session in a worker', (): LabEngine => engine);
labHistoryContract('a session in a worker', (): LabEngine => engine);
labCaptureContract('a session in a worker', (): LabEngine => engine);
labClockContract('a session in a worker', (): LabEngine => engine);

test('preflight finds nothing against any lab', async () => {
  expect(await engine.preflight(smallEnvironment())).toBeUndefined();
});

describe('a worker that dies', () => {
  const noOther = (): Promise<never> => Promise.reject(new Error('nothing is forked here'));
  const opened = async (): Promise<readonly [Worker, WorkerSession]> => {
    const worker = new Worker(bundle.file);
    const environment = smallEnvironment();
    const session = await WorkerSession.open(worker, noOther, {
      environment,
      belongings: { places: {} },
      signal: SIGNAL,
    });
    if (!session.ok) throw new Error(session.error.message);
    return [worker, session.value];
  };

  test('under questions and terminals: all are told, and the belongings go on in a new session', async () => {
    const [worker, session] = await opened();
    const [stream, screen] = await openShell(session);
    stream.write(new TextEncoder().encode('echo mine > own.txt\r'));
    await screen.until(/own\.txt\r\n.*\$ $/);
    await expect.poll(() => Object.keys(session.belongings().places)).toEqual(['workstation']);

    const states: string[] = [];
    session.onStatus(({ state }) => void states.push(state));
    const question = session.exec(WORKSTATION, ['kubectl', 'get', 'pods', '--watch'], SIGNAL);
    const exit = new Promise((resolve) => void stream.onExit(resolve));
    await worker.terminate();
    expect(await question).toMatchObject({ ok: false, error: { code: 'engine-crashed' } });
    expect(await exit).toEqual({ code: 129 });
    expect(states).toEqual(['failed']);
    expect(session.status).toMatchObject({ state: 'failed', error: { code: 'engine-crashed' } });

    expect(await session.objects({ resource: 'pods' }, SIGNAL)).toMatchObject({
      error: { code: 'engine-crashed' },
    });
    expect(await session.reset(SIGNAL)).toMatchObject({ error: { code: 'engine-crashed' } });
    const belongings = session.belongings();
    await session.dispose();
    expect(session.status.state).toBe('failed');

    const second = await openSession(engine, belongings);
    const read = await second.exec(WORKSTATION, ['cat', 'own.txt'], SIGNAL);
    expect(read).toMatchObject({ value: { stdout: 'mine\n' } });
    expect(second.belongings()).toEqual(belongings);
    await second.dispose();
  });

  test('while a lab is built makes an error of it', async () => {
    const worker = new Worker(bundle.file);
    const environment = smallEnvironment();
    const opening = WorkerSession.open(worker, noOther, {
      environment,
      belongings: { places: {} },
      signal: SIGNAL,
    });
    await worker.terminate();
    expect(await opening).toMatchObject({ ok: false, error: { code: 'engine-crashed' } });
  });

  test('as a spare is not used', async () => {
    const file = join(dirname(bundle.file), 'dies-once.mjs');
    const died = join(dirname(bundle.file), 'died');
    writeFileSync(
      file,
      `import { existsSync, writeFileSync } from 'node:fs';
       if (existsSync(${JSON.stringify(died)})) await import('./bundle.mjs');
       else { writeFileSync(${JSON.stringify(died)}, ''); process.exit(1); }`,
    );
    const unlucky = simEngine({ worker: file, rehearse: smallEnvironment() });
    await unlucky.warmed();
    const session = await openSession(unlucky);
    expect(await session.exec(WORKSTATION, ['true'], SIGNAL)).toMatchObject({ value: { exitCode: 0 } });
    await session.dispose();
    await unlucky.dispose();
  });
});

test('a lab that is given up while it is built is not opened, and its worker ends', async () => {
  const control = new AbortController();
  const opening = engine.open(smallEnvironment(), { signal: control.signal });
  control.abort();
  expect(await opening).toMatchObject({ ok: false, error: { code: 'interrupted' } });
});

test('a start state that cannot be built is told by the message of the tool', async () => {
  const environment = smallEnvironment();
  const text = 'apiVersion: v1\nkind: Pot\nmetadata: { name: x }\n';
  const start = [...environment.start, { file: '30-pot.yaml', text }];
  expect(await engine.open({ ...environment, start }, { signal: SIGNAL })).toMatchObject({
    ok: false,
    error: { code: 'lab-start-failed', message: expect.stringContaining('30-pot.yaml: error: ') as string },
  });
});

test('an engine that is over opens nothing more', async () => {
  const over = simEngine({ worker: bundle.file });
  await over.dispose();
  expect(await over.open(smallEnvironment(), { signal: SIGNAL })).toMatchObject({ ok: false });
});
