import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { build } from 'vite';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/fake-services.ts';
import type { ProgressView } from '../contract/api.ts';
import { ProgressStore } from './progress-store.ts';
import { killAfter } from '../../test/support/kill-after.ts';

async function opened(folder: string): Promise<ProgressStore> {
  const store = await ProgressStore.open(folder);
  if (!store.ok) throw new Error(store.error);
  return store.value;
}

const finish =
  (lesson: string) =>
  (view: ProgressView): ProgressView => ({ ...view, lessons: { ...view.lessons, [lesson]: { done: true } } });

const FRESH: ProgressView = {
  lessons: {},
  labs: {},
  settings: { theme: 'system', terminalFontSize: 14, clusters: 'keep' },
};

describe('progress', () => {
  test('begins empty, also in a folder that does not exist yet', async () => {
    const store = await opened(join(temporaryFolder(), 'deep', 'down'));
    expect(store.view).toEqual(FRESH);
    expect(store.setAside).toBeUndefined();
  });

  test('of before there was a choice of what becomes of clusters keeps them', async () => {
    const folder = temporaryFolder();
    const { clusters: _, ...settings } = FRESH.settings;
    writeFileSync(join(folder, 'progress.json'), JSON.stringify({ format: 1, ...FRESH, settings }));
    expect((await opened(folder)).view).toEqual(FRESH);
  });

  test('is told when saved, and found again', async () => {
    const folder = temporaryFolder();
    const store = await opened(folder);
    const told: ProgressView[] = [];
    store.onChange((view) => told.push(view));
    const saved = { ...FRESH, lessons: { a: { done: true } } };
    expect(await store.update(finish('a'))).toEqual({ ok: true, value: saved });
    expect(told).toEqual([saved]);
    expect((await opened(folder)).view).toEqual(saved);
    expect(readdirSync(folder)).toEqual(['progress.json']);
  });

  test('keeps changes that are made at once, in order', async () => {
    const store = await opened(temporaryFolder());
    await Promise.all(['a', 'b', 'c'].map((lesson) => store.update(finish(lesson))));
    expect(Object.keys(store.view.lessons)).toEqual(['a', 'b', 'c']);
  });

  test('keeps what a second Underlay saved in between', async () => {
    const folder = temporaryFolder();
    const [one, two] = [await opened(folder), await opened(folder)];
    await one.update(finish('a'));
    await two.update(finish('b'));
    expect(Object.keys((await opened(folder)).view.lessons)).toEqual(['a', 'b']);
  });

  test('survives a change that throws', async () => {
    const store = await opened(temporaryFolder());
    const broken = store.update(() => {
      throw new Error('bug');
    });
    await expect(broken).rejects.toThrow('bug');
    expect(await store.update(finish('a'))).toMatchObject({ ok: true });
  });

  test('says so when it cannot be saved, and the old view stands', async () => {
    const folder = temporaryFolder();
    const store = await opened(folder);
    await store.update(finish('a'));
    // A folder in the place of the file aside cannot be written, whoever tries.
    mkdirSync(join(folder, `progress.json.${process.pid}.new`));
    const answer = await store.update(finish('b'));
    expect(answer).toMatchObject({ ok: false, error: { code: 'not-saved' } });
    expect(Object.keys(store.view.lessons)).toEqual(['a']);
  });

  test.each(['', '{', '{"format":1}', '{"format":99,"lessons":{}}', 'null'])(
    'that reads %j is set aside, never overwritten',
    async (text) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'progress.json'), text);
      writeFileSync(join(folder, 'progress.json.unreadable'), 'an earlier one');
      const store = await opened(folder);
      expect(store.view).toEqual(FRESH);
      expect(store.setAside).toBe(join(folder, 'progress.json.unreadable-2'));
      expect(readFileSync(join(folder, 'progress.json.unreadable-2'), 'utf8')).toBe(text);
      expect(readFileSync(join(folder, 'progress.json.unreadable'), 'utf8')).toBe('an earlier one');
    },
  );

  test('in a folder that cannot be one is refused with a way out', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o600);
    const store = await ProgressStore.open(join(file, 'data'));
    expect(store.ok ? '' : store.error).toMatch(
      /^Progress cannot be kept in .*data: ENOTDIR.*\. Set UNDERLAY_DATA to a folder that can be written\.$/,
    );
  });
});

test('killing the host loses nothing that was told as saved', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const saver = join(folder, 'saver.mjs');
  await bundle('src/services/progress-store.ts', saver);
  const data = join(folder, 'data');
  const loop = `
    const { ProgressStore } = await import(${JSON.stringify(`file://${saver}`)});
    const { value: store } = await ProgressStore.open(${JSON.stringify(data)});
    for (let n = 1; ; n += 1) {
      await store.update((view) => ({ ...view, labs: { ...view.labs, lab: { steps: Array(n).fill('s'), done: false } } }));
      process.stdout.write('saved ' + n + '\\n');
    }`;
  // Each round is killed at another moment: after the first, the fifth and the twentieth answer.
  for (const answers of [1, 5, 20]) {
    const told = await killAfter(answers, loop);
    const { labs } = (await opened(data)).view;
    expect(labs['lab']?.steps.length).toBeGreaterThanOrEqual(told);
    expect((await opened(data)).setAside).toBeUndefined();
  }
});

/** One plain JavaScript file of a module and what it imports, for Node to run by itself. */
async function bundle(entry: string, outFile: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: entry,
      write: true,
      emptyOutDir: false,
      outDir: join(outFile, '..'),
      rolldownOptions: { output: { entryFileNames: 'saver.mjs' } },
    },
    ssr: { noExternal: true },
  });
}
