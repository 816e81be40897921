/** Labs from the command line, on the simulator, with the course's own first lab. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/fake-services.ts';
import { spoken, type Spoken } from '../../../test/support/spoken.ts';
import { parseArguments } from '../arguments.ts';
import type { CliCommand } from '../command.ts';
import { labList, labRun } from './lab.ts';
import { labTest } from './lab-test.ts';

function underlay(command: CliCommand, ...args: readonly string[]): Promise<Spoken> {
  const parsed = parseArguments(args, command.spec);
  if (!parsed.ok) throw new Error(parsed.error);
  return spoken(() => command.run(parsed.value));
}

function script(...lines: readonly string[]): string {
  const file = join(temporaryFolder(), 'script.sh');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

describe('underlay lab list', () => {
  test('lists the labs, for people and for programs', async () => {
    expect((await underlay(labList)).out).toMatch(
      /^first-overlay +See an overlay, then use less of it \(20 minutes\)$/m,
    );
    const rows = JSON.parse((await underlay(labList, '--json')).out) as readonly unknown[];
    expect(rows).toContainEqual({
      id: 'first-overlay',
      title: 'See an overlay, then use less of it',
      level: 'introductory',
      minutes: 20,
      engines: ['sim', 'kind'],
    });
  });
});

describe('underlay lab test', () => {
  test('proves a lab', async () => {
    const { code, out } = await underlay(labTest, 'first-overlay', '--json');
    expect({ code, failures: (JSON.parse(out) as { readonly failures: unknown }).failures }).toEqual({
      code: 0,
      failures: [],
    });
  });

  test('of a lab or an engine that is not there says what is', async () => {
    expect(await underlay(labTest, 'first-overly')).toEqual({
      code: 2,
      out: '',
      err: 'There is no lab "first-overly". Did you mean first-overlay?\n',
    });
    expect(await underlay(labTest, 'first-overlay', '--engine', 'minikube')).toEqual({
      code: 2,
      out: '',
      err: 'There is no engine "minikube". Labs run on sim or on kind.\n',
    });
    expect((await underlay(labTest, 'zzz')).err).toBe(
      'There is no lab "zzz". underlay lab list shows them.\n',
    );
  });
});

describe('underlay lab run', () => {
  test('prints what the script prints, at the places it names', async () => {
    const file = script('kubectl get pod client -o name', '#@ node/node2', 'hostname; echo oops >&2');
    expect(await underlay(labRun, 'first-overlay', '--script', file)).toEqual({
      code: 0,
      out: 'pod/client\nnode2\n',
      err: 'oops\n',
    });
  });

  test('ends with 1 when a check fails, and says what was expected and seen', async () => {
    const { code, out } = await underlay(labRun, 'first-overlay', '--check');
    expect(code).toBe(1);
    expect(out).toContain(
      [
        'fail  switch-pool: IP pool default-ipv4-ippool is as asked',
        '      expected cidr: 10.244.0.0/16, vxlanMode: CrossSubnet, ipipMode: Never, natOutgoing: true',
        '      observed cidr: 10.244.0.0/16, vxlanMode: Always, ipipMode: Never, natOutgoing: true',
        '      Different from what was asked: vxlanMode.',
      ].join('\n'),
    );
  });

  test('ends with 0 when the solution passes every check', async () => {
    const { code, out } = await underlay(
      labRun,
      'first-overlay',
      '--script',
      'labs/first-overlay/solution.sh',
      '--check',
      '--json',
    );
    const { steps } = JSON.parse(out) as { readonly steps: readonly { readonly passed: boolean }[] };
    expect([code, steps.map(({ passed }) => passed)]).toEqual([0, [true, true, true]]);
  });

  test('with a script that cannot be read, or has a mistake, ends with 2', async () => {
    expect(await underlay(labRun, 'first-overlay', '--script', '/no/such.sh')).toEqual({
      code: 2,
      out: '',
      err: 'The script /no/such.sh cannot be read. Give the path of a text file.\n',
    });
    const file = script('#@ nowhere at all');
    const { code, err } = await underlay(labRun, 'first-overlay', '--script', file);
    expect(code).toBe(2);
    expect(err).toContain(`${file}:1:1: "#@ nowhere at all" is no directive`);
  });

  test('ends with 3 when the engine fails', async () => {
    const file = script('#@ pod/nobody', 'true');
    const { code, err } = await underlay(labRun, 'first-overlay', '--script', file);
    expect([code, err]).toEqual([
      3,
      'There is no pod/nobody in this lab right now. Choose a place from the list; a pod must be running.\n',
    ]);
  });
});
