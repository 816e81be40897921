/**
 * What a packet says of itself on the wire, read from its bytes. Packets of the simulator and of the kernel pass through the
 * same eyes, so a difference is one of the packets. Checksums are not looked at: cards compute them, virtual cables don't.
 */
import { formatIp, isIpv4 } from '../../src/model/ip-family.ts';
import type { Ip, Ipv4 } from '../../src/model/ip.ts';
import { ipv6FromBytes } from '../../src/model/ipv6.ts';

/** One packet passing one device of one stack. */
export interface Crossing {
  readonly netns: string;
  readonly device: string;
  readonly direction: 'in' | 'out';
  readonly packet: Packet;
}

export interface Packet {
  readonly source: Ip;
  readonly destination: Ip;
  /** Of IPv6 the hop limit. */
  readonly ttl: number;
  /** Of IPv6 the traffic class. */
  readonly tos: number;
  readonly length: number;
  readonly id: number;
  readonly dontFragment: boolean;
  readonly fragment: { readonly offset: number; readonly more: boolean } | undefined;
  readonly protocol: number;
  readonly content: Content;
}

export type Content =
  | { readonly kind: 'echo-request' | 'echo-reply' }
  | {
      readonly kind: 'icmp';
      readonly type: number;
      readonly code: number;
      readonly mtu: number;
      readonly quoted: Packet | undefined;
    }
  | { readonly kind: 'udp'; readonly sourcePort: number; readonly port: number }
  | {
      readonly kind: 'tcp';
      readonly sourcePort: number;
      readonly port: number;
      readonly flags: number;
      readonly sequence: number;
      readonly acknowledged: number;
    }
  | { readonly kind: 'vxlan'; readonly vni: number; readonly inner: Packet }
  | { readonly kind: 'ipip'; readonly inner: Packet }
  | { readonly kind: 'unread' };

export const TCP = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

const VXLAN_PORT = 4789;
const ETHERTYPES: ReadonlySet<number> = new Set([0x0800, 0x86dd]);
const FRAGMENT = 44;
const ICMPV6 = 58;

/** Undefined for bytes that are no packet of IP, and for what neighbours and multicast routers tell each other. */
export function readPacket(bytes: Uint8Array): Packet | undefined {
  return (bytes[0] ?? 0) >> 4 === 6 ? readIpv6(bytes) : readIpv4(bytes);
}

function readIpv6(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < 40) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const next = view.getUint8(6);
  const piece = next === FRAGMENT && bytes.length >= 48 ? view.getUint16(42) : undefined;
  const protocol = piece === undefined ? next : view.getUint8(40);
  const body = bytes.subarray(piece === undefined ? 40 : 48);
  if (next === 0 || (protocol === ICMPV6 && piece === undefined && isLinkTalk(body[0]))) return undefined;
  return {
    source: ipv6FromBytes(bytes.subarray(8, 24)),
    destination: ipv6FromBytes(bytes.subarray(24, 40)),
    ttl: view.getUint8(7),
    tos: (view.getUint16(0) >> 4) & 255,
    length: 40 + view.getUint16(4),
    id: piece === undefined ? 0 : view.getUint32(44),
    dontFragment: false,
    fragment: piece === undefined ? undefined : { offset: piece & ~7, more: (piece & 1) !== 0 },
    protocol,
    content: piece === undefined ? readContent(protocol, body) : { kind: 'unread' },
  };
}

/** Multicast listeners, router and neighbour discovery, redirects. */
const isLinkTalk = (type = 0): boolean => type >= 130 && type !== 255;

function readIpv4(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < 20 || (bytes[0] ?? 0) >> 4 !== 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = view.getUint16(6);
  const fragment =
    (word & 0x3fff) === 0 ? undefined : { offset: (word & 0x1fff) * 8, more: (word & 0x2000) !== 0 };
  const protocol = view.getUint8(9);
  const body = bytes.subarray(((bytes[0] ?? 0) & 15) * 4);
  return {
    source: view.getUint32(12) as Ipv4,
    destination: view.getUint32(16) as Ipv4,
    ttl: view.getUint8(8),
    tos: view.getUint8(1),
    length: view.getUint16(2),
    id: view.getUint16(4),
    dontFragment: (word & 0x4000) !== 0,
    fragment,
    protocol,
    content: fragment === undefined ? readContent(protocol, body) : { kind: 'unread' },
  };
}

function readContent(protocol: number, body: Uint8Array): Content {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < 8) return { kind: 'unread' };
  switch (protocol) {
    case 1:
      return readIcmp(view, body);
    case 4: {
      const inner = readPacket(body);
      return inner ? { kind: 'ipip', inner } : { kind: 'unread' };
    }
    case 6:
      return readTcp(view);
    case 17:
      return readUdp(view, body);
    case ICMPV6:
      return readIcmpv6(view, body);
    default:
      return { kind: 'unread' };
  }
}

