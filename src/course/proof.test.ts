/** What a proof says of a lab that does not hold what it promises. */
import { describe, expect, test } from 'vitest';
import { ENGINE_DOWN, FakeSession, SIGNAL, type Script } from '../../test/support/fake-session.ts';
import { labWith } from '../../test/support/lab-text.ts';
import { err, ok } from '../base/result.ts';
import { parseScript, type LabScript } from '../lab/script.ts';
import type { CompiledLab } from './compile/course.ts';
import type { PrintedCommands } from './compile/fences.ts';
import { proveLab } from './proof.ts';

function script(...lines: readonly string[]): LabScript {
  const parsed = parseScript('s.sh', lines.join('\n'));
  if (!parsed.ok) throw new Error('bad script');
  return parsed.value;
}

const PITFALL = ['#@ fails first script switched', '#@ passes first object', 'echo instead'];
const SOLUTION = script('#@ step first', 'switch on');

interface Parts {
  readonly solution?: LabScript;
  readonly pitfalls?: readonly (readonly string[])[];
  readonly predict?: string;
}

function lab({
  solution = SOLUTION,
  pitfalls = [PITFALL, PITFALL, PITFALL],
  predict,
}: Parts = {}): CompiledLab {
  const checks = [
    '- script: { run: is it on, expect: switched, why: w }',
    '- object: { resource: pods, name: a }',
  ].join('\n');
  return {
    spec: labWith({ checks, ...(predict === undefined ? {} : { predict }) }),
    environment: {
      id: 'small',
      topology: new FakeSession().topology(),
      calico: { install: 'manifest', pools: 'user' },
      start: [],
      files: [],
    },
    solution,
    pitfalls: pitfalls.map((lines, at) => ({ name: `p${at}`, script: script(...lines) })),
  };
}

/** A cluster with one switch: `switch on` turns it on, a reset off. */
class Switch extends FakeSession {
  constructor(overrides: Script = {}, startsOn = false) {
    let on = startsOn;
    super({
      objects: { pods: [{ metadata: { name: 'a' } }] },
      exec: (place, line) => {
        if (line === 'switch on') on = true;
        if (line === 'is it on') return on ? 0 : 1;
        return overrides.exec ? overrides.exec(place, line) : 0;
      },
      ...(overrides.objects ? { objects: overrides.objects } : {}),
    });
    this.turnOff = () => void (on = startsOn);
  }

  readonly turnOff: () => void;

  override reset(): ReturnType<FakeSession['reset']> {
    this.turnOff();
    return super.reset();
  }
}

async function proof(
  subject: CompiledLab,
  make: () => FakeSession = () => new Switch(),
  printed: readonly PrintedCommands[] = [],
): Promise<readonly string[]> {
  const open = () => Promise.resolve(ok(make()));
  const said: string[] = [];
  for await (const { name, outcome, detail } of proveLab(subject, [{ file: 'l.md', commands: printed }], {
    open,
    signal: SIGNAL,
  })) {
    said.push(detail === '' ? `${outcome}: ${name}` : `${outcome}: ${name}: ${detail}`);
  }
  return said;
}

const faults = async (...args: Parameters<typeof proof>): Promise<readonly string[]> =>
  (await proof(...args)).filter((line) => !line.startsWith('pass'));

