/**
 * The grammar of pcap-filter(7), as far as a lab needs it: [protocol] [direction] host|net|port|portrange value, protocol
 * names, ether host, greater and less, byte tests, and/or/not with parentheses. A bare value after `and`/`or` takes the
 * qualifiers of the one before. Wordings: libpcap 1.10.3 through tcpdump, compared with the real tool.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { addressBits, ipCidrOf, isIpv6, parseIp, type IpFamily } from '../../../model/ip-family.ts';
import { parseIpv4, type Ip } from '../../../model/ip.ts';
import { parseMac } from '../../../model/mac.ts';
import { parseByteTest } from './filter-byte-test.ts';
import { readNet, readNet6 } from './filter-nets.ts';
import { tokenize, type Token } from './filter-tokens.ts';
import type { Direction, Filter, Over } from './filter.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './packet-view.ts';
import { portNumber } from './print-style.ts';

export const SYNTAX_ERROR = "can't parse filter expression: syntax error";

/** The tree, or what tcpdump says after its name. `resolve` finds the addresses of a host name. */
export function parseFilter(text: string, resolve: (name: string) => readonly Ip[]): Result<Filter, string> {
  const tokens = tokenize(text);
  if (!tokens) return err(SYNTAX_ERROR);
  if (tokens.length === 0) return ok({ kind: 'all' });
  const parser = new FilterParser(tokens, resolve);
  return parser.whole();
}

type Kind = 'host' | 'net' | 'port' | 'portrange';

/** What stands before a value, and may be left out before the next one. */
interface Qualifiers {
  readonly protocol: string | undefined;
  readonly direction: Direction;
  readonly kind: Kind;
}

const KINDS: readonly Kind[] = ['host', 'net', 'port', 'portrange'];
const PROTOCOLS = ['ip', 'arp', 'icmp', 'tcp', 'udp', 'ip6', 'icmp6', 'ether', 'rarp', 'sctp', 'igmp'];
const RESERVED = new Set([
  ...KINDS,
  ...PROTOCOLS,
  'src',
  'dst',
  'and',
  'or',
  'not',
  'proto',
  'greater',
  'less',
  'broadcast',
  'multicast',
]);

type Parsed = Result<Filter, string>;

const syntaxError = (): Result<never, string> => err(SYNTAX_ERROR);

class FilterParser {
  readonly #tokens: readonly Token[];
  readonly #resolve: (name: string) => readonly Ip[];
  #at = 0;
  #last: Qualifiers | undefined;

  constructor(tokens: readonly Token[], resolve: (name: string) => readonly Ip[]) {
    this.#tokens = tokens;
    this.#resolve = resolve;
  }

  whole(): Parsed {
    const filter = this.#expression();
    return filter.ok && this.#peek() !== undefined ? syntaxError() : filter;
  }

  /** `and` and `or` bind alike, from the left. */
  #expression(): Parsed {
    let left = this.#term();
    while (left.ok) {
      const operator = OPERATORS.get(this.#peek() ?? '');
      if (!operator) return left;
      this.#at += 1;
      const right = this.#term();
      if (!right.ok) return right;
      left = ok({ kind: operator, left: left.value, right: right.value });
    }
    return left;
  }

