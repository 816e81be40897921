/** The borrowed tools under the simulated shell. Expected output is that of the GNU tools of Debian 12. */
import { describe, expect, test } from 'vitest';
import type { Command } from '../../sim/shell/command.ts';
import { labShell, say } from '../../../test/shell/lab.ts';
import { createTextTools } from './text-tools.ts';

const TABLE = 'NAME READY STATUS\nweb-1 1/1 Running\nweb-2 0/1 Pending\n';
const textTools = createTextTools();

describe('text tools', () => {
  test.each([
    ['grep web t | wc -l', '2\n'],
    ['grep -c web t; grep -n Pending < t; grep nope t; echo $?', '2\n3:web-2 0/1 Pending\n1\n'],
    ["awk 'NR>1 {print $1}' t | sort -r", 'web-2\nweb-1\n'],
    ["sed -n '2p' t; sed 's/web/app/' t | tail -1", 'web-1 1/1 Running\napp-2 0/1 Pending\n'],
    ["cut -d' ' -f1,3 t | tr a-z A-Z", 'NAME STATUS\nWEB-1 RUNNING\nWEB-2 PENDING\n'],
    ['echo \'{"a":{"b":[1,"zwei ü"]}}\' | jq -c .a.b; echo \'{"a":"x"}\' | jq -r .a', '[1,"zwei ü"]\nx\n'],
    ['printf "b\\na\\nb\\n" | sort | uniq -c', '      1 a\n      2 b\n'],
    ['diff t t && echo same; diff <(echo a) <(echo b); echo $?', 'same\n1c1\n< a\n---\n> b\n1\n'],
    ['echo hello | base64; echo aGVsbG8K | base64 -d; echo a b | rev', 'aGVsbG8K\nhello\nb a\n'],
    ['find . -name "*.yaml"; grep -r kind lab', './lab/pod.yaml\nlab/pod.yaml:kind: Pod\n'],
    ['column -t t', 'NAME   READY  STATUS\nweb-1  1/1    Running\nweb-2  0/1    Pending\n'],
    ['sed -i s/Pod/Node/ lab/pod.yaml; cat lab/pod.yaml', 'kind: Node\n'],
    ['while read a b; do grep $a t | wc -l; done < t', '1\n1\n1\n'],
    ['grep -q web t && echo found; ls | grep lab', 'found\nlab\n'],
    ['cat t | grep --color=auto web-1', 'web-1 1/1 Running\n'],
  ])('%s', async (line, output) => {
    const shell = labShell({ textTools, tree: { '/home/learner/t': TABLE, '/home/learner/lab/pod.yaml': 'kind: Pod\n' } });
    expect((await say(shell, line)).output).toBe(output);
  });

  test('grep answers while its input still flows', async () => {
    const log: string[] = [];
    const watch: Command = {
      name: 'watching',
      summary: 'kubectl get -w',
      places: ['workstation'],
      async run({ stdout, clock, signal }) {
        for (const line of ['web-1 Pending', 'db-0 Running', 'web-1 Running']) {
          await stdout.write(`${line}\n`);
          await clock.sleep(1000, signal);
        }
        return 0;
      },
    };
    const note: Command = {
      name: 'note',
      summary: 'notes when lines come',
      places: ['workstation'],
      async run({ stdin, clock }) {
        for (let part = await stdin.read(); part !== undefined; part = await stdin.read()) {
          log.push(`${clock.now() / 1000}s ${new TextDecoder().decode(part).trim()}`);
        }
        return 0;
      },
    };
    await say(labShell({ textTools, commands: [watch, note] }), 'watching | grep web | note');
    expect(log.map((line) => line.replace(/^\S+ /, ''))).toEqual(['web-1 Pending', 'web-1 Running']);
    expect(log[0]?.startsWith('0s') === true || log[0]?.startsWith('1s') === true).toBe(true);
  });
});