describe('a lab', () => {
  test('that holds what it promises is proved point by point', async () => {
    expect(await proof(lab({ pitfalls: [PITFALL, PITFALL, PITFALL] }))).toEqual([
      'pass: the start fails first',
      'pass: the solution of first runs',
      'pass: the solution passes first',
      'pass: the lab resets',
      'pass: after reset the start fails first',
      ...['p0', 'p1', 'p2'].flatMap((name) => [
        `pass: pitfall ${name} runs`,
        `pass: pitfall ${name} fails script of first switched`,
        `pass: pitfall ${name} passes object of first`,
      ]),
    ]);
  });

  test('on an engine that takes its time is looked at again, as long as there is patience', async () => {
    const late = (looks: number) => async (): Promise<readonly string[]> => {
      let on = 0;
      const session = new Switch({
        exec: (_, line) => {
          if (line === 'late on') on = 1;
          if (line !== 'is it late') return 0;
          if (on > 0) on += 1;
          return on > 3 ? 0 : 1;
        },
      });
      const subject = labWith({ checks: '- script: { run: is it late, expect: switched, why: w }' });
      const said: string[] = [];
      const again = (taken: number): Promise<boolean> => Promise.resolve(taken < looks);
      const open = () => Promise.resolve(ok(session));
      const solution = script('#@ step first', 'late on');
      for await (const { name, outcome } of proveLab(
        { ...lab(), spec: subject, solution, pitfalls: [] },
        [],
        {
          ...{ open, again, signal: SIGNAL },
        },
      ))
        if (name.startsWith('the solution passes')) said.push(outcome);
      return said;
    };
    expect(await late(3)()).toEqual(['pass']);
    expect(await late(2)()).toEqual(['fail']);
  });

  test('whose start passes already is reported', async () => {
    expect(await faults(lab({ pitfalls: [] }), () => new Switch({}, true))).toEqual([
      'fail: the start fails first: every check passes already',
      'fail: after reset the start fails first: every check passes already',
      'fail: pitfalls: the lab has 0; at least 3 are wanted',
    ]);
  });

  test('whose solution does not pass is reported with the verdict', async () => {
    expect(await faults(lab({ solution: script('#@ step first', 'switch onn') }))).toEqual([
      'fail: the solution passes first: fail: switched: expected switched; observed exit code 1. w',
    ]);
  });

  test('whose solution breaks is reported with its line', async () => {
    const exec = (_: string, line: string) =>
      line === 'oops' ? { exitCode: 127, stderr: 'oops: not found\n' } : 0;
    const solution = script('#@ step first', 'switch on', '#@ node/node1', 'oops');
    expect(await faults(lab({ solution }), () => new Switch({ exec }))).toEqual([
      'fail: the solution of first runs: line 4: exit code 127: oops: not found',
    ]);
  });

  test('whose prediction no choice answers is reported with the answer', async () => {
    const asking = (choices: string): CompiledLab =>
      lab({ predict: `{ ask: Q, from: 'hops(pod/a, pod/b)', choices: ${choices} }` });
    expect(await proof(asking('[0, 1]'))).toContain('pass: a choice answers the prediction of first');
    expect(await faults(asking('[1, 2]'))).toEqual([
      'fail: a choice answers the prediction of first: the cluster answers 0, the choices are 1, 2',
    ]);
  });

  test('on an engine that does not open it is an error, not a failure', async () => {
    const open = () => Promise.resolve(err(ENGINE_DOWN));
    const said = [];
    for await (const step of proveLab(lab({ pitfalls: [PITFALL] }), [], { open, signal: SIGNAL }))
      said.push(step);
    expect(said.slice(0, 2)).toEqual([
      { name: 'the lab opens', outcome: 'error', detail: 'The engine is down. Restart the lab.' },
      { name: 'pitfall p0', outcome: 'error', detail: 'The engine is down. Restart the lab.' },
    ]);
  });

  test('on an engine that dies is an error, not a start that fails', async () => {
    const [first] = await proof(lab(), () => new Switch({ objects: 'down' }));
    expect(first).toMatch(
      /^error: the start fails first: error: pods\/a is as asked: .*The engine is down\./,
    );
  });
});

describe('a pitfall', () => {
  test.each([
    [
      'that names no check it passes',
      ['#@ fails first script', 'true'],
      'fail: pitfall p0: it must name a check it fails and one it passes (#@ fails ..., #@ passes ...)',
    ],
    [
      'that passes what it should fail',
      ['#@ fails first script', '#@ passes first object', 'switch on'],
      'fail: pitfall p0 fails script of first: pass: switched: expected switched; observed exit code 0. w',
    ],
    [
      'about a check that is not there',
      ['#@ fails first script nothing', '#@ passes first object', 'true'],
      'fail: pitfall p0 fails script of first nothing: the step has no script check about nothing',
    ],
    [
      'about a step that is not there',
      ['#@ fails second script', '#@ passes first object', 'true'],
      'fail: pitfall p0 fails script of second: the lab has no step second',
    ],
  ])('%s is reported', async (_, pitfall, wanted) => {
    expect(await faults(lab({ pitfalls: [pitfall, PITFALL, PITFALL] }))).toEqual([wanted]);
  });

  test('whose commands do not run is no pitfall', async () => {
    const exec = (_: string, line: string) => (line === 'echo instead' ? { exitCode: 2, stderr: 'no' } : 0);
    expect(await faults(lab(), () => new Switch({ exec }))).toEqual(
      ['p0', 'p1', 'p2'].map((name) => `fail: pitfall ${name} runs: line 3: exit code 2: no`),
    );
  });
});

