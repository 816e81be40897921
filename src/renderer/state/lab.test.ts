import { describe, expect, test } from 'vitest';
import { LAB, VERDICTS } from '../../../test/renderer-harness/canned-steps.ts';
import {
  answers,
  refuses,
  settled,
  StageClock,
  StageHost,
} from '../../../test/renderer-harness/stage-host.ts';
import { err, ok } from '../../base/result.ts';
import type { LabView } from '../../contract/api.ts';
import type { StepVerdict } from '../../lab/verdict.ts';
import { Client } from '../client.ts';
import { strings } from '../strings.ts';
import { LabState } from './lab.svelte.ts';
import { Notices } from './notices.svelte.ts';

const [failing, , passing] = VERDICTS['switch-pool'] ?? [];
if (failing === undefined || passing === undefined) throw new Error('the canned lab has no verdicts');

const withStep = (view: LabView, id: string, change: Partial<LabView['steps'][number]>): LabView => ({
  ...view,
  steps: view.steps.map((step) => (step.id === id ? { ...step, ...change } : step)),
});
const predicted = (choice: string): LabView => {
  const prediction = LAB.steps[0]?.prediction;
  return prediction === undefined
    ? LAB
    : withStep(LAB, 'switch-pool', { prediction: { ...prediction, chosen: choice } });
};

async function opened(
  more: StageHost['handlers'] = {},
): Promise<{ host: StageHost; lab: LabState; notices: Notices; clock: StageClock }> {
  const host = new StageHost({ 'lab.open': answers(LAB), 'lab.close': answers(null), ...more });
  const clock = new StageClock();
  const client = new Client(host.connect, clock);
  const notices = new Notices();
  const lab = new LabState(client, notices, { lab: LAB.lab });
  client.start();
  await lab.start();
  return { host, lab, notices, clock };
}

describe('starting', () => {
  test('shows the first step and a terminal of the workstation', async () => {
    const { lab } = await opened();
    expect(lab.phase).toBe('open');
    expect(lab.step?.id).toBe('switch-pool');
    expect(lab.terminals.tabs.map((tab) => tab.place)).toEqual(['workstation']);
  });

  test('that fails says why and may be tried again', async () => {
    const { lab, host } = await opened({ 'lab.open': refuses('too-many-sessions') });
    expect([lab.phase, lab.problem?.code]).toEqual(['failed', 'too-many-sessions']);
    host.handlers['lab.open'] = answers(LAB);
    await lab.start();
    expect([lab.phase, lab.problem]).toEqual(['open', undefined]);
  });

  test('tells how far the engine is, of this lab alone, until it begins anew', async () => {
    const host = new StageHost({ 'lab.open': answers(LAB), 'lab.close': answers(null) });
    const client = new Client(host.connect, new StageClock());
    const lab = new LabState(client, new Notices(), { lab: LAB.lab, engine: 'kind' });
    client.start();
    const starting = lab.start();
    await settled();
    const progress = { phase: 'Preparing nodes', fraction: 0.1, log: ['a line'] };
    host.feed('lab.opening', { lab: 'other', engine: 'kind', progress: { phase: 'Elsewhere' } });
    host.feed('lab.opening', { lab: LAB.lab, engine: 'kind', progress });
    host.feed('lab.opening', { lab: LAB.lab, engine: 'kind', progress: { ...progress, log: ['another'] } });
    await starting;
    expect(host.called('lab.open')).toEqual([{ lab: LAB.lab, engine: 'kind' }]);
    expect([lab.opening.progress?.phase, lab.opening.log]).toEqual([
      'Preparing nodes',
      ['a line', 'another'],
    ]);
    void lab.start();
    expect([lab.opening.progress, lab.opening.log]).toEqual([undefined, []]);
  });

  test('that is given up is given up on the host', async () => {
    const host = new StageHost({ 'lab.open': refuses('opening-cancelled'), 'lab.cancel': answers(null) });
    const client = new Client(host.connect, new StageClock());
    const lab = new LabState(client, new Notices(), { lab: LAB.lab, engine: 'kind' });
    client.start();
    const starting = lab.start();
    lab.end();
    await starting;
    expect(host.called('lab.cancel')).toEqual([{ lab: LAB.lab, engine: 'kind' }]);
  });

  test('that was on its way for long is told to be given up, and when it is', async () => {
    const host = new StageHost({
      'lab.open': () => new Promise(() => undefined),
      'lab.cancel': answers(null),
    });
    const [client, notices] = [new Client(host.connect, new StageClock()), new Notices()];
    const lab = new LabState(client, notices, { lab: LAB.lab, engine: 'kind' });
    client.start();
    void lab.start();
    await settled();
    host.feed('lab.opening', { lab: LAB.lab, engine: 'kind', progress: { phase: 'Preparing nodes' } });
    lab.end();
    await settled();
    expect(notices.toasts.map(({ text }) => text)).toEqual([
      'Given up. What is there already is being removed.',
      'The real cluster was given up, and is removed.',
    ]);
  });

  test('that ends before the host answered leaves no session behind', async () => {
    const host = new StageHost({ 'lab.open': answers(LAB), 'lab.close': answers(null) });
    const client = new Client(host.connect, new StageClock());
    const lab = new LabState(client, new Notices(), { lab: LAB.lab });
    client.start();
    const starting = lab.start();
    lab.end();
    await starting;
    await settled();
    expect(host.called('lab.close')).toEqual([{ session: LAB.session }]);
  });
});

