/**
 * The words of a line as BIRD's lexer gives them to its grammar, one at a time: what comes after the word that makes a line
 * wrong is never looked at, so that the same mistake gets the same message.
 * Source: conf/cf-lex.l and conf/confbase.Y of BIRD 1.6.8 and 2.0.12.
 */
import { addressBits, ipCidrOf, parseIp, type IpCidr, type IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { KEYWORDS } from './keywords.ts';

/** What BIRD answers to a line that it cannot carry out (code 9001). */
export class BirdError extends Error {}

export const syntaxError = (): BirdError => new BirdError('syntax error');

export type Word =
  | { readonly kind: 'end' }
  | { readonly kind: 'keyword' | 'symbol' | 'text' | 'mark'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'address'; readonly address: Ip }
  /** What an address of the other family is to BIRD 1.6 for IPv6. */
  | { readonly kind: 'router-id' };

const END: Word = { kind: 'end' };
const MAX_NUMBER = 0xffffffff;

type Families = readonly IpFamily[];

const RULES: readonly (readonly [RegExp, (text: string, families: Families) => Word])[] = [
  [/^\d+\.\d+\.\d+\.\d+/, (text, families) => addressWord(text, 4, families)],
  [/^(?:[\da-fA-F]*::|(?:[\da-fA-F]*:){3,})[\da-fA-F.]*/, (text, families) => addressWord(text, 6, families)],
  [/^0x[\da-fA-F]+/, numberWord],
  [/^\d+/, numberWord],
  [/^(?:[a-zA-Z_]\w*|'[\w.:-]*')/, nameWord],
  [/^"[^"\n]*"/, (text) => ({ kind: 'text', text: text.slice(1, -1) })],
  [/^(?:\.\.|!=|!~|<=|>=|&&|\|\||\[=|=\])/, (text) => ({ kind: 'mark', text })],
  [/^[={}:;,.()+*/%<>~[\]?!|-]/, (text) => ({ kind: 'mark', text })],
];

function addressWord(text: string, family: IpFamily, families: Families): Word {
  if (family === 6 && !families.includes(6))
    throw new BirdError('This is an IPv4 router, therefore IPv6 addresses are not supported');
  const address = parseIp(text);
  if (address === undefined) throw new BirdError(`Invalid IPv${family} address ${text}`);
  return families.includes(family) ? { kind: 'address', address } : { kind: 'router-id' };
}

function numberWord(text: string): Word {
  const value = Number(text);
  if (value > MAX_NUMBER) throw new BirdError('Number out of range');
  return { kind: 'number', value };
}

function nameWord(quoted: string): Word {
  const text = quoted.startsWith("'") ? quoted.slice(1, -1) : quoted;
  return { kind: KEYWORDS.has(text) ? 'keyword' : 'symbol', text };
}

export class Words {
  #rest: string;
  #next: Word | undefined;
  readonly #families: Families;

  /** @param families whose addresses the daemon understands. */
  constructor(line: string, families: Families) {
    this.#rest = line;
    this.#families = families;
  }

  peek(): Word {
    this.#next ??= this.#read();
    return this.#next;
  }

  take(): Word {
    const word = this.peek();
    if (word.kind !== 'end') this.#next = undefined;
    return word;
  }

  /** Takes the word when it is this keyword or mark. */
  accept(text: string): boolean {
    const word = this.peek();
    if ((word.kind !== 'keyword' && word.kind !== 'mark') || word.text !== text) return false;
    this.take();
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw syntaxError();
  }

  /** A name that is no keyword. */
  symbol(): string {
    const word = this.take();
    if (word.kind !== 'symbol') throw syntaxError();
    return word.text;
  }

  number(): number {
    const word = this.take();
    if (word.kind === 'symbol') throw new BirdError('Number expected');
    if (word.kind !== 'number') throw syntaxError();
    return word.value;
  }

  address(): Ip {
    const word = this.take();
    if (word.kind === 'symbol') throw new BirdError('IP address expected');
    if (word.kind !== 'address') throw syntaxError();
    return word.address;
  }

  prefix(): IpCidr {
    const base = this.address();
    this.expect('/');
    return prefixOf(base, this.number());
  }

  prefixOrAddress(): IpCidr {
    const base = this.address();
    return this.accept('/') ? prefixOf(base, this.number()) : ipCidrOf(base, addressBits(base));
  }

  end(): void {
    if (this.peek().kind !== 'end') throw syntaxError();
  }

  #read(): Word {
    this.#rest = this.#rest.replace(/^\s+/, '').replace(/^#.*/, '');
    if (this.#rest === '') return END;
    for (const [pattern, word] of RULES) {
      const match = pattern.exec(this.#rest);
      if (!match) continue;
      this.#rest = this.#rest.slice(match[0].length);
      return word(match[0], this.#families);
    }
    throw new BirdError('Unknown character');
  }
}

function prefixOf(base: Ip, length: number): IpCidr {
  if (length > addressBits(base)) throw new BirdError(`Invalid prefix length ${length}`);
  const prefix = ipCidrOf(base, length);
  if (prefix.base !== base) throw new BirdError('Invalid prefix');
  return prefix;
}
