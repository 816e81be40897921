/** ICMP types and codes of the errors modelled (RFC 792, RFC 1812). */
import type { IcmpErrorKind } from './packet.ts';

export const ICMP_ECHO_REPLY = 0;
export const ICMP_ECHO_REQUEST = 8;

export const ICMP_ERROR_CODES: Readonly<
  Record<IcmpErrorKind, { readonly type: number; readonly code: number }>
> = {
  'net-unreachable': { type: 3, code: 0 },
  'host-unreachable': { type: 3, code: 1 },
  'port-unreachable': { type: 3, code: 3 },
  'too-big': { type: 3, code: 4 },
  'admin-prohibited': { type: 3, code: 13 },
  'ttl-exceeded': { type: 11, code: 0 },
};

/** Undefined for a message that is not one of the errors modelled. */
export function icmpErrorKind(type: number, code: number): IcmpErrorKind | undefined {
  for (const [kind, codes] of Object.entries(ICMP_ERROR_CODES)) {
    if (codes.type === type && codes.code === code) return kind as IcmpErrorKind;
  }
  return undefined;
}
