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
    expect(round('=x')).toBe("found '=', expected: !, identifier, or 'end of string'");
    expect(round('a,')).toBe("found '', expected: identifier after ','");
    expect(round('a b')).toBe(
      "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    );
    expect(round('a=b c')).toBe("found 'c', expected: ',' or 'end of string'");
    expect(round('a notin (b')).toBe("unable to parse requirement: found '', expected: ',' or ')'");
    expect(round('!=a')).toBe("found '!=', expected: !, identifier, or 'end of string'");
    expect(round('a>b')).toBe(
      "unable to parse requirement: values[0][a]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer",
    );
  });

  test('a set may name the empty value', () => expect(round('a in (,b)')).toBe('a in (,b)'));

  test('keys and values are held to the rules for labels', () => {
    expect(round('-a')).toMatch(
      /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric/,
    );
    expect(round('a=b/c')).toMatch(
      /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b\/c": a valid label must be an empty/,
    );
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
