/**
 * Lines of `ip route`: dst, via, dev, proto, scope, src, metric, flags, mtu, each followed by a space. What a filter asked
 * for is left out of the lines. Format: iproute2 6.1 ip/iproute.c print_route, compared with the real tool.
 */
import type { Json } from '../../../base/json.ts';
import { addressBits, formatIp, formatIpCidr, ipCidrOf, isIpv6 } from '../../../model/ip-family.ts';
import type { Cidr, Ip } from '../../../model/ip.ts';
import type { Route, RouteHop } from '../../net/netns.ts';

/** A route of any table, as it is listed. */
export interface ListedRoute extends Omit<Route<Ip>, 'type' | 'hops'> {
  readonly type: Route['type'] | 'local' | 'broadcast' | 'anycast' | 'multicast';
  readonly table: 'main' | 'local';
  /** Its device has no carrier. */
  readonly linkDown: boolean;
  readonly hops?: readonly (RouteHop<Ip> & { readonly linkDown?: boolean })[];
}

/** Members that every line would repeat. */
export interface Hidden {
  readonly device?: boolean;
  readonly protocol?: boolean;
  readonly scope?: boolean;
  readonly via?: boolean;
  readonly source?: boolean;
  readonly table?: boolean;
}

/** The kernel's order: by address, then the longer prefix, then the smaller metric (fib_trie leaf lists). */
export function kernelOrder(routes: readonly ListedRoute[]): readonly ListedRoute[] {
  return [...routes].sort(
    (a, b) =>
      Number(a.prefix.base) - Number(b.prefix.base) ||
      b.prefix.length - a.prefix.length ||
      (a.metric ?? 0) - (b.metric ?? 0),
  );
}

/** The kernel's order of IPv6 routes: a prefix comes after all that it holds (fib6_walk), so the default route is the last. */
export function kernelOrder6(routes: readonly ListedRoute[]): readonly ListedRoute[] {
  return [...routes].sort((a, b) => byTree(a.prefix, b.prefix) || (a.metric ?? 0) - (b.metric ?? 0));
}

function byTree(a: Cidr<Ip>, b: Cidr<Ip>): number {
  const length = Math.min(a.length, b.length);
  const [left, right] = [ipCidrOf(a.base, length).base, ipCidrOf(b.base, length).base];
  if (left !== right) return left < right ? -1 : 1;
  return b.length - a.length;
}

/** One member of a route: how the text and the JSON spell it. */
interface Member {
  readonly word: string;
  readonly key: string;
  readonly value: Json;
}

type Describe = (route: ListedRoute, hidden: Hidden, details: boolean) => Member | undefined;

const member = (key: string, value: Json, word: string): Member => ({ key, value, word });

/** In the order of a line. Members that say the usual are shown under -d only. */
const MEMBERS: readonly Describe[] = [
  ({ type }, _, details) => (type !== 'unicast' || details ? member('type', type, type) : undefined),
  ({ prefix }) => member('dst', destinationText(prefix), destinationText(prefix)),
  ({ via }, hidden) =>
    via === undefined || hidden.via ? undefined : member('gateway', formatIp(via), `via ${formatIp(via)}`),
  ({ device }, hidden) =>
    device === undefined || hidden.device ? undefined : member('dev', device, `dev ${device}`),
  ({ table }, hidden) =>
    table === 'main' || hidden.table ? undefined : member('table', table, `table ${table}`),
  ({ protocol }, hidden, details) =>
    (protocol === 'boot' && !details) || hidden.protocol
      ? undefined
      : member('protocol', protocol, `proto ${protocol}`),
  ({ scope }, hidden, details) =>
    (scope === 'global' && !details) || hidden.scope ? undefined : member('scope', scope, `scope ${scope}`),
  ({ source }, hidden) =>
    source === undefined || hidden.source
      ? undefined
      : member('prefsrc', formatIp(source), `src ${formatIp(source)}`),
  ({ metric = 0, prefix }) =>
    metric === 0 && !isIpv6(prefix.base) ? undefined : member('metric', metric, `metric ${metric}`),
  (route) => member('flags', flagsOf(route), flagsOf(route).join(' ')),
  ({ mtu }) => (mtu === undefined ? undefined : member('metrics', [{ mtu }], `mtu ${mtu}`)),
  ({ prefix }) => (isIpv6(prefix.base) ? member('pref', 'medium', 'pref medium') : undefined),
  ({ hops }) => (hops ? member('nexthops', hops.map(hopJson), '') : undefined),
];

function membersOf(route: ListedRoute, hidden: Hidden, details: boolean): readonly Member[] {
  return MEMBERS.flatMap((describe) => describe(route, hidden, details) ?? []);
}

export function routeLine(route: ListedRoute, hidden: Hidden, details: boolean): string {
  const words = membersOf(route, hidden, details).filter(({ word }) => word !== '');
  const hops = (route.hops ?? []).map(
    (hop) => `\n\tnexthop via ${formatIp(hop.via)} dev ${hop.device} weight 1 ${flagWords(hop)}`,
  );
  const text = words.map(({ word }) => word).join(' ');
  return `${text}${isIpv6(route.prefix.base) ? '' : ' '}${hops.join('')}\n`;
}

const flagWords = (hop: Flagged): string =>
  flagsOf(hop)
    .map((flag) => `${flag} `)
    .join('');

export function routeJson(route: ListedRoute, hidden: Hidden, details: boolean): Json {
  return Object.fromEntries(membersOf(route, hidden, details).map(({ key, value }) => [key, value]));
}

const hopJson = (hop: NonNullable<ListedRoute['hops']>[number]): Json => ({
  gateway: formatIp(hop.via),
  dev: hop.device,
  weight: 1,
  flags: flagsOf(hop),
});

type Flagged = Partial<Pick<ListedRoute, 'linkDown' | 'onlink'>>;

function flagsOf({ linkDown, onlink }: Flagged): readonly string[] {
  return [...(linkDown ? ['linkdown'] : []), ...(onlink ? ['onlink'] : [])];
}

export function destinationText(prefix: Cidr<Ip>): string {
  if (prefix.length === 0) return 'default';
  return prefix.length === addressBits(prefix.base) ? formatIp(prefix.base) : formatIpCidr(prefix);
}
