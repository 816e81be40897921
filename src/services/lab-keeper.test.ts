/** A lab that is left half done is there on return, and every step's start can be returned to. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeEngine } from '../../test/support/fake-session.ts';
import { smallLibrary, temporaryFolder } from '../../test/support/fake-services.ts';
import { DAMAGED, KeepingSession, OUTDATED } from '../../test/support/keeping-session.ts';
import { HandTimers } from '../../test/support/timers.ts';
import type { Result } from '../base/result.ts';
import type { ErrorBody, LabView } from '../contract/api.ts';
import { SAVE_AFTER } from './lab-keeper.ts';
import { LabSessions } from './lab-sessions.ts';
import type { Library } from './library.ts';
import { SavedLabs } from './saved-labs.ts';

function value<T>(result: Result<T, ErrorBody>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** The small lab with three steps, each passed while the cluster's word has `on` in it. */
function threeSteps(
  change: Partial<{ readonly start: readonly { file: string; text: string }[] }> = {},
): Library {
  const library = smallLibrary();
  const entry = library.labs.get('small');
  const [step] = entry?.spec.steps ?? [];
  if (!entry || !step) throw new Error('no lab');
  const steps = ['first', 'second', 'third'].map((id) => ({ ...step, id }));
  const lab = {
    ...entry,
    spec: { ...entry.spec, steps },
    environment: { ...entry.environment, ...change },
  };
  return { ...library, labs: new Map([['small', lab]]) };
}

interface Host {
  readonly labs: LabSessions;
  readonly timers: HandTimers;
  readonly engine: FakeEngine;
  readonly session: KeepingSession;
  open(): Promise<LabView>;
}

/** A host on a data folder; a second one on the same folder is the next day. */
function host(folder: string, library = threeSteps(), refusal?: KeepingSession['refusal']): Host {
  const sessions: KeepingSession[] = [];
  const engine = new FakeEngine(() => {
    const session = new KeepingSession();
    session.refusal = refusal;
    sessions.push(session);
    return session;
  });
  const timers = new HandTimers();
  const after = timers.after.bind(timers);
  const labs = new LabSessions(library, [engine], { saved: new SavedLabs(folder), after });
  return {
    labs,
    timers,
    engine,
    get session() {
      const last = sessions.at(-1);
      if (!last) throw new Error('no session');
      return last;
    },
    open: async () => value(await labs.open('small', 'sim')),
  };
}

const files = (folder: string): readonly string[] => {
  try {
    return readdirSync(join(folder, 'labs'));
  } catch {
    return [];
  }
};

const passedIn = (view: LabView): readonly string[] =>
  view.steps.filter(({ verdict }) => verdict?.passed).map(({ id }) => id);

const BELONGINGS = { places: { workstation: { files: { '/root/notes': 'aGk=' }, history: ['ls'] } } };

describe('a lab that is left half done', () => {
  test('is there on return: cluster, files, steps, predictions, hints, terminals', async () => {
    const folder = temporaryFolder();
    const one = host(folder);
    const { session, arrival } = await one.open();
    expect(arrival).toBeUndefined();
    value(await one.labs.predict(session, 'first', 'none'));
    one.session.holdings = BELONGINGS;
    one.session.become('on, half done');
    value(await one.labs.check(session, 'first'));
    value(await one.labs.hint(session, 'second'));
    value(one.labs.setDesk(session, { places: ['workstation', 'node/node1'], active: 1 }));
    await one.labs.dispose();

    const two = host(folder);
    const view = await two.open();
    expect(two.engine.opened.map(({ belongings }) => belongings)).toEqual([BELONGINGS]);
    expect(two.session.state).toBe('on, half done');
    expect(view).toMatchObject({
      arrival: { kind: 'returned', elapsed: 60_000 },
      desk: { places: ['workstation', 'node/node1'], active: 1 },
    });
    expect(passedIn(view)).toEqual(['first']);
    expect(view.steps[0]?.prediction).toMatchObject({ chosen: 'none', answer: 'vxlan' });
    expect(view.steps[1]).toMatchObject({ hints: { shown: ['Think.'] }, start: 'kept' });
    // It came once; a reloaded page finds a running lab.
    expect((await two.open()).arrival).toBeUndefined();
  });

  test('is saved when it is closed, and when the host is not asked: some seconds after anything was done', async () => {
    const folder = temporaryFolder();
    const one = host(folder);
    await one.open();
    one.session.become('on its way');
    one.session.become('further');
    expect(files(folder)).toEqual([]);
    one.timers.pass(SAVE_AFTER);
    await expect.poll(() => files(folder)).toEqual(['small.sim.json.gz']);
    // Killed here: the next host knows what was done before.
    const two = host(folder);
    await two.open();
    expect(two.session.state).toBe('further');
  });

  test('is not written while only time passes', async () => {
    const folder = temporaryFolder();
    const one = host(folder);
    const { session } = await one.open();
    one.timers.pass(3_600_000);
    value(await one.labs.close(session));
    expect([one.timers.next, files(folder)]).toEqual([undefined, []]);
  });

  test('and reset is at its start, with the learner’s files and without a word about it', async () => {
    const folder = temporaryFolder();
    const one = host(folder);
    const { session } = await one.open();
    one.session.holdings = BELONGINGS;
    one.session.become('on');
    value(await one.labs.check(session, 'first'));
    value(await one.labs.reset(session));
    await one.labs.dispose();
    const two = host(folder);
    const view = await two.open();
    expect([view.arrival, two.session.state, passedIn(view)]).toEqual([undefined, 'start', []]);
    expect(two.engine.opened[0]?.belongings).toEqual(BELONGINGS);
  });

  test('of which the engine died keeps what was saved before', async () => {
    const folder = temporaryFolder();
    const one = host(folder);
    await one.open();
    one.session.become('before the crash');
    one.timers.pass(SAVE_AFTER);
    await expect.poll(() => files(folder)).toHaveLength(1);
    one.session.become('the bomb');
    one.session.crash();
    await one.labs.dispose();
    const two = host(folder);
    await two.open();
    expect(two.session.state).toBe('before the crash');
  });

  test('that cannot be kept says so, until it can', async () => {
    const folder = temporaryFolder();
    const one = host(join(folder, 'labs.txt', '\0'));
    const views: LabView[] = [];
    one.labs.onChange((view) => views.push(view));
    await one.open();
    one.session.become('lost');
    one.timers.pass(SAVE_AFTER);
    await expect.poll(() => views.at(-1)?.unsaved?.code).toBe('lab-not-kept');
  });
});

