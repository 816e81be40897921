/** `--help`, in our own words. */
import { COMMANDS, type CommandSpec } from './commands.ts';
import { MANAGERS } from './kinds/kinds.ts';
import type { OptionSpec } from './options.ts';

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { long: '--help', short: '-h', help: 'Show this help.' },
  { long: '--version', help: 'Say how to see the version.' },
  {
    long: '--log-level',
    short: '-l',
    value: 'level',
    help: 'panic (the default), fatal, error, warn, info or debug.',
  },
  { long: '--context', value: 'context', help: 'Context of the kubeconfig; accepted.' },
  { long: '--allow-version-mismatch', help: 'Work although calicoctl and the cluster differ in version.' },
];

const TOP: readonly (readonly [string, string])[] = [
  ['create', 'Create resources from files'],
  ['replace', 'Replace resources from files'],
  ['apply', 'Create or replace resources from files'],
  ['patch', 'Change some fields of a resource'],
  ['delete', 'Delete resources'],
  ['get', 'Show resources'],
  ['label', 'Set or remove a label'],
  ['validate', 'Check files without writing'],
  ['ipam', 'Look into address management'],
  ['node', 'See how Calico does on this node'],
  ['version', 'Show versions'],
  ['datastore', 'Lock and unlock the data store'],
];

export function overview(): string {
  const commands = TOP.map(([name, about]) => `    ${name.padEnd(12)} ${about}`);
  return [
    'Usage:',
    '  calicoctl [options] <command> [<args>...]',
    '',
    ...commands,
    '',
    'Options:',
    ...optionLines(GLOBAL_OPTIONS),
    '',
  ].join('\n');
}

/** The commands of a group: `ipam`, `datastore migrate`. */
export function groupOverview(group: string): string {
  const inside = COMMANDS.filter(({ name }) => name.startsWith(`${group} `));
  const abouts = new Map(
    inside.map(({ name, about }) => {
      const [word = '', ...more] = name.slice(group.length + 1).split(' ');
      return [word, more.length === 0 ? about : `Commands: ${siblings(inside, `${group} ${word}`)}`];
    }),
  );
  const commands = [...abouts].map(([word, about]) => `    ${word.padEnd(12)} ${about}`);
  return ['Usage:', `  calicoctl ${group} <command> [<args>...]`, '', ...commands, ''].join('\n');
}

const siblings = (commands: readonly CommandSpec[], group: string): string =>
  commands.map(({ name }) => name.slice(group.length + 1)).join(', ');

export function commandHelp(command: CommandSpec): string {
  const kinds = command.options.some(
    ({ long }) => long === '--filename' || long === '--patch' || long === '--remove',
  );
  const list = MANAGERS.map(({ kind }) => `    - ${kind.toLowerCase()}`).sort();
  return [
    'Usage:',
    `  calicoctl ${command.usage}`,
    '',
    command.about,
    '',
    'Options:',
    ...optionLines(command.options),
    '',
    ...(kinds ? ['Kinds:', ...list, ''] : []),
  ].join('\n');
}

function optionLines(options: readonly OptionSpec[]): readonly string[] {
  return options.map(({ long, short, value, help }) => {
    const spelt = `${short === undefined ? '  ' : short} ${long}${value === undefined ? '' : `=<${value}>`}`;
    return `  ${spelt.padEnd(30)} ${help}`;
  });
}
