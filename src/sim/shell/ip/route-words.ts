/** The words of `ip route`: values that its subcommands share. Wordings: iproute2 6.1 ip/iproute.c, compared. */
import { ok } from '../../../base/result.ts';
import { addressBits, ipCidrOf, isIpv6, parseIp, type IpCidr } from '../../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../../model/ip.ts';
import { parseIpv6, UNSPECIFIED6 } from '../../../model/ipv6.ts';
import { cidrLengthValid, parseNumber } from '../network/names.ts';
import type { Parsed } from '../network/complaint.ts';
import { expected, wrongArgument } from '../network/keywords.ts';
import type { Route } from '../../net/netns.ts';
import { isOf, spokenFamily } from './address.ts';
import type { Family } from './options.ts';

/** A prefix as typed: host bits are kept, because the kernel refuses them and says so. */
export interface TypedPrefix {
  readonly address: Ip;
  readonly length: number;
  /** `10.0.0.0/8` rather than `10.0.0.0`. */
  readonly explicit: boolean;
  /** `default`, which is of whatever family the rest of the line is. */
  readonly isAny?: true;
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
export function readPrefix(value: string, family: Family): Parsed<TypedPrefix> {
  if (ANY.has(value)) return ok(anyPrefix(family));
  const [text = '', length, ...rest] = value.split('/');
  const address = addressOf(text, length);
  const bits = address === undefined ? 0 : addressBits(address);
  const isPrefix = rest.length === 0 && (length === undefined || cidrLengthValid(length, bits));
  if (address === undefined || !isPrefix || !isOf(family, address)) {
    return expected(`${spokenFamily(family)} prefix`, value);
  }
  return ok({ address, length: Number(length ?? bits), explicit: length !== undefined });
}

const ANY: ReadonlySet<string> = new Set(['default', 'any', 'all']);

const addressOf = (text: string, length: string | undefined): Ip | undefined =>
  length === undefined ? parseIp(text) : (parseIpv6(text) ?? filled(text));

const anyPrefix = (family: Family): TypedPrefix => ({
  address: family === 'inet6' ? UNSPECIFIED6 : (0 as Ipv4),
  length: 0,
  explicit: true,
  ...(family === 'any' ? { isAny: true } : {}),
});

/** The family of a line of which these addresses have been read so far. */
export function familyOfLine(
  family: Family,
  prefix: TypedPrefix | undefined,
  ...addresses: readonly (Ip | undefined)[]
): Family {
  if (family !== 'any') return family;
  const known = [prefix?.isAny ? undefined : prefix?.address, ...addresses].find(
    (each) => each !== undefined,
  );
  return known === undefined ? 'any' : isIpv6(known) ? 'inet6' : 'inet';
}

/** `10.6` stands for 10.6.0.0 before a slash. */
function filled(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  return parseNumber([...parts, '0', '0', '0'].slice(0, 4).join('.'));
}

export function prefixOf({ address, length }: TypedPrefix): IpCidr {
  return ipCidrOf(address, length);
}

export function readAddress<T>(value: string, family: Family, use: (address: Ip) => T): Parsed<T> {
  const address = parseIp(value);
  return address === undefined || !isOf(family, address)
    ? expected(`${spokenFamily(family)} address`, value)
    : ok(use(address));
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
