/** The page "What the simulator models", as Markdown: written to docs/simulator.md by `underlay content models`. */
import { BEHAVIOUR_GROUPS } from './behaviours.ts';
import { commandGroups, type CommandFeature } from './commands.ts';
import { provenanceText, type Feature } from './feature.ts';
import { kindFields, type KindFields } from './fields.ts';

const INTRODUCTION = `# What the simulator models

This page is generated from the simulator itself by \`underlay content models\`; do not edit it.

The models are Calico v3.32.1, Kubernetes 1.35 and Linux 6.x with the tools of Debian 12. **yes** means that it works as in
life, **partly** that it does with the exception in the note, **no** that it is kept or refused, without effect. Where something
was *compared*, tests hold it against the real thing; *source only* means that nothing here confirmed what was read.`;

export function simulatorPage(): string {
  return `${[INTRODUCTION, ...behaviours(), ...commands(), ...fields()].join('\n\n')}\n`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function table(heads: readonly string[], rows: readonly string[]): string {
  return [row(...heads), row(...heads.map(() => '---')), ...rows].join('\n');
}

const WIDTH = 130;

/** An item of a list in lines of some width, broken at blanks outside of code. */
function wrapped(text: string): string {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = ' ';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

const behaviours = (): readonly string[] => [
  '## Behaviour',
  ...BEHAVIOUR_GROUPS.flatMap(({ title, features }) => [
    `### ${title}`,
    table(['What', 'Modelled', 'Note', 'Known from'], features.map(featureRow)),
  ]),
];

const featureRow = ({ name, honoured, note, provenance }: Feature): string =>
  row(name, honoured, note, provenanceText(provenance));

const commands = (): readonly string[] => [
  '## Commands',
  ...commandGroups().flatMap(({ title, commands: members }) => [
    `### ${title}`,
    members.map(commandText).join('\n'),
  ]),
];

function commandText({ name, yes, ignored = [], no = [], note, provenance }: CommandFeature): string {
  const parts = [
    ...(note === undefined ? [] : [note]),
    ...(yes.length > 0 ? [`**yes**: ${code(yes)}.`] : []),
    ...(ignored.length > 0 ? [`**partly**, taken without effect: ${code(ignored)}.`] : []),
    ...(no.length > 0 ? [`**no**, refused: ${code(no)}.`] : []),
    `(${provenanceText(provenance)})`,
  ];
  return wrapped(`- \`${name}\`: ${parts.join(' ')}`);
}

const fields = (): readonly string[] => [
  '## Resource fields',
  'Every kind has `metadata` as in life: names, labels, annotations, owners, finalizers, versions, managed fields. What is listed under **no** is checked, kept, shown and watched, and changes nothing. A field stands for all below it.',
  ...kindFields().map(kindText),
];

const kindText = ({ title, yes, partly, no, provenance }: KindFields): string =>
  [
    `### ${title}`,
    '',
    ...(yes.length > 0 ? [wrapped(`- **yes**: ${code(yes)}`)] : []),
    ...partly.map(({ path, note }) => wrapped(`- **partly**: \`${path}\`: ${note}`)),
    ...(no.length > 0 ? [wrapped(`- **no**: ${code(no)}`)] : []),
    `- Known from: ${provenanceText(provenance)}`,
  ].join('\n');
