/** ICMP types and codes of the messages modelled (RFC 792, RFC 1812, RFC 4443, RFC 4861). */
import type { IcmpErrorKind, IcmpMessage, IpPacket, NeighbourMessage } from './packet.ts';

export const ICMP_ECHO_REPLY = 0;
export const ICMP_ECHO_REQUEST = 8;

export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
export const NEIGHBOUR_SOLICITATION = 135;
export const NEIGHBOUR_ADVERTISEMENT = 136;

export interface IcmpCodes {
  readonly type: number;
  readonly code: number;
}

type ErrorCodes = Readonly<Record<IcmpErrorKind, IcmpCodes>>;

export const ICMP_ERROR_CODES: ErrorCodes = {
  'net-unreachable': { type: 3, code: 0 },
  'host-unreachable': { type: 3, code: 1 },
  'port-unreachable': { type: 3, code: 3 },
  'too-big': { type: 3, code: 4 },
  'admin-prohibited': { type: 3, code: 13 },
  'ttl-exceeded': { type: 11, code: 0 },
};

export const ICMPV6_ERROR_CODES: ErrorCodes = {
  'net-unreachable': { type: 1, code: 0 },
  'admin-prohibited': { type: 1, code: 1 },
  'host-unreachable': { type: 1, code: 3 },
  'port-unreachable': { type: 1, code: 4 },
  'too-big': { type: 2, code: 0 },
  'ttl-exceeded': { type: 3, code: 0 },
};

/** What a message is called in packets of its family. */
export function icmpCodes(message: IcmpMessage | NeighbourMessage, family: IpPacket['kind']): IcmpCodes {
  switch (message.kind) {
    case 'icmp-echo':
      return { type: ECHO[family][message.reply ? 'reply' : 'request'], code: 0 };
    case 'icmp-error':
      return (family === 'ipv4' ? ICMP_ERROR_CODES : ICMPV6_ERROR_CODES)[message.error];
    case 'neighbour-solicitation':
      return { type: NEIGHBOUR_SOLICITATION, code: 0 };
    case 'neighbour-advertisement':
      return { type: NEIGHBOUR_ADVERTISEMENT, code: 0 };
  }
}

const ECHO = {
  ipv4: { request: ICMP_ECHO_REQUEST, reply: ICMP_ECHO_REPLY },
  ipv6: { request: ICMPV6_ECHO_REQUEST, reply: ICMPV6_ECHO_REPLY },
} as const;

/** Undefined for a message that is not one of the errors modelled. */
export function icmpErrorKind(
  { type, code }: IcmpCodes,
  family: IpPacket['kind'] = 'ipv4',
): IcmpErrorKind | undefined {
  const known = family === 'ipv4' ? ICMP_ERROR_CODES : ICMPV6_ERROR_CODES;
  for (const [kind, codes] of Object.entries(known)) {
    if (codes.type === type && codes.code === code) return kind as IcmpErrorKind;
  }
  return undefined;
}