  #term(): Parsed {
    const word = this.#peek();
    if (word === 'not' || word === '!') {
      this.#at += 1;
      const of = this.#term();
      return of.ok ? ok({ kind: 'not', of: of.value }) : of;
    }
    if (word === '(') {
      this.#at += 1;
      const inner = this.#expression();
      return inner.ok && !this.#take(')') ? syntaxError() : inner;
    }
    return word === undefined ? syntaxError() : this.#primitive(word);
  }

  #primitive(word: string): Parsed {
    const simple = this.#simple(word);
    if (simple) return simple;
    const protocol = PROTOCOLS.find((name) => name === word);
    if (protocol !== undefined) {
      this.#at += 1;
      return this.#afterProtocol(protocol);
    }
    if (!RESERVED.has(word) && this.#last && this.#peekIsWord()) return this.#value(this.#last);
    return this.#qualified(undefined);
  }

  /** Words that are a whole filter, or take one number. */
  #simple(word: string): Parsed | undefined {
    if (word === 'broadcast') {
      this.#at += 1;
      return ok({ kind: 'broadcast' });
    }
    if (word === 'multicast') {
      this.#at += 1;
      return ok({ kind: 'multicast', of: 'ether' });
    }
    if (word === 'proto') {
      this.#at += 1;
      return this.#protocolNumber('any');
    }
    if (word !== 'greater' && word !== 'less') return undefined;
    this.#at += 1;
    const number = this.#next();
    if (number === undefined || !/^\d+$/.test(number)) return syntaxError();
    const size = Number(number);
    return ok(
      word === 'greater'
        ? { kind: 'length', least: size, most: Number.MAX_SAFE_INTEGER }
        : { kind: 'length', least: 0, most: size },
    );
  }

  #afterProtocol(protocol: string): Parsed {
    const word = this.#peek();
    if (word === '[') return this.#byteTest(protocol);
    if (word === 'proto') {
      this.#at += 1;
      return this.#protocolNumber(protocol);
    }
    const isQualifier =
      word !== undefined && (word === 'src' || word === 'dst' || KINDS.some((kind) => kind === word));
    if (isQualifier) return this.#qualified(protocol);
    if (word === 'broadcast' || word === 'multicast') return this.#group(protocol, word);
    this.#last = undefined;
    return protocol === 'ether' ? syntaxError() : ok(protocolFilter(protocol));
  }

  /** `ip multicast` and `ip6 multicast` ask the address. */
  #group(protocol: string, word: string): Parsed {
    if (word === 'broadcast' || (protocol !== 'ip' && protocol !== 'ip6'))
      return this.#simple(word) ?? syntaxError();
    this.#at += 1;
    return ok({ kind: 'multicast', of: protocol });
  }

  #byteTest(protocol: string): Parsed {
    const test = parseByteTest(protocol, this.#tokens.slice(this.#at));
    if (!test) return syntaxError();
    this.#at += test.used;
    return ok({ kind: 'byte', test: test.test });
  }

  #protocolNumber(protocol: string): Parsed {
    const word = this.#next();
    // Names that are words of the language too must be escaped.
    if (word === undefined || RESERVED.has(word)) return syntaxError();
    const value = word.replace(/^\\/, '');
    const number = Number(value);
    if (protocol === 'ip' || protocol === 'ip6' || protocol === 'any') return ipProtocol(value, protocol);
    if (protocol !== 'ether') return syntaxError();
    const type = ETHER_NUMBERS[value] ?? number;
    return Number.isNaN(type)
      ? err(`unknown ether proto '${value}'`)
      : ok({ kind: 'ether-type', etherType: type });
  }

  #qualified(protocol: string | undefined): Parsed {
    const direction = this.#direction();
    if (!direction) return syntaxError();
    const kind = KINDS.find((name) => name === this.#peek());
    if (kind !== undefined) this.#at += 1;
    else if (direction === NO_DIRECTION) return syntaxError();
    return this.#value({
      protocol,
      direction: direction === NO_DIRECTION ? 'src or dst' : direction,
      kind: kind ?? 'host',
    });
  }

  /** `src`, `dst`, `src or dst`, `src and dst`; undefined when it is cut short. */
  #direction(): Direction | typeof NO_DIRECTION | undefined {
    const first = this.#peek();
    if (first !== 'src' && first !== 'dst') return NO_DIRECTION;
    this.#at += 1;
    const operator = OPERATORS.get(this.#peek() ?? '');
    const second = this.#tokens[this.#at + 1]?.text;
    if (operator && (second === 'src' || second === 'dst') && second !== first) {
      this.#at += 2;
      return operator === 'or' ? 'src or dst' : 'src and dst';
    }
    return first;
  }

  #value(qualifiers: Qualifiers): Parsed {
    if (!this.#peekIsWord() || RESERVED.has(this.#peek() ?? '')) return syntaxError();
    const value = this.#next() ?? '';
    this.#last = qualifiers;
    if (qualifiers.protocol === 'ether') return macFilter(qualifiers, value);
    switch (qualifiers.kind) {
      case 'host':
        return this.#host(qualifiers, value);
      case 'net':
        return this.#net(qualifiers, value);
      case 'port':
      case 'portrange':
        return portFilter(qualifiers, value);
    }
  }

  #host(qualifiers: Qualifiers, value: string): Parsed {
    if (value.includes('/')) return err('Mask syntax for networks only');
    const over = overOf(qualifiers);
    if (!over) return err(`'${qualifiers.protocol ?? ''}' modifier applied to host`);
    if (/^[\d.]+$/.test(value) && value.split('.').length === 4 && parseIpv4(value) === undefined) {
      return err(`invalid IPv4 address '${value}'`);
    }
    const literal = parseIp(value);
    if (literal !== undefined && isIpv6(literal) && over !== 'ip6' && over !== 'both')
      return err(`'${over}' modifier applied to ip6 host`);
    const addresses = this.#resolve(value).filter(
      (address) => over === 'both' || isIpv6(address) === (over === 'ip6'),
    );
    const [first, ...more] = addresses.map((address): Filter => {
      const prefix = ipCidrOf(address, addressBits(address));
      return { kind: 'network', prefix, direction: qualifiers.direction, over };
    });
    if (!first) return err(`unknown host '${value}'`);
    return ok(more.reduce((left, right): Filter => ({ kind: 'or', left, right }), first));
  }

  #net(qualifiers: Qualifiers, value: string): Parsed {
    const over = overOf(qualifiers);
    if (!over) return err(`'${qualifiers.protocol ?? ''}' modifier applied to net`);
    const mask = this.#take('mask') ? this.#next() : undefined;
    const prefix = value.includes(':') ? readNet6(value) : readNet(value, mask);
    if (prefix === undefined) return syntaxError();
    if (typeof prefix === 'string') return err(prefix);
    return ok({ kind: 'network', prefix, direction: qualifiers.direction, over });
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]?.text;
  }

  #peekIsWord(): boolean {
    return this.#tokens[this.#at]?.kind === 'word';
  }

  #next(): string | undefined {
    this.#at += 1;
    return this.#tokens[this.#at - 1]?.text;
  }

  #take(text: string): boolean {
    if (this.#peek() !== text) return false;
    this.#at += 1;
    return true;
  }
}

