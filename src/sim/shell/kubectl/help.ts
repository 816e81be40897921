/** `--help`, made from the same data that runs the commands. Layout: kubectl's templates; the words are ours. */
import type { Verb } from './call.ts';
import type { FlagSpec } from './flags.ts';

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
}

export function verbHelp(verb: Verb): string {
  const sections = [
    verb.about,
    section(
      'Examples',
      verb.examples.map((example) => `  ${example}`),
    ),
    section('Options', [...verb.flags].sort((a, b) => (a.name < b.name ? -1 : 1)).map(optionText)),
    `Usage:\n  kubectl ${verb.usage} [options]`,
    'Use "kubectl options" for a list of global command-line options (applies to all commands).',
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

export function groupHelp(group: {
  readonly about: string;
  readonly usage: string;
  readonly groups: readonly CommandGroup[];
  /** `rollout`; empty for kubectl itself. */
  readonly path: string;
}): string {
  const lists = group.groups.map(({ title, commands }) => {
    const width = Math.max(15, ...commands.map(({ name }) => name.length + 1));
    return section(
      title,
      commands.map(({ name, summary }) => `  ${name.padEnd(width)} ${summary}`),
    );
  });
  const sections = [
    group.about,
    ...lists,
    `Usage:\n  ${group.usage}`,
    [
      `Use "kubectl ${group.path === '' ? '' : `${group.path} `}<command> --help" for more information about a given command.`,
      'Use "kubectl options" for a list of global command-line options (applies to all commands).',
    ].join('\n'),
  ];
  return `${sections.join('\n\n')}\n`;
}

export function optionsHelp(flags: readonly FlagSpec[]): string {
  return `The following options can be passed to any command:\n\n${flags.map(optionText).join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n${lines.join(title === 'Options' ? '\n\n' : '\n')}`;
}

function optionText(flag: FlagSpec): string {
  const initial = flag.type === 'string' ? `'${flag.initial}'` : flag.initial;
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  return `    ${short}--${flag.name}=${initial}:\n\t${flag.help}`;
}
