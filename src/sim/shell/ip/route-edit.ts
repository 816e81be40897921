/**
 * `ip route` add, replace, change, append, del, flush. The checks that need only the words are here; what the kernel refuses
 * comes from the edit. Wordings: iproute2 6.1 ip/iproute.c, compared with the real tool. Other tables than main, a locked MTU
 * and next hops of different weight are not simulated.
 */
import { ok } from '../../../base/result.ts';
import { ipCidrEquals, isCidr6, isIpv6, type IpCidr } from '../../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../../model/ip.ts';
import { cidrContains, cidrOf } from '../../../model/ip.ts';
import { UNSPECIFIED6 } from '../../../model/ipv6.ts';
import type { AddRoute, DeleteRoute, FamilyEdit, NetnsEdit } from '../../net/edit.ts';
import { USER_METRIC } from '../../net/inet6.ts';
import type { Netns, Route, RouteHop } from '../../net/netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar, type Keyword } from '../network/keywords.ts';
import {
  familyOfLine,
  prefixOf,
  readAddress,
  readNumber,
  readPrefix,
  readProtocol,
  readScope,
  ROUTE_TYPES,
  type TypedPrefix,
} from './route-words.ts';
import { present } from '../network/present.ts';
import { selectedRoutes } from './route-show.ts';
import { ROUTE_USAGE } from './usage.ts';
import type { Family } from './options.ts';
import type { Subject } from './subject.ts';

interface RouteWords {
  readonly type?: Route['type'];
  readonly prefix?: TypedPrefix;
  readonly via?: Ip;
  readonly device?: string;
  readonly protocol?: Route['protocol'];
  readonly scope?: Route['scope'];
  readonly source?: Ip;
  readonly metric?: number;
  readonly onlink?: boolean;
  readonly mtu?: number;
  readonly hops?: readonly RouteHop<Ip>[];
  /** A real word that the simulator does not have. */
  readonly missing?: string;
}

const NOT_SIMULATED = ['vrf', 'encap', 'weight', 'tos', 'nhid', 'advmss', 'initcwnd', 'rtt', 'window'];

const TYPES = [...ROUTE_TYPES, 'local', 'broadcast', 'throw', 'multicast'].map(
  (name): Keyword<RouteWords> => ({
    names: [name],
    exact: true,
    flag: true,
    read: (words) => readType(words, name),
  }),
);

const ROUTE = (family: Family): Grammar<RouteWords> => ({
  keywords: [
    {
      names: ['src'],
      exact: true,
      read: (words, value) => readAddress(value, soFar(family, words), (source) => ({ ...words, source })),
    },
    {
      names: ['via'],
      exact: true,
      read: (words, value) => readAddress(value, soFar(family, words), (via) => ({ ...words, via })),
    },
    {
      names: ['metric', 'priority', 'preference'],
      read: (words, value) =>
        readNumber(value, '"metric" value is invalid\n', (metric) => ({ ...words, metric })),
    },
    { names: ['scope'], read: (words, value) => readScope(value, (scope) => ({ ...words, scope })) },
    {
      names: ['mtu'],
      exact: true,
      read: (words, value) =>
        value === 'lock'
          ? ok({ ...words, missing: 'mtu lock' })
          : readNumber(value, '"mtu" value is invalid\n', (mtu) => ({ ...words, mtu })),
    },
    { names: ['onlink'], exact: true, flag: true, read: (words) => ok({ ...words, onlink: true }) },
    {
      names: ['protocol'],
      read: (words, value) =>
        readProtocol(value, '"protocol" value is invalid\n', (protocol) => ({ ...words, protocol })),
    },
    { names: ['dev', 'oif'], exact: true, read: (words, device) => ok({ ...words, device }) },
    {
      names: ['table'],
      read: (words, value) =>
        ok(value === 'main' || value === '254' ? words : { ...words, missing: 'table' }),
    },
    { names: ['to'], exact: true, read: readDestination(family) },
    ...NOT_SIMULATED.map((name): Keyword<RouteWords> => ({
      names: [name],
      exact: true,
      read: (words) => ok({ ...words, missing: name }),
    })),
    ...TYPES,
  ],
  // A word that is not simulated may have several of its own behind it, as in `mtu lock 1300`.
  bare: (words, value) => (words.missing === undefined ? readDestination(family)(words, value) : ok(words)),
});

/** The first address of a line decides which family the others must be of. */
const soFar = (family: Family, { prefix, via, source }: RouteWords): Family =>
  familyOfLine(family, prefix, via, source);

