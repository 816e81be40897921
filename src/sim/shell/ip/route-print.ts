/**
 * Lines of `ip route`: dst, via, dev, proto, scope, src, metric, flags, mtu, each followed by a space. What a filter asked
 * for is left out of the lines. Format: iproute2 6.1 ip/iproute.c print_route, compared with the real tool.
 */
import type { Json } from '../../../base/json.ts';
import { formatCidr, formatIpv4, type Cidr, type Ipv4 } from '../../../model/ip.ts';
import type { Route } from '../../net/netns.ts';

/** A route of any table, as it is listed. */
export interface ListedRoute extends Omit<Route, 'type'> {
  readonly type: Route['type'] | 'local' | 'broadcast';
  readonly table: 'main' | 'local';
  /** Its device has no carrier. */
  readonly linkDown: boolean;
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
      a.prefix.base - b.prefix.base ||
      b.prefix.length - a.prefix.length ||
      (a.metric ?? 0) - (b.metric ?? 0),
  );
}

export function routeLine(route: ListedRoute, hidden: Hidden, details: boolean): string {
  return `${routeWords(route, hidden, details)
    .map((word) => `${word} `)
    .join('')}\n`;
}

function routeWords(route: ListedRoute, hidden: Hidden, details: boolean): readonly string[] {
  return [
    ...given(route.type !== 'unicast' || details, route.type),
    destinationText(route.prefix),
    ...given(route.via !== undefined && !hidden.via, `via ${formatIpv4(route.via ?? (0 as Ipv4))}`),
    ...given(route.device !== undefined && !hidden.device, `dev ${route.device ?? ''}`),
    ...given(route.table === 'local' && !hidden.table, 'table local'),
    ...given((route.protocol !== 'boot' || details) && !hidden.protocol, `proto ${route.protocol}`),
    ...given((route.scope !== 'global' || details) && !hidden.scope, `scope ${route.scope}`),
    ...given(route.source !== undefined && !hidden.source, `src ${formatIpv4(route.source ?? (0 as Ipv4))}`),
    ...given(route.metric !== undefined && route.metric !== 0, `metric ${route.metric}`),
    ...flagsOf(route),
    ...given(route.mtu !== undefined, `mtu ${route.mtu}`),
  ];
}

const given = (when: boolean, word: string): readonly string[] => (when ? [word] : []);

function flagsOf(route: ListedRoute): readonly string[] {
  return [...given(route.linkDown, 'linkdown'), ...given(route.onlink === true, 'onlink')];
}

export function destinationText(prefix: Cidr): string {
  if (prefix.length === 0) return 'default';
  return prefix.length === 32 ? formatIpv4(prefix.base) : formatCidr(prefix);
}

export function routeJson(route: ListedRoute, hidden: Hidden, details: boolean): Json {
  return {
    ...(route.type !== 'unicast' || details ? { type: route.type } : {}),
    dst: destinationText(route.prefix),
    ...(route.via === undefined || hidden.via ? {} : { gateway: formatIpv4(route.via) }),
    ...(route.device === undefined || hidden.device ? {} : { dev: route.device }),
    ...(route.table === 'local' && !hidden.table ? { table: 'local' } : {}),
    ...((route.protocol === 'boot' && !details) || hidden.protocol ? {} : { protocol: route.protocol }),
    ...((route.scope === 'global' && !details) || hidden.scope ? {} : { scope: route.scope }),
    ...(route.source === undefined || hidden.source ? {} : { prefsrc: formatIpv4(route.source) }),
    ...(route.metric === undefined || route.metric === 0 ? {} : { metric: route.metric }),
    flags: flagsOf(route),
    ...(route.mtu === undefined ? {} : { metrics: [{ mtu: route.mtu }] }),
  };
}
