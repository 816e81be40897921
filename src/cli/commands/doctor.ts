/** `underlay doctor`: what of Underlay works on this machine, and what to do about the rest. */
import { homedir } from 'node:os';
import process from 'node:process';
import { findDocker } from '../../engines/kind/docker/reach.ts';
import type { CliCommand } from '../command.ts';
import { surroundings } from '../desktop/desktop.ts';
import { dockerFinding } from '../doctor/docker-finding.ts';
import type { Finding } from '../../lab/care.ts';
import { dataFolderFinding, diskFinding, nodeFinding, wantedNode } from '../doctor/host-findings.ts';
import { browserFinding, electronFinding } from '../doctor/window-findings.ts';
import { EXIT } from '../exit-code.ts';
import { say } from '../output.ts';
import { dataFolder, PATHS } from '../paths.ts';

export const doctor: CliCommand = {
  name: 'doctor',
  spec: {
    usage: 'underlay doctor [--json]',
    summary: 'Look at this machine: what of Underlay works here, and what to do about the rest.',
    flags: { json: { help: 'Print the findings as JSON.' } },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const findings = await Promise.all(EXAMINATIONS.map((examine) => examine()));
    say(flags.has('json') ? JSON.stringify({ findings }, undefined, 2) : findings.map(lines).join('\n'));
    return findings.some(({ state }) => state === 'broken') ? EXIT.failed : EXIT.pass;
  },
};

const EXAMINATIONS: readonly (() => Promise<Finding>)[] = [
  async () => nodeFinding(process.versions.node, await wantedNode(PATHS.packageJson)),
  () => Promise.resolve(electronFinding(surroundings())),
  () => browserFinding(process.platform, process.env),
  async () =>
    dockerFinding(await findDocker({ env: process.env, platform: process.platform, home: homedir() })),
  () => diskFinding(dataFolder()),
  () => dataFolderFinding(dataFolder()),
];

const MARKS = { good: 'ok', limited: 'note', broken: 'FAIL', unknown: '?' } as const;

export function lines({ title, state, says, remedy }: Finding): string {
  const first = `${MARKS[state].padEnd(4)}  ${title}: ${says}`;
  return remedy === undefined ? first : `${first}\n      ${remedy}`;
}
