/**
 * A packet as the LOG target writes it into the kernel's log (net/netfilter/nf_log_syslog.c, Linux 6.x, with xt_LOG's
 * default flags: no sequence numbers, no IP options, no user).
 */
import { formatIpv4 } from '../../model/ip.ts';
import type { IcmpMessage, Ipv4Packet, TcpFlags } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import { packetLength, udpDataLength, UDP_HEADER } from '../../model/wire-length.ts';
import type { Hop } from './hop.ts';
import { icmpCodes } from './netfilter-match.ts';
import type { HookPlace } from './netfilter.ts';
import type { Target } from './netfilter-rules.ts';

/** One line, without the time. */
export function logLine(
  hop: Hop,
  { out }: HookPlace,
  { prefix }: Extract<Target, { readonly kind: 'log' }>,
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
    return `MAC=${step.frame.destination}:${step.frame.source}:08:00 `;
  }
  return 'MAC= ';
}

function packetText(packet: Ipv4Packet): string {
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

const byte = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(2, '0')}`;

function payloadWords({ payload }: Ipv4Packet): readonly string[] {
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
      return icmpWords(payload);
    default:
      return [`PROTO=${protocolNumber(payload)}`];
  }
}

const FLAGS = ['ack', 'psh', 'rst', 'syn', 'fin'] as const;

const flagWords = (flags: TcpFlags): readonly string[] =>
  FLAGS.filter((flag) => flags[flag]).map((flag) => flag.toUpperCase());

function icmpWords(message: IcmpMessage): readonly string[] {
  const { type, code } = icmpCodes(message);
  const head = ['PROTO=ICMP', `TYPE=${type}`, `CODE=${code}`];
  if (message.kind === 'icmp-echo') return [...head, `ID=${message.identifier}`, `SEQ=${message.sequence}`];
  const mtu = message.error === 'too-big' ? [`MTU=${message.mtu ?? 0}`] : [];
  return [...head, `[${packetText(message.original)}]`, ...mtu];
}
