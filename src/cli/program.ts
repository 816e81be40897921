/** `underlay` as a whole: finds the command that was asked for, gives help, and turns a bug into one plain sentence. */
import process from 'node:process';
import { nearest } from '../lab/diagnostic.ts';
import { parseArguments } from './arguments.ts';
import type { CliCommand } from './command.ts';
import { EXIT } from './exit-code.ts';
import { complain, reasonOf, say } from './output.ts';

/** A command's name, and how to load it when it is asked for: none pays for what another imports. */
export interface ListedCommand {
  readonly name: string;
  load(): Promise<CliCommand>;
}

export interface Program {
  readonly commands: readonly ListedCommand[];
  version(): Promise<string>;
}

/** Resolves to the exit code of the process. */
export async function runProgram(args: readonly string[], program: Program): Promise<number> {
  try {
    return await dispatch(args, program);
  } catch (bug) {
    complain(
      `Underlay has a fault of its own: ${reasonOf(bug).split('\n')[0] ?? ''}. Please report what you did.`,
    );
    if (process.env.UNDERLAY_DEBUG === '1') complain(bug instanceof Error ? (bug.stack ?? '') : String(bug));
    else complain('UNDERLAY_DEBUG=1 shows the details.');
    return EXIT.engine;
  }
}

async function dispatch(args: readonly string[], program: Program): Promise<number> {
  const [first] = args;
  if (first === undefined) {
    complain(helpOfAll(await loaded(program.commands)));
    return EXIT.usage;
  }
  if (isHelp(first) || first === 'help') {
    say(helpOfAll(await loaded(program.commands)));
    return EXIT.pass;
  }
  if (first === '--version') {
    say(await program.version());
    return EXIT.pass;
  }
  const listed = commandOf(args, program.commands);
  if (!listed) return unknownCommand(args, program.commands);
  const command = await listed.load();
  const rest = args.slice(command.name.split(' ').length);
  const own = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : rest.length);
  if (own.some(isHelp)) {
    say(helpOf(command));
    return EXIT.pass;
  }
  const parsed = parseArguments(rest, command.spec);
  if (parsed.ok) return command.run(parsed.value);
  complain(parsed.error);
  return EXIT.usage;
}

const isHelp = (arg: string): boolean => arg === '--help' || arg === '-h';

function loaded(commands: readonly ListedCommand[]): Promise<readonly CliCommand[]> {
  return Promise.all(commands.map((command) => command.load()));
}

/** The command whose name the line begins with. */
function commandOf(args: readonly string[], commands: readonly ListedCommand[]): ListedCommand | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, at) => args[at] === word));
}

async function unknownCommand(args: readonly string[], commands: readonly ListedCommand[]): Promise<number> {
  const [first = '', second] = args;
  const names = commands.map(({ name }) => name);
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && (second === undefined || isHelp(second))) {
    const help = (await loaded(group)).map(helpOf).join('\n\n');
    (second === undefined ? complain : say)(help);
    return second === undefined ? EXIT.usage : EXIT.pass;
  }
  const typed = first.startsWith('-') || second === undefined ? first : `${first} ${second}`;
  const meant = nearest(typed, names) ?? nearest(first, names);
  complain(
    `There is no command "${group.length > 0 ? typed : first}". ` +
      (meant === undefined ? 'underlay --help lists them.' : `Did you mean underlay ${meant}?`),
  );
  return EXIT.usage;
}

function helpOfAll(commands: readonly CliCommand[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const lines = commands.map(({ name, spec }) => `  ${name.padEnd(width)}${spec.summary}`);
  return [
    'underlay: learn Kubernetes networking with Calico.',
    '',
    ...lines,
    '',
    'underlay COMMAND --help says more; underlay --version prints the version.',
    'Exit codes: 0 passed, 1 a check failed, 2 wrong usage or a mistake in a file, 3 the engine failed.',
  ].join('\n');
}

function helpOf({ spec }: CliCommand): string {
  const flags = Object.entries(spec.flags).map(
    ([name, { short, value, help }]): readonly [string, string] => {
      const spelt = short === undefined ? `--${name}` : `-${short}, --${name}`;
      return [value === undefined ? spelt : `${spelt} ${value.replace(/^an? /, '').toUpperCase()}`, help];
    },
  );
  const width = Math.max(0, ...flags.map(([spelt]) => spelt.length)) + 2;
  return [
    `Usage: ${spec.usage}`,
    spec.summary,
    ...flags.map(([spelt, help]) => `  ${spelt.padEnd(width)}${help}`),
  ].join('\n');
}
