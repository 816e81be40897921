import { describe, expect, test } from 'vitest';
import { ENGINE_DOWN, FakeEngine, FakeSession } from '../../test/support/fake-session.ts';
import { smallLibrary } from '../../test/support/fake-services.ts';
import type { Result } from '../base/result.ts';
import type { ErrorBody, LabView } from '../contract/api.ts';
import { LabSessions } from './lab-sessions.ts';

function value<T>(result: Result<T, ErrorBody>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** A host whose labs have one switch each: `on` makes the step pass. */
function host(): {
  readonly labs: LabSessions;
  readonly engine: FakeEngine;
  readonly state: { on: boolean };
} {
  const state = { on: false };
  const make = () =>
    new FakeSession({ exec: () => (state.on ? 0 : 1), reach: () => ({ encapsulation: 'vxlan' }) });
  const engine = new FakeEngine(make);
  return { labs: new LabSessions(smallLibrary(), [engine]), engine, state };
}

const step = (view: LabView) => view.steps[0];

describe('opening a lab', () => {
  test('shows its steps, places and topology, and no answer', async () => {
    const view = value(await host().labs.open('small', 'sim'));
    expect(view).toEqual({
      session: view.session,
      lab: 'small',
      title: 'A small lab',
      engine: 'sim',
      status: 'ready',
      steps: [
        {
          id: 'first',
          title: 'The first step',
          task: 'Do it.',
          hints: { shown: [], total: 2 },
          start: 'kept',
          prediction: { ask: 'How?', choices: ['none', 'vxlan'] },
        },
      ],
      places: ['workstation', 'node/node1'],
      desk: { places: [], active: 0 },
      topology: { segments: [], routers: [], nodes: [], hosts: [] },
    });
  });

  test('twice, even at once, gives the same session', async () => {
    const { labs, engine } = host();
    const [one, two] = await Promise.all([labs.open('small', 'sim'), labs.open('small', 'sim')]);
    const three = await labs.open('small', 'sim');
    expect(new Set([one, two, three].map((opened) => value(opened).session)).size).toBe(1);
    expect(engine.opened).toHaveLength(1);
  });

  test.each([
    ['nothing', 'sim', 'unknown-lab'],
    ['constructor', 'sim', 'unknown-lab'],
    ['small', 'kind', 'engine-unavailable'],
  ] as const)('of %s on %s is %s', async (lab, engine, code) => {
    expect(await host().labs.open(lab, engine)).toMatchObject({ ok: false, error: { code } });
  });

  test('that the engine cannot run says why', async () => {
    const { labs, engine } = host();
    engine.refusal = ENGINE_DOWN;
    expect(await labs.open('small', 'sim')).toEqual({ ok: false, error: ENGINE_DOWN });
  });

  test('is offered on every engine it was written for, with what is in the way', async () => {
    const { labs, engine } = host();
    expect(await labs.offers('small')).toEqual({ ok: true, value: [{ engine: 'sim' }] });
    engine.refusal = ENGINE_DOWN;
    expect(await labs.offers('small')).toEqual({
      ok: true,
      value: [{ engine: 'sim', obstacle: ENGINE_DOWN }],
    });
    expect(await labs.offers('nothing')).toMatchObject({ error: { code: 'unknown-lab' } });
  });

  test('stops at a laptop’s worth', async () => {
    const library = smallLibrary();
    const entry = library.labs.get('small');
    if (!entry) throw new Error('no lab');
    const ids = Array.from({ length: 9 }, (_, at) => `lab-${at}`);
    const many = new Map(ids.map((id) => [id, { ...entry, spec: { ...entry.spec, id } }]));
    const labs = new LabSessions({ ...library, labs: many }, [new FakeEngine()]);
    const opened = await Promise.all(ids.map((id) => labs.open(id, 'sim')));
    expect(opened.map((result) => (result.ok ? 'open' : result.error.code))).toEqual([
      ...Array<string>(8).fill('open'),
      'too-many-sessions',
    ]);
  });

  test('while the host ends leaves nothing behind', async () => {
    const { labs, engine } = host();
    const opening = labs.open('small', 'sim');
    await labs.dispose();
    expect(await opening).toMatchObject({ ok: false });
    expect(engine.opened).toEqual([]);
  });
});

describe('checking a step', () => {
  test('fails and passes with the cluster, and counts what passed', async () => {
    const { labs, state } = host();
    const { session } = value(await labs.open('small', 'sim'));
    expect(value(await labs.check(session, 'first'))).toMatchObject({
      verdict: { passed: false },
      lab: 'small',
      passedSteps: [],
      totalSteps: 1,
    });
    state.on = true;
    expect(value(await labs.check(session, 'first'))).toMatchObject({
      verdict: { passed: true },
      passedSteps: ['first'],
    });
  });

  test('reveals the answer of a prediction only when it first passes', async () => {
    const { labs, state } = host();
    const views: LabView[] = [];
    labs.onChange((view) => views.push(view));
    const { session } = value(await labs.open('small', 'sim'));
    value(await labs.predict(session, 'first', 'none'));
    value(await labs.hint(session, 'first'));
    value(await labs.check(session, 'first'));
    expect(views.map((view) => step(view)?.prediction?.answer)).toEqual([undefined, undefined, undefined]);
    state.on = true;
    value(await labs.check(session, 'first'));
    expect(step(views.at(-1) as LabView)?.prediction).toEqual({
      ask: 'How?',
      choices: ['none', 'vxlan'],
      chosen: 'none',
      answer: 'vxlan',
    });
  });

  test('of another step or session is refused', async () => {
    const { labs } = host();
    const { session } = value(await labs.open('small', 'sim'));
    expect(await labs.check(session, 'second')).toMatchObject({ ok: false, error: { code: 'unknown-step' } });
    expect(await labs.check('00', 'first')).toMatchObject({ ok: false, error: { code: 'unknown-session' } });
  });

  test('that a reset overtakes leaves no verdict on the fresh lab', async () => {
    const { labs, state } = host();
    state.on = true;
    const { session } = value(await labs.open('small', 'sim'));
    const [checked, reset] = await Promise.all([labs.check(session, 'first'), labs.reset(session)]);
    expect(value(checked).verdict.passed).toBe(true);
    expect(value(reset).steps[0]?.verdict).toBeUndefined();
    expect(step(value(await labs.open('small', 'sim')))?.verdict).toBeUndefined();
  });
});

describe('a prediction', () => {
  test('is made once, among its choices', async () => {
    const { labs } = host();
    const { session } = value(await labs.open('small', 'sim'));
    expect(await labs.predict(session, 'first', 'gre')).toMatchObject({
      ok: false,
      error: { code: 'bad-input' },
    });
    expect(step(value(await labs.predict(session, 'first', 'vxlan')))?.prediction?.chosen).toBe('vxlan');
    expect(await labs.predict(session, 'first', 'none')).toMatchObject({
      ok: false,
      error: { code: 'prediction-locked' },
    });
  });

  test('cannot be made once its answer is known, until the lab is reset', async () => {
    const { labs, state } = host();
    state.on = true;
    const { session } = value(await labs.open('small', 'sim'));
    await labs.check(session, 'first');
    expect(await labs.predict(session, 'first', 'vxlan')).toMatchObject({
      ok: false,
      error: { code: 'prediction-locked' },
    });
    expect(step(value(await labs.reset(session)))?.prediction).toEqual({
      ask: 'How?',
      choices: ['none', 'vxlan'],
    });
    expect((await labs.predict(session, 'first', 'none')).ok).toBe(true);
  });
});

test('hints come one at a time and end', async () => {
  const { labs } = host();
  const { session } = value(await labs.open('small', 'sim'));
  const shown = [];
  for (let asked = 0; asked < 3; asked += 1)
    shown.push(step(value(await labs.hint(session, 'first')))?.hints.shown);
  expect(shown).toEqual([['Think.'], ['Think.', 'Think harder.'], ['Think.', 'Think harder.']]);
});

describe('a crash', () => {
  test('is told with its remedy, and ends the terminals', async () => {
    const { labs, engine } = host();
    const views: LabView[] = [];
    const replaced: string[] = [];
    labs.onChange((view) => views.push(view));
    labs.onReplaced((closed) => replaced.push(closed.session));
    const { session } = value(await labs.open('small', 'sim'));
    engine.session.crash();
    expect(views.at(-1)).toMatchObject({ session, status: 'failed', problem: ENGINE_DOWN });
    expect(replaced).toEqual([session]);
    expect(value(await labs.check(session, 'first')).verdict.verdicts[0]?.outcome).toBe('error');
  });

  test('is repaired by a restart that brings files and history back, and keeps what was seen', async () => {
    const { labs, engine, state } = host();
    state.on = true;
    const { session } = value(await labs.open('small', 'sim'));
    await labs.predict(session, 'first', 'none');
    await labs.hint(session, 'first');
    await labs.check(session, 'first');
    const belongings = { places: { workstation: { files: { '/root/notes': 'aGk=' }, history: ['ls'] } } };
    engine.session.holdings = belongings;
    engine.session.crash();
    const old = engine.session;
    const view = value(await labs.restart(session));
    expect(engine.opened.map((opened) => opened.belongings)).toEqual([undefined, belongings]);
    expect(old.status).toEqual({ state: 'disposed' });
    expect(view).toMatchObject({ session, status: 'ready' });
    expect(view.problem).toBeUndefined();
    // The cluster is back at its start, so no verdict stands.
    expect(step(view)).toMatchObject({
      hints: { shown: ['Think.'] },
      prediction: { chosen: 'none', answer: 'vxlan' },
    });
    expect(step(view)?.verdict).toBeUndefined();
  });

  test('restarted twice at once leaves one session running', async () => {
    const { labs, engine } = host();
    const { session } = value(await labs.open('small', 'sim'));
    engine.session.crash();
    await Promise.all([labs.restart(session), labs.restart(session)]);
    const alive = engine.opened.filter((opened) => opened.session.status.state === 'ready');
    expect(alive).toHaveLength(1);
    expect(labs.session(session)).toBe(alive[0]?.session);
  });

  test('that cannot be repaired leaves the lab as it was', async () => {
    const { labs, engine } = host();
    const { session } = value(await labs.open('small', 'sim'));
    const belongings = { places: { workstation: { files: {}, history: ['ls'] } } };
    engine.session.holdings = belongings;
    engine.session.crash();
    engine.refusal = ENGINE_DOWN;
    expect(await labs.restart(session)).toEqual({ ok: false, error: ENGINE_DOWN });
    expect(value(await labs.open('small', 'sim'))).toMatchObject({ session, status: 'failed' });
    // What it was on is let go before: a real cluster is used by one session only.
    expect(engine.session.status).toEqual({ state: 'disposed' });
    engine.refusal = undefined;
    expect(value(await labs.restart(session))).toMatchObject({ session, status: 'ready' });
    expect(engine.opened.at(-1)?.belongings).toEqual(belongings);
  });
});

test('closing ends the session; what comes later finds it gone', async () => {
  const { labs, engine } = host();
  const { session } = value(await labs.open('small', 'sim'));
  const [closed, restarted] = await Promise.all([labs.close(session), labs.restart(session)]);
  expect(closed).toEqual({ ok: true, value: null });
  expect(restarted).toMatchObject({ ok: false, error: { code: 'unknown-session' } });
  expect(engine.session.status).toEqual({ state: 'disposed' });
  expect(labs.session(session)).toBeUndefined();
});

test('a lab that is opened again while it is being left waits until it is', async () => {
  const { labs, engine } = host();
  const { session } = value(await labs.open('small', 'sim'));
  const first = engine.session;
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const dispose = first.dispose.bind(first);
  first.dispose = async () => {
    await held;
    await dispose();
  };
  const closing = labs.close(session);
  await Promise.resolve();
  const again = labs.open('small', 'sim');
  await new Promise((resolve) => setImmediate(resolve));
  expect(engine.opened).toHaveLength(1);
  letGo();
  await closing;
  expect(value(await again).session).not.toBe(session);
  expect([engine.opened.length, first.status]).toEqual([2, { state: 'disposed' }]);
});
