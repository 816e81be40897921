/**
 * A speaker's routing table: every path of every prefix, the best one first and the others in the order in which BIRD's lists
 * come to stand. Order of preference: nest/rt-table.c rte_recalculate and proto/bgp/attrs.c bgp_rte_better and
 * bgp_rte_mergable, BIRD 1.6.8 (RFC 4271 section 9.1.2.2, RFC 4456 section 9). Left out: `deterministic med`, which is off.
 */
import type { PathAttributes } from '../../model/bgp.ts';
import { familyOf, isIpv4, type IpCidr, type IpFamily } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { Table } from '../core/table.ts';
import { wayOf, type Resolver } from './next-hop.ts';
import type { Path } from './routing-state.ts';
import { familiesOf, type SpeakerConfig } from './speaker-config.ts';

/** What is not from neighbours, by the names of the protocols it comes from; of two the second is of IPv6. */
const OWN_SOURCES = {
  static: { names: ['static1', 'static2'], preference: 200, pathId: 0 },
  kernel: { names: ['kernel1', 'kernel2'], preference: 10, pathId: 0 },
  connected: { names: ['direct1', 'direct1'], preference: 240, pathId: 0 },
} as const;

export type OwnSource = keyof typeof OWN_SOURCES;

/** How a path of an own source begins. */
export function ownSource(
  source: OwnSource,
  config: SpeakerConfig,
  family: IpFamily,
): Pick<Path, 'protocol' | 'preference' | 'pathId'> {
  const { names, ...rest } = OWN_SOURCES[source];
  const isSecond = familiesOf(config).indexOf(family) === 1 && (source !== 'static' || hasStatics(config, 4));
  return { ...rest, protocol: names[isSecond ? 1 : 0] };
}

/** Whether `protocol static` of a family has routes; without any there is none. */
export const hasStatics = ({ blackholes, statics = [] }: SpeakerConfig, family: IpFamily): boolean =>
  blackholes.some(({ base }) => familyOf(base) === family) ||
  statics.some(({ prefix }) => familyOf(prefix.base) === family);

const SOURCE_NAMES: ReadonlyMap<string, OwnSource> = new Map(
  (Object.keys(OWN_SOURCES) as OwnSource[]).flatMap((source) =>
    OWN_SOURCES[source].names.map((name) => [name, source] as const),
  ),
);

/** Undefined for what a neighbour told. */
export const ownSourceOf = ({ protocol }: Pick<Path, 'protocol'>): OwnSource | undefined =>
  SOURCE_NAMES.get(protocol);

export const BGP_PREFERENCE = 100;

/** LOCAL_PREF of a route that says nothing else (`default bgp_local_pref`). */
export const DEFAULT_LOCAL_PREF = 100;
/** What Calico v3.32.1 announces: the largest preference less the kernel metric, so that the receiver can turn it back. */
export const MOST_LOCAL_PREF = 0x7fffffff;
export const NORMAL_METRIC = 1024;

/** The kernel metric that Calico's filters see in a path. */
export function metricOf({ bgp }: Pick<Path, 'bgp'>, normal = NORMAL_METRIC): number {
  const localPref = bgp?.attributes.localPref;
  return localPref === undefined ? normal : MOST_LOCAL_PREF - localPref;
}

const prefixKeys = new WeakMap<IpCidr, string>();

/** Sorts as the addresses of a family do, shorter prefixes first. */
export function prefixKey(prefix: IpCidr): string {
  let key = prefixKeys.get(prefix);
  if (key === undefined) prefixKeys.set(prefix, (key = keyOf(prefix)));
  return key;
}

function keyOf({ base, length }: IpCidr): string {
  return isIpv4(base)
    ? `${base.toString(16).padStart(8, '0')}/${String(length).padStart(2, '0')}`
    : `${base}/${String(length).padStart(3, '0')}`;
}

/** Addresses of one family in their order. */
export const compareIps = (a: Ip, b: Ip): number =>
  isIpv4(a) && isIpv4(b) ? a - b : a < b ? -1 : Number(a > b);

type Rib = Table<readonly Path[]>;

const samePath = (a: Path, b: Path): boolean => a.protocol === b.protocol && a.pathId === b.pathId;

/** Puts a path in; one of the same protocol and identifier gives way. */
export function withPath(rib: Rib, path: Path, resolver: Resolver): Rib {
  const key = prefixKey(path.prefix);
  const known = rib.get(key) ?? [];
  const others = known.filter((each) => !samePath(each, path));
  return rib.set(key, inserted(others, path, { resolver, wasBest: known[0] !== others[0] }));
}

