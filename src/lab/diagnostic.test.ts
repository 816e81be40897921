import { describe, expect, test } from 'vitest';
import { formatDiagnostic, formatPath, nearest, suggestion } from './diagnostic.ts';

describe('a diagnostic', () => {
  test('names file, line, column, path and mistake', () => {
    const path = formatPath(['steps', 1, 'checks', 0]);
    expect(formatDiagnostic({ file: 'lab.yaml', line: 11, column: 13, path, message: 'is wrong' })).toBe(
      'lab.yaml:11:13 steps[1].checks[0]: is wrong',
    );
  });

  test('about the document itself has no path', () => {
    expect(formatDiagnostic({ file: 'a.md', line: 1, column: 1, path: '', message: 'is empty' })).toBe(
      'a.md:1:1: is empty',
    );
  });
});

describe('the nearest known word', () => {
  test.each([
    ['tpye', ['type', 'title'], 'type'],
    ['titel', ['type', 'title'], 'title'],
    ['titl', ['type', 'title'], 'title'],
    ['crosssubnet', ['Never', 'Always', 'CrossSubnet'], 'CrossSubnet'],
    ['first-overly', ['first-overlay', 'second'], 'first-overlay'],
    ['entirely-else', ['first-overlay'], undefined],
    ['x', [], undefined],
  ])('to %s among %j is %s', (word, known, near) => {
    expect(nearest(word, known)).toBe(near);
  });

  test('is offered as a question', () => {
    expect(suggestion('minuets', ['minutes'])).toBe(' (did you mean minutes?)');
    expect(suggestion('zzz', ['minutes'])).toBe('');
  });
});
