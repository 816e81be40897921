/** `ip route show` and its selectors. Wordings: iproute2 6.1 ip/iproute.c, compared with the real tool. */
import { ok } from '../../../base/result.ts';
import { ipCidrContains, ipCidrEquals, type IpCidr } from '../../../model/ip-family.ts';
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../../model/ip.ts';
import { cidrOf, netmask } from '../../../model/ip.ts';
import { cidrOf6 } from '../../../model/ipv6.ts';
import {
  addresses6,
  KERNEL_METRIC,
  kernelRoute,
  mainRoutes6,
  MULTICAST,
  USER_METRIC,
} from '../../net/inet6.ts';
import type { Device, Netns, Route } from '../../net/netns.ts';
import type { CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, hasCarrier } from '../network/here.ts';
import { parseKeywords, type Grammar, type Keyword, wrongArgument } from '../network/keywords.ts';
import { jsonText } from './device-list.ts';
import {
  kernelOrder,
  kernelOrder6,
  routeJson,
  routeLine,
  type Hidden,
  type ListedRoute,
} from './route-print.ts';
import { prefixOf, readAddress, readPrefix, readProtocol, readScope, ROUTE_TYPES } from './route-words.ts';
import type { Family } from './options.ts';
import type { Subject } from './subject.ts';

interface Selector {
  readonly table: 'main' | 'local' | 'all' | 'none';
  readonly device?: string;
  readonly protocol?: Route['protocol'];
  readonly scope?: Route['scope'];
  readonly type?: ListedRoute['type'];
  readonly via?: Ip;
  readonly source?: Ip;
  /** How the prefix selects: that very prefix, those that hold it, those inside it. */
  readonly how?: 'exact' | 'match' | 'root';
  readonly prefix?: IpCidr;
}

/** `match`, `root`, `exact`: the next word is the prefix. */
const prefixWords = (family: Family): readonly Keyword<Selector>[] =>
  (['match', 'root', 'exact'] as const).map((how) => ({
    names: [how],
    read: (selector, value) => withPrefix(family)({ ...selector, how }, value),
  }));

const SELECTOR = (family: Family): Grammar<Selector> => ({
  keywords: [
    { names: ['table'], read: readTable },
    { names: ['dev', 'oif'], exact: true, read: (selector, device) => ok({ ...selector, device }) },
    {
      names: ['protocol'],
      read: (selector, value) =>
        readProtocol(value, 'invalid "protocol"\n', (protocol) => ({ ...selector, protocol })),
    },
    { names: ['scope'], read: (selector, value) => readScope(value, (scope) => ({ ...selector, scope })) },
    { names: ['type'], read: readType },
    {
      names: ['via'],
      exact: true,
      read: (selector, value) => readAddress(value, family, (via) => ({ ...selector, via })),
    },
    {
      names: ['src'],
      exact: true,
      read: (selector, value) => readAddress(value, family, (source) => ({ ...selector, source })),
    },
    { names: ['to'], exact: true, flag: true, read: (selector) => ok(selector) },
    ...prefixWords(family),
  ],
  bare: withPrefix(family),
});

function withPrefix(family: Family): (selector: Selector, value: string) => Parsed<Selector> {
  return (selector, value) => {
    const prefix = readPrefix(value, family);
    return prefix.ok ? ok({ ...selector, prefix: prefixOf(prefix.value) }) : prefix;
  };
}

function readTable(selector: Selector, value: string): Parsed<Selector> {
  if (value === 'main' || value === '254') return ok({ ...selector, table: 'main' });
  if (value === 'local' || value === '255') return ok({ ...selector, table: 'local' });
  if (value === 'all' || value === '0') return ok({ ...selector, table: 'all' });
  if (value === 'default' || /^\d+$/.test(value)) return ok({ ...selector, table: 'none' });
  return wrongArgument(value, 'table id value is invalid\n');
}

const LOCAL_TYPES = ['local', 'broadcast', 'anycast', 'multicast'] as const;

