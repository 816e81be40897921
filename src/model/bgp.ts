/**
 * BGP messages as their fields; `bgp-encode.ts` and `bgp-decode.ts` turn them into true bytes and back.
 * Sources: RFC 4271 (messages), RFC 5492 (capabilities), RFC 6793 (4-octet AS numbers), RFC 4724 (graceful restart),
 * RFC 7911 (add-path), RFC 4456 (reflection), RFC 1997 and 8092 (communities), RFC 2918 and 7313 (route refresh), RFC 4760
 * and 2545 (IPv6). A message has routes of one address family, IPv4 unicast or IPv6 unicast.
 */
import type { IpCidr, IpFamily } from './ip-family.ts';
import type { Ip, Ipv4, Ipv6 } from './ip.ts';

export const BGP_PORT = 179;

/** Stands in the 2-octet field for an AS number that does not fit it. */
export const AS_TRANS = 23456;

export type BgpMessage = BgpOpen | BgpUpdate | BgpNotification | BgpRefresh | { readonly kind: 'keepalive' };

export interface BgpOpen {
  readonly kind: 'open';
  /** The 2-octet field; the true number is in the `as4` capability. */
  readonly asNumber: number;
  /** Seconds. */
  readonly holdTime: number;
  readonly routerId: Ipv4;
  readonly capabilities: readonly BgpCapability[];
}

export interface AddressFamily {
  /** 1: IPv4, 2: IPv6. */
  readonly afi: number;
  /** 1: unicast. */
  readonly safi: number;
}

/** The unicast routes of a family, as messages name them. */
export const UNICAST: Readonly<Record<IpFamily, AddressFamily>> = {
  4: { afi: 1, safi: 1 },
  6: { afi: 2, safi: 1 },
};

export type BgpCapability =
  | ({ readonly kind: 'multiprotocol' } & AddressFamily)
  | { readonly kind: 'route-refresh' }
  | {
      readonly kind: 'graceful-restart';
      /** The R bit: the speaker itself has just restarted. */
      readonly restarting: boolean;
      /** Seconds its peers may keep its routes, 0-4095. */
      readonly time: number;
      /** `forwarding`: the F bit, its kernel kept the routes. */
      readonly families: readonly (AddressFamily & { readonly forwarding: boolean })[];
    }
  | { readonly kind: 'as4'; readonly asNumber: number }
  /** `mode`: 1 receive, 2 send, 3 both. */
  | { readonly kind: 'add-path'; readonly families: readonly (AddressFamily & { readonly mode: number })[] }
  | { readonly kind: 'enhanced-route-refresh' }
  /** Aware of it without asking for it, as BIRD says by default. */
  | { readonly kind: 'long-lived-graceful-restart' }
  | { readonly kind: 'other'; readonly code: number; readonly bytes: Uint8Array };

/** Without attributes and prefixes it is the End-of-RIB marker. */
export interface BgpUpdate {
  readonly kind: 'update';
  /** Of the prefixes; absent: IPv4. Those of IPv6 travel in MP_REACH_NLRI and MP_UNREACH_NLRI. */
  readonly family?: 6;
  readonly withdrawn: readonly PathPrefix[];
  /** Present when something is announced. */
  readonly attributes?: PathAttributes;
  readonly announced: readonly PathPrefix[];
}

export interface PathPrefix {
  readonly prefix: IpCidr;
  /** Present on sessions with add-path. */
  readonly pathId?: number;
}

export type BgpOrigin = 'IGP' | 'EGP' | 'Incomplete';

export interface PathAttributes {
  readonly origin: BgpOrigin;
  readonly asPath: readonly AsSegment[];
  readonly nextHop: Ip;
  /** The same neighbour's on the link that both ends share, beside an IPv6 `nextHop`. */
  readonly linkLocal?: Ipv6;
  readonly med?: number;
  readonly localPref?: number;
  readonly originatorId?: Ipv4;
  readonly clusterList?: readonly Ipv4[];
  /** Two halves of 16 bits each, and in an attribute of their own large ones, three numbers of 32 bits. */
  readonly communities?: readonly (readonly [number, number])[];
  readonly largeCommunities?: readonly (readonly [number, number, number])[];
}

/** `(65000, 100)` or a large one, `(65000, 1, 2)`. */
export type Community = readonly [number, number] | readonly [number, number, number];

export interface AsSegment {
  readonly type: 'set' | 'sequence';
  readonly numbers: readonly number[];
}

export interface BgpNotification {
  readonly kind: 'notification';
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

export interface BgpRefresh extends AddressFamily {
  readonly kind: 'route-refresh';
  /** RFC 7313: asks for all routes (0), or frames the answer (1, 2). */
  readonly subtype: 'request' | 'begin' | 'end';
}

export const KEEPALIVE: BgpMessage = { kind: 'keepalive' };
export const END_OF_RIB: BgpUpdate = { kind: 'update', withdrawn: [], announced: [] };
export const END_OF_RIB_6: BgpUpdate = { ...END_OF_RIB, family: 6 };

export const isEndOfRib = ({ withdrawn, announced }: BgpUpdate): boolean =>
  withdrawn.length === 0 && announced.length === 0;
