/**
 * `peerIP` of a BGPPeer: an address of either family, or `IPv4:port` or `[IPv6]:port`.
 * Source: processIPPort in libcalico-go/lib/validator/v3/validator.go, Calico v3.32.1.
 */
import { parseAddress } from '../ip-network.ts';

export interface PeerAddress {
  readonly host: string;
  /** 0 when none is given. */
  readonly port: number;
}

/** Undefined when malformed. */
export function splitPeerAddress(text: string): PeerAddress | undefined {
  const match = /^(\d+\.\d+\.\d+\.\d+):(\d+)$/.exec(text) ?? /^\[([0-9a-fA-F:.]+)\]:(\d+)$/.exec(text);
  const [host, port] = match ? [match[1] ?? '', Number(match[2])] : [text, 0];
  if (!parseAddress(host) || (match && (port < 1 || port > 65535))) return undefined;
  return { host, port };
}
