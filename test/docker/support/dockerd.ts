/**
 * A Docker Engine of the tests' own, beside any that the machine has: its own data, socket and process id. It has no default
 * bridge and writes no firewall rules, so it needs nothing of the machine's network and leaves nothing there.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './programs.ts';

/** Its folders are named so, with the process id of the tests: what a killed run left is known by it. */
const FAMILY = 'underlay-dockerd-';
const START = { tries: 150, apart: 100 };
const STOP = { tries: 300, apart: 100 };

export interface OwnEngine {
  /** As DOCKER_HOST spells it. */
  readonly host: string;
  /** Kills it as a crash would: its containers live on, and nothing is tidied up. */
  kill(): Promise<void>;
  /** Starts it anew after that, on what it kept. */
  startAgain(): Promise<void>;
  /** Ends it as its owner would, and removes all that it kept. */
  stop(): Promise<void>;
}

/** Starts one; throws with the last lines of its log when it does not come up. */
export async function startEngine(dockerd: string): Promise<OwnEngine> {
  await clearStale();
  const folder = await mkdtemp(join(tmpdir(), `${FAMILY}${process.pid}-`));
  let child: ChildProcess;
  try {
    child = await running(dockerd, folder);
  } catch (error) {
    await remove(folder);
    throw error;
  }
  const onExit = (): void => {
    if (child.exitCode === null) child.kill('SIGTERM');
  };
  process.once('exit', onExit);
  return {
    host: `unix://${join(folder, 'docker.sock')}`,
    async kill() {
      child.kill('SIGKILL');
      while (child.exitCode === null && child.signalCode === null) await sleep(10);
    },
    async startAgain() {
      // What is killed leaves its number, and whoever starts next takes another, or a zombie, for it.
      for (const pidfile of [join(folder, 'pid'), join(folder, 'exec', 'containerd', 'containerd.pid')]) {
        const pid = existsSync(pidfile) ? Number(readFileSync(pidfile, 'utf8')) : 0;
        if (pid > 0 && lives(pid) && isOf(pid, folder)) process.kill(pid, 'SIGKILL');
        rmSync(pidfile, { force: true });
      }
      child = await running(dockerd, folder);
    },
    async stop() {
      process.off('exit', onExit);
      await end(child.pid);
      await remove(folder);
    },
  };
}

async function running(dockerd: string, folder: string): Promise<ChildProcess> {
  const log = join(folder, 'log');
  const child = launch(dockerd, folder, log);
  for (let turn = 0; turn < START.tries && child.exitCode === null; turn += 1) {
    if (await answers(join(folder, 'docker.sock'))) return child;
    await sleep(START.apart);
  }
  const last = readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n');
  await end(child.pid);
  throw new Error(`dockerd does not start here:\n${last}`);
}

function launch(dockerd: string, folder: string, log: string): ChildProcess {
  const out = openSync(log, 'a');
  const child = spawn(
    dockerd,
    [
      ...['--host', `unix://${join(folder, 'docker.sock')}`, '--pidfile', join(folder, 'pid')],
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--bridge=none', '--iptables=false', '--ip-masq=false'],
    ],
    // A group of its own: Ctrl-C in a terminal is for the tests, which then end the engine in order.
    { stdio: ['ignore', out, out], detached: true },
  );
  closeSync(out);
  child.unref();
  return child;
}

/** TERM, and waits until the process is gone; it ends its containers itself. */
async function end(pid: number | undefined): Promise<void> {
  if (pid === undefined || !lives(pid)) return;
  process.kill(pid, 'SIGTERM');
  for (let turn = 0; turn < STOP.tries && lives(pid); turn += 1) await sleep(STOP.apart);
  if (lives(pid)) process.kill(pid, 'SIGKILL');
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that nobody has reaped yet still has its number.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** What is still mounted below it would keep the folder, and what still runs would write into it. */
async function remove(folder: string): Promise<void> {
  for (const pid of leftOf(folder)) if (lives(pid)) process.kill(pid, 'SIGKILL');
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((at) => at.startsWith(`${folder}/`));
  for (const at of mounts.toReversed()) await run(['umount', '--lazy', at]);
  await rm(folder, { recursive: true, force: true });
}

/** Processes that name the folder, as an engine's helpers do, and their children: what a killed engine left running. */
function leftOf(folder: string): readonly number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const left = new Set(pids.filter((pid) => pid !== process.pid && isOf(pid, `${folder}/`)));
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]));
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [pid, parent] of parents) if (left.has(parent)) left.add(pid);
  }
  return [...left];
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}

/** Ends the engines of test runs that were killed. */
async function clearStale(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${FAMILY}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || lives(Number(owner))) continue;
    const folder = join(tmpdir(), name);
    const pidfile = join(folder, 'pid');
    const pid = existsSync(pidfile) ? Number(readFileSync(pidfile, 'utf8')) : 0;
    if (pid > 0 && isOf(pid, folder)) await end(pid);
    rmSync(pidfile, { force: true });
    await remove(folder);
  }
}

/** A number may belong to another process by now. */
function isOf(pid: number, folder: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
  } catch {
    return false;
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((settle) => {
    const asked = request({ socketPath, path: '/_ping', agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      settle(response.statusCode === 200);
    });
    asked.on('error', () => settle(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}
