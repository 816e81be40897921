/**
 * `ip route` add, replace, change, del. The checks that need only the words are here; what the kernel refuses comes from the
 * edit. Wordings: iproute2 6.1 ip/iproute.c, compared with the real tool. Multipath, other tables and append are not simulated.
 */
import { ok } from '../../../base/result.ts';
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import { cidrContains, cidrEquals, cidrOf } from '../../../model/ip.ts';
import type { Netns, Route } from '../../net/netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar, type Keyword } from '../network/keywords.ts';
import {
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
import { ROUTE_USAGE } from './usage.ts';
import type { Subject } from './subject.ts';

interface RouteWords {
  readonly type?: Route['type'];
  readonly prefix?: TypedPrefix;
  readonly via?: Ipv4;
  readonly device?: string;
  readonly protocol?: Route['protocol'];
  readonly scope?: Route['scope'];
  readonly source?: Ipv4;
  readonly metric?: number;
  readonly onlink?: boolean;
  readonly mtu?: number;
  /** A real word that the simulator does not have. */
  readonly missing?: string;
}

const NOT_SIMULATED = [
  'table',
  'nexthop',
  'vrf',
  'encap',
  'weight',
  'tos',
  'nhid',
  'advmss',
  'initcwnd',
  'rtt',
  'window',
];

const TYPES = [...ROUTE_TYPES, 'local', 'broadcast', 'throw', 'multicast'].map(
  (name): Keyword<RouteWords> => ({
    names: [name],
    exact: true,
    flag: true,
    read: (words) => readType(words, name),
  }),
);

const ROUTE: Grammar<RouteWords> = {
  keywords: [
    {
      names: ['src'],
      exact: true,
      read: (words, value) => readAddress(value, (source) => ({ ...words, source })),
    },
    { names: ['via'], exact: true, read: (words, value) => readAddress(value, (via) => ({ ...words, via })) },
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
    { names: ['to'], exact: true, read: readDestination },
    ...NOT_SIMULATED.map((name): Keyword<RouteWords> => ({
      names: [name],
      exact: true,
      read: (words) => ok({ ...words, missing: name }),
    })),
    ...TYPES,
  ],
  bare: readDestination,
};

function readType(words: RouteWords, name: string): Parsed<RouteWords> {
  const type = ROUTE_TYPES.find((known) => known === name);
  return ok(type === undefined ? { ...words, missing: name } : { ...words, type });
}

function readDestination(words: RouteWords, value: string): Parsed<RouteWords> {
  if (words.prefix) return duplicateOrGarbage('to', value);
  const prefix = readPrefix(value);
  return prefix.ok ? ok({ ...words, prefix: prefix.value }) : prefix;
}

function readRoute(
  { here }: Subject,
  words: readonly string[],
): Parsed<RouteWords & { readonly prefix: TypedPrefix }> {
  if (words.length === 0) return complain(255, ROUTE_USAGE);
  const read = parseKeywords(words, ROUTE, {});
  if (!read.ok) return read;
  const { missing, device, prefix } = read.value;
  if (missing !== undefined) return complain(255, `ip: "${missing}" in a route is not simulated.`);
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Cannot find device "${device}"`);
  if (!prefix) return complain(2, NO_DEVICE);
  return ok({ ...read.value, prefix });
}

export function setRoute(mode: 'add' | 'replace' | 'change') {
  return (subject: Subject, words: readonly string[]): Parsed<string> => {
    const read = readRoute(subject, words);
    if (!read.ok) return read;
    const route = completed(subject.here.netns, read.value);
    if (!route.ok) return route;
    const exists = subject.here.netns.routes.some(({ prefix, metric }) =>
      isSame({ prefix, metric }, route.value),
    );
    if (mode === 'change' && !exists) return complain(2, 'RTNETLINK answers: No such file or directory');
    return subject.edit({ kind: 'add-route', route: route.value, replace: mode !== 'add' }, 2);
  };
}

const isSame = (a: { prefix: Cidr; metric: number | undefined }, b: Route): boolean =>
  cidrEquals(a.prefix, b.prefix) && (a.metric ?? 0) === (b.metric ?? 0);

/** Fills in what the kernel chooses: the device towards the gateway, and the scope. */
function completed(netns: Netns, words: RouteWords & { readonly prefix: TypedPrefix }): Parsed<Route> {
  const { type = 'unicast', via, source, metric, onlink, mtu, protocol = 'boot' } = words;
  const prefix = prefixOf(words.prefix);
  if (prefix.base !== words.prefix.address) return complain(2, INVALID_PREFIX);
  const common = { prefix, type, protocol, ...present({ source, metric, onlink, mtu }) };
  if (type !== 'unicast') return ok({ ...common, scope: words.scope ?? 'global', ...present({ via }) });
  const device = words.device ?? (via === undefined ? undefined : deviceToward(netns, via));
  if (device === undefined) return complain(2, via === undefined ? NO_DEVICE : INVALID_GATEWAY);
  const scope = words.scope ?? (via === undefined ? 'link' : 'global');
  return ok({ ...common, scope, device, ...present({ via }) });
}

const INVALID_PREFIX = 'Error: Invalid prefix for given prefix length.';
const INVALID_GATEWAY = 'Error: Nexthop has invalid gateway.';
const NO_DEVICE = 'RTNETLINK answers: No such device';

/** A gateway must lie behind a directly connected route. */
function deviceToward(netns: Netns, via: Ipv4): string | undefined {
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

export function deleteRoute(subject: Subject, words: readonly string[]): Parsed<string> {
  const read = readRoute(subject, words);
  if (!read.ok) return read;
  const { device, via } = read.value;
  const prefix = prefixOf(read.value.prefix);
  return subject.edit({ kind: 'delete-route', prefix, ...present({ device, via }) }, 2);
}
