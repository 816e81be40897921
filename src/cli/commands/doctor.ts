/** `underlay doctor`: what of Underlay works on this machine, and what to do about the rest. */
import { findingRows, type Finding } from '../../lab/care.ts';
import type { CliCommand } from '../command.ts';
import { examination } from '../doctor/examine.ts';
import { EXIT } from '../exit-code.ts';
import { say } from '../output.ts';
import { realClustersHere } from '../real-clusters.ts';

export const doctor: CliCommand = {
  name: 'doctor',
  spec: {
    usage: 'underlay doctor [--json]',
    summary: 'Look at this machine: what of Underlay works here, and what to do about the rest.',
    flags: { json: { help: 'Print the findings as JSON.' } },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const { signal } = new AbortController();
    const findings = await examination(realClustersHere().care)({ signal });
    say(
      flags.has('json')
        ? JSON.stringify({ findings }, undefined, 2)
        : findingRows(findings).map(lines).join('\n'),
    );
    return findings.some(({ state }) => state === 'broken') ? EXIT.failed : EXIT.pass;
  },
};

const MARKS = { good: 'ok', limited: 'note', broken: 'FAIL', unknown: '?' } as const;

export function lines({ title, state, says, remedy }: Finding): string {
  const first = `${MARKS[state].padEnd(4)}  ${title}: ${says}`;
  return remedy === undefined ? first : `${first}\n      ${remedy}`;
}