interface Insertion {
  readonly resolver: Resolver;
  /** The path that it replaces was the best. */
  readonly wasBest: boolean;
}

function inserted(others: readonly Path[], path: Path, { resolver, wasBest }: Insertion): readonly Path[] {
  const [best, ...rest] = others;
  if (!best || wasBest) return reelected([path, ...others], resolver);
  return isBetter(path, best, resolver) ? [path, ...others] : [best, path, ...rest];
}

/** Takes out the paths of a prefix that `gone` says; the same table when there are none. */
export function withoutPaths(
  rib: Rib,
  key: string,
  { gone, resolver }: { readonly gone: (path: Path) => boolean; readonly resolver: Resolver },
): Rib {
  const known = rib.get(key) ?? [];
  const left = known.filter((path) => !gone(path));
  if (left.length === known.length) return rib;
  if (left.length === 0) return rib.delete(key);
  return rib.set(key, left[0] === known[0] ? left : reelected(left, resolver));
}

/** The best path comes to stand first, the others stay as they are. */
export function reelected(paths: readonly Path[], resolver: Resolver): readonly Path[] {
  const [first, ...others] = paths;
  if (!first || others.length === 0) return paths;
  const best = others.reduce((so, path) => (isBetter(path, so, resolver) ? path : so), first);
  return best === first ? paths : [best, ...paths.filter((path) => path !== best)];
}

function isBetter(a: Path, b: Path, resolver: Resolver): boolean {
  if (a.preference !== b.preference) return a.preference > b.preference;
  if (!a.bgp || !b.bgp) return false;
  return (firstDifference(RANKS, { a, b, resolver }) || compareIps(a.bgp.from, b.bgp.from)) < 0;
}

/** Whether `merge paths` makes one route of both: equal up to what only breaks ties. */
export function isMergeable(best: Path, other: Path, resolver: Resolver): boolean {
  if (best.preference !== other.preference || !best.bgp || !other.bgp) return false;
  return firstDifference(COSTS, { a: best, b: other, resolver }) === 0;
}

interface Pair {
  readonly a: Path;
  readonly b: Path;
  readonly resolver: Resolver;
}

interface Side {
  readonly path: Path;
  readonly bgp: NonNullable<Path['bgp']>;
  readonly resolver: Resolver;
}

/** The smaller number is better. */
type Rank = (side: Side) => number;

const IGP_UNKNOWN = 0x7fffffff;

/** Each decides only between paths that all before it hold for equal. */
const COSTS: readonly Rank[] = [
  ({ path, resolver }) => Number(wayOf(resolver, path).kind !== 'unicast'),
  ({ bgp }) => -(bgp.attributes.localPref ?? DEFAULT_LOCAL_PREF),
  ({ bgp }) => asPathLength(bgp.attributes),
  ({ bgp }) => ORIGIN_RANK[bgp.attributes.origin],
  med,
  ({ bgp }) => Number(bgp.internal),
  ({ path, resolver }) => wayOf(resolver, path).metric ?? IGP_UNKNOWN,
];

const RANKS: readonly Rank[] = [
  ...COSTS,
  ({ bgp }) => bgp.attributes.originatorId ?? bgp.peerRouterId,
  ({ bgp }) => bgp.attributes.clusterList?.length ?? 0,
];

function firstDifference(ranks: readonly Rank[], { a, b, resolver }: Pair): number {
  if (!a.bgp || !b.bgp) return 0;
  const [left, right] = [
    { path: a, bgp: a.bgp, resolver },
    { path: b, bgp: b.bgp, resolver },
  ];
  for (const rank of ranks) {
    // Exit discriminators of different neighbouring networks say nothing about each other.
    if (rank === med && neighbourAs(a.bgp.attributes) !== neighbourAs(b.bgp.attributes)) continue;
    const difference = rank(left) - rank(right);
    if (difference !== 0) return difference;
  }
  return 0;
}

function med({ bgp }: Side): number {
  return bgp.attributes.med ?? 0;
}

const ORIGIN_RANK = { IGP: 0, EGP: 1, Incomplete: 2 } as const;

/** Undefined inside the own AS. */
const neighbourAs = ({ asPath }: PathAttributes): number | undefined => asPath[0]?.numbers[0];

/** A set counts as one. */
const asPathLength = ({ asPath }: PathAttributes): number =>
  asPath.reduce((sum, { type, numbers }) => sum + (type === 'set' ? 1 : numbers.length), 0);
