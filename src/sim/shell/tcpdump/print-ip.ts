/**
 * IPv4 and ICMP as tcpdump 4.99.3 prints them, quoted packets of ICMP errors included. Formats: print-ip.c, print-icmp.c,
 * compared with the real tool reading the same bytes.
 */
import { addressAt, readIpHeader, u16, type IpHeader } from './packet-view.ts';
import { addressText, portText, type Style } from './print-style.ts';
import { tcpText } from './print-tcp.ts';
import { udpText } from './print-udp.ts';

/** @param available bytes the lower layer says are there; a packet that claims more is truncated */
export function ipText(bytes: Uint8Array, available: number, style: Style): string {
  const header = readIpHeader(bytes);
  if (!header) return '[|ip]';
  const missing = header.totalLength - available;
  const truncated = missing > 0 ? `truncated-ip - ${missing} bytes missing! ` : '';
  const length = header.totalLength - header.headerLength;
  const payload = bytes.subarray(header.headerLength, header.totalLength);
  const verbose = style.verbose > 0 ? `(${headerText(header)})\n    ` : '';
  return truncated + verbose + payloadText({ header, payload, length }, style);
}

export interface IpPayload {
  readonly header: IpHeader;
  /** What was captured of it. */
  readonly payload: Uint8Array;
  /** What the header says of it. */
  readonly length: number;
}

function headerText(header: IpHeader): string {
  const { tos, ttl, id, offset, protocol, totalLength } = header;
  const ecn = ['', ',ECT(1)', ',ECT(0)', ',CE'][tos & 3] ?? '';
  const life = ttl >= 1 ? `, ttl ${ttl}` : '';
  const name = PROTOCOL_NAMES[protocol] ?? 'unknown';
  return (
    `tos 0x${tos.toString(16)}${ecn}${life}, id ${id}, offset ${offset}, flags [${flagText(header)}], ` +
    `proto ${name} (${protocol}), length ${totalLength}`
  );
}

function flagText({ dontFragment, moreFragments }: IpHeader): string {
  const flags = [...(moreFragments ? ['+'] : []), ...(dontFragment ? ['DF'] : [])];
  return flags.length === 0 ? 'none' : flags.join(', ');
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  4: 'IPIP',
  6: 'TCP',
  17: 'UDP',
  89: 'OSPF',
};

function payloadText(packet: IpPayload, style: Style): string {
  const { header, payload, length } = packet;
  const ends = `${addressText(style, header.source)} > ${addressText(style, header.destination)}:`;
  if (header.offset > 0) return `${ends} ${laterFragment(header.protocol, style)}`;
  switch (header.protocol) {
    case 1:
      return `${ends} ${icmpText(payload, length, style)}`;
    case 4:
      return `${ends} ${innerIpText(payload, length, style)}`;
    case 6:
      return tcpText(packet, style);
    case 17:
      return udpText(packet, style);
    default:
      return `${ends} ${laterFragment(header.protocol, style)} ${length}`;
  }
}

/** /etc/protocols is asked for a name unless -n forbids it. */
function laterFragment(protocol: number, { numeric }: Style): string {
  const name = numeric ? undefined : PROTOCOL_NAMES[protocol]?.toLowerCase();
  return name ?? `ip-proto-${protocol}`;
}

function innerIpText(payload: Uint8Array, length: number, style: Style): string {
  return `${style.linkHeader ? '' : 'IP '}${ipText(payload, length, style)}`;
}

function icmpText(payload: Uint8Array, length: number, style: Style): string {
  const [type = 0, code = 0] = payload;
  if (payload.length < 8) return '[|icmp]';
  const text = `ICMP ${messageText({ type, code, payload }, style)}, length ${length}`;
  const isError = type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
  return isError && style.verbose > 0 ? `${text}\n\t${quotedText(payload.subarray(8), style)}` : text;
}

interface IcmpView {
  readonly type: number;
  readonly code: number;
  readonly payload: Uint8Array;
}

function messageText(message: IcmpView, style: Style): string {
  const { type, code, payload } = message;
  if (type === 8 || type === 0) {
    const name = type === 8 ? 'request' : 'reply';
    return `echo ${name}, id ${u16(payload, 4) ?? 0}, seq ${u16(payload, 6) ?? 0}`;
  }
  if (type === 3) return unreachableText(message, style);
  if (type === 11) return code === 0 ? 'time exceeded in-transit' : 'ip reassembly time exceeded';
  return `type-#${type}`;
}

function unreachableText({ code, payload }: IcmpView, style: Style): string {
  const original = readIpHeader(payload.subarray(8));
  const target = addressText(style, addressAt(payload, 24));
  switch (code) {
    case 0:
      return `net ${target} unreachable`;
    case 1:
      return `host ${target} unreachable`;
    case 2:
      return `${target} protocol ${original?.protocol ?? 0} unreachable`;
    case 3:
      return `${target} ${portOf(original, payload, style)} unreachable`;
    case 4:
      return `${target} unreachable - need to frag${mtuText(u16(payload, 6) ?? 0)}`;
    case 13:
      return `host ${target} unreachable - admin prohibited filter`;
    default:
      return `${target} unreachable - #${code}`;
  }
}

const mtuText = (mtu: number): string => (mtu === 0 ? '' : ` (mtu ${mtu})`);

function portOf(original: IpHeader | undefined, payload: Uint8Array, style: Style): string {
  const port = u16(payload, 8 + (original?.headerLength ?? 20) + 2) ?? 0;
  if (original?.protocol === 6) return `tcp port ${portText(style, 'tcp', port)}`;
  if (original?.protocol === 17) return `udp port ${portText(style, 'udp', port)}`;
  return `protocol ${original?.protocol ?? 0} port ${port}`;
}

/** The offending packet: believed to be as long as its header says. */
function quotedText(bytes: Uint8Array, style: Style): string {
  const header = readIpHeader(bytes);
  return `${style.linkHeader ? '' : 'IP '}${ipText(bytes, header?.totalLength ?? 0, style)}`;
}