function readIcmp(view: DataView, body: Uint8Array): Content {
  const type = view.getUint8(0);
  if (type === 8) return { kind: 'echo-request' };
  if (type === 0) return { kind: 'echo-reply' };
  return {
    kind: 'icmp',
    type,
    code: view.getUint8(1),
    mtu: view.getUint16(6),
    quoted: readPacket(body.subarray(8)),
  };
}

function readIcmpv6(view: DataView, body: Uint8Array): Content {
  const type = view.getUint8(0);
  if (type === 128) return { kind: 'echo-request' };
  if (type === 129) return { kind: 'echo-reply' };
  const [code, mtu] = [view.getUint8(1), view.getUint32(4)];
  return { kind: 'icmp', type, code, mtu, quoted: readPacket(body.subarray(8)) };
}

function readTcp(view: DataView): Content {
  // An ICMP error may quote no more than the ports and the sequence number.
  const whole = view.byteLength >= 14;
  return {
    kind: 'tcp',
    sourcePort: view.getUint16(0),
    port: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledged: whole ? view.getUint32(8) : 0,
    flags: whole ? view.getUint8(13) : 0,
  };
}

function readUdp(view: DataView, body: Uint8Array): Content {
  const sourcePort = view.getUint16(0);
  const port = view.getUint16(2);
  if (port === VXLAN_PORT && body.length >= 8 + 8 + 14 && ETHERTYPES.has(view.getUint16(8 + 8 + 12))) {
    const inner = readPacket(body.subarray(8 + 8 + 14));
    if (inner) return { kind: 'vxlan', vni: view.getUint32(12) >>> 8, inner };
  }
  return { kind: 'udp', sourcePort, port };
}

/** The packet that is no tunnel's. */
export function innermost(packet: Packet): Packet {
  return 'inner' in packet.content ? innermost(packet.content.inner) : packet;
}

/** A packet in one line, without what is chosen by chance. */
export function packetText(packet: Packet): string {
  const { source, destination, ttl, tos, length, dontFragment, fragment, protocol, content } = packet;
  const addresses = `${formatIp(source)} > ${formatIp(destination)}`;
  const flags = `ttl ${ttl}${tos === 0 ? '' : ` tos 0x${tos.toString(16)}`}${dontFragment ? ' DF' : ''} length ${length}`;
  const piece = fragment
    ? ` fragment ${fragment.offset}${fragment.more ? '+' : ''} of protocol ${protocol}`
    : '';
  return `${addresses} ${flags}${piece}${contentText(content)}`;
}

function contentText(content: Content): string {
  switch (content.kind) {
    case 'echo-request':
    case 'echo-reply':
      return ` ${content.kind}`;
    case 'icmp': {
      const { quoted } = content;
      const about = quoted
        ? ` about ${formatIp(quoted.source)} > ${formatIp(quoted.destination)} length ${quoted.length}`
        : '';
      return ` icmp ${content.type}/${content.code}${isTooBig(content, quoted) ? ` mtu ${content.mtu}` : ''}${about}`;
    }
    case 'udp':
      return ` udp${servicePort(content)}`;
    case 'tcp':
      return ` tcp${flagText(content.flags)}${servicePort(content)}`;
    case 'vxlan':
      return ` vxlan ${content.vni} [${packetText(content.inner)}]`;
    case 'ipip':
      return ` ipip [${packetText(content.inner)}]`;
    case 'unread':
      return '';
  }
}

/** `Frag needed` of ICMP, Packet Too Big of ICMPv6. */
const isTooBig = (
  { type, code }: { readonly type: number; readonly code: number },
  quoted: Packet | undefined,
): boolean => (quoted && !isIpv4(quoted.source) ? type === 2 : type === 3 && code === 4);

/** Ports that servers of these networks have; every other one was chosen by chance. */
const SERVED: ReadonlySet<number> = new Set([7, 22, 53, 80, 443, 6443, 7007, 30_080]);

/** Whether a server's port is where it goes, or where it comes from. */
export const isToServer = ({ port }: { readonly port: number }): boolean => SERVED.has(port);

function servicePort({ sourcePort, port }: { readonly sourcePort: number; readonly port: number }): string {
  return isToServer({ port }) ? ` to ${port}` : SERVED.has(sourcePort) ? ` from ${sourcePort}` : '';
}

const flagText = (flags: number): string =>
  (Object.entries(TCP) as [string, number][])
    .flatMap(([name, bit]) => (flags & bit ? [` ${name}`] : []))
    .join('');
