import process from 'node:process';
import { expect, test } from 'vitest';
import { err, ok } from '../../../base/result.ts';
import { childEnvironment, runChild } from './child.ts';

const { signal } = new AbortController();
const sh = (script: string): readonly [string, ...string[]] => ['sh', '-c', script];

/** Waits for the end of a process that is not our own child. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((settle) => setTimeout(settle, 5));
  }
}

test('a program is run to its end, its lines told as they come', async () => {
  const lines: string[] = [];
  const ended = await runChild(sh('echo one; echo two >&2; cat; exit 3'), {
    signal,
    stdin: 'three\nfour',
    onLine: (line, stream) => lines.push(`${stream}: ${line}`),
  });
  expect(ended).toEqual({ ok: true, value: { exitCode: 3, stdout: 'one\nthree\nfour', stderr: 'two\n' } });
  expect(lines.toSorted()).toEqual(['stderr: two', 'stdout: four', 'stdout: one', 'stdout: three']);
});

test('one that is not there is told by name', async () => {
  expect(await runChild(['/no/such/program'], { signal })).toMatchObject({
    ok: false,
    error: { code: 'no-such-program', message: '/no/such/program could not be started.' },
  });
});

test('one that is given up ends with all that it started', async () => {
  const control = new AbortController();
  const pids: number[] = [];
  const running = runChild(sh('trap "" TERM HUP; sleep 700 & echo $!; (sleep 701 & echo $!; wait) & wait'), {
    signal: control.signal,
    onLine: (line) => {
      pids.push(Number(line));
      if (pids.length === 2) control.abort();
    },
  });
  expect(await running).toMatchObject({ ok: false, error: { code: 'interrupted' } });
  await Promise.all(pids.map(gone));
  expect(await runChild(sh('true'), { signal: control.signal })).toMatchObject({
    error: { code: 'interrupted' },
  });
});

test('one that ends leaves nothing behind, though it holds the output open', async () => {
  const ended = await runChild(sh('sleep 702 & echo $!; exit 4'), { signal });
  expect(ended).toMatchObject({ ok: true, value: { exitCode: 4 } });
  await gone(Number(ended.ok && ended.value.stdout));
});

test('one that waits for its input does nothing before its start is noted, and ends when that fails', async () => {
  const order: string[] = [];
  const note = async (): Promise<ReturnType<typeof ok<void>>> => {
    await Promise.resolve();
    order.push('noted');
    return ok(undefined);
  };
  await runChild(sh('read word; echo "$word"'), {
    signal,
    stdin: 'go\n',
    onStart: note,
    onLine: (line) => order.push(line),
  });
  expect(order).toEqual(['noted', 'go']);
  const full = { code: 'disk-full', message: 'The disk is full.', remedy: 'Free some.' };
  const failed = await runChild(sh('cat; sleep 703'), { signal, onStart: () => Promise.resolve(err(full)) });
  expect(failed).toEqual({ ok: false, error: full });
});

test('of much output the end is kept', async () => {
  const ended = await runChild(sh('yes 0123456789 | head -c 5000000; echo; echo last'), {
    signal,
    limit: 1000,
  });
  expect(ended.ok && [ended.value.stdout.length, ended.value.stdout.slice(-6)]).toEqual([1000, '\nlast\n']);
});

test('children hear nothing of the learner’s own clusters, and find programs on macOS', () => {
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: '/Users/me',
    KUBECONFIG: '/home/me/config',
    KIND_CLUSTER_NAME: 'mine',
  };
  expect(childEnvironment({ env, platform: 'linux' }, { DOCKER_HOST: 'unix:///d' })).toEqual({
    PATH: '/usr/bin:/bin',
    HOME: '/Users/me',
    DOCKER_HOST: 'unix:///d',
  });
  expect(childEnvironment({ env, platform: 'darwin' }).PATH?.split(':')).toEqual([
    '/usr/bin',
    '/bin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
    '/opt/local/bin',
    '/Users/me/.docker/bin',
    '/Users/me/.rd/bin',
    '/Users/me/.orbstack/bin',
    '/Applications/Docker.app/Contents/Resources/bin',
  ]);
});
