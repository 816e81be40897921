import { describe, expect, test } from 'vitest';
import { durationMillis, parseFlags, type FlagSpec } from './flags.ts';

const SPECS: readonly FlagSpec[] = [
  { name: 'namespace', short: 'n', type: 'string', initial: '', help: '' },
  { name: 'stdin', short: 'i', type: 'bool', initial: 'false', help: '' },
  { name: 'tty', short: 't', type: 'bool', initial: 'false', help: '' },
  { name: 'replicas', type: 'int', initial: '0', help: '' },
  { name: 'timeout', type: 'duration', initial: '30s', help: '' },
  { name: 'filename', short: 'f', type: 'strings', initial: '[]', help: '' },
  { name: 'dry-run', type: 'string', initial: 'none', bare: 'unchanged', help: '' },
];

function parsed(line: string) {
  const result = parseFlags(line.split(' '), SPECS);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

function complaint(line: string): string {
  const result = parseFlags(line.split(' '), SPECS);
  return result.ok ? '' : result.error;
}

describe('flags as pflag reads them', () => {
  test.each(['-n shop', '-nshop', '-n=shop', '--namespace shop', '--namespace=shop'])('%s', (line) => {
    expect(parsed(`pods ${line} web`).flags.text('namespace')).toBe('shop');
    expect(parsed(`pods ${line} web`).args).toEqual(['pods', 'web']);
  });

  test('booleans join, and the last of a joined group may take a value', () => {
    const { flags } = parsed('-itn shop');
    expect([flags.is('stdin'), flags.is('tty'), flags.text('namespace')]).toEqual([true, true, 'shop']);
    expect(parsed('--stdin=false').flags.is('stdin')).toBe(false);
  });

  test('-- ends the flags', () => {
    const line = parsed('web -- ls -n x');
    expect(line.args).toEqual(['web', 'ls', '-n', 'x']);
    expect(line.argsBeforeDashes).toBe(1);
  });

  test('a lone dash is an argument, and repeated flags collect', () => {
    expect(parsed('-f - -f a.yaml').flags.all('filename')).toEqual(['-', 'a.yaml']);
  });

  test('a flag with a value of its own does not take the next word', () => {
    expect(parsed('--dry-run web').flags.text('dry-run')).toBe('unchanged');
    expect(parsed('--dry-run=client web').flags.text('dry-run')).toBe('client');
  });

  // Recorded: kubectl v1.32.4.
  test.each([
    ['--foo', 'unknown flag: --foo'],
    ['--foo=1', 'unknown flag: --foo'],
    ['-Z', "unknown shorthand flag: 'Z' in -Z"],
    ['-itZ', "unknown shorthand flag: 'Z' in -Z"],
    ['-n', "flag needs an argument: 'n' in -n"],
    ['--namespace', 'flag needs an argument: --namespace'],
    [
      '--replicas=x',
      'invalid argument "x" for "--replicas" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      '--stdin=maybe',
      'invalid argument "maybe" for "-i, --stdin" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ['--timeout=5', 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'],
    ['--timeout=x', 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'],
  ])('%s is refused', (line, sentence) => {
    expect(complaint(line)).toBe(sentence);
  });
});

test.each([
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1.5h', 5_400_000],
  ['0', 0],
  ['-1s', -1000],
])('the duration %s', (text, milliseconds) => {
  expect(durationMillis(text)).toBe(milliseconds);
});