const NO_DIRECTION = 'none';

const OPERATORS = new Map<string, 'and' | 'or'>([
  ['and', 'and'],
  ['&&', 'and'],
  ['or', 'or'],
  ['||', 'or'],
]);

const IP_NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  gre: 47,
  ospf: 89,
  sctp: 132,
};
const ETHER_NUMBERS: Readonly<Record<string, number>> = {
  ip: ETHERTYPE_IPV4,
  arp: ETHERTYPE_ARP,
  ip6: ETHERTYPE_IPV6,
};

const ICMPV6 = 58;

/** Their names stand for IPv4 alone. */
const ONLY_INET = new Set(['icmp', 'igmp']);

/** Of the qualifier `ip` or `ip6`; without one, both. */
const familyOf = (protocol: string): { readonly family?: IpFamily } =>
  protocol === 'ip' ? { family: 4 } : protocol === 'ip6' ? { family: 6 } : {};

/** `ip proto udp`, `ip6 proto 58`; both families without either word. */
function ipProtocol(value: string, protocol: string): Parsed {
  const number = IP_NUMBERS[value] ?? (value === 'ipv6-icmp' ? ICMPV6 : Number(value));
  return Number.isNaN(number)
    ? err(`unknown ip proto '${value}'`)
    : ok({ kind: 'ip-protocol', protocol: number, ...familyOf(protocol) });
}

function protocolFilter(protocol: string): Filter {
  const etherType = ETHER_NUMBERS[protocol];
  if (etherType !== undefined) return { kind: 'ether-type', etherType };
  const number = IP_NUMBERS[protocol];
  if (protocol === 'icmp6') return { kind: 'ip-protocol', protocol: ICMPV6, family: 6 };
  if (number === undefined) return { kind: 'none' };
  return { kind: 'ip-protocol', protocol: number, ...(ONLY_INET.has(protocol) ? { family: 4 } : {}) };
}

/** `host` alone looks at ARP too. */
function overOf({ protocol }: Qualifiers): Over | undefined {
  if (protocol === undefined) return 'both';
  return protocol === 'ip' || protocol === 'ip6' || protocol === 'arp' ? protocol : undefined;
}

function macFilter({ direction, kind }: Qualifiers, value: string): Parsed {
  const mac = parseMac(value);
  if (kind !== 'host' || !mac) return syntaxError();
  return ok({ kind: 'mac', mac, direction });
}

const TRANSPORTS: Readonly<Record<string, readonly number[]>> = { tcp: [6], udp: [17], sctp: [132] };
const ANY_TRANSPORT = [6, 17, 132];

function portFilter({ protocol, direction, kind }: Qualifiers, value: string): Parsed {
  const isNetwork = protocol === undefined || protocol === 'ip';
  const protocols = isNetwork ? ANY_TRANSPORT : TRANSPORTS[protocol];
  if (!protocols) return err(`illegal qualifier of '${kind}'`);
  const [first = '', last = first] = kind === 'portrange' ? value.split('-') : [value];
  const over = isNetwork ? undefined : protocol;
  const from = readPort(first, over);
  if (!from.ok) return from;
  const to = readPort(last, over);
  if (!to.ok) return to;
  return ok({
    kind: 'port',
    from: from.value,
    to: to.value,
    direction,
    protocols,
    ...familyOf(protocol ?? ''),
  });
}

function readPort(text: string, protocol: string | undefined): Result<number, string> {
  if (/^\d+$/.test(text)) {
    const port = Number(text);
    return port > 65535 ? err(`illegal port number ${text} > 65535`) : ok(port);
  }
  const known = portNumber(text);
  const fitting = known.find(([over]) => protocol === undefined || protocol === over);
  if (fitting) return ok(fitting[1]);
  return known[0] ? err(`port '${text}' is ${known[0][0]}`) : err(`unknown port '${text}'`);
}
