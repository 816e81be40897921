/**
 * A filter expression as a tree, and which packets it lets pass. Meaning: pcap-filter(7). As in life it sees the outer headers
 * only: what a VXLAN packet carries inside cannot be asked for.
 */
import { ipCidrContains, isIpv6, type IpCidr, type IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { BROADCAST, cidr } from '../../../model/ip.ts';
import { cidr6 } from '../../../model/ipv6.ts';
import { BROADCAST_MAC } from '../../../model/mac.ts';
import {
  addressAt,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  readIp6Header,
  readIpHeader,
  u16,
  type Captured,
  type IpHeader,
} from './packet-view.ts';

export type Filter =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'ether-type'; readonly etherType: number }
  /** Of one family, or of both. */
  | { readonly kind: 'ip-protocol'; readonly protocol: number; readonly family?: IpFamily }
  | {
      readonly kind: 'network';
      readonly prefix: IpCidr;
      readonly direction: Direction;
      readonly over: Over;
    }
  | {
      readonly kind: 'port';
      readonly from: number;
      readonly to: number;
      readonly direction: Direction;
      readonly protocols: readonly number[];
      readonly family?: IpFamily;
    }
  | { readonly kind: 'mac'; readonly mac: string; readonly direction: Direction }
  | { readonly kind: 'length'; readonly least: number; readonly most: number }
  | { readonly kind: 'broadcast' }
  /** To a group: of Ethernet, or by the address. */
  | { readonly kind: 'multicast'; readonly of: 'ether' | 'ip' | 'ip6' }
  | { readonly kind: 'byte'; readonly test: ByteTest }
  | { readonly kind: 'none' };

/** `both`: IP and ARP. */
export type Over = 'ip' | 'ip6' | 'arp' | 'both';

export type Direction = 'src' | 'dst' | 'src or dst' | 'src and dst';

/** `tcp[13] & 2 != 0` */
export interface ByteTest {
  readonly protocol: 'ip' | 'icmp' | 'tcp' | 'udp' | 'ip6' | 'icmp6';
  readonly index: number;
  readonly size: 1 | 2 | 4;
  readonly mask: number;
  readonly relation: '=' | '==' | '!=' | '>' | '<' | '>=' | '<=';
  readonly value: number;
}

export function passes(filter: Filter, packet: Captured): boolean {
  switch (filter.kind) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'and':
      return passes(filter.left, packet) && passes(filter.right, packet);
    case 'or':
      return passes(filter.left, packet) || passes(filter.right, packet);
    case 'not':
      return !passes(filter.of, packet);
    default:
      return passesPrimitive(filter, packet);
  }
}

type Primitive = Exclude<Filter, { readonly kind: 'all' | 'none' | 'and' | 'or' | 'not' }>;

function passesPrimitive(filter: Primitive, packet: Captured): boolean {
  switch (filter.kind) {
    case 'ether-type':
      return packet.etherType === filter.etherType;
    case 'ip-protocol':
      return ipOf(packet, filter.family)?.protocol === filter.protocol;
    case 'network':
      return passesNetwork(filter, packet);
    case 'port':
      return passesPort(filter, packet);
    case 'mac':
      return (
        packet.link.kind === 'ethernet' &&
        directed(filter.direction, packet.link, (mac) => mac === filter.mac)
      );
    case 'length':
      return packet.whole.length >= filter.least && packet.whole.length <= filter.most;
    case 'broadcast':
      return isBroadcast(packet);
    case 'multicast':
      return isMulticast(packet, filter.of);
    case 'byte':
      return passesByte(filter.test, packet);
  }
}

function ipOf({ etherType, bytes }: Captured, family?: IpFamily): IpHeader | undefined {
  if (etherType === ETHERTYPE_IPV4 && family !== 6) return readIpHeader(bytes);
  return etherType === ETHERTYPE_IPV6 && family !== 4 ? readIp6Header(bytes) : undefined;
}

interface Ends<T> {
  readonly source: T;
  readonly destination: T;
}

function directed<T>(
  direction: Direction,
  { source, destination }: Ends<T>,
  accept: (end: T) => boolean,
): boolean {
  switch (direction) {
    case 'src':
      return accept(source);
    case 'dst':
      return accept(destination);
    case 'src or dst':
      return accept(source) || accept(destination);
    case 'src and dst':
      return accept(source) && accept(destination);
  }
}