test('the learner’s files are listed captures first, and not at all when the host cannot tell', async () => {
  const { lab, host } = await opened({
    'file.list': answers(['/root/a.txt', '/root/b.pcap', '/tmp/c.pcapng']),
  });
  expect(await lab.listFiles('node/node1')).toEqual(['/root/b.pcap', '/tmp/c.pcapng', '/root/a.txt']);
  host.handlers['file.list'] = refuses('unknown-place');
  expect(await lab.listFiles('nowhere')).toEqual([]);
});

describe('checking', () => {
  test('waits for the prediction of the step', async () => {
    const { lab, host, notices } = await opened();
    await lab.check();
    expect(host.called('lab.check')).toEqual([]);
    expect(notices.toasts.map((toast) => toast.text)).toEqual([strings.steps.checkNeedsPrediction]);
  });

  test('shows the verdict, announces it, and stays at the step when it passes', async () => {
    const { lab, host, notices } = await opened({
      'lab.predict': answers(predicted('vxlan')),
      'lab.check': answers<StepVerdict>(failing),
    });
    await lab.predict('vxlan');
    await lab.check();
    expect(lab.step?.verdict).toEqual(failing);
    expect(notices.announcement).toBe('1 of 3 checks pass.');
    host.handlers['lab.check'] = answers<StepVerdict>(passing);
    await lab.check();
    expect([lab.step?.id, lab.passedCount, lab.nextStep?.id]).toEqual(['switch-pool', 1, 'read-routes']);
    lab.selectNext();
    expect(lab.step?.id).toBe('read-routes');
  });

  test('asks once while a check is running', async () => {
    const { lab, host } = await opened({ 'lab.check': () => new Promise(() => undefined) });
    lab.select('read-routes');
    void lab.check();
    void lab.check();
    await settled();
    expect(host.called('lab.check')).toEqual([{ session: LAB.session, step: 'read-routes' }]);
    expect(lab.busy).toBe('check');
  });

  test('that the host cannot do is a message, not a verdict', async () => {
    const { lab, notices } = await opened({ 'lab.check': refuses('internal') });
    lab.select('read-routes');
    await lab.check();
    expect(lab.step?.verdict).toBeUndefined();
    expect(notices.toasts).toMatchObject([{ tone: 'problem', text: 'It failed with internal.' }]);
  });
});

describe('what the host says of the lab', () => {
  test('replaces the view; other sessions are none of its business', async () => {
    const { lab, host } = await opened();
    host.feed('lab', { ...LAB, session: 's2', title: 'another' });
    expect(lab.view?.title).toBe(LAB.title);
    host.feed('lab', { ...LAB, places: ['workstation'] });
    expect(lab.view?.places).toEqual(['workstation']);
  });

  test('a failed engine takes the terminals with it, a restart brings both back', async () => {
    const { lab, host } = await opened({ 'lab.restart': answers(LAB) });
    const problem = { code: 'engine-crashed', message: 'It stopped.', remedy: 'Restart.' };
    host.feed('lab', { ...LAB, status: 'failed', problem });
    expect([lab.view?.problem, lab.terminals.active?.status]).toEqual([problem, 'waiting']);
    await lab.restart();
    expect(lab.view?.status).toBe('ready');
  });

  test('a session it has forgotten is started again by the learner', async () => {
    const { lab } = await opened({ 'lab.hint': refuses('unknown-session') });
    await lab.hint();
    expect([lab.phase, lab.view, lab.problem?.code]).toEqual(['failed', undefined, 'unknown-session']);
  });
});

