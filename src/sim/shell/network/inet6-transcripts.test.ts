/** Whole sessions with both families of addresses, typed again and compared with what the real tools answered. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { utf8 } from '../../../base/bytes.ts';
import { networkCommands } from '../network-commands.ts';
import { dualStage } from './dual-stage.contract.ts';

interface GoldenLine {
  readonly place?: string;
  readonly line: string;
  readonly out: string;
  readonly status: number;
  /** Why the answers are not compared; the line runs all the same, for what it changes. */
  readonly differs?: string;
}

interface Golden {
  readonly provenance: string;
  readonly sessions: readonly {
    readonly name: string;
    /** /etc/hosts of `a`. */
    readonly hosts?: string;
    readonly lines: readonly GoldenLine[];
  }[];
}

/** What differs from run to run: times, identifiers, ports, dates, the namespace's name, and a server's words about itself. */
export const settled = (text: string): string =>
  text
    .replaceAll(' link-netns s6r', ' link-netnsid 0')
    .replaceAll(/time=[\d.]+ ms/g, 'time=* ms')
    .replaceAll(/time \d+ms/g, 'time *ms')
    .replaceAll(/= [\d./]+ ms$/gm, '= * ms')
    .replaceAll(/ {2}\d+\.\d{3} ms/g, '  * ms')
    .replaceAll(/after \d+ (ms|milliseconds)/g, 'after * $1')
    .replaceAll(/^\[\d+\.\d{6}\] /gm, '[*] ')
    .replaceAll(/on \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, 'on *')
    .replaceAll(/^< (Server|Date|Content-\w+):.*\n/gm, '')
    .trimEnd();

const read = (): Golden =>
  JSON.parse(readFileSync(new URL('inet6.golden.json', import.meta.url), 'utf8')) as Golden;

test('every session answers as the real tools did', async () => {
  for (const { name, hosts, lines } of read().sessions) {
    const lab = dualStage(networkCommands);
    if (hosts !== undefined) lab.files.set('/etc/hosts', utf8(hosts));
    for (const { place = 'host/a', line, out, status, differs } of lines) {
      const answer = await lab.type(place, line);
      if (differs === undefined)
        expect({ name, line, out: settled(answer.screen), status: answer.status }).toEqual({
          name,
          line,
          out,
          status,
        });
    }
  }
});
