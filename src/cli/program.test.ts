import { describe, expect, test, vi } from 'vitest';
import { spoken, type Spoken } from '../../test/support/spoken.ts';
import type { CliCommand } from './command.ts';
import { say } from './output.ts';
import { runProgram } from './program.ts';

const command = (name: string, run: CliCommand['run']): CliCommand => ({
  name,
  spec: {
    usage: `underlay ${name} [WORD]`,
    summary: `Does ${name}.`,
    flags: { command: { value: 'a command', short: 'c', help: 'What to run.' }, json: { help: 'As JSON.' } },
    words: { min: 0, max: 1 },
  },
  run,
});

const COMMANDS: readonly CliCommand[] = [
  command('start', () => Promise.resolve(0)),
  command('lab list', ({ words }) => {
    say(`listed ${words.join(' ')}`);
    return Promise.resolve(0);
  }),
  command('lab test', () => Promise.resolve(1)),
  command('broken', () => Promise.reject(new Error('no such thing\nand more'))),
];

const LISTED = COMMANDS.map((each) => ({ name: each.name, load: () => Promise.resolve(each) }));

const underlay = (line: string): Promise<Spoken> =>
  spoken(() =>
    runProgram(line === '' ? [] : line.split(' '), {
      commands: LISTED,
      version: () => Promise.resolve('1.2.3'),
    }),
  );

const HELP = `underlay: learn Kubernetes networking with Calico.

  start     Does start.
  lab list  Does lab list.
  lab test  Does lab test.
  broken    Does broken.

underlay COMMAND --help says more; underlay --version prints the version.
Exit codes: 0 passed, 1 a check failed, 2 wrong usage or a mistake in a file, 3 the engine failed.
`;

const HELP_OF_LIST = `Usage: underlay lab list [WORD]
Does lab list.
  -c, --command COMMAND  What to run.
  --json                 As JSON.
`;

describe('underlay', () => {
  test.each([
    ['--version', { code: 0, out: '1.2.3\n', err: '' }],
    ['--help', { code: 0, out: HELP, err: '' }],
    ['help', { code: 0, out: HELP, err: '' }],
    ['', { code: 2, out: '', err: HELP }],
    ['lab list --help', { code: 0, out: HELP_OF_LIST, err: '' }],
    ['lab list -h', { code: 0, out: HELP_OF_LIST, err: '' }],
    ['lab list one', { code: 0, out: 'listed one\n', err: '' }],
    ['lab list -- --help', { code: 0, out: 'listed --help\n', err: '' }],
    ['lab test', { code: 1, out: '', err: '' }],
    ['strat', { code: 2, out: '', err: 'There is no command "strat". Did you mean underlay start?\n' }],
    [
      'lab lits',
      { code: 2, out: '', err: 'There is no command "lab lits". Did you mean underlay lab list?\n' },
    ],
    [
      'frobnicate now',
      { code: 2, out: '', err: 'There is no command "frobnicate". underlay --help lists them.\n' },
    ],
    [
      'lab list --jsn',
      {
        code: 2,
        out: '',
        err: 'There is no flag --jsn. Did you mean --json? Usage: underlay lab list [WORD]\n',
      },
    ],
  ])('%s', async (line, wanted) => {
    expect(await underlay(line)).toEqual(wanted);
  });

  test('lab alone shows what there is', async () => {
    const { code, err } = await underlay('lab');
    expect([code, err.match(/^Usage: .*$/gm)]).toEqual([
      2,
      ['Usage: underlay lab list [WORD]', 'Usage: underlay lab test [WORD]'],
    ]);
    expect((await underlay('lab --help')).code).toBe(0);
  });

  test('tells a fault of its own in one sentence, and more only when asked', async () => {
    vi.stubEnv('UNDERLAY_DEBUG', undefined);
    expect(await underlay('broken')).toEqual({
      code: 3,
      out: '',
      err: 'Underlay has a fault of its own: no such thing. Please report what you did.\nUNDERLAY_DEBUG=1 shows the details.\n',
    });
    vi.stubEnv('UNDERLAY_DEBUG', '1');
    expect((await underlay('broken')).err).toMatch(
      /Please report what you did\.\nError: no such thing\nand more\n\s+at /,
    );
    vi.unstubAllEnvs();
  });
});
