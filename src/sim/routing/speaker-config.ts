/**
 * What a BGP daemon is configured with, as its configuration file says it: plain data that whoever manages the daemon renders
 * (Calico: confd). Filters are ordered rules, enough for what Calico's templates write; they are no language of their own.
 */
import { cidrContains, cidrEquals, type Cidr, type Ipv4 } from '../../model/ip.ts';

export interface SpeakerConfig {
  /** Names the process: another one starts with empty tables. */
  readonly process: string;
  readonly routerId: Ipv4;
  readonly asNumber: number;
  /** Blackhole routes of `protocol static`. */
  readonly blackholes: readonly Cidr[];
  /** Kernel routes worth announcing (`learn`): addresses of own pods outside the own blocks. */
  readonly learnt: readonly Cidr[];
  /** BGP protocols in the order of the file. */
  readonly neighbours: readonly NeighbourConfig[];
  /** What peers are told. */
  readonly exports: readonly ExportRule[];
  /** What the kernel is told. */
  readonly kernel: readonly KernelRule[];
}

export interface NeighbourConfig {
  readonly name: string;
  readonly address: Ipv4;
  readonly asNumber: number;
  readonly localAs: number;
  /** `source address` */
  readonly source: Ipv4;
  /** Waits to be called instead of calling. */
  readonly passive: boolean;
  /** Seconds for which the peer may keep our routes once the connection is lost. */
  readonly restartTime: number;
}

/** The first rule that matches decides; without one the route is not exported. */
export interface ExportRule {
  readonly prefix: Cidr;
  /** `within`: the prefix itself too. */
  readonly match: 'exact' | 'within';
  readonly accept: boolean;
}

/** The first rule whose prefix holds the route decides; without one it is programmed as it is. */
export interface KernelRule {
  readonly within: Cidr;
  readonly accept: boolean;
  /** `krt_tunnel`: the device of tunnelled routes, but not for next hops inside `unless`. */
  readonly tunnel?: { readonly device: string; readonly unless?: Cidr };
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

export function exported(rules: readonly ExportRule[], prefix: Cidr): boolean {
  const rule = rules.find((each) =>
    each.match === 'exact' ? cidrEquals(each.prefix, prefix) : holds(each.prefix, prefix),
  );
  return rule?.accept === true;
}

export function kernelRule(rules: readonly KernelRule[], prefix: Cidr): KernelRule | undefined {
  return rules.find(({ within }) => holds(within, prefix));
}

/** BIRD's `~`. */
function holds(outer: Cidr, inner: Cidr): boolean {
  return outer.length <= inner.length && cidrContains(outer, inner.base);
}

const byAddress = new WeakMap<SpeakerConfig, ReadonlyMap<Ipv4, NeighbourConfig>>();

/** The neighbour a connection from `address` belongs to. */
export function neighbourAt(config: SpeakerConfig, address: Ipv4): NeighbourConfig | undefined {
  let map = byAddress.get(config);
  if (!map) {
    map = new Map(config.neighbours.map((each) => [each.address, each]));
    byAddress.set(config, map);
  }
  return map.get(address);
}
