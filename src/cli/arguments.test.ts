import { describe, expect, test } from 'vitest';
import { parseArguments, type CommandSpec } from './arguments.ts';

const SPEC: CommandSpec = {
  usage: 'underlay try [FILE] [--port N] [--json]',
  summary: 'Try.',
  flags: {
    port: { value: 'a number', short: 'p', help: 'The port.' },
    json: { help: 'As JSON.' },
  },
  words: { min: 1, max: 2 },
};

const parse = (line: string): unknown => {
  const parsed = parseArguments(line === '' ? [] : line.split(' '), SPEC);
  return parsed.ok ? [parsed.value.words, Object.fromEntries(parsed.value.flags)] : parsed.error;
};

describe('a command line', () => {
  test.each([
    ['a', [['a'], {}]],
    ['a b --json', [['a', 'b'], { json: '' }]],
    ['--port 80 a', [['a'], { port: '80' }]],
    ['--port=80 a', [['a'], { port: '80' }]],
    ['--port= a', [['a'], { port: '' }]],
    ['-p 80 a', [['a'], { port: '80' }]],
    ['--port -1 a', [['a'], { port: '-1' }]],
    ['- a', [['-', 'a'], {}]],
    ['-- --json', [['--json'], {}]],
  ])('%s is read', (line, wanted) => {
    expect(parse(line)).toEqual(wanted);
  });

  test.each([
    ['', `Something is missing. Usage: ${SPEC.usage}`],
    ['a b c', `"c" is one word too many. Usage: ${SPEC.usage}`],
    ['a --jsno', `There is no flag --jsno. Did you mean --json? Usage: ${SPEC.usage}`],
    ['a --prot=1', `There is no flag --prot. Did you mean --port? Usage: ${SPEC.usage}`],
    ['a --else', `There is no flag --else. Usage: ${SPEC.usage}`],
    ['a -x', `There is no flag -x. Usage: ${SPEC.usage}`],
    ['a --json=yes', '--json takes no value.'],
    ['a --port', '--port needs a number.'],
    ['a --constructor', `There is no flag --constructor. Usage: ${SPEC.usage}`],
  ])('%s is refused', (line, wanted) => {
    expect(parse(line)).toBe(wanted);
  });
});
