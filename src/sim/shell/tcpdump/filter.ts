/**
 * A filter expression as a tree, and which packets it lets pass. Meaning: pcap-filter(7). As in life it sees the outer headers
 * only: what a VXLAN packet carries inside cannot be asked for.
 */
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import { BROADCAST, cidrContains } from '../../../model/ip.ts';
import { BROADCAST_MAC } from '../../../model/mac.ts';
import {
  addressAt,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
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
  | { readonly kind: 'ip-protocol'; readonly protocol: number }
  | {
      readonly kind: 'network';
      readonly prefix: Cidr;
      readonly direction: Direction;
      readonly over: 'ip' | 'arp' | 'both';
    }
  | {
      readonly kind: 'port';
      readonly from: number;
      readonly to: number;
      readonly direction: Direction;
      readonly protocols: readonly number[];
    }
  | { readonly kind: 'mac'; readonly mac: string; readonly direction: Direction }
  | { readonly kind: 'length'; readonly least: number; readonly most: number }
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'byte'; readonly test: ByteTest }
  | { readonly kind: 'none' };

export type Direction = 'src' | 'dst' | 'src or dst' | 'src and dst';

/** `tcp[13] & 2 != 0` */
export interface ByteTest {
  readonly protocol: 'ip' | 'icmp' | 'tcp' | 'udp';
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
      return ipOf(packet)?.protocol === filter.protocol;
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
    case 'byte':
      return passesByte(filter.test, packet);
  }
}

function ipOf({ etherType, bytes }: Captured): IpHeader | undefined {
  return etherType === ETHERTYPE_IPV4 ? readIpHeader(bytes) : undefined;
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
  return ends !== undefined && directed(direction, ends, (address) => cidrContains(prefix, address));
}

function addressesOf(packet: Captured, over: 'ip' | 'arp' | 'both'): Ends<Ipv4> | undefined {
  if (packet.etherType === ETHERTYPE_ARP && over !== 'ip' && packet.bytes.length >= 28) {
    return { source: addressAt(packet.bytes, 14), destination: addressAt(packet.bytes, 24) };
  }
  return over === 'arp' ? undefined : ipOf(packet);
}

/** Only a first fragment has ports. */
function passesPort(filter: Extract<Filter, { readonly kind: 'port' }>, packet: Captured): boolean {
  const header = ipOf(packet);
  if (!header || header.offset > 0 || !filter.protocols.includes(header.protocol)) return false;
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

const IP_PROTOCOLS = { icmp: 1, tcp: 6, udp: 17 } as const;

function passesByte(test: ByteTest, packet: Captured): boolean {
  const header = ipOf(packet);
  if (!header) return false;
  if (test.protocol !== 'ip' && (header.protocol !== IP_PROTOCOLS[test.protocol] || header.offset > 0))
    return false;
  const start = (test.protocol === 'ip' ? 0 : header.headerLength) + test.index;
  if (start + test.size > packet.bytes.length) return false;
  let value = 0;
  for (let at = start; at < start + test.size; at += 1) value = value * 256 + (packet.bytes[at] ?? 0);
  return compare((value & test.mask) >>> 0, test);
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
