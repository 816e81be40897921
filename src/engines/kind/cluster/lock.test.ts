import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock, type Unlock } from './lock.ts';
import { lives, ourselves, ownerOf } from './owner.ts';

const NEVER = new AbortController().signal;

let folder = '';
const file = (): string => join(folder, 'creating.lock');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function taken(options: { readonly onWait?: () => void } = {}): Promise<Unlock> {
  const unlock = await lock(file(), { signal: NEVER, ...options });
  if (!unlock.ok) throw new Error(unlock.error.message);
  return unlock.value;
}

test('one after another, and nothing stays', async () => {
  const order: string[] = [];
  const unlock = await taken();
  const second = taken({ onWait: () => order.push('waits') }).then(async (release) => {
    order.push('second');
    await release();
  });
  await expect.poll(() => order).toEqual(['waits']);
  order.push('first is done');
  await unlock();
  await second;
  expect(order).toEqual(['waits', 'first is done', 'second']);
  expect(await readdir(folder)).toEqual([]);
});

test('many at once: never two', async () => {
  let inside = 0;
  const runs = Array.from({ length: 8 }, async () => {
    const unlock = await taken();
    inside += 1;
    expect(inside).toBe(1);
    await Promise.resolve();
    inside -= 1;
    await unlock();
  });
  await Promise.all(runs);
  expect(await readdir(folder)).toEqual([]);
});

test('waiting ends with the signal', async () => {
  const unlock = await taken();
  const giving = new AbortController();
  const second = lock(file(), { signal: giving.signal, onWait: () => giving.abort() });
  expect(await second).toMatchObject({ ok: false, error: { code: 'interrupted' } });
  await unlock();
});

test.each([
  ['of a process that is gone', async () => ({ ...(await goneProcess()), turn: 'x' })],
  ['of a number that another process has now', () => ({ pid: process.pid, started: 'long ago', turn: 'x' })],
  ['that says nothing', () => ({})],
])('a lock %s is nobody’s', async (_, made) => {
  await writeFile(file(), JSON.stringify(await made()));
  const unlock = await taken();
  await unlock();
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that cannot be written is an error', async () => {
  await mkdir(file());
  await writeFile(join(file(), 'inside'), '');
  expect(await lock(join(file(), 'inside', 'lock'), { signal: NEVER })).toMatchObject({
    ok: false,
    error: { code: 'data-folder-failed' },
  });
});

async function goneProcess(): Promise<{ readonly pid: number; readonly started: string }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const owner = await ownerOf(child.pid ?? 0);
  expect(await lives(owner)).toBe(true);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return owner;
}

test('processes are known again by number and start', async () => {
  const own = await ourselves();
  expect(await lives(own)).toBe(true);
  expect(await lives({ ...own, started: `${own.started}0` })).toBe(false);
  expect(await lives(await goneProcess())).toBe(false);
});
