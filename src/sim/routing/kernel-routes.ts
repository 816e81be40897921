/**
 * What a speaker puts into its kernel, derived when it is looked at: the best path of each prefix and, with `merge paths`,
 * those that are as good, their next hops resolved through the rest of the table.
 * Sources: sysdep/linux/netlink.c with Calico's tunnel attribute, nest/rt-table.c rt_export_merged, BIRD 1.6.8. Left out: the
 * two seconds between scans.
 */
import { cidrContains, type Ipv4 } from '../../model/ip.ts';
import type { Netns, Route, RouteHop } from '../net/netns.ts';
import { isConnected, wayOf, type Resolver, type Way } from './next-hop.ts';
import { isMergeable, metricOf, reelected, STATIC } from './rib.ts';
import type { Path, Speaker } from './routing-state.ts';
import { kernelRule, type KernelRule, type SpeakerConfig } from './speaker-config.ts';

/** `merge paths on` without a limit of its own. */
const MOST_HOPS = 16;

/** `stack` without the routes of a BGP daemon. */
export function kernelRoutes(speaker: Speaker, stack: Netns): readonly Route[] {
  const resolver = { speaker, stack };
  const routes: Route[] = [];
  for (const paths of speaker.rib.values()) routes.push(...programmed(resolver, paths));
  const { inherited } = speaker;
  if (!inherited) return routes;
  const before = { speaker: { config: speaker.config, rib: inherited.rib }, stack };
  for (const [key, paths] of inherited.rib.entries()) {
    if (!speaker.rib.has(key)) routes.push(...programmed(before, paths));
  }
  return routes;
}

interface Made {
  readonly config: SpeakerConfig;
  readonly ways: readonly Way[];
  readonly routes: readonly Route[];
}

/** Paths give the same routes while neither the configuration nor their ways change. */
const made = new WeakMap<readonly Path[], Made>();

function programmed(resolver: Resolver, paths: readonly Path[]): readonly Route[] {
  const { config } = resolver.speaker;
  const ways = paths.map((path) => wayOf(resolver, path));
  const known = made.get(paths);
  if (known?.config === config && known.ways.every((way, at) => way === ways[at])) return known.routes;
  const routes = routesOf(resolver, paths);
  made.set(paths, { config, ways, routes });
  return routes;
}

function routesOf(resolver: Resolver, paths: readonly Path[]): readonly Route[] {
  const {
    stack,
    speaker: { config },
  } = resolver;
  const ranked = reelected(paths, resolver);
  const [best] = ranked;
  const rule = best && kernelRule(config.kernel, best.prefix);
  if (!best || rule?.accept === false || isConnected(resolver, best.prefix)) return [];
  const route = { prefix: best.prefix, protocol: 'bird', scope: 'global' } as const;
  const metric = kernelMetric(config, best);
  if (!best.bgp) return ownRoutes(resolver, best, { ...route, ...metric });
  const way = wayOf(resolver, best);
  if (way.kind !== 'unicast') return [{ ...route, type: way.kind, ...metric }];
  const merged =
    config.mergePaths === false ? [] : ranked.filter((path) => isMergeable(best, path, resolver));
  const hops = distinct([...way.hops, ...merged.flatMap((path) => wayOf(resolver, path).hops)]);
  const [only] = hops;
  if (!only || hops.length > 1) return [{ ...route, type: 'unicast', ...metric, hops }];
  // A route with several next hops asks for no tunnel, even where each of them alone would.
  return [
    {
      ...route,
      type: 'unicast',
      ...metric,
      ...(tunnelled(rule, best.bgp.attributes.nextHop, stack) ?? only),
    },
  ];
}

/** A static route; what was learnt from the kernel is there already. */
function ownRoutes(resolver: Resolver, path: Path, route: Omit<Route, 'type'>): readonly Route[] {
  if (path.protocol !== STATIC.protocol) return [];
  if (path.via === undefined) return [{ ...route, type: 'blackhole' }];
  const [hop] = wayOf(resolver, path).hops;
  return hop ? [{ ...route, type: 'unicast', ...hop }] : [];
}

/** `krt_metric`: Calico's filter makes one for what BGP brought, a router's own `metric` is that of all its routes. */
function kernelMetric({ normalMetric }: SpeakerConfig, path: Path): { readonly metric?: number } {
  if (normalMetric === false) return { metric: PLAIN_METRIC };
  return path.bgp ? { metric: metricOf(path, normalMetric) } : {};
}

/** `metric` of BIRD 2's kernel protocol. */
const PLAIN_METRIC = 32;

/** In the order of their addresses, each once (nest/rt-attr.c mpnh_merge). */
function distinct(hops: readonly RouteHop[]): readonly RouteHop[] {
  const sorted = [...hops].sort((a, b) => a.via - b.via || (a.device < b.device ? -1 : 1));
  return sorted
    .filter((hop, at) => at === 0 || hop.via !== sorted[at - 1]?.via || hop.device !== sorted[at - 1]?.device)
    .slice(0, MOST_HOPS);
}

/** By the tunnel device that the route asks for, when the stack has one of that name. */
function tunnelled(rule: KernelRule | undefined, via: Ipv4, { devices }: Netns): RouteHop | undefined {
  const { device, unless } = rule?.tunnel ?? {};
  if (device === undefined || (unless && cidrContains(unless, via))) return undefined;
  return devices.some(({ name }) => name === device) ? { via, device, onlink: true } : undefined;
}
