import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalSelector,
  evaluate,
  parseSelector,
  prefixLabels,
  selectorId,
  selects,
  type SelectorNode,
} from './selector.ts';

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
      'has(a) has(b)': 'unexpected content at end of selector [TokHas(b) TokEOF()]',
      "rack 'a'": 'expected == or != not: TokStringLiteral(a)',
      '&& has(a)': 'unexpected token: TokAnd()',
      '!': 'unexpected token: TokEOF()',
      $: 'expected identifier',
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

  test('keep the spaces of two-word operators', () => {
    expect(canonical("a startswith 'x' && b ends\twith 'y'")).toBe('(a starts with "x" && b ends with "y")');
    expect(canonical("a notin {'x',}")).toBe('a not in {"x"}');
  });

  test('have an id that follows from the canonical spelling (provenance: upstream test)', () => {
    expect(selectorId({ kind: 'all' })).toBe('s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug');
  });

  test('can be asked of labels under a prefix', () => {
    const parsed = parseSelector("a == 'b' && !(has(c) || all()) && d in {'e'}");
    expect(parsed.ok && canonicalSelector(prefixLabels(parsed.value, 'pcns.'))).toBe(
      '(pcns.a == "b" && !(has(pcns.c) || all()) && pcns.d in {"e"})',
    );
  });
});

const label = fc.constantFrom('a', 'b', 'projectcalico.org/namespace', 'k8s-app', 'in', 'all', 'has');
const value = fc.oneof(
  fc.constantFrom('', 'x', "it's", '"q"', 'a && b', '}'),
  fc.stringMatching(/^[a-z0-9 ]{0,6}$/),
);

/** Trees as the parser makes them: `&&` and `||` of at least two, sets sorted and without repeats. */
const { tree } = fc.letrec<{ tree: SelectorNode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<SelectorNode>({ kind: 'all' }, { kind: 'global' }),
    label.map((name): SelectorNode => ({ kind: 'has', label: name })),
    fc.record({
      kind: fc.constant('compare' as const),
      operator: fc.constantFrom('==', '!=', 'contains', 'starts with', 'ends with'),
      label,
      value,
    }),
    fc.record({
      kind: fc.constant('set' as const),
      in: fc.boolean(),
      label,
      values: fc.uniqueArray(value, { maxLength: 4 }).map((values) => [...values].sort()),
    }),
    tie('tree').map((of): SelectorNode => ({ kind: 'not', of })),
    fc.record({
      kind: fc.constantFrom('and', 'or'),
      of: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
  ) as fc.Arbitrary<SelectorNode>,
}));

const someLabels = fc.dictionary(fc.constantFrom('a', 'b', 'k8s-app'), value, { noNullPrototype: true });

describe('selector laws', () => {
  test('the canonical spelling says the same, and has itself as its canonical spelling', () => {
    fc.assert(
      fc.property(tree, someLabels, (node, found) => {
        const spelt = canonicalSelector(node);
        const parsed = parseSelector(spelt);
        if (!parsed.ok) throw new Error(`${spelt}: ${parsed.error}`);
        expect(canonicalSelector(parsed.value)).toBe(canonical(spelt));
        expect(selectorId(parsed.value)).toBe(selectorId({ ...parsed.value }));
        expect(evaluate(parsed.value, found)).toBe(evaluate(node, found));
      }),
    );
  });

  test('spaces, quotes and repeats do not change the id', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['x', 'y', 'z'], { minLength: 1 }),
        fc.constantFrom(' ', '\t', '  '),
        (all, gap) => {
          const typed = `${gap}a${gap}in${gap}{${[...all, ...all].map((each) => `'${each}'`).join(gap + ',')}}${gap}`;
          const parsed = parseSelector(typed);
          const plain = parseSelector(
            `a in {${[...all]
              .sort()
              .map((each) => `"${each}"`)
              .join(',')}}`,
          );
          expect(parsed.ok && plain.ok && selectorId(parsed.value) === selectorId(plain.value)).toBe(true);
        },
      ),
    );
  });

  test('no text makes the parser throw', () => {
    const words = fc.constantFrom(
      'a',
      "'x'",
      '"',
      '==',
      '!=',
      '!',
      '&&',
      '||',
      '(',
      ')',
      '{',
      '}',
      ',',
      'in',
      'not',
      'has(',
      'all()',
      'starts',
      'with',
      ' ',
      '=',
      '&',
      '$',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const parsed = parseSelector(parts.join(' '));
        expect(parsed.ok || parsed.error.length > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
