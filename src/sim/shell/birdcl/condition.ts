/**
 * Conditions of `show route where ...`: the part of BIRD's filter language that asks about one route. Left out: paths,
 * communities, functions and arithmetic; who uses them is told so.
 * Source: filter/config.Y and filter/filter.c of BIRD 1.6.8.
 */
import { addressBits, ipCidrContains, ipCidrEquals, type IpCidr } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { RouteView } from '../../routing/speaker-view.ts';
import { BirdError, syntaxError, type Word, type Words } from './words.ts';

export type Condition = (route: RouteView) => boolean;

interface PrefixPattern {
  readonly prefix: IpCidr;
  readonly least: number;
  readonly most: number;
}

type Value =
  | { readonly kind: 'truth'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'address'; readonly value: Ip }
  | { readonly kind: 'prefix'; readonly value: IpCidr }
  | { readonly kind: 'set'; readonly value: readonly PrefixPattern[] }
  | { readonly kind: 'none' };

type Term = (route: RouteView) => Value;

const truth = (value: boolean): Value => ({ kind: 'truth', value });
const NONE: Value = { kind: 'none' };

/** Reads as far as the condition goes; what follows is for others. */
export function condition(words: Words): Condition {
  const term = either(words);
  return (route) => holds(term(route));
}

function holds(value: Value): boolean {
  if (value.kind !== 'truth') throw new BirdError('Filters must return a truth value');
  return value.value;
}

function either(words: Words): Term {
  let left = both(words);
  while (words.accept('||')) {
    const [one, other] = [left, both(words)];
    left = (route) => truth(holds(one(route)) || holds(other(route)));
  }
  return left;
}

function both(words: Words): Term {
  let left = comparison(words);
  while (words.accept('&&')) {
    const [one, other] = [left, comparison(words)];
    left = (route) => truth(holds(one(route)) && holds(other(route)));
  }
  return left;
}

const OPERATORS = ['=', '!=', '<=', '>=', '<', '>', '~', '!~'] as const;
type Operator = (typeof OPERATORS)[number];

function comparison(words: Words): Term {
  if (words.accept('!')) {
    const inner = comparison(words);
    return (route) => truth(!holds(inner(route)));
  }
  const left = operand(words);
  const operator = OPERATORS.find((each) => words.accept(each));
  if (!operator) return left;
  const right = operand(words);
  return (route) => truth(compare(left(route), operator, right(route)));
}

function compare(left: Value, operator: Operator, right: Value): boolean {
  switch (operator) {
    case '=':
      return equal(left, right);
    case '!=':
      return !equal(left, right);
    case '~':
      return within(left, right);
    case '!~':
      return !within(left, right);
    default:
      return ordered(left, operator, right);
  }
}

function equal(left: Value, right: Value): boolean {
  if (left.kind === 'prefix' && right.kind === 'prefix') return ipCidrEquals(left.value, right.value);
  if (left.kind === 'none' || right.kind === 'none') return false;
  return left.kind === right.kind && left.value === right.value;
}

function ordered(left: Value, operator: Operator, right: Value): boolean {
  if (left.kind !== 'number' || right.kind !== 'number') throw new BirdError('Incompatible types');
  switch (operator) {
    case '<':
      return left.value < right.value;
    case '>':
      return left.value > right.value;
    case '<=':
      return left.value <= right.value;
    default:
      return left.value >= right.value;
  }
}

function within(left: Value, right: Value): boolean {
  if (left.kind === 'none') return false;
  if (right.kind === 'prefix') {
    if (left.kind === 'address') return ipCidrContains(right.value, left.value);
    if (left.kind === 'prefix') return inside(right.value, left.value);
  }
  if (right.kind === 'set' && left.kind === 'prefix') {
    const { value } = left;
    return right.value.some(
      ({ prefix, least, most }) =>
        value.length >= least && value.length <= most && ipCidrContains(prefix, value.base),
    );
  }
  if (left.kind === 'text' && right.kind === 'text') return wildcard(right.value).test(left.value);
  throw new BirdError('Incompatible types');
}

