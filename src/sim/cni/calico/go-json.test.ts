import { expect, test } from 'vitest';
import { goStrings } from './go-json.ts';

/** Complaints as Go 1.24 prints them for `var list []string; json.Unmarshal(text, &list)` (from its source). */
const COMPLAINTS: readonly (readonly [string, string])[] = [
  ['pool', "invalid character 'p' looking for beginning of value"],
  ["['a']", String.raw`invalid character '\'' looking for beginning of value`],
  ['["a"', 'unexpected end of JSON input'],
  ['["a', 'unexpected end of JSON input'],
  ['', 'unexpected end of JSON input'],
  ['["a" "b"]', `invalid character '"' after array element`],
  ['["a",]', "invalid character ']' looking for beginning of value"],
  ['["a"] x', "invalid character 'x' after top-level value"],
  ['[nothing]', "invalid character 'o' in literal null (expecting 'u')"],
  ['{a}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  [String.raw`["\x"]`, "invalid character 'x' in string escape code"],
  ['[-]', "invalid character ']' in numeric literal"],
  ['"pool"', 'json: cannot unmarshal string into Go value of type []string'],
  ['{"a": 1}', 'json: cannot unmarshal object into Go value of type []string'],
  ['[1.5e3]', 'json: cannot unmarshal number into Go value of type string'],
  ['["a", ["b"]]', 'json: cannot unmarshal array into Go value of type string'],
  ['[true]', 'json: cannot unmarshal bool into Go value of type string'],
];

test.each(COMPLAINTS)('%s', (text, complaint) => {
  expect(goStrings(text)).toEqual({ ok: false, error: complaint });
});

test('lists of strings', () => {
  expect(goStrings(' ["a", "\\u0062"]\n')).toEqual({ ok: true, value: ['a', 'b'] });
  expect(goStrings('null')).toEqual({ ok: true, value: [] });
  expect(goStrings('[null]')).toEqual({ ok: true, value: [''] });
});
