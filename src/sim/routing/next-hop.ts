/**
 * How a speaker reaches a BGP next hop: through the longest prefix of its own table around it, be that a connected network, a
 * route learnt from the kernel, or a route of the table itself (`gateway recursive`), or by a neighbour on a connected network
 * (`gateway direct`). Source: nest/rt-table.c rt_update_hostentry and proto/bgp/packets.c bgp_set_next_hop, BIRD 1.6.8, the
 * same for both families but for the address on the link that an IPv6 next hop may bring along.
 */
import {
  familyOf,
  ipCidrContains,
  ipCidrOf,
  isIpv4,
  type IpCidr,
  type IpFamily,
} from '../../model/ip-family.ts';
import { netmask, type Ip, type Ipv6 } from '../../model/ip.ts';
import { masked6 } from '../../model/ipv6.ts';
import { Table } from '../core/table.ts';
import type { Device, DeviceAddress, Netns, Route, RouteHop } from '../net/netns.ts';
import { fits } from './filter.ts';
import type { Path, Speaker } from './routing-state.ts';
import { neighbourNamed, type NeighbourConfig, type SpeakerConfig } from './speaker-config.ts';

export interface Way {
  readonly kind: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  /** One, or several where the way itself is a multipath route; empty unless unicast. */
  readonly hops: readonly RouteHop<Ip>[];
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
  const { nextHop, linkLocal } = bgp.attributes;
  if (!session) return onTheLink(resolve(resolver, nextHop), nextHop, linkLocal);
  return onLink(resolver.stack, nextHop) ?? onLink(resolver.stack, session.address) ?? UNREACHABLE;
}

const linked = new WeakMap<Way, Map<Ip, Way>>();

/** A next hop on a network of ours is spoken to by its address on the link, when it told one. */
function onTheLink(way: Way, nextHop: Ip, linkLocal: Ip | undefined): Way {
  const [hop, second] = way.hops;
  if (linkLocal === undefined || !hop || second || hop.via !== nextHop) return way;
  const known = linked.get(way) ?? new Map<Ip, Way>();
  linked.set(way, known);
  const made = known.get(linkLocal) ?? { ...way, hops: [{ ...hop, via: linkLocal }] };
  known.set(linkLocal, made);
  return made;
}

/** A session whose next hops are looked for on its own network; Calico's say `gateway recursive`, wherever they lead. */
function directSession(config: SpeakerConfig, protocol: string): NeighbourConfig | undefined {
  const session = neighbourNamed(config, protocol);
  return config.software === 'bird-2' && session?.multihop === 'direct' ? session : undefined;
}

