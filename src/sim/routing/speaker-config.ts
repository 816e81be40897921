/**
 * What a BGP daemon is configured with, as its configuration file says it: plain data that whoever manages the daemon renders
 * (Calico: confd). Filters are ordered rules, enough for what Calico's templates write; they are no language of their own.
 */
import type { Community } from '../../model/bgp.ts';
import { familyOf, ipCidrContains, type IpCidr, type IpFamily } from '../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../model/ip.ts';

export interface SpeakerConfig {
  /** Names the process: another one starts with empty tables. */
  readonly process: string;
  /** Whose daemon it is: Calico's BIRD 1.6.8 (absent), or the BIRD 2 of a router's Debian. */
  readonly software?: 'bird-1.6' | 'bird-2';
  /** Families that it keeps tables and speaks to the kernel for, in the order of the file; IPv4 alone when absent. */
  readonly families?: readonly IpFamily[];
  readonly routerId: Ipv4;
  readonly asNumber: number;
  /** `listen bgp port`; 179 when absent. */
  readonly listenPort?: number;
  /** `listen bgp address`; every address of the machine when absent. */
  readonly listenAddress?: Ip;
  /** Blackhole routes of `protocol static`: own blocks, and service ranges to be announced (`kernel` keeps those out). */
  readonly blackholes: readonly IpCidr[];
  /** Other routes of `protocol static`: `route PREFIX via GATEWAY`; none when absent. */
  readonly statics?: readonly { readonly prefix: IpCidr; readonly via: Ip }[];
  /** Patterns of interfaces that `protocol direct` leaves alone, besides Calico's own; none when absent. */
  readonly ignoredInterfaces?: readonly string[];
  /** Kernel routes worth announcing (`learn`): addresses of own pods outside the own blocks. */
  readonly learnt: readonly IpCidr[];
  /** Connected networks worth announcing (`protocol direct`); none when absent. */
  readonly connected?: readonly IpCidr[];
  /** BGP protocols in the order of the file. */
  readonly neighbours: readonly NeighbourConfig[];
  /** Functions that neighbours' filters call, by name. */
  readonly filters?: Readonly<Record<string, readonly FilterRule[]>>;
  /** What peers are told, after their own `exportFilters`; what no rule decides is not told. */
  readonly exports: readonly FilterRule[];
  /** What the kernel is told. */
  readonly kernel: readonly KernelRule[];
  /**
   * Calico v3.32's use of LOCAL_PREF: routes travel with the largest preference less their kernel metric, and the receiver's
   * kernel metric is made of it. The metric of a normal route; 1024 when absent. False: BIRD's defaults, local preference
   * 100 and kernel metric 32.
   */
  readonly normalMetric?: number | false;
  /** `merge paths on` of the kernel protocol: equally good routes become one with several next hops. On when absent. */
  readonly mergePaths?: boolean;
}

export interface NeighbourConfig {
  readonly name: string;
  /** Its family is that of the routes which the session carries. */
  readonly address: Ip;
  /** `neighbor ADDRESS port N`; 179 when absent. */
  readonly port?: number;
  readonly asNumber: number;
  readonly localAs: number;
  /** `source address`; the kernel chooses when absent. */
  readonly source?: Ip;
  /** Waits to be called instead of calling. */
  readonly passive: boolean;
  /** Seconds for which the peer may keep our routes once the connection is lost. */
  readonly restartTime: number;
  /** Functions of the speaker's `filters`, called in order: what none of them decides is taken. */
  readonly importFilters?: readonly string[];
  /** The same on the way out: what none of them decides goes on to the speaker's `exports`. */
  readonly exportFilters?: readonly string[];
  /** `rr client; rr cluster id ID`: we reflect to this neighbour. */
  readonly reflector?: { readonly clusterId: Ipv4 };
  /** `next hop self` or `next hop keep`; when absent as RFC 4271 section 5.1.3 has it. */
  readonly nextHop?: 'self' | 'keep';
  /** `multihop N`: how many hops away it may be, 64 when absent; `direct`: on a network of ours. */
  readonly multihop?: number | 'direct';
  /** `ttl security on` (RFC 5082): packets that came farther than `multihop` are dropped. */
  readonly ttlSecurity?: boolean;
  /** `allow local as N`: how often our own AS may stand in a path. */
  readonly allowLocalAs?: number;
  /** TCP MD5 (RFC 2385): segments of ends with unlike passwords are dropped. Never shown. */
  readonly password?: string;
  /** Seconds: `hold time`, 240 when absent. */
  readonly holdTime?: number;
  /** Seconds: `keepalive time`; a third of the hold time when absent. */
  readonly keepaliveTime?: number;
}

/**
 * One `if ... then { ... }` of a filter. All conditions it has must hold; then `set` is done, and `accept` decides. Without
 * `accept` the next rule is asked.
 */
export interface FilterRule extends RouteCondition {
  readonly set?: readonly RouteChange[];
  readonly accept?: boolean;
}

