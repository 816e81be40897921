import { describe, expect, test } from 'vitest';
import { GLOSSARY, LESSONS, OUTLINE } from '../../../test/renderer-harness/canned-course.ts';
import {
  answers,
  refuses,
  settled,
  StageClock,
  StageHost,
} from '../../../test/renderer-harness/stage-host.ts';
import { err, ok } from '../../base/result.ts';
import type { ProgressView } from '../../contract/api.ts';
import { Client } from '../client.ts';
import { CourseState } from './course.svelte.ts';
import { Notices } from './notices.svelte.ts';

const PROGRESS: ProgressView = {
  lessons: { 'pod-network-model': { done: true } },
  labs: {},
  settings: { theme: 'system', terminalFontSize: 13, clusters: 'keep' },
};

async function loaded(
  more: StageHost['handlers'] = {},
): Promise<{ host: StageHost; course: CourseState; notices: Notices }> {
  const host = new StageHost({
    'course.outline': answers(OUTLINE),
    'progress.get': answers(PROGRESS),
    'lesson.get': ({ lesson }) => {
      const found = LESSONS.find(({ id }) => id === lesson);
      return Promise.resolve(
        found ? ok(found) : err({ code: 'unknown-lesson', message: 'No.', remedy: 'Choose.' }),
      );
    },
    ...more,
  });
  const client = new Client(host.connect, new StageClock());
  const notices = new Notices();
  const course = new CourseState(client, notices);
  client.start();
  await course.load();
  return { host, course, notices };
}

describe('the course', () => {
  test('knows what is done, what comes next and where it stands', async () => {
    const { course } = await loaded();
    expect([course.doneCount, course.lessons.length, course.upNext?.id]).toEqual([1, 7, 'cali-veth']);
    expect(course.position('mtu')).toMatchObject({
      module: { id: 'encapsulation' },
      moduleNumber: 2,
      lessonNumber: 3,
    });
    expect(course.position('nowhere')).toBeUndefined();
  });

  test('follows the progress that the host pushes', async () => {
    const { course, host } = await loaded();
    host.feed('progress', { ...PROGRESS, lessons: {} });
    expect(course.doneCount).toBe(0);
  });

  test('marks a lesson on the host', async () => {
    const { course, host } = await loaded({
      'progress.lesson': ({ lesson, done }) =>
        Promise.resolve(ok({ ...PROGRESS, lessons: { ...PROGRESS.lessons, [lesson]: { done } } })),
    });
    await course.mark('cali-veth', true);
    expect(course.isDone('cali-veth')).toBe(true);
    expect(host.called('progress.lesson')).toEqual([{ lesson: 'cali-veth', done: true }]);
  });
});

describe('a lesson', () => {
  test('of several asked for in a row only the last one opens', async () => {
    const { course } = await loaded();
    void course.open('mtu');
    await course.open('mesh');
    await settled();
    expect(course.lesson?.id).toBe('mesh');
  });

  test('that is missing leaves the reason in its place', async () => {
    const { course } = await loaded();
    await course.open('nowhere');
    expect([course.lesson, course.problem?.code]).toEqual([undefined, 'unknown-lesson']);
    await course.open('mtu');
    expect([course.lesson?.id, course.problem]).toEqual(['mtu', undefined]);
  });
});

describe('settings', () => {
  test('show at once and are put back when the host refuses', async () => {
    const { course, notices } = await loaded({ 'settings.set': refuses('not-saved') });
    const saving = course.set({ theme: 'dark' });
    expect(course.progress?.settings.theme).toBe('dark');
    await saving;
    expect(course.progress?.settings.theme).toBe('system');
    expect(notices.toasts).toMatchObject([{ tone: 'problem' }]);
  });
});

test('the glossary is fetched once, when its first word is asked for', async () => {
  const { course, host } = await loaded({ 'course.glossary': answers(GLOSSARY) });
  expect((await course.term('underlay'))?.term).toBe('Underlay');
  expect(await course.term('nothing')).toBeUndefined();
  expect(host.called('course.glossary')).toHaveLength(1);
});
