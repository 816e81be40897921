import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/fake-services.ts';
import { spoken, type Spoken } from '../../../test/support/spoken.ts';
import { contentCheck } from './content.ts';

const check = (...words: readonly string[]): Promise<Spoken> =>
  spoken(() => contentCheck.run({ words, flags: new Map() }));

/** A copy of the course with one file changed. */
function copyWith(file: string, from: string, to: string): string {
  const folder = temporaryFolder();
  for (const part of ['content', 'labs']) cpSync(part, join(folder, part), { recursive: true });
  const path = join(folder, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  return folder;
}

describe('underlay content check', () => {
  test('finds no mistakes in the course itself', async () => {
    const { code, out, err } = await check();
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^\d+ lessons? and \d+ labs?: no mistakes\.\n$/);
  });

  test('names file, line and column of a mistake and ends with 2', async () => {
    const folder = copyWith('labs/first-overlay/lab.yaml', 'minutes: 20', 'minutes: many');
    expect(await check(folder)).toEqual({
      code: 2,
      out: '',
      err: 'labs/first-overlay/lab.yaml:4:10 minutes: must be a number\n',
    });
  });

  test('takes Windows line ends as they are', async () => {
    const lesson = 'content/01-overlays/01-first-overlay/index.md';
    const folder = copyWith(lesson, '', '');
    const path = join(folder, lesson);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'));
    expect(await check(folder)).toMatchObject({ code: 0, err: '' });
  });

  test('says what a course is when the folder is none', async () => {
    const folder = temporaryFolder();
    const { code, err } = await check(folder);
    expect(code).toBe(2);
    expect(err).toMatch(/is no course, a folder that holds content\/ and labs\/: ENOENT/);
  });
});