test('a reset goes back to the first step', async () => {
  const { lab, notices } = await opened({ 'lab.reset': answers(LAB) });
  lab.select('break-it');
  await lab.reset();
  expect(lab.step?.id).toBe('switch-pool');
  expect(notices.toasts.map((toast) => toast.text)).toEqual([strings.lab.resetDone]);
});

test('a connection that returns finds the session again', async () => {
  const { lab, host, clock } = await opened();
  host.drop();
  host.handlers['lab.open'] = answers({ ...LAB, session: 's9' });
  clock.elapse(1000);
  await settled();
  expect(lab.view?.session).toBe('s9');
});

test('a file of the lab comes as its bytes', async () => {
  const { lab, notices } = await opened({
    'file.read': ({ path }) =>
      Promise.resolve(
        path === '/tmp/a.pcap'
          ? ok({ base64: 'AP8=', name: 'a.pcap' })
          : err({ code: 'no-file', message: 'No.', remedy: 'Look.' }),
      ),
  });
  expect(await lab.readFile('node/node1', '/tmp/a.pcap')).toEqual({
    name: 'a.pcap',
    bytes: new Uint8Array([0, 255]),
  });
  expect(await lab.readFile('node/node1', '/nope')).toBeUndefined();
  expect(notices.toasts).toMatchObject([{ text: 'No.', remedy: 'Look.' }]);
});

describe('a lab that was left', () => {
  const LEFT: LabView = {
    ...LAB,
    arrival: { kind: 'returned', elapsed: 200_000 },
    desk: { places: ['workstation', 'pod/gone', 'node/node1'], active: 2 },
  };

  test('is entered where it was left: its terminals are open, and the note says so until it is read', async () => {
    const { lab, notices, host } = await opened({ 'lab.open': answers(LEFT) });
    expect(lab.terminals.tabs.map((tab) => tab.place)).toEqual(['workstation', 'node/node1']);
    expect(lab.terminals.active?.place).toBe('node/node1');
    expect(notices.announcement).toBe(
      'You are where you left off, 3 minutes into the lab. Lab time stood still while you were away.',
    );
    expect(lab.arrival).toEqual(LEFT.arrival);
    lab.takeNote();
    expect(lab.arrival).toBeUndefined();
    // The host's next word about the lab does not bring it back.
    host.feed('lab', LEFT);
    expect(lab.arrival).toBeUndefined();
  });

  test('is started over by a reset, which ends the note', async () => {
    const { lab } = await opened({ 'lab.open': answers(LEFT), 'lab.reset': answers(LAB) });
    await lab.reset();
    expect(lab.arrival).toBeUndefined();
  });

  test.each(['lab-changed', 'app-changed', 'unreadable'] as const)(
    'starts afresh and says why: %s',
    async (why) => {
      const { lab, notices } = await opened({
        'lab.open': answers<LabView>({ ...LAB, arrival: { kind: 'fresh', why } }),
      });
      expect(notices.announcement).toBe(strings.lab.fresh[why]);
      expect(lab.terminals.tabs.map((tab) => tab.place)).toEqual(['workstation']);
    },
  );

  test('is told which terminals are open, but not what it opened by itself', async () => {
    const { lab, host } = await opened({ 'lab.desk': answers(null) });
    expect(host.called('lab.desk')).toEqual([]);
    lab.terminals.open('node/node1');
    const [first] = lab.terminals.tabs;
    if (first !== undefined) lab.terminals.close(first);
    lab.terminals.open('node/node1');
    lab.end();
    const { session } = LAB;
    expect(host.called('lab.desk')).toEqual([
      { session, places: ['workstation', 'node/node1'], active: 1 },
      { session, places: ['node/node1'], active: 0 },
    ]);
  });
});

describe('going back to the start of a step', () => {
  test('shows the step, open again, and says so', async () => {
    const { lab, notices, host } = await opened({ 'lab.restore': answers(predicted('vxlan')) });
    const second = lab.steps[1];
    if (second === undefined) throw new Error('the canned lab has one step');
    await lab.goBack(second);
    expect(host.called('lab.restore')).toEqual([{ session: LAB.session, step: second.id }]);
    expect([lab.step?.id, lab.busy]).toEqual([second.id, undefined]);
    expect(notices.toasts.map((toast) => toast.text)).toEqual([strings.steps.wentBack(2)]);
  });

  test('that the host cannot do leaves everything as it is', async () => {
    const { lab, notices } = await opened({ 'lab.restore': refuses('no-step-start') });
    const [first] = lab.steps;
    if (first !== undefined) await lab.goBack(first);
    expect(notices.toasts).toMatchObject([{ tone: 'problem' }]);
    expect(lab.view).toEqual(LAB);
  });
});