function passesNetwork(
  { prefix, direction, over }: Extract<Filter, { readonly kind: 'network' }>,
  packet: Captured,
): boolean {
  const ends = addressesOf(packet, over);
  return ends !== undefined && directed(direction, ends, (address) => ipCidrContains(prefix, address));
}

function addressesOf(packet: Captured, over: Over): Ends<Ip> | undefined {
  if (
    packet.etherType === ETHERTYPE_ARP &&
    (over === 'arp' || over === 'both') &&
    packet.bytes.length >= 28
  ) {
    return { source: addressAt(packet.bytes, 14), destination: addressAt(packet.bytes, 24) };
  }
  return over === 'arp' ? undefined : ipOf(packet, FAMILY_OVER[over]);
}

const FAMILY_OVER = { ip: 4, ip6: 6, both: undefined } as const;

/** Only a first fragment has ports; of IPv6, none. */
function passesPort(filter: Extract<Filter, { readonly kind: 'port' }>, packet: Captured): boolean {
  const header = ipOf(packet, filter.family);
  if (!header || header.offset > 0 || isFragment6(header) || !filter.protocols.includes(header.protocol))
    return false;
  const source = u16(packet.bytes, header.headerLength);
  const destination = u16(packet.bytes, header.headerLength + 2);
  if (source === undefined || destination === undefined) return false;
  return directed(
    filter.direction,
    { source, destination },
    (port) => port >= filter.from && port <= filter.to,
  );
}

function isBroadcast(packet: Captured): boolean {
  if (packet.link.kind === 'ethernet') return packet.link.destination === BROADCAST_MAC;
  return packet.link.kind === 'cooked'
    ? packet.link.direction === 'B'
    : ipOf(packet)?.destination === BROADCAST;
}

const isFragment6 = ({ source, moreFragments }: IpHeader): boolean => isIpv6(source) && moreFragments;

const GROUPS = { ip: cidr('224.0.0.0/4'), ip6: cidr6('ff00::/8') } as const;

function isMulticast(packet: Captured, of: 'ether' | 'ip' | 'ip6'): boolean {
  if (of !== 'ether') {
    const header = ipOf(packet, FAMILY_OVER[of]);
    return header !== undefined && ipCidrContains(GROUPS[of], header.destination);
  }
  const { link } = packet;
  if (link.kind === 'cooked') return link.direction === 'B' || link.direction === 'M';
  return link.kind === 'ethernet' && (Number.parseInt(link.destination.slice(0, 2), 16) & 1) === 1;
}

const IP6_HEADER = 40;

const IP_PROTOCOLS = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

function passesByte(test: ByteTest, packet: Captured): boolean {
  const start = layerStart(test.protocol, packet);
  if (start === undefined) return false;
  const from = start + test.index;
  if (from + test.size > packet.bytes.length) return false;
  let value = 0;
  for (let at = from; at < from + test.size; at += 1) value = value * 256 + (packet.bytes[at] ?? 0);
  return compare((value & test.mask) >>> 0, test);
}

/** Where the layer begins; undefined in a packet without it. What follows a fragment header of IPv6 is not looked at. */
function layerStart(protocol: ByteTest['protocol'], packet: Captured): number | undefined {
  const family = protocol === 'ip6' || protocol === 'icmp6' ? 6 : 4;
  const header = ipOf(packet, family);
  if (!header || protocol === 'ip' || protocol === 'ip6') return header && 0;
  const isPlain = family === 4 || header.headerLength === IP6_HEADER;
  const isIt = header.protocol === IP_PROTOCOLS[protocol] && header.offset === 0 && isPlain;
  return isIt ? header.headerLength : undefined;
}

function compare(value: number, { relation, value: wanted }: ByteTest): boolean {
  switch (relation) {
    case '=':
    case '==':
      return value === wanted;
    case '!=':
      return value !== wanted;
    case '>':
      return value > wanted;
    case '<':
      return value < wanted;
    case '>=':
      return value >= wanted;
    case '<=':
      return value <= wanted;
  }
}
