/**
 * IPv6 as tcpdump 4.99.3 prints it, with its fragments (print-ip6.c, print-frag6.c), compared with the real tool reading the
 * same bytes. ICMPv6 is in `print-icmp6.ts`; other extension headers are never in a lab.
 */
import { readIp6Header, u16 } from './packet-view.ts';
import { icmp6Text } from './print-icmp6.ts';
import { addressText, portText, type Style } from './print-style.ts';
import { tcpText } from './print-tcp.ts';
import { udpText } from './print-udp.ts';

const ICMPV6 = 58;
const TCP = 6;
const UDP = 17;
const FRAGMENT = 44;
const HEADER = 40;
const FRAGMENT_HEADER = 8;

/** @param available bytes the lower layer says are there; a packet that claims more is truncated */
export function ip6Text(bytes: Uint8Array, available: number, style: Style): string {
  const header = readIp6Header(bytes);
  if (!header) return '[|ip6]';
  const missing = header.totalLength - available;
  const truncated = missing > 0 ? `truncated-ip6 - ${missing} bytes missing!` : '';
  const payload = bytes.subarray(header.headerLength, header.totalLength);
  const packet = { header, payload, length: header.totalLength - header.headerLength };
  const verbose = style.verbose > 0 ? `(${headerText(header)}) ` : '';
  const isTransport = header.nextHeader === TCP || header.nextHeader === UDP;
  const ends = isTransport
    ? ''
    : `${addressText(style, header.source)} > ${addressText(style, header.destination)}: `;
  return truncated + verbose + ends + fragmentText(header, style) + payloadText(packet, style);
}

function headerText({ tos, flowLabel, ttl, nextHeader, totalLength }: Ip6Header): string {
  return [
    ...(tos === 0 ? [] : [`class 0x${hex(tos, 2)}`]),
    ...(flowLabel === 0 ? [] : [`flowlabel 0x${hex(flowLabel, 5)}`]),
    `hlim ${ttl}`,
    `next-header ${NAMES[nextHeader] ?? 'unknown'} (${nextHeader}) payload length: ${totalLength - HEADER}`,
  ].join(', ');
}

type Ip6Header = NonNullable<ReturnType<typeof readIp6Header>>;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

const NAMES: Readonly<Record<number, string>> = {
  [TCP]: 'TCP',
  [UDP]: 'UDP',
  [FRAGMENT]: 'Fragment',
  [ICMPV6]: 'ICMPv6',
};

/** `frag (1448|560)`: where it begins, and how much it holds. */
function fragmentText({ nextHeader, offset, totalLength, id }: Ip6Header, { verbose }: Style): string {
  if (nextHeader !== FRAGMENT) return '';
  const length = totalLength - HEADER - FRAGMENT_HEADER;
  const name = verbose > 0 ? `0x${hex(id, 8)}:` : '';
  return `frag (${name}${offset}|${length})${offset === 0 ? ' ' : ''}`;
}

interface Ip6Payload {
  readonly header: Ip6Header;
  readonly payload: Uint8Array;
  readonly length: number;
}

function payloadText(packet: Ip6Payload, style: Style): string {
  const { header } = packet;
  if (header.offset > 0) return '';
  switch (header.protocol) {
    case ICMPV6:
      return icmp6Text(packet, style);
    case TCP:
      return header.nextHeader === FRAGMENT ? withoutAddresses(packet, 'tcp', style) : tcpText(packet, style);
    case UDP:
      return header.nextHeader === FRAGMENT ? withoutAddresses(packet, 'udp', style) : udpText(packet, style);
    default:
      return `ip-proto-${header.protocol} ${packet.length}`;
  }
}

/** The addresses have been said before the fragment. */
function withoutAddresses(packet: Ip6Payload, protocol: 'tcp' | 'udp', style: Style): string {
  const { payload, header } = packet;
  const text = protocol === 'tcp' ? tcpText(packet, style) : udpText(packet, style);
  const ends = [header.source, header.destination].map((address, at) => [
    `${addressText(style, address)}.${portText(style, protocol, u16(payload, at * 2) ?? 0)}`,
    portText(style, protocol, u16(payload, at * 2) ?? 0),
  ]);
  return ends.reduce((shown, [long = '', short = '']) => shown.replace(long, short), text);
}