const inside = (outer: IpCidr, inner: IpCidr): boolean =>
  inner.length >= outer.length && ipCidrContains(outer, inner.base);

/** `*` and `?`, as in a file name. */
export const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

function operand(words: Words): Term {
  const word = words.peek();
  if (word.kind === 'address') {
    const read = words.prefixOrAddress();
    const isAddress = read.length === addressBits(read.base);
    return constant(isAddress ? { kind: 'address', value: read.base } : { kind: 'prefix', value: read });
  }
  words.take();
  switch (word.kind) {
    case 'number':
      return constant({ kind: 'number', value: word.value });
    case 'text':
      return constant({ kind: 'text', value: word.text });
    case 'mark':
      return bracketed(words, word.text);
    case 'keyword':
    case 'symbol':
      return named(word);
    default:
      throw syntaxError();
  }
}

const constant =
  (value: Value): Term =>
  () =>
    value;

function bracketed(words: Words, mark: string): Term {
  if (mark === '(') {
    const inner = either(words);
    words.expect(')');
    return inner;
  }
  if (mark !== '[') throw syntaxError();
  const patterns: PrefixPattern[] = [];
  do patterns.push(prefixPattern(words));
  while (words.accept(','));
  words.expect(']');
  return constant({ kind: 'set', value: patterns });
}

/** `10.0.0.0/8`, with `+` and what is inside, with `-` and what it is inside of, with `{16,24}` what is that long. */
function prefixPattern(words: Words): PrefixPattern {
  const prefix = words.prefix();
  if (words.accept('+')) return { prefix, least: prefix.length, most: addressBits(prefix.base) };
  if (words.accept('-')) return { prefix, least: 0, most: prefix.length };
  if (!words.accept('{')) return { prefix, least: prefix.length, most: prefix.length };
  const least = words.number();
  words.expect(',');
  const most = words.number();
  words.expect('}');
  return { prefix, least, most };
}

const SOURCES: Readonly<Record<string, string>> = {
  static: 'RTS_STATIC',
  inherit: 'RTS_INHERIT',
  device: 'RTS_DEVICE',
  BGP: 'RTS_BGP',
};

const ATTRIBUTES: Readonly<Record<string, Term>> = {
  true: () => truth(true),
  false: () => truth(false),
  net: ({ prefix }) => ({ kind: 'prefix', value: prefix }),
  proto: ({ protocol }) => ({ kind: 'text', value: protocol }),
  preference: ({ preference }) => ({ kind: 'number', value: preference }),
  source: ({ type }) => ({ kind: 'text', value: SOURCES[type.split(' ')[0] ?? ''] ?? '' }),
  from: ({ from, target }) => address(from ?? (target.kind === 'via' ? target.gateway : undefined)),
  gw: ({ target }) => address(target.kind === 'via' ? target.gateway : undefined),
  ifname: ({ target }) => ('device' in target ? { kind: 'text', value: target.device } : NONE),
  bgp_next_hop: ({ bgp }) => address(bgp?.nextHop),
  bgp_local_pref: ({ bgp }) =>
    bgp?.localPref === undefined ? NONE : { kind: 'number', value: bgp.localPref },
};

const address = (value: Ip | undefined): Value => (value === undefined ? NONE : { kind: 'address', value });

function named({ kind, text }: Extract<Word, { readonly text: string }>): Term {
  const attribute = Object.hasOwn(ATTRIBUTES, text) ? ATTRIBUTES[text] : undefined;
  if (attribute) return attribute;
  if (Object.values(SOURCES).includes(text)) return constant({ kind: 'text', value: text });
  if (kind === 'symbol') throw new BirdError(`${text}: variable expected.`);
  const known = Object.keys(ATTRIBUTES).join(', ');
  throw new BirdError(`where ${text}: this simulator's conditions know only ${known}`);
}
