import { expect, test } from 'vitest';
import { encapsulationOf, phrases } from './phrases.ts';

const spelt = (text: string): readonly string[] =>
  phrases(text).map(
    (phrase) => `${phrase.kind === 'encapsulation' ? phrase.encapsulation : phrase.kind}:${phrase.text}`,
  );

test.each([
  ['delivered, encapsulation: none', ['text:delivered, encapsulation: ', 'none:none']],
  ['in VXLAN, not ipip', ['text:in ', 'vxlan:VXLAN', 'text:, not ', 'ipip:ipip']],
  ['IP in IP or unencapsulated', ['ipip:IP in IP', 'text: or ', 'none:unencapsulated']],
  ['by `vxlan.calico` only', ['text:by ', 'code:vxlan.calico', 'text: only']],
  ['none of them answered', ['text:none of them answered']],
  ['an unclosed ` mark', ['text:an unclosed ` mark']],
  ['', []],
])('%s', (text, expected) => {
  expect(spelt(text)).toEqual(expected);
});

test('a choice that only names an encapsulation takes its colour', () => {
  expect(
    ['none', 'vxlan', 'IP in IP', 'no encapsulation', 'VXLAN and more', 'yes'].map(encapsulationOf),
  ).toEqual(['none', 'vxlan', 'ipip', 'none', undefined, undefined]);
});
