/**
 * The in-app kubectl: finds the command, reads its flags, runs it against the cluster's API, and turns a failure into
 * kubectl's message and exit code. Wordings are those of kubectl v1.35 (k8s.io/kubectl v0.35, cobra v1.10).
 */
import { BrokenPipe, type Command, type CommandIo } from '../command.ts';
import { Api } from './api-client.ts';
import type { Call, Verb } from './call.ts';
import { completeLine } from './command-completion.ts';
import { Failure } from './failure.ts';
import { parseFlags, type FlagSpec, type ParsedLine } from './flags.ts';
import { optionsHelp, verbHelp } from './help.ts';
import { currentNamespace, readKubeConfig } from './kubeconfig.ts';
import { findCommand, parentHelp, rootHelp, type Found } from './command-tree.ts';
import { refusalOf, refusedFlags } from './refused-flags.ts';
import { GLOBAL_FLAGS, bool } from './verbs/shared-flags.ts';

export const kubectl: Command = {
  name: 'kubectl',
  summary: 'Control the Kubernetes cluster of this lab',
  places: ['workstation', 'node'],
  run,
  complete: completeLine,
};

async function run(io: CommandIo): Promise<number> {
  try {
    return await dispatch(io);
  } catch (error) {
    if (error instanceof BrokenPipe || !(error instanceof Failure)) throw error;
    if (error.message !== '')
      await io.stderr.write(error.message.endsWith('\n') ? error.message : `${error.message}\n`);
    return error.exitCode;
  }
}

async function dispatch(io: CommandIo): Promise<number> {
  const found = findCommand(io.args);
  switch (found.kind) {
    case 'root':
      await io.stdout.write(rootHelp());
      return 0;
    case 'options':
      await io.stdout.write(optionsHelp(GLOBAL_FLAGS));
      return 0;
    case 'parent':
      return parent(io, found);
    case 'unknown':
      throw new Failure(found.message);
    case 'verb':
      return runVerb(io, found.verb, found.rest);
  }
}

/** Commands such as `config` print their help and fail without a subcommand; a wrong subcommand is an error. */
async function parent(io: CommandIo, found: Found & { kind: 'parent' }): Promise<number> {
  const word = found.rest.find((arg) => !arg.startsWith('-'));
  if (word !== undefined) {
    throw new Failure(
      `error: unknown command ${JSON.stringify(word)}\nSee 'kubectl ${found.path} -h' for help and examples`,
    );
  }
  const asked = found.rest.some((arg) => arg === '--help' || arg === '-h');
  const stream = asked || found.path === 'rollout' ? io.stdout : io.stderr;
  await stream.write(parentHelp(found.path));
  return asked ? 0 : 1;
}

const HELP: FlagSpec = bool('help', 'Show this text.', { short: 'h' });

/** Everything the command line may hold, refused flags too. */
const flagsOf = (verb: Verb): readonly FlagSpec[] => [
  ...refusedFlags(verb),
  ...GLOBAL_FLAGS,
  ...verb.flags,
  HELP,
];

async function runVerb(io: CommandIo, verb: Verb, words: readonly string[]): Promise<number> {
  const parsed = parseFlags(words, flagsOf(verb));
  if (!parsed.ok) throw new Failure(`error: ${parsed.error}\nSee 'kubectl ${verb.path} --help' for usage.`);
  if (parsed.value.flags.is('help')) {
    await io.stdout.write(verbHelp(verb));
    return 0;
  }
  const refusal = refusalOf(verb, parsed.value.flags);
  if (refusal !== undefined) throw new Failure(refusal);
  const call = newCall(io, parsed.value);
  let code: number;
  try {
    code = await verb.run(call);
  } finally {
    await call.finish();
  }
  const { warned } = call.api;
  if (warned > 0 && call.flags.is('warnings-as-errors'))
    throw new Failure(`error: ${warned} ${warned === 1 ? 'warning' : 'warnings'} received`);
  return code;
}

interface OpenCall extends Call {
  /** Prints warnings of the server that came with the last answers. */
  finish(): Promise<void>;
}

function newCall(io: CommandIo, line: ParsedLine): OpenCall {
  const { flags } = line;
  const api = new Api(io.cluster, flags.text('as'));
  const finish = async (): Promise<void> => {
    for (const warning of api.takeWarnings()) await io.stderr.write(`Warning: ${warning}\n`);
  };
  const given = flags.given('namespace') && flags.text('namespace') !== '';
  return {
    io,
    ...line,
    api,
    namespace: given
      ? flags.text('namespace')
      : currentNamespace(readKubeConfig(io, flags.text('kubeconfig')), flags.text('context')),
    namespaceGiven: given,
    finish,
    async out(text) {
      await finish();
      if (text !== '') await io.stdout.write(text);
    },
    async err(text) {
      await finish();
      if (text !== '') await io.stderr.write(text);
    },
  };
}
