import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/fake-services.ts';
import { fileLog } from './log.ts';

const now = (): Date => new Date('2026-05-01T10:00:00Z');

test('a fault is one line for the person and its details in the file', () => {
  const folder = join(temporaryFolder(), 'not', 'there', 'yet');
  const said: string[] = [];
  const log = fileLog({ folder, say: (line) => said.push(line), now });
  log.error('a call failed', new Error('no such lab'));
  log.error('the page does not respond', undefined);
  expect(said).toEqual(['underlay: a call failed: no such lab', 'underlay: the page does not respond']);
  const lines = readFileSync(join(folder, 'desktop.log'), 'utf8').split('\n');
  expect(lines[0]).toBe('2026-05-01T10:00:00.000Z a call failed: Error: no such lab');
  expect(lines[1]).toMatch(/^ {4}at /);
  expect(lines.at(-2)).toBe('2026-05-01T10:00:00.000Z the page does not respond');
});

test('a long log begins anew and keeps the one before', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'desktop.log'), 'x'.repeat(600 * 1024));
  fileLog({ folder, say: () => undefined, now }).error('again', undefined);
  expect(readFileSync(join(folder, 'desktop.log'), 'utf8')).toBe('2026-05-01T10:00:00.000Z again\n');
  expect(existsSync(join(folder, 'desktop.log.old'))).toBe(true);
});

test('a log that cannot be written is said, and stops nothing', () => {
  const folder = join(temporaryFolder(), 'file');
  writeFileSync(folder, '');
  const said: string[] = [];
  fileLog({ folder, say: (line) => said.push(line), now }).error('a fault', undefined);
  expect(said[0]).toBe('underlay: a fault');
  expect(said[1]).toMatch(/^underlay: the log .*desktop\.log cannot be written: /);
});
