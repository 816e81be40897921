/**
 * How a speaker reaches a BGP next hop: through the longest prefix of its own table around it, be that a connected network, a
 * route learnt from the kernel, or a route of the table itself (`gateway recursive`), or by a neighbour on a connected network
 * (`gateway direct`). Source: nest/rt-table.c rt_update_hostentry and proto/bgp/packets.c bgp_set_next_hop, BIRD 1.6.8.
 */
import { cidrContains, cidrOf, formatCidr, netmask, type Cidr, type Ipv4 } from '../../model/ip.ts';
import { Table } from '../core/table.ts';
import type { Netns, Route, RouteHop } from '../net/netns.ts';
import { fits } from './filter.ts';
import type { Path, Speaker } from './routing-state.ts';
import { neighbourNamed, type NeighbourConfig, type SpeakerConfig } from './speaker-config.ts';

export interface Way {
  readonly kind: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  /** One, or several where the way itself is a multipath route; empty unless unicast. */
  readonly hops: readonly RouteHop[];
  /** What it costs; undefined when the table does not know, which counts as very far. */
  readonly metric: number | undefined;
  /** Found in the table rather than given by the session's own network. */
  readonly recursive: boolean;
}

const UNREACHABLE: Way = { kind: 'unreachable', hops: [], metric: 0, recursive: true };

/** Whose table is looked into. */
export interface Resolver {
  readonly speaker: Pick<Speaker, 'config' | 'rib'>;
  /** Its own routes in it do not matter. */
  readonly stack: Netns;
}

/** The way of a BGP path, or of a static route with a gateway. */
export function wayOf(resolver: Resolver, { bgp, protocol, via }: Path): Way {
  if (!bgp) return (via === undefined ? undefined : onLink(resolver.stack, via)) ?? UNREACHABLE;
  const session = directSession(resolver.speaker.config, protocol);
  const { nextHop } = bgp.attributes;
  if (!session) return resolve(resolver, nextHop);
  return onLink(resolver.stack, nextHop) ?? onLink(resolver.stack, session.address) ?? UNREACHABLE;
}

/** A session whose next hops are looked for on its own network; Calico's say `gateway recursive`, wherever they lead. */
function directSession(config: SpeakerConfig, protocol: string): NeighbourConfig | undefined {
  const session = neighbourNamed(config, protocol);
  return config.software === 'bird-2' && session?.multihop === 'direct' ? session : undefined;
}

/** `gateway recursive` */
export function resolve({ speaker, stack }: Resolver, nextHop: Ipv4): Way {
  const outside = resolvedOutside({ speaker, stack }, nextHop);
  const inside = covering(speaker, nextHop, outside.length);
  if (!inside) return outside.way;
  return throughPath({ speaker, stack }, inside);
}

/** A route of the table that the next hop lies in; one that is itself recursive leads nowhere. */
function throughPath(resolver: Resolver, path: Path): Way {
  if (path.via !== undefined) return { ...wayOf(resolver, path), metric: undefined, recursive: true };
  if (!path.bgp) return { ...UNREACHABLE, kind: 'blackhole' };
  if (!directSession(resolver.speaker.config, path.protocol)) return UNREACHABLE;
  return { ...wayOf(resolver, path), metric: undefined, recursive: true };
}

/** The device of the connected network an address lies in. */
export function connectedDevice(stack: Netns, address: Ipv4): string | undefined {
  return onLink(stack, address)?.hops[0]?.device;
}

interface DirectNetworks {
  readonly ignored: SpeakerConfig['ignoredInterfaces'];
  readonly prefixes: ReadonlySet<string>;
}

const networks = new WeakMap<Netns['devices'], DirectNetworks>();

/** Whether protocol direct has a route of that very prefix, which is preferred to all others. */
export function isConnected({ speaker, stack }: Resolver, prefix: Cidr): boolean {
  const { ignoredInterfaces: ignored } = speaker.config;
  let known = networks.get(stack.devices);
  if (!known || known.ignored !== ignored) {
    const direct = connected(stack).filter(({ device }) => isDirect(device, ignored));
    known = { ignored, prefixes: new Set(direct.map((network) => formatCidr(network.prefix))) };
    networks.set(stack.devices, known);
  }
  return known.prefixes.has(formatCidr(prefix));
}

function onLink(stack: Netns, address: Ipv4): Way | undefined {
  const network = connected(stack).find(
    ({ prefix, own }) => cidrContains(prefix, address) && own !== address,
  );
  if (!network) return undefined;
  return { kind: 'unicast', hops: [{ via: address, device: network.device }], metric: 0, recursive: false };
}

interface Outside {
  readonly way: Way;
  /** Of the prefix; -1 when there is none. */
  readonly length: number;
}

interface Outsides {
  readonly ignored: SpeakerConfig['ignoredInterfaces'];
  readonly candidates: readonly Candidate[];
  readonly found: Map<Ipv4, Outside>;
}

