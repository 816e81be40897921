/**
 * The shell against real bash: the golden file holds what GNU bash 5.2.15 with coreutils 9.1 of Debian 12 printed for each
 * script (`RECORD=1 npx vitest run src/sim/shell/interpreter/bash.test.ts` records it anew, on such a machine).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labShell } from '../../../../test/shell/lab.ts';
import { BASH_CASES } from './bash-cases.contract.ts';

interface Golden {
  readonly script: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

const FILE = new URL('./bash.golden.json', import.meta.url);

function record(): void {
  const cases = BASH_CASES.map((script): Golden => {
    const directory = mkdtempSync(join(tmpdir(), 'bash-golden-'));
    const env = { HOME: '/home/learner', PATH: '/usr/bin:/bin', LC_ALL: 'C', TERM: 'xterm-256color' };
    const { stdout, stderr, status } = spawnSync('bash', ['-c', script], {
      cwd: directory,
      env,
      encoding: 'utf8',
    });
    rmSync(directory, { recursive: true });
    return {
      script,
      stdout: stdout.replaceAll(directory, '/scratch'),
      stderr: stderr.replaceAll(directory, '/scratch'),
      status: status ?? -1,
    };
  });
  const provenance = execFileSync('bash', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  writeFileSync(FILE, `${JSON.stringify({ provenance, cases }, undefined, 1)}\n`);
}

if (process.env['RECORD'] === '1') record();

const golden = JSON.parse(readFileSync(FILE, 'utf8')) as {
  readonly provenance: string;
  readonly cases: readonly Golden[];
};

const SILENT = { write: () => Promise.resolve() };

describe('what bash prints, this shell prints', () => {
  test('every script has been recorded', () => {
    expect(golden.cases.map(({ script }) => script)).toEqual(BASH_CASES);
  });

  test.each(golden.cases.map((each) => [each.script, each] as const))(
    '%s',
    async (_name, { script, ...expected }) => {
      const shell = labShell({ tree: { '/scratch/': '' } });
      const { signal } = new AbortController();
      await shell.run('cd /scratch', { stdout: SILENT, stderr: SILENT, signal });
      const { exitCode, stdout, stderr } = await shell.exec(['bash', '-c', script], { signal });
      expect({ stdout, stderr, status: exitCode }).toEqual(expected);
    },
  );
});