function readType(words: RouteWords, name: string): Parsed<RouteWords> {
  const type = ROUTE_TYPES.find((known) => known === name);
  return ok(type === undefined ? { ...words, missing: name } : { ...words, type });
}

function readDestination(family: Family): (words: RouteWords, value: string) => Parsed<RouteWords> {
  return (words, value) => {
    if (words.prefix) return duplicateOrGarbage('to', value);
    const prefix = readPrefix(value, soFar(family, words));
    return prefix.ok ? ok({ ...words, prefix: prefix.value }) : prefix;
  };
}

function readRoute(
  { here, options }: Subject,
  words: readonly string[],
): Parsed<RouteWords & { readonly prefix: TypedPrefix }> {
  if (words.length === 0) return complain(255, ROUTE_USAGE);
  const at = words.indexOf('nexthop');
  const single = parseKeywords(at < 0 ? words : words.slice(0, at), ROUTE(options.family), {});
  const read =
    single.ok && at >= 0
      ? withHops({ netns: here.netns, family: options.family, route: single.value }, words.slice(at))
      : single;
  if (!read.ok) return read;
  const { missing, device, prefix } = read.value;
  if (missing !== undefined) return complain(255, `ip: "${missing}" in a route is not simulated.`);
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Cannot find device "${device}"`);
  if (!prefix) return complain(2, NO_DEVICE);
  return ok({ ...read.value, prefix: settled(prefix, read.value) });
}

/** `default` is of the family of the way it leads. */
function settled(prefix: TypedPrefix, { via, source, hops }: RouteWords): TypedPrefix {
  const isInet6 = [via, source, hops?.[0]?.via].some((address) => address !== undefined && isIpv6(address));
  return prefix.isAny && isInet6 ? { ...prefix, address: UNSPECIFIED6 } : prefix;
}

interface HopWords {
  readonly via?: Ip;
  readonly device?: string;
  readonly onlink?: boolean;
  readonly missing?: string;
}

const HOP = (family: Family): Grammar<HopWords> => ({
  keywords: [
    {
      names: ['via'],
      exact: true,
      read: (words, value) => readAddress(value, family, (via) => ({ ...words, via })),
    },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    {
      names: ['weight'],
      exact: true,
      read: (words, value) => ok(value === '1' ? words : { ...words, missing: `weight ${value}` }),
    },
    { names: ['onlink'], exact: true, flag: true, read: (words) => ok({ ...words, onlink: true }) },
  ],
  bare: (_, word) => complain(255, `Error: either "to" is duplicate, or "${word}" is a garbage.`),
});

/** `nexthop via A dev D nexthop via B dev E` */
function withHops(
  { netns, family, route }: { readonly netns: Netns; readonly family: Family; readonly route: RouteWords },
  words: readonly string[],
): Parsed<RouteWords> {
  const hops: RouteHop<Ip>[] = [];
  const grammar = HOP(soFar(family, route));
  for (let at = 0; at < words.length;) {
    const next = words.indexOf('nexthop', at + 1);
    const end = next < 0 ? words.length : next;
    const read = parseKeywords(words.slice(at + 1, end), grammar, {});
    if (!read.ok) return read;
    const { via, device, onlink, missing } = read.value;
    if (missing !== undefined) return ok({ ...route, missing });
    if (device !== undefined && !deviceNamed(netns, device))
      return complain(255, `Cannot find device "${device}"\nError: cannot parse nexthop`);
    const way = device ?? (via === undefined ? undefined : deviceOfHop(netns, via));
    if (via === undefined || way === undefined) return complain(2, INVALID_GATEWAY);
    hops.push({ via, device: way, ...present({ onlink }) });
    at = end;
  }
  return ok({ ...route, hops });
}

/** `ip route flush cache` has had nothing to do since Linux 3.6. */
export function flushRoutes(subject: Subject, words: readonly string[]): Parsed<string> {
  if (words.length === 0) return complain(1, '"ip route flush" requires arguments.');
  if (words[0] === 'cache') return ok('');
  const selected = selectedRoutes(subject, words);
  if (!selected.ok) return selected;
  for (const route of selected.value) {
    const { prefix, device, via, type } = route;
    const done = subject.edit(
      about({ kind: 'delete-route', prefix, metric: metricOf(route), type, ...present({ device, via }) }),
      2,
    );
    if (!done.ok) return done;
  }
  return ok('');
}

export function setRoute(mode: 'add' | 'replace' | 'change' | 'append') {
  return (subject: Subject, words: readonly string[]): Parsed<string> => {
    const read = readRoute(subject, words);
    if (!read.ok) return read;
    const route = completed(subject.here.netns, read.value);
    if (!route.ok) return route;
    const { netns } = subject.here;
    const isInet6 = isCidr6(route.value.prefix as IpCidr);
    const routes: readonly Route<Ip>[] = isInet6 ? (netns.inet6?.routes ?? []) : netns.routes;
    const exists = routes.some((other) => isSame(other, route.value));
    if (mode === 'change' && !exists) return complain(2, isInet6 ? NO_MATCH : NO_SUCH_ROUTE);
    const replace = mode === 'replace' || mode === 'change';
    const append = mode === 'append' ? { append: true } : {};
    return subject.edit(about({ kind: 'add-route', route: route.value, replace, ...append }), 2);
  };
}

const NO_SUCH_ROUTE = 'RTNETLINK answers: No such file or directory';
const NO_MATCH = 'Error: Can not replace route - no match found.';

/** A change of either family: the compiler does not follow from the prefix to it. */
const about = (edit: AddRoute<Ip> | DeleteRoute<Ip>): NetnsEdit => edit as FamilyEdit | FamilyEdit<Ipv6>;

const metricOf = ({ prefix, metric }: Route<Ip>): number => metric ?? (isIpv6(prefix.base) ? USER_METRIC : 0);

const isSame = (a: Route<Ip>, b: Route<Ip>): boolean =>
  ipCidrEquals(a.prefix, b.prefix) && metricOf(a) === metricOf(b);

/** Fills in what the kernel chooses: the device towards the gateway, and the scope. */
function completed(netns: Netns, words: RouteWords & { readonly prefix: TypedPrefix }): Parsed<Route<Ip>> {
  const { type = 'unicast', via, source, metric, onlink, mtu, protocol = 'boot' } = words;
  const prefix = prefixOf(words.prefix);
  const isInet6 = isCidr6(prefix);
  if (!isInet6 && prefix.base !== words.prefix.address) return complain(2, INVALID_PREFIX);
  const common = { prefix, type, protocol, ...present({ source, metric, onlink, mtu }) };
  if (words.hops) return ok({ ...common, scope: words.scope ?? 'global', hops: words.hops });
  if (type !== 'unicast') return ok({ ...common, scope: words.scope ?? 'global', ...present({ via }) });
  // Of IPv6 the kernel looks for the device (edit-inet6-routes.ts).
  if (isInet6) return ok({ ...common, scope: 'global', ...present({ via, device: words.device }) });
  const way = wayOf(netns, words);
  return way.ok ? ok({ ...common, ...way.value, ...present({ via }) }) : way;
}

function wayOf(
  netns: Netns,
  { device: typed, via, scope }: RouteWords,
): Parsed<Pick<Route, 'device' | 'scope'>> {
  const device = typed ?? (via === undefined ? undefined : deviceToward(netns, via));
  if (device === undefined) return complain(2, via === undefined ? NO_DEVICE : INVALID_GATEWAY);
  return ok({ device, scope: scope ?? (via === undefined ? 'link' : 'global') });
}

const INVALID_PREFIX = 'Error: Invalid prefix for given prefix length.';
const INVALID_GATEWAY = 'Error: Nexthop has invalid gateway.';
const NO_DEVICE = 'RTNETLINK answers: No such device';

/** A gateway must lie behind a directly connected route. */
function deviceToward(netns: Netns, via: Ip): string | undefined {
  if (isIpv6(via)) return undefined;
  const connected = netns.routes
    .filter((route) => route.type === 'unicast' && route.via === undefined && cidrContains(route.prefix, via))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const routed = connected[0]?.device;
  if (routed !== undefined) return routed;
  return netns.devices.find(
    ({ up, addresses }) =>
      up && addresses.some(({ address, length }) => cidrContains(cidrOf(address, length), via)),
  )?.name;
}

/** Of IPv6 the kernel finds it; until then it has no name. */
const deviceOfHop = (netns: Netns, via: Ip): string | undefined =>
  isIpv6(via) ? '' : deviceToward(netns, via);

export function deleteRoute(subject: Subject, words: readonly string[]): Parsed<string> {
  const read = readRoute(subject, words);
  if (!read.ok) return read;
  const { device, via, metric, type } = read.value;
  const prefix = prefixOf(read.value.prefix);
  return subject.edit(about({ kind: 'delete-route', prefix, ...present({ device, via, metric, type }) }), 2);
}
