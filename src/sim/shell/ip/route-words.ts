/** The words of `ip route`: values that its subcommands share. Wordings: iproute2 6.1 ip/iproute.c, compared. */
import { ok } from '../../../base/result.ts';
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import { cidrOf, parseIpv4 } from '../../../model/ip.ts';
import { cidrLengthValid, parseNumber } from '../network/names.ts';
import type { Parsed } from '../network/complaint.ts';
import { expected, wrongArgument } from '../network/keywords.ts';
import type { Route } from '../../net/netns.ts';

/** A prefix as typed: host bits are kept, because the kernel refuses them and says so. */
export interface TypedPrefix {
  readonly address: Ipv4;
  readonly length: number;
  /** `10.0.0.0/8` rather than `10.0.0.0`. */
  readonly explicit: boolean;
}

export const ROUTE_TYPES: readonly Route['type'][] = ['unicast', 'blackhole', 'unreachable', 'prohibit'];

/** /etc/iproute2/rt_protos, as far as the simulator keeps protocols apart. */
const PROTOCOLS: Readonly<Record<string, Route['protocol']>> = {
  kernel: 'kernel',
  '2': 'kernel',
  boot: 'boot',
  '3': 'boot',
  static: 'static',
  '4': 'static',
  bird: 'bird',
  '12': 'bird',
  '80': '80',
};

/** `default`, `10.0.0.0/8`, `10/8`, `10.0.0.1`. */
export function readPrefix(value: string): Parsed<TypedPrefix> {
  if (value === 'default' || value === 'any' || value === 'all') {
    return ok({ address: 0 as Ipv4, length: 0, explicit: true });
  }
  const [text = '', length, ...rest] = value.split('/');
  const address = length === undefined ? parseIpv4(text) : filled(text);
  const bits = length === undefined ? 32 : Number(length);
  if (address === undefined || rest.length > 0 || !cidrLengthValid(length ?? '32')) {
    return expected('any valid prefix', value);
  }
  return ok({ address, length: bits, explicit: length !== undefined });
}

/** `10.6` stands for 10.6.0.0 before a slash. */
function filled(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  return parseNumber([...parts, '0', '0', '0'].slice(0, 4).join('.'));
}

export function prefixOf({ address, length }: TypedPrefix): Cidr {
  return cidrOf(address, length);
}

export function readAddress<T>(value: string, use: (address: Ipv4) => T): Parsed<T> {
  const address = parseIpv4(value);
  return address === undefined ? expected('inet address', value) : ok(use(address));
}

export function readProtocol<T>(
  value: string,
  why: string,
  use: (protocol: Route['protocol']) => T,
): Parsed<T> {
  const protocol = PROTOCOLS[value];
  return protocol === undefined ? wrongArgument(value, why) : ok(use(protocol));
}

export function readScope<T>(value: string, use: (scope: Route['scope']) => T): Parsed<T> {
  return value === 'global' || value === 'link' || value === 'host'
    ? ok(use(value))
    : wrongArgument(value, 'invalid "scope" value\n');
}

export function readNumber<T>(value: string, why: string, use: (number: number) => T): Parsed<T> {
  return /^\d+$/.test(value) ? ok(use(Number(value))) : wrongArgument(value, why);
}
