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

const GROUPS: readonly (readonly [string, string])[] = [
  ['create', 'Create resources from files'],
  ['replace', 'Replace resources from files'],
  ['apply', 'Create or replace resources from files'],
  ['patch', 'Change some fields of a resource'],
  ['delete', 'Delete resources'],
  ['get', 'Show resources'],
  ['label', 'Set or remove a label'],
  ['validate', 'Check files without writing'],
  ['ipam', 'Look into address management'],
  ['version', 'Show versions'],
];

export function overview(): string {
  const commands = GROUPS.map(([name, about]) => `    ${name.padEnd(12)} ${about}`);
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

export function ipamOverview(): string {
  const commands = COMMANDS.filter(({ name }) => name.startsWith('ipam ')).map(
    ({ name, about }) => `    ${name.slice('ipam '.length).padEnd(12)} ${about}`,
  );
  return ['Usage:', '  calicoctl ipam <command> [<args>...]', '', ...commands, ''].join('\n');
}

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
