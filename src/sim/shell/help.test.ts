/** Every registered command answers a question for help: with `--help`, or as the real tool of that name does. */
import { describe, expect, test } from 'vitest';
import { labShell, say } from '../../../test/shell/lab.ts';
import { labCommands } from '../commands.ts';
import { builtinTable, coreCommands } from './builtins/table.ts';
import { WORKSTATION } from '../../model/place.ts';

/** Words like any other to these, as in bash. */
const PLAIN = new Set([':', 'true', 'false', 'echo', 'test', '[']);

/** Commands of bash itself: `help NAME` and `NAME --help` say the same, the latter with bash's status of a usage error. */
const builtins = [...builtinTable().values()].filter(
  ({ name, external }) => external !== true && !PLAIN.has(name),
);
const programs = [
  ...[...builtinTable().values()].filter(({ external }) => external === true),
  ...coreCommands(),
];

describe('bash builtins', () => {
  test.each(builtins.map(({ name, synopsis }) => [name, synopsis] as const))('%s', async (name, synopsis) => {
    const asked = await say(labShell(), `${name} --help`);
    expect(asked.status).toBe(2);
    expect(asked.output.startsWith(`${name}: ${synopsis}\n`)).toBe(true);
    expect(await say(labShell(), `help ${name}`)).toEqual({ status: 0, output: asked.output });
  });
});

test.each(programs.map(({ name }) => [name] as const))('%s --help', async (name) => {
  const { status, output } = await say(labShell(), `${name} --help < /dev/null`);
  expect({ status, usage: /^ ?usage:/im.test(output) }).toEqual({ status: 0, usage: true });
});

/** The real forms that are not `--help` with status 0: what to type, and the status. */
const OWN_FORM: ReadonlyMap<string, readonly [line: string, status: number]> = new Map([
  ['ping', ['ping -h', 2]],
  ['ping6', ['ping6 -h', 2]],
  ['nc', ['nc -h', 0]],
  ['host', ['host --help', 1]],
  ['iptables-save', ['iptables-save --help', 1]],
  ['ip6tables-save', ['ip6tables-save --help', 1]],
]);
/** Those need a network to say anything; their own tests cover their help. */
const NEEDS_NETWORK = new Set([
  'ip',
  'bridge',
  'ipset',
  'dig',
  'nslookup',
  'birdcl',
  'birdcl6',
  'birdc',
  'calico-node',
]);

test.each(
  labCommands
    .filter(({ name }) => !NEEDS_NETWORK.has(name))
    .map((command) => [command.name, command] as const),
)('%s', async (name, command) => {
  const place = command.places.includes('workstation')
    ? WORKSTATION
    : ({ kind: 'node', name: 'node1' } as const);
  const [line, wanted] = OWN_FORM.get(name) ?? [`${name} --help`, 0];
  const { status, output } = await say(labShell({ place, commands: labCommands }), `${line} < /dev/null`);
  expect({ status, said: output.trim() !== '' }).toEqual({ status: wanted, said: true });
});

test('a generated usage text lists exactly what the parser takes', async () => {
  expect(await say(labShell(), 'head --help')).toEqual({
    status: 0,
    output: [
      'Usage: head [OPTION]... [FILE]...',
      'Output the first part of files.',
      '',
      '  -c, --bytes=VALUE',
      '  -n, --lines=VALUE',
      '  -q, --quiet',
      '  -v, --verbose',
      '      --help',
      '',
    ].join('\n'),
  });
});