/** What the stack itself offers does not change while the stack is the same. */
const outsides = new WeakMap<Netns, Outsides>();

function resolvedOutside({ speaker, stack }: Resolver, nextHop: Ipv4): Outside {
  const { ignoredInterfaces: ignored } = speaker.config;
  let known = outsides.get(stack);
  if (!known || known.ignored !== ignored) {
    const direct = connected(stack).filter(({ device }) => isDirect(device, ignored));
    known = { ignored, candidates: [...direct, ...learnt(stack)], found: new Map() };
    outsides.set(stack, known);
  }
  const before = known.found.get(nextHop);
  if (before) return before;
  const found = outside(known.candidates, nextHop);
  known.found.set(nextHop, found);
  return found;
}

function outside(candidates: readonly Candidate[], nextHop: Ipv4): Outside {
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (!cidrContains(candidate.prefix, nextHop)) continue;
    if (!best || candidate.prefix.length > best.prefix.length) best = candidate;
  }
  if (!best || best.own === nextHop) return { way: UNREACHABLE, length: best?.prefix.length ?? -1 };
  return { way: candidateWay(best, nextHop), length: best.prefix.length };
}

function candidateWay({ route, device }: Candidate, nextHop: Ipv4): Way {
  if (!route) return { kind: 'unicast', hops: [{ via: nextHop, device }], metric: 0, recursive: true };
  if (route.type !== 'unicast') return { kind: route.type, hops: [], metric: 0, recursive: true };
  if (route.hops) return { kind: 'unicast', hops: route.hops, metric: undefined, recursive: true };
  const { via } = route;
  const hops = [{ via: via ?? nextHop, device }];
  return { kind: 'unicast', hops, metric: via === undefined ? 0 : undefined, recursive: true };
}

interface Candidate {
  readonly prefix: Cidr;
  readonly device: string;
  /** Absent on a connected network, which has an own address instead. */
  readonly route?: Route;
  readonly own?: Ipv4;
}

/** `interface -"PATTERN", -"cali*", -"kube-ipvs*", "*"` of protocol direct. */
export const isDirect = (device: string, ignored: readonly string[] = []): boolean =>
  !device.startsWith('cali') &&
  !device.startsWith('kube-ipvs') &&
  !ignored.some((pattern) => fits(pattern, device));

function connected({ devices }: Netns): readonly (Candidate & { readonly own: Ipv4 })[] {
  return devices.flatMap(({ name, up, kind, addresses }) =>
    up && kind.type !== 'loopback' && isDirect(name)
      ? addresses.map(({ address, length }) => ({
          prefix: cidrOf(address, length),
          device: name,
          own: address,
        }))
      : [],
  );
}

/** Routes of the kernel that others than BIRD and the kernel itself put there. */
function learnt({ routes, devices }: Netns): readonly Candidate[] {
  const up = new Set(devices.filter((device) => device.up).map(({ name }) => name));
  return routes.flatMap((route): readonly Candidate[] => {
    const { prefix, type, protocol, device = route.hops?.[0]?.device ?? '' } = route;
    if (protocol === 'kernel' || protocol === 'bird') return [];
    return type !== 'unicast' || up.has(device) ? [{ prefix, device, route }] : [];
  });
}

type Paths = readonly Path[];

/** A table's prefixes by length and address, brought up to date by what changed since it was last asked about. */
interface Cover {
  rib: Table<Paths>;
  readonly lengths: Map<number, Map<number, Paths>>;
}

const covers = new WeakMap<SpeakerConfig, Cover>();

/** The best path of the longest prefix around an address, of those longer than `least`. */
function covering(
  { config, rib }: Pick<Speaker, 'config' | 'rib'>,
  address: Ipv4,
  least: number,
): Path | undefined {
  const { lengths } = coverOf(config, rib);
  let longest = least;
  let found: Path | undefined;
  for (const [length, entries] of lengths) {
    if (length <= longest) continue;
    const paths = entries.get((address & netmask(length)) >>> 0);
    const best = paths?.find(({ protocol }) => protocol !== 'kernel1' && protocol !== 'direct1');
    if (!best) continue;
    longest = length;
    found = best;
  }
  return found;
}

function coverOf(config: SpeakerConfig, rib: Table<Paths>): Cover {
  let cover = covers.get(config);
  if (!cover) {
    cover = { rib: Table.empty(), lengths: new Map() };
    covers.set(config, cover);
  }
  if (cover.rib === rib) return cover;
  for (const { before, after } of rib.differences(cover.rib)) {
    const prefix = (after ?? before)?.[0]?.prefix;
    if (!prefix) continue;
    const entries = cover.lengths.get(prefix.length) ?? new Map<number, Paths>();
    cover.lengths.set(prefix.length, entries);
    if (after) entries.set(prefix.base, after);
    else entries.delete(prefix.base);
    if (entries.size === 0) cover.lengths.delete(prefix.length);
  }
  cover.rib = rib;
  return cover;
}
