/** `underlay cluster up`: a simulated cluster that stock kubectl can talk to, at wall speed, until interrupted. */
import { createServer } from 'node:net';
import { err, ok, type Result } from '../../base/result.ts';
import { simEngine } from '../../engines/sim/engine.ts';
import type { LabEnvironment, LabError, LabSession } from '../../lab/ports.ts';
import { nearest } from '../../lab/diagnostic.ts';
import { kubeconfigCommand, removeKubeconfig, writeKubeconfig } from '../../services/kubeconfig-file.ts';
import { readLibrary } from '../../services/library.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { complain, say } from '../output.ts';
import { PATHS } from '../paths.ts';
import { bareEnvironment, INSTALL_FLAG } from './shell.ts';
import { interrupted, parsePort } from './start.ts';

/** How many ports after a taken one are tried for a suggestion. */
const PORTS_TRIED = 100;
const LAST_PORT = 65535;

export const clusterUp: CliCommand = {
  name: 'cluster up',
  spec: {
    usage:
      'underlay cluster up (--topology FILE [--install manifest|operator] | --lab ID) --kubeconfig OUT [--port N] [--force]',
    summary: 'Serve a simulated cluster to your own kubectl until Ctrl-C.',
    flags: {
      topology: { value: 'a file', help: 'A topology file, as in labs/topologies.' },
      ...INSTALL_FLAG,
      lab: { value: 'an ID', help: "Instead of a topology: a lab's start state." },
      kubeconfig: { value: 'a file', help: 'Where to write the kubeconfig; it is removed at the end.' },
      port: { value: 'a number', help: 'Port on 127.0.0.1. Default: any free one.' },
      force: { help: 'Replace a kubeconfig file that Underlay did not write.' },
    },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const out = flags.get('kubeconfig');
    const port = parsePort(flags.get('port'));
    if (out === undefined) return wrong(`--kubeconfig is missing. Usage: ${clusterUp.spec.usage}`);
    if (!port.ok) return wrong(port.error);
    const environment = await environmentOf(flags);
    if (!environment.ok) return wrong(environment.error);
    return serve(environment.value, { out, force: flags.has('force'), port: port.value ?? 0 });
  },
};

function wrong(message: string): ExitCode {
  complain(message);
  return EXIT.usage;
}

async function environmentOf(flags: ReadonlyMap<string, string>): Promise<Result<LabEnvironment, string>> {
  const [topology, lab, install] = ['topology', 'lab', 'install'].map((flag) => flags.get(flag));
  if ((topology === undefined) === (lab === undefined)) {
    return err(`Give either --topology or --lab. Usage: ${clusterUp.spec.usage}`);
  }
  if (topology !== undefined) return bareEnvironment(topology, install);
  if (install !== undefined) return err('A lab says itself how Calico is installed: leave --install out.');
  const library = await readLibrary(PATHS.course);
  if (!library.ok) return library;
  const entry = library.value.labs.get(lab ?? '');
  if (entry) return ok(entry.environment);
  const meant = nearest(lab ?? '', [...library.value.labs.keys()]);
  return err(
    `There is no lab "${lab ?? ''}".${meant === undefined ? ' underlay lab list names them.' : ` Did you mean ${meant}?`}`,
  );
}

interface Serving {
  readonly out: string;
  readonly force: boolean;
  readonly port: number;
}

async function serve(environment: LabEnvironment, serving: Serving): Promise<ExitCode> {
  const stop = new AbortController();
  const ended = interrupted().then(() => stop.abort());
  const engine = simEngine({ worker: PATHS.simWorker });
  const opened = await engine.open(environment, { signal: stop.signal });
  if (!opened.ok) {
    await engine.dispose();
    return stop.signal.aborted ? EXIT.pass : engineFailed(opened.error);
  }
  try {
    return await serveSession(opened.value, serving, ended);
  } finally {
    await opened.value.dispose();
    await engine.dispose();
  }
}

async function serveSession(
  session: LabSession,
  { out, force, port }: Serving,
  ended: Promise<void>,
): Promise<ExitCode> {
  const served = await session.kubeconfig({ port });
  if (!served.ok) {
    if (served.error.code !== 'port-taken') return engineFailed(served.error);
    const free = await nextFreePort(port + 1);
    return wrong(
      `Port ${port} is in use.${free === undefined ? ' Leave --port out to take any free one.' : ` The next free one is --port ${free}.`}`,
    );
  }
  const written = await writeKubeconfig(out, served.value, { force });
  if (!written.ok) return wrong(written.error);
  say(`The cluster is up. In another terminal:`);
  say('');
  say(`  ${kubeconfigCommand(written.value)}`);
  say('  kubectl get nodes');
  say('');
  say('Press Ctrl-C to stop.');
  const failed = new Promise<LabError>((resolve) => {
    session.onStatus((status) => {
      if (status.state === 'failed') resolve(status.error);
    });
  });
  const error = await Promise.race([ended, failed]);
  await removeKubeconfig(written.value, served.value);
  return error ? engineFailed(error) : EXIT.pass;
}

function engineFailed({ message, remedy }: LabError): ExitCode {
  complain(`${message} ${remedy}`);
  return EXIT.engine;
}

/** Undefined when none of the next ones is free. */
async function nextFreePort(first: number): Promise<number | undefined> {
  for (let port = first; port <= Math.min(first + PORTS_TRIED, LAST_PORT); port += 1) {
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
  return undefined;
}