/** `gateway recursive` */
export function resolve({ speaker, stack }: Resolver, nextHop: Ip): Way {
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
export function connectedDevice(stack: Netns, address: Ip): string | undefined {
  return onLink(stack, address)?.hops[0]?.device;
}

type PerFamily<Value> = Readonly<Record<IpFamily, Value>>;

interface DirectNetworks {
  readonly ignored: SpeakerConfig['ignoredInterfaces'];
  readonly addresses: NonNullable<Netns['inet6']>['addresses'] | undefined;
  readonly prefixes: ReadonlySet<string>;
}

const networks: PerFamily<WeakMap<Netns['devices'], DirectNetworks>> = { 4: new WeakMap(), 6: new WeakMap() };

/** Whether protocol direct has a route of that very prefix, which is preferred to all others. */
export function isConnected({ speaker, stack }: Resolver, prefix: IpCidr): boolean {
  const { ignoredInterfaces: ignored } = speaker.config;
  const family = familyOf(prefix.base);
  let known = networks[family].get(stack.devices);
  if (!known || known.ignored !== ignored || known.addresses !== stack.inet6?.addresses) {
    const direct = connected(stack, family).filter(({ device }) => isDirect(device, ignored));
    const prefixes = new Set(direct.map((network) => prefixName(network.prefix)));
    known = { ignored, addresses: stack.inet6?.addresses, prefixes };
    networks[family].set(stack.devices, known);
  }
  return known.prefixes.has(prefixName(prefix));
}

const prefixName = ({ base, length }: IpCidr): string => `${base}/${length}`;

function onLink(stack: Netns, address: Ip): Way | undefined {
  const network = connected(stack, familyOf(address)).find(
    ({ prefix, own }) => ipCidrContains(prefix, address) && own !== address,
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
  readonly found: Map<Ip, Outside>;
}

/** What the stack itself offers does not change while the stack is the same. */
const outsides: PerFamily<WeakMap<Netns, Outsides>> = { 4: new WeakMap(), 6: new WeakMap() };

function resolvedOutside({ speaker, stack }: Resolver, nextHop: Ip): Outside {
  const { ignoredInterfaces: ignored } = speaker.config;
  const family = familyOf(nextHop);
  let known = outsides[family].get(stack);
  if (!known || known.ignored !== ignored) {
    const direct = connected(stack, family).filter(({ device }) => isDirect(device, ignored));
    known = { ignored, candidates: [...direct, ...learnt(stack, family)], found: new Map() };
    outsides[family].set(stack, known);
  }
  const before = known.found.get(nextHop);
  if (before) return before;
  const found = outside(known.candidates, nextHop);
  known.found.set(nextHop, found);
  return found;
}

function outside(candidates: readonly Candidate[], nextHop: Ip): Outside {
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (!ipCidrContains(candidate.prefix, nextHop)) continue;
    if (!best || candidate.prefix.length > best.prefix.length) best = candidate;
  }
  if (!best || best.own === nextHop) return { way: UNREACHABLE, length: best?.prefix.length ?? -1 };
  return { way: candidateWay(best, nextHop), length: best.prefix.length };
}

function candidateWay({ route, device }: Candidate, nextHop: Ip): Way {
  if (!route) return { kind: 'unicast', hops: [{ via: nextHop, device }], metric: 0, recursive: true };
  if (route.type !== 'unicast') return { kind: route.type, hops: [], metric: 0, recursive: true };
  if (route.hops) return { kind: 'unicast', hops: route.hops, metric: undefined, recursive: true };
  const { via } = route;
  const hops = [{ via: via ?? nextHop, device }];
  return { kind: 'unicast', hops, metric: via === undefined ? 0 : undefined, recursive: true };
}

interface Candidate {
  readonly prefix: IpCidr;
  readonly device: string;
  /** Absent on a connected network, which has an own address instead. */
  readonly route?: IpRoute;
  readonly own?: Ip;
}

export type IpRoute = Route | Route<Ipv6>;

/** The main table of a family. */
export const routesOf = ({ routes, inet6 }: Netns, family: IpFamily): readonly IpRoute[] =>
  family === 4 ? routes : (inet6?.routes ?? []);

/** A device's addresses of a family; of IPv6 without those on the link. */
export const addressesOf = (
  { inet6 }: Pick<Netns, 'inet6'>,
  device: Device,
  family: IpFamily,
): readonly (DeviceAddress | DeviceAddress<Ipv6>)[] =>
  family === 4 ? device.addresses : (inet6?.addresses.get(device.name) ?? []);

/** `interface -"PATTERN", -"cali*", -"kube-ipvs*", "*"` of protocol direct. */
export const isDirect = (device: string, ignored: readonly string[] = []): boolean =>
  !device.startsWith('cali') &&
  !device.startsWith('kube-ipvs') &&
  !ignored.some((pattern) => fits(pattern, device));

function connected(stack: Netns, family: IpFamily): readonly (Candidate & { readonly own: Ip })[] {
  return stack.devices.flatMap((device) =>
    device.up && device.kind.type !== 'loopback' && isDirect(device.name)
      ? addressesOf(stack, device, family).map(({ address, length }) => ({
          prefix: ipCidrOf(address, length),
          device: device.name,
          own: address,
        }))
      : [],
  );
}

/** Routes of the kernel that others than BIRD and the kernel itself put there. */
function learnt(stack: Netns, family: IpFamily): readonly Candidate[] {
  const up = new Set(stack.devices.filter((device) => device.up).map(({ name }) => name));
  return routesOf(stack, family).flatMap((route): readonly Candidate[] => {
    const { prefix, type, protocol, device = route.hops?.[0]?.device ?? '' } = route;
    if (protocol === 'kernel' || protocol === 'bird') return [];
    return type !== 'unicast' || up.has(device) ? [{ prefix, device, route }] : [];
  });
}

type Paths = readonly Path[];

/** Protocols whose routes are read off the stack. */
export const READ_OFF: readonly string[] = ['kernel1', 'kernel2', 'direct1'];

/** A table's prefixes by length and address, brought up to date by what changed since it was last asked about. */
interface Cover {
  rib: Table<Paths>;
  readonly lengths: PerFamily<Map<number, Map<Ip, Paths>>>;
}

const covers = new WeakMap<SpeakerConfig, Cover>();

/** The best path of the longest prefix around an address, of those longer than `least`. */
function covering(
  { config, rib }: Pick<Speaker, 'config' | 'rib'>,
  address: Ip,
  least: number,
): Path | undefined {
  const lengths = coverOf(config, rib).lengths[familyOf(address)];
  let longest = least;
  let found: Path | undefined;
  for (const [length, entries] of lengths) {
    if (length <= longest) continue;
    const paths = entries.get(masked(address, length));
    const best = paths?.find(({ protocol }) => !READ_OFF.includes(protocol));
    if (!best) continue;
    longest = length;
    found = best;
  }
  return found;
}

const masked = (address: Ip, length: number): Ip =>
  isIpv4(address) ? (((address & netmask(length)) >>> 0) as Ip) : masked6(address, length);

function coverOf(config: SpeakerConfig, rib: Table<Paths>): Cover {
  let cover = covers.get(config);
  if (!cover) {
    cover = { rib: Table.empty(), lengths: { 4: new Map(), 6: new Map() } };
    covers.set(config, cover);
  }
  if (cover.rib === rib) return cover;
  for (const { before, after } of rib.differences(cover.rib)) {
    const prefix = (after ?? before)?.[0]?.prefix;
    if (!prefix) continue;
    const lengths = cover.lengths[familyOf(prefix.base)];
    const entries = lengths.get(prefix.length) ?? new Map<Ip, Paths>();
    lengths.set(prefix.length, entries);
    if (after) entries.set(prefix.base, after);
    else entries.delete(prefix.base);
    if (entries.size === 0) lengths.delete(prefix.length);
  }
  cover.rib = rib;
  return cover;
}