describe('a lab that starts afresh says why, with the learner’s files', () => {
  const left = async (): Promise<string> => {
    const folder = temporaryFolder();
    const one = host(folder);
    await one.open();
    one.session.holdings = BELONGINGS;
    one.session.become('on');
    await one.labs.dispose();
    return folder;
  };

  test.each([
    [
      'the lab is another one now',
      'lab-changed',
      threeSteps({ start: [{ file: 'a.yaml', text: 'new' }] }),
      undefined,
      1,
    ],
    ['Underlay is', 'app-changed', threeSteps(), OUTDATED, 1],
    ['the snapshot is damaged', 'unreadable', threeSteps(), DAMAGED, 0],
  ] as const)('%s', async (_, why, library, refusal, remaining) => {
    const folder = await left();
    const two = host(folder, library, refusal);
    const view = await two.open();
    expect(view).toMatchObject({ arrival: { kind: 'fresh', why }, status: 'ready' });
    expect([two.session.state, passedIn(view)]).toEqual(['start', []]);
    expect(two.engine.opened[0]?.belongings).toEqual(BELONGINGS);
    expect(files(folder).filter((name) => name.endsWith('.gz'))).toHaveLength(remaining);
  });
});

describe('the start of a step', () => {
  test('is kept when the step before it first passes, and can be returned to', async () => {
    const one = host(temporaryFolder());
    const { session, steps } = await one.open();
    expect(steps.map(({ start }) => start)).toEqual(['kept', undefined, undefined]);
    one.session.become('on, one');
    await one.labs.check(session, 'first');
    one.session.become('on, two');
    await one.labs.check(session, 'second');
    one.session.become('on, three');
    value(await one.labs.check(session, 'third'));

    const back = value(await one.labs.restore(session, 'second'));
    expect([one.session.state, passedIn(back)]).toEqual(['on, one', ['first']]);
    expect(back.steps.map(({ start }) => start)).toEqual(['kept', 'kept', undefined]);

    one.session.become('on, two differently');
    value(await one.labs.check(session, 'second'));
    one.session.become('ruined');
    value(await one.labs.restore(session, 'third'));
    expect(one.session.state).toBe('on, two differently');

    expect(passedIn(value(await one.labs.restore(session, 'first')))).toEqual([]);
    expect([one.session.state, one.session.resets]).toEqual(['start', 1]);
  });

  test('is the first time’s, however often the step before it passes', async () => {
    const one = host(temporaryFolder());
    const { session } = await one.open();
    one.session.become('on, first time');
    await one.labs.check(session, 'first');
    one.session.become('on, second time');
    await one.labs.check(session, 'first');
    value(await one.labs.restore(session, 'second'));
    expect(one.session.state).toBe('on, first time');
  });

  test('is still there the next day', async () => {
    const folder = temporaryFolder();
    const one = host(folder);
    const { session } = await one.open();
    one.session.become('on, one');
    await one.labs.check(session, 'first');
    one.session.become('ruined');
    await one.labs.dispose();
    const two = host(folder);
    const view = await two.open();
    value(await two.labs.restore(view.session, 'second'));
    expect(two.session.state).toBe('on, one');
  });

  test('that was reached by skipping is missing, and says so', async () => {
    const one = host(temporaryFolder());
    const { session } = await one.open();
    const { steps } = value(await one.labs.hint(session, 'second'));
    expect(steps.map(({ start }) => start)).toEqual(['kept', 'missing', undefined]);
    expect(await one.labs.restore(session, 'second')).toMatchObject({ error: { code: 'no-step-start' } });
    expect(await one.labs.restore(session, 'fourth')).toMatchObject({ error: { code: 'unknown-step' } });
    expect(await one.labs.restore('00', 'second')).toMatchObject({ error: { code: 'unknown-session' } });
  });

  test('that the engine refuses leaves the lab as it is', async () => {
    const one = host(temporaryFolder());
    const { session } = await one.open();
    one.session.become('on');
    await one.labs.check(session, 'first');
    one.session.become('on, later');
    one.session.refusal = DAMAGED;
    expect(await one.labs.restore(session, 'second')).toEqual({ ok: false, error: DAMAGED });
    expect(passedIn(await one.open())).toEqual(['first']);
    expect(one.session.state).toBe('on, later');
  });
});
