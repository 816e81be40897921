/**
 * `underlay shell` and `underlay sim`: a free-standing simulated cluster, without a lab. With `-c` one command runs on
 * the workstation while the clock runs free; without, this terminal becomes the workstation's.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { err, ok, type Result } from '../../base/result.ts';
import { simEngine } from '../../engines/sim/engine.ts';
import { formatDiagnostics } from '../../lab/diagnostic.ts';
import type { LabEngine, LabEnvironment, LabError, LabSession } from '../../lab/ports.ts';
import { parseTopology } from '../../lab/topology.ts';
import { WORKSTATION } from '../../model/place.ts';
import type { Topology } from '../../model/topology.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { complain } from '../output.ts';
import { PATHS } from '../paths.ts';
import { attach } from '../terminal.ts';

const COMMAND_FLAG = {
  command: {
    value: 'a command',
    short: 'c',
    help: 'Run this on the workstation and end with its exit code.',
  },
};
export const INSTALL_FLAG = {
  install: { value: 'manifest or operator', help: 'How Calico is installed. Default: manifest.' },
};
const STANDARD_TOPOLOGY = join(PATHS.root, 'labs', 'topologies', 'two-racks.yaml');

export const shell: CliCommand = {
  name: 'shell',
  spec: {
    usage: 'underlay shell --topology FILE [--install manifest|operator] [-c COMMAND]',
    summary: "Open a simulated cluster of a topology file's shape, at its workstation.",
    flags: {
      topology: { value: 'a file', help: 'A topology file, as in labs/topologies.' },
      ...INSTALL_FLAG,
      ...COMMAND_FLAG,
    },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const file = flags.get('topology');
    if (file !== undefined) return openShell(file, flags);
    complain(`--topology is missing. Usage: ${shell.spec.usage}`);
    return EXIT.usage;
  },
};

export const sim: CliCommand = {
  name: 'sim',
  spec: {
    usage: 'underlay sim [--install manifest|operator] [-c COMMAND]',
    summary: 'As underlay shell, with the two racks that the labs use.',
    flags: { ...INSTALL_FLAG, ...COMMAND_FLAG },
    words: { min: 0, max: 0 },
  },
  run: ({ flags }) => openShell(STANDARD_TOPOLOGY, flags),
};

async function openShell(file: string, flags: ReadonlyMap<string, string>): Promise<number> {
  const command = flags.get('command');
  const described = await bareEnvironment(file, flags.get('install'));
  if (!described.ok) {
    complain(described.error);
    return EXIT.usage;
  }
  const environment = described.value;
  if (command === undefined)
    return withSession(simEngine({ worker: PATHS.simWorker }), environment, atTerminal);
  // Only here: the terminal's simulator has a worker of its own, and other commands start without one.
  const { freeRunningSimEngine } = await import('../../engines/sim/free-running-engine.ts');
  return withSession(freeRunningSimEngine(), environment, (session) => runOnce(session, command));
}

/** The error is for the person who named the file. */
export async function readTopology(file: string): Promise<Result<Topology, string>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return err(`The topology ${file} cannot be read. Give the path of a YAML file.`);
  const parsed = parseTopology(file, text);
  return parsed.ok ? parsed : err(formatDiagnostics(parsed.error));
}

type InstallKind = LabEnvironment['calico']['install'];

/** The error is for the person who typed it. */
function parseInstall(word: string | undefined): Result<InstallKind, string> {
  if (word === undefined || word === 'manifest' || word === 'operator') return ok(word ?? 'manifest');
  return err(`--install is manifest or operator, not "${word}".`);
}

/** The cluster of a topology file, with Calico as `--install` says. */
export async function bareEnvironment(
  file: string,
  install: string | undefined,
): Promise<Result<LabEnvironment, string>> {
  const kind = parseInstall(install);
  if (!kind.ok) return kind;
  const topology = await readTopology(file);
  return topology.ok ? ok(bare(topology.value, kind.value)) : topology;
}

/** A cluster without a lab: Calico with its default pool, and nothing of anyone's. */
export function bare(topology: Topology, install: InstallKind = 'manifest'): LabEnvironment {
  return {
    id: topology.name,
    topology,
    calico: { install, pools: install === 'operator' ? 'operator' : 'user' },
    start: [],
    files: [],
  };
}

async function withSession(
  engine: LabEngine,
  environment: LabEnvironment,
  use: (session: LabSession) => Promise<Result<number, LabError>>,
): Promise<number> {
  const opened = await engine.open(environment, { signal: new AbortController().signal });
  if (!opened.ok) return engineFailed(opened.error);
  try {
    const code = await use(opened.value);
    return code.ok ? code.value : engineFailed(code.error);
  } finally {
    await opened.value.dispose();
  }
}

function engineFailed({ message, remedy }: LabError): number {
  complain(`${message} ${remedy}`);
  return EXIT.engine;
}

/** 128 + SIGINT, as a shell reports an interrupted command. */
const INTERRUPTED = 130;

async function runOnce(session: LabSession, command: string): Promise<Result<number, LabError>> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop);
  try {
    const done = await session.exec(WORKSTATION, ['sh', '-c', command], interrupt.signal);
    if (interrupt.signal.aborted) return { ok: true, value: INTERRUPTED };
    if (!done.ok) return done;
    process.stdout.write(done.value.stdout);
    process.stderr.write(done.value.stderr);
    return { ok: true, value: done.value.exitCode };
  } finally {
    process.off('SIGINT', stop);
  }
}

async function atTerminal(session: LabSession): Promise<Result<number, LabError>> {
  const { stdin: input, stdout: output } = process;
  const opened = await session.shell(WORKSTATION, { columns: output.columns ?? 80, rows: output.rows ?? 24 });
  return opened.ok ? { ok: true, value: await attach(opened.value, { input, output }) } : opened;
}