function readType(selector: Selector, value: string): Parsed<Selector> {
  const type = [...ROUTE_TYPES, ...LOCAL_TYPES].find((name) => name === value);
  return type === undefined
    ? wrongArgument(value, 'node type value is invalid\n')
    : ok({ ...selector, type });
}

function readSelector({ here, options }: Subject, words: readonly string[]): Parsed<Selector> {
  const selected = parseKeywords<Selector>(words, SELECTOR(options.family), { table: 'main' });
  if (!selected.ok) return selected;
  const { device } = selected.value;
  return device !== undefined && !deviceNamed(here.netns, device)
    ? complain(1, `Cannot find device "${device}"`)
    : selected;
}

/** The routes of the main table that a selector chooses: what `flush` removes. */
export function selectedRoutes(subject: Subject, words: readonly string[]): Parsed<readonly Route<Ip>[]> {
  const selector = readSelector(subject, words);
  if (!selector.ok) return selector;
  const { table } = selector.value;
  const isInet6 = subject.options.family === 'inet6';
  if (table === 'none')
    return complain(255, `Error: ipv${isInet6 ? 6 : 4}: FIB table does not exist.\nFlush terminated`);
  const { netns } = subject.here;
  const routes: readonly Route<Ip>[] = isInet6 ? (netns.inet6?.routes ?? []) : netns.routes;
  const listed = isInet6 ? mainTable6(subject.io, netns) : mainTable(subject.io, netns);
  const isChosen = (_: Route<Ip>, at: number): boolean => {
    const route = listed[at];
    return route !== undefined && matchesSelector(route, selector.value);
  };
  return ok(table === 'local' ? [] : routes.filter(isChosen));
}

export function showRoutes(subject: Subject, words: readonly string[]): Parsed<string> {
  const { io, here, options } = subject;
  const selected = readSelector(subject, words);
  if (!selected.ok) return selected;
  const selector = selected.value;
  if (selector.table === 'none')
    return complain(
      2,
      `Error: ipv${options.family === 'inet6' ? 6 : 4}: FIB table does not exist.\nDump terminated`,
    );
  const routes = [
    ...(options.family === 'inet6' ? [] : listedRoutes(io, here.netns, selector)),
    ...(isAskedOf6(selector, options.family) ? listedRoutes6(io, here.netns, selector) : []),
  ];
  const hidden = hiddenBy(selector);
  if (options.json)
    return ok(
      jsonText(
        routes.map((route) => routeJson(route, hidden, options.details)),
        options,
      ),
    );
  return ok(routes.map((route) => routeLine(route, hidden, options.details)).join(''));
}

/** Without a family, only the line about all tables is about both (iproute_list_flush_or_save). */
const isAskedOf6 = ({ table }: Selector, family: Family): boolean =>
  family === 'inet6' || (family === 'any' && table === 'all');

function listedRoutes(io: CommandIo, netns: Netns, selector: Selector): readonly ListedRoute[] {
  const main = selector.table === 'local' ? [] : kernelOrder(mainTable(io, netns));
  const local = selector.table === 'main' ? [] : kernelOrder(localTable(netns));
  return [...main, ...local].filter((route) => matchesSelector(route, selector));
}

function listedRoutes6(io: CommandIo, netns: Netns, selector: Selector): readonly ListedRoute[] {
  const main = selector.table === 'local' ? [] : kernelOrder6(mainTable6(io, netns));
  const local = selector.table === 'main' ? [] : kernelOrder6(localTable6(netns));
  return [...main, ...local].filter((route) => matchesSelector(route, selector));
}

function matchesSelector(route: ListedRoute, selector: Selector): boolean {
  const { device, protocol, scope, type, via, source } = selector;
  return (
    same(device, route.device) &&
    same(protocol, route.protocol) &&
    same(scope, route.scope) &&
    same(type, route.type) &&
    same(via, route.via) &&
    same(source, route.source) &&
    matchesPrefix(route.prefix, selector)
  );
}

const same = <T>(wanted: T | undefined, value: T | undefined): boolean =>
  wanted === undefined || wanted === value;

