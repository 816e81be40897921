import { describe, expect, test } from 'vitest';
import { canonicalSelector, parseSelector, selects } from './selector.ts';

const labels = { rack: 'a', zone: 'eu-1', 'kubernetes.io/os': 'linux' };

const canonical = (text: string): string => {
  const parsed = parseSelector(text);
  return parsed.ok ? canonicalSelector(parsed.value) : `error: ${parsed.error}`;
};

describe('selectors', () => {
  test('choose by label', () => {
    const expected = {
      '': true,
      'all()': true,
      'global()': true,
      "rack == 'a'": true,
      'rack == "b"': false,
      "rack != 'b'": true,
      "missing != 'b'": true,
      "missing == 'b'": false,
      'has(zone)': true,
      '!has(zone)': false,
      "!rack == 'b'": true,
      "zone contains 'u-'": true,
      "zone starts with 'eu'": true,
      "zone startswith 'us'": false,
      "zone ends  with '-1'": true,
      "rack in {'a', 'b'}": true,
      'rack in {}': false,
      "rack notin { 'a', }": false,
      "missing not in {'a'}": true,
      "missing contains ''": false,
      "rack == 'b' || kubernetes.io/os == 'linux' && has(zone)": true,
      "(rack == 'b' || has(rack)) && !has(zone)": false,
      'has(constructor)': false,
    };
    const actual = Object.fromEntries(Object.keys(expected).map((text) => [text, selects(text, labels)]));
    expect(actual).toEqual(expected);
  });

  test('say what is wrong in the words of Calico (provenance: fact sheet)', () => {
    const expected = {
      "rack == 'a": 'unterminated string',
      "rack = 'a'": 'expected ==',
      'has(a) & has(b)': 'expected &&',
      'has(a) | has(b)': 'expected ||',
      'rack foo': 'expected operator after label "rack"',
      'has()': 'expected identifier',
      'has(a': "no closing ')' after has(",
      'all(': "no closing ')' after all(",
      'rack == b': 'expected string',
      "rack in 'a'": 'expected set literal',
      "rack in {'a'": 'expected }',
      '(has(a)': 'expected )',
      rack: 'unexpected end of string looking for op',
    };
    const actual = Object.fromEntries(
      Object.keys(expected).map((text) => {
        const parsed = parseSelector(text);
        return [text, parsed.ok ? 'accepted' : parsed.error];
      }),
    );
    expect(actual).toEqual(expected);
  });

  test('have one canonical spelling', () => {
    expect(canonical('!(has(b)||!has(a))')).toBe('!(has(b) || !has(a))');
    expect(canonical("rack in {'b','a','b'} && x!='it\"s'")).toBe(`(rack in {"a", "b"} && x != 'it"s')`);
    expect(canonical('')).toBe('all()');
  });
});
