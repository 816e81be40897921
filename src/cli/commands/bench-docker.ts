/**
 * What the way through dockerode costs beside the docker CLI, and what a terminal does that prints faster than anybody reads.
 * The engine is the one that labs would use; the container is of any image there that has a shell, and goes afterwards.
 */
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../../base/result.ts';
import { connectDocker } from '../../engines/kind/docker/connect.ts';
import type { Docker } from '../../engines/kind/docker/docker.ts';
import { LABELS } from '../../engines/kind/names.ts';
import { childEnvironment } from '../../engines/kind/process/child.ts';
import type { LabError, ShellStream } from '../../lab/ports.ts';
import { figure, type Figure, type Measured, type Measurements } from './figure.ts';

const RUNS = 15;
/** The first ones open connections and fill caches, on both sides. */
const WARM_UP = 3;
const TIMES_LIMIT = 1.5;
/** Bytes that are read of a flood before nobody reads any more, and milliseconds that nobody reads. */
const FLOOD = { read: 4_000_000, unread: 2_000 };
const GROWTH_LIMIT = { unit: 'MB', limit: 32 };
const ANSWER_LIMIT = { unit: 'ms', limit: 1_000 };

interface Bench {
  readonly docker: Docker;
  readonly container: string;
}

interface RoundTrips {
  readonly ours: readonly number[];
  readonly cli: readonly number[];
}

interface Flood {
  /** Megabytes. */
  readonly growth: number;
  /** Milliseconds from Ctrl-C to the shell's answer. */
  readonly answered: number;
}

export function dockerMeasurements(): Measurements {
  let trips: Promise<RoundTrips> | undefined;
  let flood: Promise<readonly Flood[]> | undefined;
  const ofTrips = (tell: (trips: RoundTrips) => Figure) => async (): Promise<Measured> =>
    tell(await (trips ??= onContainer(roundTrips)));
  const ofFlood = (tell: (floods: readonly Flood[]) => Figure) => async (): Promise<Measured> =>
    tell(await (flood ??= onContainer(floods)));
  return {
    'docker exec, by the docker CLI': ofTrips(({ cli }) => figure({ unit: 'ms' }, cli)),
    'exec round trip through the app': ofTrips(({ ours }) => figure({ unit: 'ms' }, ours)),
    'exec round trip through the app, times docker exec': ofTrips(({ ours, cli }) =>
      figure(
        { unit: 'times', limit: TIMES_LIMIT },
        ours.map((time, at) => time / (cli[at] ?? Number.NaN)),
      ),
    ),
    'terminal flooded, memory grown while nobody reads': ofFlood((each) =>
      figure(
        GROWTH_LIMIT,
        each.map(({ growth }) => growth),
      ),
    ),
    'terminal flooded, Ctrl-C answered': ofFlood((each) =>
      figure(
        ANSWER_LIMIT,
        each.map(({ answered }) => answered),
      ),
    ),
  };
}

async function onContainer<T>(measure: (bench: Bench) => Promise<T>): Promise<T> {
  const docker = must(await connectDocker({ env: process.env, platform: process.platform, home: homedir() }));
  const container = await anyContainer(docker);
  try {
    return await measure({ docker, container });
  } finally {
    await docker.containers.remove(container, AbortSignal.timeout(60_000));
  }
}

/** Of the first image that can be run and has a shell. */
async function anyContainer(docker: Docker): Promise<string> {
  const ids = (await cli(docker, ['images', '--no-trunc', '--format', '{{.ID}}']))
    .split('\n')
    .filter(Boolean);
  for (const image of new Set(ids)) {
    const name = `underlay-bench-${process.pid}`;
    const made = await docker.containers.run(
      {
        name,
        image,
        labels: { [LABELS.role]: 'probe' },
        command: ['sh', '-c', 'while :; do sleep 3600; done'],
        network: 'none',
      },
      AbortSignal.timeout(60_000),
    );
    if (!made.ok) continue;
    const tried = await docker.containers.exec(name, ['sh', '-c', 'true'], {
      signal: AbortSignal.timeout(30_000),
    });
    if (tried.ok && tried.value.exitCode === 0) return name;
    await docker.containers.remove(name, AbortSignal.timeout(60_000));
  }
  throw new Error('no image on this Docker Engine has a shell: `docker pull debian` gets one');
}

/** In turn, so that what else the machine does hits both alike. */
async function roundTrips({ docker, container }: Bench): Promise<RoundTrips> {
  const ours: number[] = [];
  const others: number[] = [];
  const { signal } = new AbortController();
  for (let run = 0; run < WARM_UP + RUNS; run += 1) {
    const asked = await timed(async () => {
      const { exitCode } = must(await docker.containers.exec(container, ['true'], { signal }));
      if (exitCode !== 0) throw new Error(`true exits with ${exitCode}`);
    });
    const called = await timed(() => cli(docker, ['exec', container, 'true']));
    if (run < WARM_UP) continue;
    ours.push(asked);
    others.push(called);
  }
  return { ours, cli: others };
}

async function floods({ docker, container }: Bench): Promise<readonly Flood[]> {
  const all: Flood[] = [];
  for (let run = 0; run < 3; run += 1) {
    const terminal = must(
      await docker.containers.terminal(container, ['sh'], { size: { columns: 80, rows: 24 } }),
    );
    try {
      all.push(await flooded(terminal));
    } finally {
      terminal.close();
    }
  }
  return all;
}

async function flooded(terminal: ShellStream): Promise<Flood> {
  let bytes = 0;
  let last = '';
  let wake = (): void => undefined;
  terminal.onData((data) => {
    bytes += data.length;
    last = (last + Buffer.from(data).toString()).slice(-200);
    wake();
  });
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) await new Promise<void>((settle) => (wake = settle));
  };
  terminal.write(Buffer.from('while :; do echo 0123456789012345678901234567890123456789; done\r'));
  await until(() => bytes > FLOOD.read);
  terminal.pause();
  const before = process.memoryUsage().rss;
  await sleep(FLOOD.unread);
  const growth = Math.max(0, process.memoryUsage().rss - before) / 1e6;
  const answered = await timed(async () => {
    terminal.write(Buffer.from('\x03'));
    terminal.resume();
    terminal.write(Buffer.from('echo over""come\r'));
    await until(() => last.includes('overcome'));
  });
  return { growth, answered };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

/** The docker CLI on the very engine; what it prints. */
function cli(docker: Docker, argv: readonly string[]): Promise<string> {
  return new Promise((settle, reject) => {
    const env = childEnvironment(process, docker.environment);
    const child = spawn('docker', [...argv], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.on('error', () => reject(new Error('there is no docker CLI to compare with')));
    child.on('close', (code) =>
      code === 0
        ? settle(Buffer.concat(said).toString())
        : reject(new Error(`docker ${argv.join(' ')} exits with ${String(code)}`)),
    );
  });
}

function must<T>(result: Result<T, LabError>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.message} ${result.error.remedy}`);
}