export interface RouteCondition {
  readonly prefix?: IpCidr;
  /** `exact`: `net = P`; `within`: `net ~ P`, the prefix itself too; with `not-`, the opposite. `exact` when absent. */
  readonly match?: 'exact' | 'within' | 'not-exact' | 'not-within';
  /** `P{least,most}`: with `within` and `not-within`, lengths that count. */
  readonly lengths?: { readonly least: number; readonly most: number };
  /** `source`: RTS_BGP, RTS_STATIC, RTS_INHERIT (learnt from the kernel), RTS_DEVICE. */
  readonly source?: RouteSource;
  /** `ifname ~ PATTERN` with `*` and `?`: the device the route leaves by; it holds for no route without one. */
  readonly interface?: string;
  /** The neighbour whose filter it is has our AS, or another. */
  readonly peer?: 'internal' | 'external';
  /** Every one of them must be there. */
  readonly communities?: readonly Community[];
  /** `bgp_path ~ [= a b * =]` */
  readonly asPathPrefix?: readonly number[];
  readonly localPref?: number;
  readonly localPrefAbove?: number;
  /** `krt_metric < N` */
  readonly metricBelow?: number;
}

export type RouteSource = 'bgp' | 'static' | 'kernel' | 'connected';

export type RouteChange =
  | { readonly kind: 'local-pref'; readonly value: number }
  | { readonly kind: 'med'; readonly value: number }
  | { readonly kind: 'add-community'; readonly community: Community }
  /** `bgp_path.prepend(AS)` */
  | { readonly kind: 'prepend'; readonly asNumber: number }
  /** `preference = N`: between protocols, on import only. */
  | { readonly kind: 'preference'; readonly value: number };

/** The first rule whose prefix holds the route decides; without one it is programmed as it is. */
export interface KernelRule {
  readonly within: IpCidr;
  readonly accept: boolean;
  /** `krt_tunnel`: the device of tunnelled routes, but not for next hops inside `unless`. */
  readonly tunnel?: { readonly device: string; readonly unless?: IpCidr };
}

/** Seconds. Intervals are shortened by up to a quarter at random, so that speakers do not march in step (RFC 4271, 10). */
export const TIMERS = {
  hold: 240,
  connectDelay: 2,
  connectRetry: 5,
  errorWait: { least: 5, most: 30 },
  /** An error longer ago than this no longer lengthens the wait. */
  errorAmnesia: 300,
  /** How long a restarted speaker waits for its peers before it takes old routes out of the kernel. */
  recovery: 240,
} as const;

const IPV4_ALONE: readonly IpFamily[] = [4];

export const familiesOf = ({ families = IPV4_ALONE }: SpeakerConfig): readonly IpFamily[] => families;

/** A neighbour of our own AS. */
export const isInternal = ({ asNumber, localAs }: NeighbourConfig): boolean => asNumber === localAs;

/** Of its session's routes. */
export const familyOfSession = ({ address }: Pick<NeighbourConfig, 'address'>): IpFamily => familyOf(address);

export function kernelRule(rules: readonly KernelRule[], prefix: IpCidr): KernelRule | undefined {
  return rules.find(({ within }) => holds(within, prefix));
}

/** BIRD's `~`. */
function holds(outer: IpCidr, inner: IpCidr): boolean {
  return outer.length <= inner.length && ipCidrContains(outer, inner.base);
}

interface Neighbours {
  readonly byAddress: ReadonlyMap<Ip, readonly NeighbourConfig[]>;
  readonly byName: ReadonlyMap<string, NeighbourConfig>;
  readonly passesOn: boolean;
}

const known = new WeakMap<SpeakerConfig, Neighbours>();

function neighboursOf(config: SpeakerConfig): Neighbours {
  let found = known.get(config);
  if (!found) {
    const { neighbours } = config;
    found = {
      byAddress: byAddress(neighbours),
      byName: new Map(neighbours.map((each) => [each.name, each])),
      passesOn: neighbours.some((each) => !isInternal(each) || each.reflector !== undefined),
    };
    known.set(config, found);
  }
  return found;
}

function byAddress(neighbours: readonly NeighbourConfig[]): Neighbours['byAddress'] {
  const found = new Map<Ip, NeighbourConfig[]>();
  for (const each of neighbours) {
    const same = found.get(each.address);
    if (same) same.push(each);
    else found.set(each.address, [each]);
  }
  return found;
}

/** The protocols whose neighbour has the address; of several the first takes the calls. */
export const neighboursAt = (config: SpeakerConfig, address: Ip): readonly NeighbourConfig[] =>
  neighboursOf(config).byAddress.get(address) ?? NOBODY;

const NOBODY: readonly NeighbourConfig[] = [];

export const neighbourNamed = (config: SpeakerConfig, name: string): NeighbourConfig | undefined =>
  neighboursOf(config).byName.get(name);

/** Whether anything that one neighbour tells may be of interest to another: not so in a plain mesh. */
export const passesOn = (config: SpeakerConfig): boolean => neighboursOf(config).passesOn;