function matchesPrefix(prefix: Cidr<Ip>, { prefix: wanted, how = 'exact' }: Selector): boolean {
  if (!wanted) return true;
  if (how === 'exact') return ipCidrEquals(prefix, wanted);
  const [outer, inner] = how === 'match' ? [prefix, wanted] : [wanted, prefix];
  return outer.length <= inner.length && ipCidrContains(outer as IpCidr, inner.base);
}

function hiddenBy({ device, protocol, scope, via, source, table }: Selector): Hidden {
  return {
    device: device !== undefined,
    protocol: protocol !== undefined,
    scope: scope !== undefined,
    via: via !== undefined,
    source: source !== undefined,
    table: table !== 'all',
  };
}

export const mainTable = (io: CommandIo, netns: Netns): readonly ListedRoute[] =>
  listed(io, netns, netns.routes);

/** The configured ones first, so that their places are those of the stack's own list. */
const mainTable6 = (io: CommandIo, netns: Netns): readonly ListedRoute[] =>
  listed(
    io,
    netns,
    mainRoutes6(netns).map((route) => ({ ...route, metric: route.metric ?? USER_METRIC })),
  );

function listed(io: CommandIo, netns: Netns, routes: readonly Route<Ip>[]): readonly ListedRoute[] {
  const linkDown = (name: string | undefined): boolean => {
    const device = name === undefined ? undefined : deviceNamed(netns, name);
    return device !== undefined && !hasCarrier(io, device, netns);
  };
  return routes.map(({ hops, ...route }) => ({
    ...route,
    table: 'main',
    linkDown: linkDown(route.device),
    ...(hops ? { hops: hops.map((hop) => ({ ...hop, linkDown: linkDown(hop.device) })) } : {}),
  }));
}

/** What the kernel derives from the addresses. */
function localTable(netns: Netns): readonly ListedRoute[] {
  return netns.devices.filter(({ up }) => up).flatMap(localRoutes);
}

function localRoutes(device: Device): readonly ListedRoute[] {
  return device.addresses.flatMap(({ address, length }) => {
    const route = (type: 'local' | 'broadcast', prefix: Cidr): ListedRoute => ({
      type,
      prefix,
      device: device.name,
      protocol: 'kernel',
      scope: type === 'local' ? 'host' : 'link',
      source: address,
      table: 'local',
      linkDown: false,
    });
    const last = ((address | ~netmask(length)) >>> 0) as Ipv4;
    const isLoopback = device.kind.type === 'loopback';
    return [
      route('local', cidrOf(address, 32)),
      ...(isLoopback && length < 32 ? [route('local', cidrOf(address, length))] : []),
      ...(length < 31 ? [route('broadcast', cidrOf(last, 32))] : []),
    ];
  });
}

/** Of each address a route to itself; where the stack forwards, it also is every subnet's anycast router (RFC 4291, 2.6.1). */
function localTable6(netns: Netns): readonly ListedRoute[] {
  return netns.devices
    .filter(({ up }) => up)
    .flatMap((device) => {
      const addresses = addresses6(netns, device);
      const isLoopback = device.kind.type === 'loopback';
      const route = (
        type: 'local' | 'anycast' | 'multicast',
        prefix: Cidr<Ipv6>,
        metric: number,
      ): ListedRoute => ({
        ...kernelRoute(prefix, device.name),
        type,
        metric,
        table: 'local',
        linkDown: false,
      });
      const subnets = netns.inet6?.forwarding ? addresses.filter(({ length }) => length < 127) : [];
      const anycast = new Set(subnets.map(({ address, length }) => cidrOf6(address, length).base));
      return [
        ...[...anycast].map((base) => route('anycast', { base, length: 128 }, 0)),
        ...addresses.map(({ address }) => route('local', { base: address, length: 128 }, 0)),
        ...(addresses.length > 0 && !isLoopback ? [route('multicast', MULTICAST, KERNEL_METRIC)] : []),
      ];
    });
}
