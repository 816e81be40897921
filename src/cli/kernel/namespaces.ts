/**
 * Network namespaces of this machine that stand for the stacks of a simulated network. Their names begin with our process
 * id, so that two runs never meet, what a killed run left is known and cleared away, and nothing else is ever touched.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import type { Netns } from '../../sim/index.ts';
import { cabling } from './cabling.ts';
import type { StackProgram } from './stack-program.ts';

const FAMILY = 'underlay-';

/** What the kernel or one of its tools refused. */
export class KernelRefusal extends Error {}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a missing one is exit code 127. */
export function run(argv: readonly string[], input = ''): Promise<Ended> {
  const [command = '', ...args] = argv;
  return new Promise((settle) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => settle({ code: 127, stdout: '', stderr: error.message }));
    child.on('close', (code) =>
      settle({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    child.stdin.end(input);
  });
}

export async function must(argv: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await run(argv, input);
  if (code === 0) return stdout;
  const refused = argv.includes('-batch') ? /Command failed .*:(\d+)/.exec(stderr)?.[1] : undefined;
  const line = refused === undefined ? '' : `\n  at: ${input.split('\n')[Number(refused) - 1] ?? ''}`;
  throw new KernelRefusal(`${argv.join(' ')}: exit code ${String(code)}\n${stderr.trim()}${line}`);
}

/** The argument vector that runs a program inside a namespace. */
export const inside = (name: string, argv: readonly string[]): readonly string[] => [
  'ip',
  'netns',
  'exec',
  name,
  ...argv,
];

let labs = 0;

/** The namespaces of one network, cabled, with nothing programmed yet. */
export class Namespaces {
  readonly #nameOf: ReadonlyMap<string, string>;
  readonly #names: readonly string[];
  readonly #onExit = (): void => {
    remove(this.#names);
  };
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.dispose();
    process.kill(process.pid, signal);
  };

  private constructor(nameOf: ReadonlyMap<string, string>, names: readonly string[]) {
    this.#nameOf = nameOf;
    this.#names = names;
    process.once('exit', this.#onExit);
    for (const signal of SIGNALS) process.once(signal, this.#onSignal);
  }

  static async cable(stacks: readonly Netns[]): Promise<Namespaces> {
    labs += 1;
    const { nameOf, names, cables, switches } = cabling(stacks, `${FAMILY}${process.pid}-${labs}-`);
    const made = new Namespaces(nameOf, names);
    try {
      const lines = [...names.map((name) => `netns add ${name}`), ...cables];
      await must(['ip', '-batch', '-'], lines.join('\n'));
      await must(inside(switches.name, ['sh', '-e']), script(switches));
    } catch (error) {
      made.dispose();
      throw error;
    }
    return made;
  }

  nameOf(stack: string): string {
    const name = this.#nameOf.get(stack);
    if (name === undefined) throw new RangeError(`no network namespace stands for ${stack}`);
    return name;
  }

  async program(stack: string, program: StackProgram): Promise<void> {
    const name = this.nameOf(stack);
    const { ip, ...others } = program;
    if (Object.values(others).every((lines) => lines.length === 0)) {
      await must(['ip', '-n', name, '-batch', '-'], ip.join('\n'));
      return;
    }
    await must(inside(name, ['sh', '-e']), script(program));
  }

  /** Deletes the namespaces; processes in them must have ended. */
  dispose(): void {
    process.off('exit', this.#onExit);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    remove(this.#names);
  }
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** For the shell of a namespace. */
function script({
  sysctls = [],
  ip = [],
  bridge = [],
  ipset = [],
  iptables = [],
  ip6tables = [],
}: Partial<StackProgram>): string {
  const parts = [
    ...[...new Set(sysctls)].map(([path, value]) => `echo ${value} > "/proc/sys/net/${path}"`),
    ...fed('ip -batch -', ip),
    ...fed('bridge -batch -', bridge),
    ...fed('ipset restore -exist', ipset),
    ...fed('iptables-restore', iptables),
    ...fed('ip6tables-restore', ip6tables),
  ];
  return `set -e\n${parts.join('\n')}\n`;
}

function fed(command: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${command} <<'END_OF_LINES'`, ...lines, 'END_OF_LINES'];
}

function remove(names: readonly string[]): void {
  const input = names.map((name) => `netns del ${name}`).join('\n');
  spawnSync('ip', ['-force', '-batch', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'] });
}

/** Clears away what runs left that were killed: namespaces of ours whose process is gone, and what still runs in them. */
export async function clearStale(): Promise<void> {
  const { stdout } = await run(['ip', 'netns', 'list']);
  const stale = stdout
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter(
      (name) =>
        name.startsWith(FAMILY) && !existsSync(`/proc/${name.slice(FAMILY.length).split('-')[0] ?? ''}`),
    );
  for (const name of stale) {
    const { stdout: pids } = await run(['ip', 'netns', 'pids', name]);
    for (const pid of pids.split('\n').filter(Boolean)) end(Number(pid));
  }
  remove(stale);
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
