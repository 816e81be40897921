import { describe, expect, test } from 'vitest';
import { matches, parseSelector, printSelector, selectorOf } from './selector.ts';

const round = (text: string): string => {
  const parsed = parseSelector(text);
  return parsed.ok ? printSelector(parsed.value) : parsed.error;
};

const selects = (text: string, labels: Record<string, string>): boolean => {
  const parsed = parseSelector(text);
  return parsed.ok && matches(parsed.value, labels);
};

describe('label selectors', () => {
  test.each([
    ['app=web', 'app=web'],
    ['tier in (b,a), app != web', 'app!=web,tier in (a,b)'],
    ['env notin (dev)', 'env notin (dev)'],
    ['!canary', '!canary'],
    ['app', 'app'],
    ['app==web', 'app==web'],
    ['example.com/shard>3', 'example.com/shard>3'],
    ['', ''],
  ])('%s is read and printed as %s', (text, printed) => expect(round(text)).toBe(printed));

  test('what cannot be read says what was found', () => {
    expect(round('a in b')).toBe("unable to parse requirement: found 'b' expected: '('");
    expect(round('=x')).toBe("unable to parse requirement: found '=x', expected: identifier");
  });

  test('negative requirements accept objects without the label', () => {
    expect(selects('app!=web', {})).toBe(true);
    expect(selects('app notin (web)', { app: 'web' })).toBe(false);
    expect(selects('app in (web,api)', { app: 'api' })).toBe(true);
    expect(selects('app', {})).toBe(false);
  });

  test('a LabelSelector object means the same as its text', () => {
    const object = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['db'] }],
    };
    expect(printSelector(selectorOf(object))).toBe('app=web,tier notin (db)');
  });
});
