import { describe, expect, test } from 'vitest';
import { LESSONS, OUTLINE } from '../../../test/renderer-harness/canned-course.ts';
import { LAB } from '../../../test/renderer-harness/canned-steps.ts';
import { answers, settled, StageClock, StageHost } from '../../../test/renderer-harness/stage-host.ts';
import { err, ok } from '../../base/result.ts';
import type { ProgressView } from '../../contract/api.ts';
import { Client } from '../client.ts';
import { AppState, type Surroundings } from './app.svelte.ts';

const PROGRESS: ProgressView = {
  lessons: {},
  labs: {},
  settings: { theme: 'system', terminalFontSize: 13, clusters: 'keep' },
};

class Desk implements Surroundings {
  fragment = '#/';
  dark = false;
  copied = '';
  readonly kept = new Map<string, string>();
  readonly listeners: (() => void)[] = [];
  readonly memory = {
    read: (key: string) => this.kept.get(key),
    write: (key: string, value: string) => void this.kept.set(key, value),
  };
  readonly address = {
    read: () => this.fragment,
    go: (fragment: string) => {
      this.fragment = fragment;
      this.listeners.forEach((listener) => listener());
    },
    onChange: (listener: () => void) => {
      this.listeners.push(listener);
      return () => undefined;
    },
  };
  readonly prefersDark = { read: () => this.dark, onChange: () => () => undefined };
  copy(text: string): Promise<boolean> {
    this.copied = text;
    return Promise.resolve(true);
  }
  save(): void {
    throw new Error('nothing is saved here');
  }
}

async function started(
  desk: Desk,
  more: StageHost['handlers'] = {},
): Promise<{ app: AppState; host: StageHost }> {
  const host = new StageHost({
    'app.info': answers({ version: '0.1.0', host: 'browser', kubernetes: '1.35', calico: 'v3.32.1' }),
    'course.outline': answers(OUTLINE),
    'progress.get': answers(PROGRESS),
    'lesson.get': ({ lesson }) => {
      const found = LESSONS.find(({ id }) => id === lesson);
      return Promise.resolve(
        found ? ok(found) : err({ code: 'unknown-lesson', message: 'No.', remedy: 'Choose.' }),
      );
    },
    'lab.open': ({ lab }) => Promise.resolve(ok({ ...LAB, lab, session: lab === LAB.lab ? 's1' : 's2' })),
    'lab.close': answers(null),
    'settings.set': ({ theme }) =>
      Promise.resolve(ok({ ...PROGRESS, settings: { ...PROGRESS.settings, theme: theme ?? 'system' } })),
    'progress.lesson': ({ lesson, done }) =>
      Promise.resolve(ok({ ...PROGRESS, lessons: { [lesson]: { done } } })),
    ...more,
  });
  const app = new AppState(new Client(host.connect, new StageClock()), desk);
  app.start();
  await settled();
  return { app, host };
}

describe('the address', () => {
  test('opens the lesson it names, also when it was there first', async () => {
    const desk = new Desk();
    desk.fragment = '#/lesson/mtu';
    const { app } = await started(desk);
    expect(app.course.lesson?.id).toBe('mtu');
    desk.address.go('#/');
    expect([app.route.page, app.course.lesson]).toEqual(['home', undefined]);
  });

  test('follows the learner who finishes a lesson', async () => {
    const desk = new Desk();
    desk.fragment = '#/lesson/mtu';
    const { app } = await started(desk);
    const { lesson } = app.course;
    if (lesson !== undefined) await app.finish(lesson);
    expect([desk.fragment, app.course.isDone('mtu')]).toEqual(['#/lesson/mesh', true]);
  });
});

describe('colours', () => {
  test('follow the system until the learner chooses', async () => {
    const desk = new Desk();
    desk.dark = true;
    const { app } = await started(desk);
    expect([app.theme, app.scheme]).toEqual(['system', 'dark']);
    await app.setTheme('light');
    expect([app.theme, app.scheme]).toEqual(['light', 'light']);
  });

  test('are remembered for the next first paint', async () => {
    const desk = new Desk();
    const { app } = await started(desk);
    await app.setTheme('dark');
    const next = new AppState(
      new Client(() => ({ send: () => undefined, close: () => undefined }), new StageClock()),
      desk,
    );
    expect(next.theme).toBe('dark');
  });
});

describe('labs', () => {
  test('a reloaded page goes on with the lab of its lesson, and with no other one', async () => {
    const desk = new Desk();
    desk.fragment = '#/lesson/mtu';
    const { app } = await started(desk, {
      'lab.running': answers([{ lab: 'encap-cross-subnet', engine: 'sim' }] as const),
    });
    expect(app.lab).toBeUndefined();
    desk.address.go('#/lesson/cross-subnet');
    await settled();
    expect([app.shownLab?.phase, app.shownLab?.resumed]).toEqual(['open', true]);
  });

  test('one runs at a time: starting another one ends it', async () => {
    const desk = new Desk();
    desk.fragment = '#/lesson/cross-subnet';
    const { app, host } = await started(desk);
    await app.startLab('encap-cross-subnet');
    expect(app.shownLab?.view?.session).toBe('s1');
    await app.startLab('trace-one-ping');
    await settled();
    expect(host.called('lab.close')).toEqual([{ session: 's1' }]);
    expect([app.lab?.lab, app.shownLab]).toEqual(['trace-one-ping', undefined]);
  });

  test('a command goes to the terminal of its place, and waits for Enter there', async () => {
    const desk = new Desk();
    desk.fragment = '#/lesson/cross-subnet';
    const { app, host } = await started(desk);
    app.insert('ip route', 'node/node1');
    expect(app.lab).toBeUndefined();
    await app.startLab('encap-cross-subnet');
    app.insert('ip route', 'node/node1');
    expect(app.lab?.terminals.active?.place).toBe('node/node1');
    expect(host.typed).toEqual([]);
  });
});

test('a bundle that was loaded has the machine looked at anew, where its page is open', async () => {
  const desk = new Desk();
  const { app, host } = await started(desk, {
    'bundle.load': answers({ fingerprint: '3f1c9a5be07d2464'.repeat(4), parts: [] }),
    'care.examine': answers([]),
    'care.leftovers': answers([]),
  });
  app.bundle.from = '/media/stick/underlay.bundle';
  await app.bundle.load();
  expect(host.called('care.examine')).toEqual([]);
  desk.address.go('#/machine');
  await app.bundle.load();
  await settled();
  expect(host.called('care.examine')).toEqual([{}]);
});

test('a real cluster is kept when its lab is left, unless the learner has chosen otherwise', async () => {
  const { app, host } = await started(new Desk(), {
    'settings.set': ({ clusters = 'keep' }) =>
      Promise.resolve(ok({ ...PROGRESS, settings: { ...PROGRESS.settings, clusters } })),
  });
  const kept = (): readonly boolean[] =>
    (['sim', 'kind'] as const).map((engine) => app.keepsCluster({ engine }));
  expect(kept()).toEqual([true, true]);
  await app.course.set({ clusters: 'remove' });
  expect([kept(), host.called('settings.set')]).toEqual([[true, false], [{ clusters: 'remove' }]]);
});
