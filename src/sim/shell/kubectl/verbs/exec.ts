/** `kubectl exec`: a command in a pod's place. Source: k8s.io/kubectl/pkg/cmd/exec/exec.go v0.35; CRI error texts. */
import { textAt } from '../../../kube/fields.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../../../base/bytes.ts';
import type { JsonObject } from '../../../../base/json.ts';
import { NoSuchProgram, type CommandIo, type Input } from '../../command.ts';
import type { Call, Verb } from '../call.ts';
import { completePods } from '../completion.ts';
import { Failure, usageFailure } from '../failure.ts';
import { completed, defaultContainer, notRunning, podLikeObject, podsOf } from '../pods.ts';
import { bool, text } from './shared-flags.ts';

export const EXEC: Verb = {
  path: 'exec',
  summary: 'Run a command in a container',
  about:
    'Runs a command in a container of a running pod; what it prints comes here, and its exit code is the exit code.',
  usage: 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]',
  examples: ['kubectl exec web -- ip route', 'kubectl exec -it deploy/web -- sh'],
  provenance: 'compared',
  flags: [
    text('container', 'The container; otherwise the first one.', { short: 'c' }),
    bool('quiet', 'Print only what the command prints.', { short: 'q' }),
    bool('stdin', 'Pass standard input on.', { short: 'i' }),
    bool('tty', 'Give the command a terminal.', { short: 't' }),
  ],
  run: exec,
  complete: completePods,
};

async function exec(call: Call): Promise<number> {
  const { resource, command } = wanted(call);
  const [pod] = podsOf(call, podLikeObject(call, resource));
  if (!pod) throw new Failure(`error: timed out waiting for the condition`);
  const refusal = completed(pod);
  if (refusal !== undefined) throw new Failure(refusal);
  const container = await defaultContainer(call, pod, call.flags.text('container'));
  const obstacle = notRunning(pod, container);
  if (obstacle !== undefined) throw new Failure(obstacle);
  return runInPod(call, pod, { command, streams: await streamsFor(call) });
}

function wanted(call: Call): { readonly resource: string; readonly command: readonly string[] } {
  const before = call.argsBeforeDashes;
  if (before === undefined && call.args.length > 1) {
    throw usageFailure(
      'exec',
      'exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead',
    );
  }
  const resource = before === 0 ? undefined : call.args[0];
  if (resource === undefined) throw new Failure('error: pod, type/name or --filename must be specified');
  const command = before === undefined ? [] : call.args.slice(before);
  if (command.length === 0) {
    throw new Failure('error: you must specify at least one command for the container');
  }
  return { resource, command };
}

type Streams = Partial<Pick<CommandIo, 'stdin' | 'stdout' | 'stderr' | 'tty'>>;

async function streamsFor(call: Call): Promise<Streams> {
  const wantsStdin = call.flags.is('stdin');
  const wantsTty = call.flags.is('tty') && wantsStdin;
  const { stdin, stdout, stderr, tty } = call.io;
  if (wantsTty && !stdin.isTerminal && !call.flags.is('quiet')) {
    await call.err('Unable to use a TTY - input is not a terminal or the right kind of file\n');
  }
  const terminal = wantsTty && stdin.isTerminal;
  return {
    stdin: wantsStdin ? (terminal ? stdin : piped(stdin)) : NO_INPUT,
    stdout,
    // With a terminal both streams come out of it.
    stderr: terminal ? stdout : stderr,
    ...(terminal && tty ? { tty } : {}),
  };
}

const NO_INPUT: Input = {
  read: () => Promise.resolve(undefined),
  text: () => Promise.resolve(''),
  isTerminal: false,
};

/** The same input, without being a terminal to the command. */
function piped(stdin: Input): Input {
  return {
    read: (signal) => stdin.read(signal),
    text: () => stdin.text(),
    isTerminal: false,
  };
}

/** Runs a command in a pod; a non-zero exit says so as kubectl does. */
export async function runInPod(
  call: Call,
  pod: JsonObject,
  what: { readonly command: readonly string[]; readonly streams: Streams },
): Promise<number> {
  const place = {
    kind: 'pod',
    namespace: textAt(pod, 'metadata', 'namespace'),
    name: textAt(pod, 'metadata', 'name'),
  } as const;
  const code = await started(call, () => call.io.run(place, what.command, what.streams));
  if (code !== 0) await call.err(`command terminated with exit code ${code}\n`);
  return code;
}

/** containerd's complaint about a program that the container does not have; the identifier of an attempt is random. */
export async function started(call: Call, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof NoSuchProgram)) throw error;
    const { program } = error;
    const attempt = hex(sha256(utf8(`${program} ${call.io.clock.now()}`)));
    const why = program.includes('/')
      ? `stat ${program}: no such file or directory`
      : 'executable file not found in $PATH';
    throw new Failure(
      `error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "${attempt}": OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": ${why}: unknown`,
    );
  }
}
