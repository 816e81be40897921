/**
 * A speaker's routing table: every path of every prefix, best first, and which of them a peer is told.
 * Order of preference: BIRD 1.6.8 nest/rt-table.c and proto/bgp/attrs.c bgp_rte_better (RFC 4271 section 9.1.2.2). Left out:
 * the distance to the next hop, which is equal for all while one default route leads there.
 */
import type { PathAttributes } from '../../model/bgp.ts';
import type { Cidr } from '../../model/ip.ts';
import type { Table } from '../core/table.ts';
import type { Path, Peer, Speaker, Told } from './routing-state.ts';
import { exported } from './speaker-config.ts';

export const STATIC = { protocol: 'static1', preference: 200, pathId: 1 } as const;
export const LEARNT = { protocol: 'kernel1', preference: 10, pathId: 2 } as const;
export const BGP_PREFERENCE = 100;

/** LOCAL_PREF of a route that says nothing else (`default bgp_local_pref`). */
const DEFAULT_LOCAL_PREF = 100;
/** What Calico v3.32.1 announces: the largest preference less the kernel metric, so that the receiver can turn it back. */
export const MOST_LOCAL_PREF = 0x7fffffff;
export const NORMAL_METRIC = 1024;

/** Sorts as addresses do, shorter prefixes first. */
export function prefixKey({ base, length }: Cidr): string {
  return `${base.toString(16).padStart(8, '0')}/${String(length).padStart(2, '0')}`;
}

type Rib = Table<readonly Path[]>;

const samePath = (a: Path, b: Path): boolean => a.protocol === b.protocol && a.pathId === b.pathId;

/** Puts a path in; one of the same protocol and identifier gives way. */
export function withPath(rib: Rib, path: Path): Rib {
  const key = prefixKey(path.prefix);
  const others = (rib.get(key) ?? []).filter((known) => !samePath(known, path));
  return rib.set(key, [...others, path].sort(byPreference));
}

/** Takes out the paths of a prefix that `gone` says; the same table when there are none. */
export function withoutPaths(rib: Rib, key: string, gone: (path: Path) => boolean): Rib {
  const known = rib.get(key) ?? [];
  const left = known.filter((path) => !gone(path));
  if (left.length === known.length) return rib;
  return left.length === 0 ? rib.delete(key) : rib.set(key, left);
}

/** Takes out every path that `gone` says. */
export function swept(rib: Rib, gone: (path: Path) => boolean): Rib {
  let left = rib;
  for (const key of rib.keys()) left = withoutPaths(left, key, gone);
  return left;
}

function byPreference(a: Path, b: Path): number {
  return b.preference - a.preference || (a.bgp && b.bgp ? byAttributes(a.bgp, b.bgp) : 0);
}

type BgpPath = NonNullable<Path['bgp']>;

/** Each decides only between paths that all before it hold for equal; the smaller number is better. */
const RANKS: readonly ((path: BgpPath) => number)[] = [
  ({ attributes }) => -(attributes.localPref ?? DEFAULT_LOCAL_PREF),
  ({ attributes }) => asPathLength(attributes),
  ({ attributes }) => ORIGIN_RANK[attributes.origin],
  ({ attributes }) => attributes.med ?? 0,
  ({ internal }) => Number(internal),
  ({ attributes, peerRouterId }) => attributes.originatorId ?? peerRouterId,
  ({ attributes }) => attributes.clusterList?.length ?? 0,
  ({ from }) => from,
];

function byAttributes(a: BgpPath, b: BgpPath): number {
  for (const rank of RANKS) {
    const difference = rank(a) - rank(b);
    if (difference !== 0) return difference;
  }
  return 0;
}

const ORIGIN_RANK = { IGP: 0, EGP: 1, Incomplete: 2 } as const;

/** A set counts as one. */
const asPathLength = ({ asPath }: PathAttributes): number =>
  asPath.reduce((sum, { type, numbers }) => sum + (type === 'set' ? 1 : numbers.length), 0);

export interface Announcements {
  readonly routes: Table<Told>;
  /** Offered by the table; refused because a peer of one kind does not hear them; refused by the filter. */
  readonly offered: number;
  readonly rejected: number;
  readonly filtered: number;
}

/** What `peer` should have been told. Routes of one inner peer are not told to another (RFC 4271 section 9.2). */
export function announcements(speaker: Speaker, peer: Peer, none: Table<Told>): Announcements {
  let routes = none;
  let [offered, rejected, filtered] = [0, 0, 0];
  for (const [key, [best]] of speaker.rib.entries()) {
    if (!best) continue;
    offered += 1;
    if (mayNotTell(best, peer)) rejected += 1;
    else if (!exported(speaker.config.exports, best.prefix)) filtered += 1;
    else {
      const { prefix, pathId } = best;
      routes = routes.set(key, { prefix, pathId, attributes: outgoing(best, peer) });
    }
  }
  return { routes, offered, rejected, filtered };
}

const isInternal = ({ config }: Peer): boolean => config.asNumber === config.localAs;

function mayNotTell({ bgp, protocol }: Path, peer: Peer): boolean {
  return bgp !== undefined && (protocol === peer.config.name || (bgp.internal && isInternal(peer)));
}

/** The attributes on their way to a peer: inside the AS with a preference, outside with our AS in front. */
function outgoing({ bgp }: Path, peer: Peer): PathAttributes {
  const { source, localAs } = peer.config;
  const origin = bgp?.attributes.origin ?? 'IGP';
  const asPath = bgp?.attributes.asPath ?? [];
  if (isInternal(peer)) {
    const localPref = bgp?.attributes.localPref ?? MOST_LOCAL_PREF - NORMAL_METRIC;
    return { origin, asPath, nextHop: bgp?.attributes.nextHop ?? source, localPref };
  }
  const numbers = asPath.flatMap((segment) => segment.numbers);
  return { origin, asPath: [{ type: 'sequence', numbers: [localAs, ...numbers] }], nextHop: source };
}
