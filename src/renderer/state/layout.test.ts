import { expect, test } from 'vitest';
import { LayoutState, type Memory } from './layout.svelte.ts';

const memory = (text?: string): Memory & { kept: string | undefined } => ({
  kept: text,
  read() {
    return this.kept;
  },
  write(_key, value) {
    this.kept = value;
  },
});

test('the course shows where there is room, until the learner decides', () => {
  const layout = new LayoutState(memory());
  layout.measured({ width: 1920, height: 1080 });
  expect([layout.courseOpen, layout.narrow]).toEqual([true, false]);
  layout.measured({ width: 1440, height: 900 });
  expect([layout.courseOpen, layout.narrow]).toEqual([false, false]);
  layout.toggleCourse();
  expect(layout.courseOpen).toBe(true);
  layout.measured({ width: 600, height: 900 });
  layout.chosenFromCourse();
  expect([layout.courseOpen, layout.narrow]).toEqual([false, true]);
});

test('a splitter stays within its limits and is found again', () => {
  const kept = memory();
  const layout = new LayoutState(kept);
  layout.shareLesson(500);
  layout.shareSteps(1);
  expect([layout.lessonShare, layout.stepsShare]).toEqual([68, 22]);
  expect(new LayoutState(kept).lessonShare).toBe(68);
});

test.each(['not json', '[]', 'null', '{"lessonShare":"wide","stepsShare":null,"topologyOpen":1}'])(
  'storage that holds %s is forgotten',
  (text) => {
    const layout = new LayoutState(memory(text));
    expect([layout.lessonShare, layout.stepsShare, layout.topologyOpen]).toEqual([42, 58, true]);
  },
);

test('the topology folds away on a low window, until the learner decides', () => {
  const layout = new LayoutState(memory());
  layout.measured({ width: 1024, height: 768 });
  expect(layout.topologyOpen).toBe(false);
  layout.toggleTopology();
  expect(layout.topologyOpen).toBe(true);
});
