/**
 * Lines of `ip route`: dst, via, dev, proto, scope, src, metric, flags, mtu, each followed by a space. What a filter asked
 * for is left out of the lines. Format: iproute2 6.1 ip/iproute.c print_route, compared with the real tool.
 */
import type { Json } from '../../../base/json.ts';
import { formatCidr, formatIpv4, type Cidr } from '../../../model/ip.ts';
import type { Route, RouteHop } from '../../net/netns.ts';

/** A route of any table, as it is listed. */
export interface ListedRoute extends Omit<Route, 'type' | 'hops'> {
  readonly type: Route['type'] | 'local' | 'broadcast';
  readonly table: 'main' | 'local';
  /** Its device has no carrier. */
  readonly linkDown: boolean;
  readonly hops?: readonly (RouteHop & { readonly linkDown?: boolean })[];
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
      a.prefix.base - b.prefix.base || b.prefix.length - a.prefix.length || (a.metric ?? 0) - (b.metric ?? 0),
  );
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
    via === undefined || hidden.via
      ? undefined
      : member('gateway', formatIpv4(via), `via ${formatIpv4(via)}`),
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
      : member('prefsrc', formatIpv4(source), `src ${formatIpv4(source)}`),
  ({ metric = 0 }) => (metric === 0 ? undefined : member('metric', metric, `metric ${metric}`)),
  (route) => member('flags', flagsOf(route), flagsOf(route).join(' ')),
  ({ hops }) => (hops ? member('nexthops', hops.map(hopJson), '') : undefined),
  ({ mtu }) => (mtu === undefined ? undefined : member('metrics', [{ mtu }], `mtu ${mtu}`)),
];

function membersOf(route: ListedRoute, hidden: Hidden, details: boolean): readonly Member[] {
  return MEMBERS.flatMap((describe) => describe(route, hidden, details) ?? []);
}

export function routeLine(route: ListedRoute, hidden: Hidden, details: boolean): string {
  const words = membersOf(route, hidden, details).filter(({ word }) => word !== '');
  const hops = (route.hops ?? []).map(
    (hop) => `\n\tnexthop via ${formatIpv4(hop.via)} dev ${hop.device} weight 1 ${flagWords(hop)}`,
  );
  return `${words.map(({ word }) => `${word} `).join('')}${hops.join('')}\n`;
}

const flagWords = (hop: Flagged): string =>
  flagsOf(hop)
    .map((flag) => `${flag} `)
    .join('');

export function routeJson(route: ListedRoute, hidden: Hidden, details: boolean): Json {
  return Object.fromEntries(membersOf(route, hidden, details).map(({ key, value }) => [key, value]));
}

const hopJson = (hop: NonNullable<ListedRoute['hops']>[number]): Json => ({
  gateway: formatIpv4(hop.via),
  dev: hop.device,
  weight: 1,
  flags: flagsOf(hop),
});

type Flagged = Partial<Pick<ListedRoute, 'linkDown' | 'onlink'>>;

function flagsOf({ linkDown, onlink }: Flagged): readonly string[] {
  return [...(linkDown ? ['linkdown'] : []), ...(onlink ? ['onlink'] : [])];
}

export function destinationText(prefix: Cidr): string {
  if (prefix.length === 0) return 'default';
  return prefix.length === 32 ? formatIpv4(prefix.base) : formatCidr(prefix);
}
