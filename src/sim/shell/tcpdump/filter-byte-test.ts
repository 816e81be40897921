/** `tcp[tcpflags] & (tcp-syn|tcp-ack) != 0`, `icmp[icmptype] = 8`, `ip[8] < 5`: byte tests of pcap-filter(7). */
import type { Token } from './filter-tokens.ts';
import type { ByteTest } from './filter.ts';

const NAMES: Readonly<Record<string, number>> = {
  icmptype: 0,
  icmpcode: 1,
  icmp6type: 0,
  icmp6code: 1,
  tcpflags: 13,
  'tcp-fin': 1,
  'tcp-syn': 2,
  'tcp-rst': 4,
  'tcp-push': 8,
  'tcp-ack': 16,
  'tcp-urg': 32,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-timxceed': 11,
  'icmp6-destinationunreach': 1,
  'icmp6-packettoobig': 2,
  'icmp6-timeexceeded': 3,
  'icmp6-echo': 128,
  'icmp6-echoreply': 129,
  'icmp6-neighborsolicit': 135,
  'icmp6-neighboradvert': 136,
};

/** The test that begins at `[`, and how many tokens it took; undefined when it is malformed. */
export function parseByteTest(
  protocol: string,
  tokens: readonly Token[],
): { readonly test: ByteTest; readonly used: number } | undefined {
  const layer = LAYERS.find((name) => name === protocol);
  const reader = new Reader(tokens);
  const place = readPlace(reader);
  if (layer === undefined || !place) return undefined;
  const mask = reader.take('&') ? reader.value() : ALL_BITS;
  const relation = RELATIONS.find((sign) => reader.take(sign));
  const value = relation === undefined ? undefined : reader.value();
  if (mask === undefined || relation === undefined || value === undefined) return undefined;
  return { test: { protocol: layer, ...place, mask, relation, value }, used: reader.at };
}

const LAYERS = ['ip', 'icmp', 'tcp', 'udp', 'ip6', 'icmp6'] as const;
const ALL_BITS = 0xffffffff;

/** `[index]` or `[index:size]`. */
function readPlace(reader: Reader): Pick<ByteTest, 'index' | 'size'> | undefined {
  if (!reader.take('[')) return undefined;
  const [start = '', length = '1'] = reader.next()?.split(':') ?? [];
  const index = numberOf(start);
  const size = SIZES.find((known) => String(known) === length);
  return index === undefined || size === undefined || !reader.take(']') ? undefined : { index, size };
}

const SIZES = [1, 2, 4] as const;

const RELATIONS = ['=', '==', '!=', '>=', '<=', '>', '<'] as const;

function numberOf(word: string): number | undefined {
  const named = NAMES[word];
  if (named !== undefined) return named;
  return /^(0x[\da-f]+|\d+)$/i.test(word) ? Number(word) : undefined;
}

class Reader {
  at = 0;
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): string | undefined {
    return this.#tokens[this.at]?.text;
  }

  next(): string | undefined {
    this.at += 1;
    return this.#tokens[this.at - 1]?.text;
  }

  take(text: string): boolean {
    if (this.peek() !== text) return false;
    this.at += 1;
    return true;
  }

  /** A number, or several joined by `|` in parentheses. */
  value(): number | undefined {
    const parenthesised = this.take('(');
    let value = numberOf(this.next() ?? '');
    while (parenthesised && value !== undefined && this.take('|')) {
      const more = numberOf(this.next() ?? '');
      value = more === undefined ? undefined : (value | more) >>> 0;
    }
    return parenthesised && !this.take(')') ? undefined : value;
  }
}
