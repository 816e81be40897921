/**
 * A packet as the LOG target writes it into the kernel's log (net/netfilter/nf_log_syslog.c, Linux 6.x, with xt_LOG's
 * default flags: no sequence numbers, no IP options, no user). Addresses of IPv6 are written in full.
 */
import { icmpCodes } from '../../model/icmp-codes.ts';
import { formatIpv4, type Ip, type Ipv6 } from '../../model/ip.ts';
import type {
  IcmpMessage,
  IpPacket,
  Ipv4Packet,
  Ipv6Packet,
  NeighbourMessage,
  TcpFlags,
} from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import { packetLength, udpDataLength, UDP_HEADER } from '../../model/wire-length.ts';
import type { Hop } from './hop.ts';
import type { HookPlace } from './netfilter.ts';
import type { Target } from './netfilter-rules.ts';

/** One line, without the time. */
export function logLine(
  hop: Hop,
  { out }: HookPlace,
  { prefix }: Extract<Target<Ip>, { readonly kind: 'log' }>,
): string {
  const devices = `IN=${hop.input?.name ?? ''} OUT=${out?.name ?? ''} `;
  const mark = hop.mark === 0 ? '' : `MARK=0x${hop.mark.toString(16)} `;
  return `${prefix}${devices}${macText(hop)}${packetText(hop.packet)}${mark}`;
}

/** Destination, source and type of the frame that brought the packet; a device without frames shows none. */
function macText({ input, journey, stack }: Hop): string {
  if (!input) return '';
  for (let at = journey.steps.length - 1; at >= 0; at -= 1) {
    const step = journey.steps[at];
    if (step?.kind !== 'frame' || step.at !== stack.id || step.device !== input.name) continue;
    const { destination, source, payload } = step.frame;
    return `MAC=${destination}:${source}:${payload.kind === 'ipv6' ? '86:dd' : '08:00'} `;
  }
  return 'MAC= ';
}

const packetText = (packet: IpPacket): string =>
  packet.kind === 'ipv4' ? ipv4Text(packet) : ipv6Text(packet);

function ipv4Text(packet: Ipv4Packet): string {
  const { source, destination, tos, ttl, id, dontFragment, fragment } = packet;
  return [
    `SRC=${formatIpv4(source)}`,
    `DST=${formatIpv4(destination)}`,
    `LEN=${packetLength(packet)}`,
    `TOS=${byte(tos & 0x1e)}`,
    `PREC=${byte(tos & 0xe0)}`,
    `TTL=${ttl}`,
    `ID=${id}`,
    ...(dontFragment ? ['DF'] : []),
    ...(fragment?.more ? ['MF'] : []),
    ...(fragment && fragment.offset > 0 ? [`FRAG:${fragment.offset / 8}`] : []),
    ...payloadWords(packet),
    '',
  ].join(' ');
}

function ipv6Text(packet: Ipv6Packet): string {
  const { source, destination, trafficClass, hopLimit, flowLabel, fragment } = packet;
  return [
    `SRC=${inFull(source)}`,
    `DST=${inFull(destination)}`,
    `LEN=${packetLength(packet)}`,
    `TC=${trafficClass}`,
    `HOPLIMIT=${hopLimit}`,
    `FLOWLBL=${flowLabel}`,
    ...(fragment ? fragmentWords(fragment) : []),
    ...payloadWords(packet),
    '',
  ].join(' ');
}

const fragmentWords = ({ offset, more, id }: NonNullable<Ipv6Packet['fragment']>): readonly string[] => [
  `FRAG:${offset}`,
  ...(more ? ['INCOMPLETE'] : []),
  `ID:${id.toString(16).padStart(8, '0')}`,
];

const inFull = (address: Ipv6): string => address.replace(/.{4}(?=.)/g, '$&:');

const byte = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(2, '0')}`;

function payloadWords(packet: IpPacket): readonly string[] {
  const { payload, kind } = packet;
  switch (payload.kind) {
    case 'tcp':
      return [
        'PROTO=TCP',
        `SPT=${payload.sourcePort}`,
        `DPT=${payload.destinationPort}`,
        `WINDOW=${payload.window}`,
        'RES=0x00',
        ...flagWords(payload.flags),
        'URGP=0',
      ];
    case 'udp':
      return [
        'PROTO=UDP',
        `SPT=${payload.sourcePort}`,
        `DPT=${payload.destinationPort}`,
        `LEN=${UDP_HEADER + udpDataLength(payload)}`,
      ];
    case 'icmp-echo':
    case 'icmp-error':
    case 'neighbour-solicitation':
    case 'neighbour-advertisement':
      return icmpWords(payload, kind);
    default:
      return [`PROTO=${protocolNumber(packet)}`];
  }
}

const FLAGS = ['ack', 'psh', 'rst', 'syn', 'fin'] as const;

const flagWords = (flags: TcpFlags): readonly string[] =>
  FLAGS.filter((flag) => flags[flag]).map((flag) => flag.toUpperCase());

function icmpWords(message: IcmpMessage | NeighbourMessage, family: IpPacket['kind']): readonly string[] {
  const { type, code } = icmpCodes(message, family);
  const head = [family === 'ipv4' ? 'PROTO=ICMP' : 'PROTO=ICMPv6', `TYPE=${type}`, `CODE=${code}`];
  if (message.kind === 'icmp-echo') return [...head, `ID=${message.identifier}`, `SEQ=${message.sequence}`];
  if (message.kind !== 'icmp-error') return head;
  const mtu = message.error === 'too-big' ? [`MTU=${message.mtu ?? 0}`] : [];
  return [...head, `[${packetText(message.original)}]`, ...mtu];
}
