/**
 * What a speaker puts into its kernel, derived when it is looked at: the best path of each prefix and, with `merge paths`,
 * those that are as good, their next hops resolved through the rest of the table.
 * Sources: sysdep/linux/netlink.c with Calico's tunnel attribute, nest/rt-table.c rt_export_merged, BIRD 1.6.8. Left out: the
 * two seconds between scans.
 */
import { familyOf, ipCidrContains } from '../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../model/ip.ts';
import type { Netns, Route, RouteHop } from '../net/netns.ts';
import { isConnected, wayOf, type Resolver, type Way } from './next-hop.ts';
import { compareIps, isMergeable, metricOf, ownSourceOf, reelected } from './rib.ts';
import type { Path, Speaker } from './routing-state.ts';
import { kernelRule, type KernelRule, type SpeakerConfig } from './speaker-config.ts';

/** `merge paths on` without a limit of its own. */
const MOST_HOPS = 16;

/** What a speaker adds to the main tables of a stack. */
export interface KernelRoutes {
  readonly inet: readonly Route[];
  readonly inet6: readonly Route<Ipv6>[];
}

/** `stack` without the routes of a BGP daemon. */
export function kernelRoutes(speaker: Speaker, stack: Netns): KernelRoutes {
  const resolver = { speaker, stack };
  const routes = { inet: [] as Route[], inet6: [] as Route<Ipv6>[] };
  const add = (using: Resolver, paths: readonly Path[]): void => {
    const [path] = paths;
    if (!path) return;
    // The routes of a prefix are of its family.
    if (familyOf(path.prefix.base) === 4) routes.inet.push(...(programmed(using, paths) as readonly Route[]));
    else if (stack.inet6) routes.inet6.push(...(programmed(using, paths) as readonly Route<Ipv6>[]));
  };
  for (const paths of speaker.rib.values()) add(resolver, paths);
  const { inherited } = speaker;
  if (!inherited) return routes;
  const before = { speaker: { config: speaker.config, rib: inherited.rib }, stack };
  for (const [key, paths] of inherited.rib.entries()) {
    if (!speaker.rib.has(key)) add(before, paths);
  }
  return routes;
}

/** A stack with what the daemon has put into its kernel. */
export function withKernelRoutes(stack: Netns, speaker: Speaker): Netns {
  const { inet, inet6 } = kernelRoutes(speaker, stack);
  const routes = [...stack.routes, ...inet];
  if (!stack.inet6 || inet6.length === 0) return { ...stack, routes };
  return { ...stack, routes, inet6: { ...stack.inet6, routes: [...stack.inet6.routes, ...inet6] } };
}

interface Made {
  readonly config: SpeakerConfig;
  readonly ways: readonly Way[];
  readonly routes: readonly Route<Ip>[];
}

/** Paths give the same routes while neither the configuration nor their ways change. */
const made = new WeakMap<readonly Path[], Made>();

function programmed(resolver: Resolver, paths: readonly Path[]): readonly Route<Ip>[] {
  const { config } = resolver.speaker;
  const ways = paths.map((path) => wayOf(resolver, path));
  const known = made.get(paths);
  if (known?.config === config && known.ways.every((way, at) => way === ways[at])) return known.routes;
  const routes = routesOf(resolver, paths);
  made.set(paths, { config, ways, routes });
  return routes;
}

function routesOf(resolver: Resolver, paths: readonly Path[]): readonly Route<Ip>[] {
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
  if (way.kind !== 'unicast') return [{ ...route, type: way.kind, ...metric, ...nowhere(best) }];
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
function ownRoutes(resolver: Resolver, path: Path, route: Omit<Route<Ip>, 'type'>): readonly Route<Ip>[] {
  if (ownSourceOf(path) !== 'static') return [];
  if (path.via === undefined) return [{ ...route, type: 'blackhole', ...nowhere(path) }];
  const [hop] = wayOf(resolver, path).hops;
  return hop ? [{ ...route, type: 'unicast', ...hop }] : [];
}

/** An IPv6 route that leads nowhere leads to `lo`. */
const nowhere = ({ prefix }: Path): { readonly device?: string } =>
  familyOf(prefix.base) === 6 ? { device: 'lo' } : {};

/** `krt_metric`: Calico's filter makes one for what BGP brought, a router's own `metric` is that of all its routes. */
function kernelMetric({ normalMetric }: SpeakerConfig, path: Path): { readonly metric?: number } {
  if (normalMetric === false) return { metric: PLAIN_METRIC };
  if (path.bgp) return { metric: metricOf(path, normalMetric) };
  return familyOf(path.prefix.base) === 6 ? { metric: DEFAULT_METRIC_6 } : {};
}

/** What the kernel makes of an IPv6 route without a metric (IP6_RT_PRIO_USER). */
const DEFAULT_METRIC_6 = 1024;

/** `metric` of BIRD 2's kernel protocol. */
const PLAIN_METRIC = 32;

/** In the order of their addresses, each once (nest/rt-attr.c mpnh_merge). */
function distinct(hops: readonly RouteHop<Ip>[]): readonly RouteHop<Ip>[] {
  const sorted = [...hops].sort((a, b) => compareIps(a.via, b.via) || (a.device < b.device ? -1 : 1));
  return sorted
    .filter((hop, at) => at === 0 || hop.via !== sorted[at - 1]?.via || hop.device !== sorted[at - 1]?.device)
    .slice(0, MOST_HOPS);
}

/** By the tunnel device that the route asks for, when the stack has one of that name. */
function tunnelled(rule: KernelRule | undefined, via: Ip, { devices }: Netns): RouteHop<Ip> | undefined {
  const { device, unless } = rule?.tunnel ?? {};
  if (device === undefined || (unless && ipCidrContains(unless, via))) return undefined;
  return devices.some(({ name }) => name === device) ? { via, device, onlink: true } : undefined;
}
