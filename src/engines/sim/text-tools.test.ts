/**
 * The text tools under the simulated shell, borrowed and own, against the real ones: the golden file holds what GNU bash 5.2,
 * coreutils 9.1, grep 3.8, sed 4.9, mawk 1.3.4, diffutils 3.8 and findutils 4.9 of Debian 12 printed
 * (`RECORD=1 npx vitest run src/engines/sim/text-tools.test.ts` records it anew, on such a machine).
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labShell, say, type LabOptions } from '../../../test/shell/lab.ts';
import { createTextTools } from './text-tools.ts';
import { TOOL_CASES, TOOL_FILES } from './tool-cases.contract.ts';

type Command = NonNullable<LabOptions['commands']>[number];

interface Golden {
  readonly script: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

const FILE = new URL('./text-tools.golden.json', import.meta.url);

function record(): void {
  const cases = TOOL_CASES.map((script): Golden => {
    const directory = mkdtempSync(join(tmpdir(), 'tools-golden-'));
    for (const [path, text] of Object.entries(TOOL_FILES)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const env = { HOME: '/home/learner', PATH: '/usr/bin:/bin', LC_ALL: 'C' };
    const { stdout, stderr, status } = spawnSync('bash', ['-c', script], {
      cwd: directory,
      env,
      input: '',
      encoding: 'utf8',
    });
    rmSync(directory, { recursive: true });
    return { script, stdout, stderr, status: status ?? -1 };
  });
  writeFileSync(FILE, `${JSON.stringify({ provenance: 'Debian 12.11', cases }, undefined, 1)}\n`);
}

if (process.env['RECORD'] === '1') record();

const golden = JSON.parse(readFileSync(FILE, 'utf8')) as { readonly cases: readonly Golden[] };
const textTools = createTextTools();
const SILENT = { write: () => Promise.resolve() };

describe('what the real tools print, these print', () => {
  test('every command line has been recorded', () => {
    expect(golden.cases.map(({ script }) => script)).toEqual(TOOL_CASES);
  });

  test.each(golden.cases.map((each) => [each.script, each] as const))(
    '%s',
    async (_name, { script, ...expected }) => {
      const tree = Object.fromEntries(
        Object.entries(TOOL_FILES).map(([path, text]) => [`/scratch/${path}`, text]),
      );
      const shell = labShell({ textTools, tree });
      const { signal } = new AbortController();
      await shell.run('cd /scratch', { stdout: SILENT, stderr: SILENT, signal });
      const { exitCode, stdout, stderr } = await shell.exec(['bash', '-c', script], { signal });
      expect({ stdout, stderr, status: exitCode }).toEqual(expected);
    },
  );
});

test.each([
  ['echo \'{"a":{"b":[1,"zwei ü"]}}\' | jq -c .a.b; echo \'{"a":"x"}\' | jq -r .a', '[1,"zwei ü"]\nx\n'],
  ["echo 'kind: Pod' | yq .kind", 'Pod\n'],
  ['echo "größer 世界" | awk \'{print length($2), $1}\' | tr -d e', '2 größr\n'],
])('structured and wide text: %s', async (line, output) => {
  expect((await say(labShell({ textTools }), line)).output).toBe(output);
});

test('grep and cut answer while their input still flows', async () => {
  const log: string[] = [];
  const watching: Command = {
    name: 'watching',
    summary: 'kubectl get -w',
    places: ['workstation'],
    async run({ stdout, clock, signal }) {
      for (const line of ['web-1 Pending', 'db-0 Running', 'web-1 Running']) {
        await stdout.write(`${line}\n`);
        log.push(`said ${line}`);
        for (let turn = 0; turn < 50; turn += 1) await clock.sleep(1, signal);
      }
      return 0;
    },
  };
  const note: Command = {
    name: 'note',
    summary: 'notes when lines come',
    places: ['workstation'],
    async run({ stdin }) {
      for (let part = await stdin.read(); part !== undefined; part = await stdin.read()) {
        log.push(`got ${new TextDecoder().decode(part).trim()}`);
      }
      return 0;
    },
  };
  await say(
    labShell({ textTools, commands: [watching, note] }),
    "watching | grep web | cut -d' ' -f2 | note",
  );
  expect(log).toEqual([
    'said web-1 Pending',
    'got Pending',
    'said db-0 Running',
    'said web-1 Running',
    'got Running',
  ]);
});
