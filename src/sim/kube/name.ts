/**
 * Names: what an object may be called, and the random suffixes that controllers give.
 * Source: k8s.io/apimachinery pkg/util/rand (alphabet), pkg/util/validation; k8s.io/apiserver pkg/storage/names.
 */
import { utf8 } from '../../base/bytes.ts';
import { invalid, type FieldError } from './field-error.ts';
import type { ClusterTransaction } from './transaction.ts';

/** No vowels, no look-alikes: names never spell words. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export function randomSuffix(tx: ClusterTransaction, length = 5): string {
  let suffix = '';
  while (suffix.length < length) suffix += ALPHABET.charAt(Math.floor(tx.random() * ALPHABET.length));
  return suffix;
}

/** rand.SafeEncodeString: maps text (a decimal hash) onto the same alphabet. */
export const safeEncode = (text: string): string =>
  [...text].map((character) => ALPHABET[character.charCodeAt(0) % ALPHABET.length]).join('');

/** 32-bit FNV-1a, as the controllers hash pod templates. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** 128-bit FNV-1a, by which Endpoints order what they list. */
export function fnv128a(text: string): bigint {
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of utf8(text))
    hash = BigInt.asUintN(128, (hash ^ BigInt(byte)) * 0x0000000001000000000000000000013bn);
  return hash;
}

/** The longest base a generated name keeps: 63 less the suffix. */
const MAX_BASE = 58;

/** One piece of memory: what is named for good is read often. */
export const generatedName = (tx: ClusterTransaction, base: string): string =>
  [base.slice(0, MAX_BASE), randomSuffix(tx)].join('');

const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';

const SUBDOMAIN_TEXT = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_TEXT = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;
const DNS_1035_TEXT = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${DNS_1035}')`;

export type NameRule = 'subdomain' | 'label' | 'dns-1035';

const RULES: Readonly<
  Record<NameRule, { readonly pattern: RegExp; readonly text: string; readonly max: number }>
> = {
  subdomain: { pattern: new RegExp(`^${SUBDOMAIN}$`), text: SUBDOMAIN_TEXT, max: 253 },
  label: { pattern: new RegExp(`^${LABEL}$`), text: LABEL_TEXT, max: 63 },
  'dns-1035': { pattern: new RegExp(`^${DNS_1035}$`), text: DNS_1035_TEXT, max: 63 },
};

export function nameErrors(name: string, rule: NameRule, field = 'metadata.name'): readonly FieldError[] {
  const { pattern, text, max } = RULES[rule];
  return [
    ...(name.length > max ? [invalid(field, name, `must be no more than ${max} characters`)] : []),
    ...(pattern.test(name) ? [] : [invalid(field, name, text)]),
  ];
}