describe('commands that a lesson prints', () => {
  const ROUTES = 'default via 10.0.0.1 dev eth0 \n10.244.1.0/26   via 10.0.0.12 dev eth0\n';
  const exec = (_: string, line: string) =>
    line === 'ip route' ? ROUTES : line === 'false' ? { exitCode: 1, stderr: 'failed\n' } : 0;
  const printed = (commands: string, more: Partial<PrintedCommands> = {}): PrintedCommands => ({
    place: 'node/node1',
    after: undefined,
    exit: 0,
    line: 7,
    commands,
    output: undefined,
    ...more,
  });
  const proofOf = (one: PrintedCommands): Promise<readonly string[]> =>
    faults(lab(), () => new Switch({ exec }), [one]);

  test('must run and print what is shown, spacing and left out lines aside', async () => {
    expect(
      await proofOf(printed('ip route', { output: ['10.244.1.0/26 via 10.0.0.12 dev eth0', '…'] })),
    ).toEqual([]);
  });

  test('may differ in the words that a line leaves out, and only there', async () => {
    expect(await proofOf(printed('ip route', { output: ['10.244.…/26 via … dev eth0'] }))).toEqual([]);
    const output = ['10.244.…/27 via … dev eth0', 'default via … eth0 …'];
    expect(await proofOf(printed('ip route', { output }))).toEqual([
      `fail: l.md:7 runs: not printed: ${output.join(' | ')}\nprinted:\n${ROUTES}`,
    ]);
  });

  test('that print something else are reported with what they print', async () => {
    expect(await proofOf(printed('ip route', { output: ['default via 10.0.0.2 dev eth0', 'more'] }))).toEqual(
      [`fail: l.md:7 runs: not printed: default via 10.0.0.2 dev eth0 | more\nprinted:\n${ROUTES}`],
    );
  });

  test('that fail are reported with what they say', async () => {
    expect(await proofOf(printed('false'))).toEqual(['fail: l.md:7 runs: exit code 1 on node/node1: failed']);
  });

  test('may fail where the text shows a failure, which is printed too', async () => {
    expect(await proofOf(printed('false', { exit: 1, output: ['failed'] }))).toEqual([]);
    expect(await proofOf(printed('ip route', { exit: 1 }))).toEqual([
      'fail: l.md:7 runs: exit code 0 on node/node1: ',
    ]);
  });

  test('hold where pods have other addresses', async () => {
    const there = (_: string, line: string): string | number =>
      line === 'ip route' ? ROUTES.replace('.1.0', '.9.0') : 1;
    const elsewhere = async (one: PrintedCommands): Promise<readonly unknown[]> => {
      const said = [];
      const context = {
        open: () => Promise.resolve(ok(new Switch({ exec }))),
        openElsewhere: () => Promise.resolve(ok(new Switch({ exec: there }))),
        signal: SIGNAL,
      };
      for await (const step of proveLab(lab(), [{ file: 'l.md', commands: [one] }], context)) said.push(step);
      return said.slice(-1);
    };
    const name = 'l.md:7 runs';
    expect(await elsewhere(printed('ip route', { output: ['10.244.…/26 via 10.0.0.12 dev eth0'] }))).toEqual([
      { name, outcome: 'pass', detail: '' },
    ]);
    const output = ['10.244.1.0/26 via 10.0.0.12 dev eth0'];
    const printedThere = ROUTES.replace('.1.0', '.9.0');
    expect(await elsewhere(printed('ip route', { output }))).toEqual([
      {
        name,
        outcome: 'fail',
        detail: `where pods have other addresses: not printed: ${output.join('')}\nprinted:\n${printedThere}`,
      },
    ]);
    expect(await elsewhere(printed('true'))).toEqual([
      { name, outcome: 'fail', detail: 'where pods have other addresses: exit code 1 on node/node1: ' },
    ]);
  });

  test('run after the solution of the step they name', async () => {
    expect(await proofOf(printed('is it on', { after: 'first' }))).toEqual([]);
    expect(await proofOf(printed('is it on'))).toEqual(['fail: l.md:7 runs: exit code 1 on node/node1: ']);
  });
});
