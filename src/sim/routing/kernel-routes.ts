/**
 * What a speaker puts into its kernel, derived when it is looked at: the best path of each prefix, its next hop resolved
 * recursively through the connected and the learnt routes of the stack (BIRD 1.6.8 sysdep/linux/netlink.c with Calico's tunnel
 * attribute, nest/rt-table.c rt_update_hostentry). Left out: several next hops for one route, the two seconds between scans.
 */
import { cidrContains, cidrOf, type Cidr, type Ipv4 } from '../../model/ip.ts';
import type { Netns, Route } from '../net/netns.ts';
import { MOST_LOCAL_PREF, NORMAL_METRIC } from './rib.ts';
import type { Path, Speaker } from './routing-state.ts';
import { kernelRule, type KernelRule } from './speaker-config.ts';

/** `stack` without the routes of a BGP daemon. */
export function kernelRoutes(speaker: Speaker, stack: Netns): readonly Route[] {
  const routes: Route[] = [];
  for (const [best] of speaker.rib.values()) if (best) routes.push(...programmed(speaker, best, stack));
  for (const [key, [best]] of speaker.inherited?.rib.entries() ?? []) {
    if (best && !speaker.rib.has(key)) routes.push(...programmed(speaker, best, stack));
  }
  return routes;
}

interface Made {
  readonly config: Speaker['config'];
  readonly stack: Netns;
  readonly routes: readonly Route[];
}

/** A path gives the same routes while neither the configuration nor the rest of the stack changes. */
const made = new WeakMap<Path, Made>();

function programmed({ config }: Speaker, path: Path, stack: Netns): readonly Route[] {
  const known = made.get(path);
  if (known?.config === config && known.stack === stack) return known.routes;
  const routes = routesOf(config, path, stack);
  made.set(path, { config, stack, routes });
  return routes;
}

function routesOf(config: Speaker['config'], path: Path, stack: Netns): readonly Route[] {
  const rule = kernelRule(config.kernel, path.prefix);
  if (rule?.accept === false) return [];
  const { prefix, bgp, protocol } = path;
  const route = { prefix, protocol: 'bird', scope: 'global' } as const;
  if (!bgp) return protocol === 'static1' ? [{ ...route, type: 'blackhole' }] : [];
  const { nextHop, localPref } = bgp.attributes;
  const metric = localPref === undefined ? NORMAL_METRIC : MOST_LOCAL_PREF - localPref;
  const way = resolve(stack, nextHop);
  if (!way) return [{ ...route, type: 'unreachable', metric }];
  const tunnel = tunnelOf(rule, nextHop, stack);
  const there = tunnel === undefined ? way : { via: nextHop, device: tunnel, onlink: true };
  return [{ ...route, type: 'unicast', metric, ...there }];
}

/** The tunnel device a route asks for, when the stack has one of that name. */
function tunnelOf(rule: KernelRule | undefined, nextHop: Ipv4, { devices }: Netns): string | undefined {
  const { device, unless } = rule?.tunnel ?? {};
  if (device === undefined || (unless && cidrContains(unless, nextHop))) return undefined;
  return devices.some(({ name }) => name === device) ? device : undefined;
}

export interface Way {
  readonly via: Ipv4;
  readonly device: string;
}

interface Candidate {
  readonly prefix: Cidr;
  readonly device: string;
  /** Absent on a connected network. */
  readonly gateway: Ipv4 | undefined;
}

/** How a next hop is reached: the longest connected or learnt prefix around it; undefined when it is not. */
export function resolve(stack: Netns, nextHop: Ipv4): Way | undefined {
  let best: Candidate | undefined;
  for (const candidate of waysOf(stack)) {
    if (!cidrContains(candidate.prefix, nextHop)) continue;
    if (!best || candidate.prefix.length > best.prefix.length) best = candidate;
  }
  return best && { via: best.gateway ?? nextHop, device: best.device };
}

const ways = new WeakMap<Netns, readonly Candidate[]>();

function waysOf(stack: Netns): readonly Candidate[] {
  const known = ways.get(stack);
  if (known) return known;
  const candidates = [...connected(stack), ...learnt(stack)];
  ways.set(stack, candidates);
  return candidates;
}

/** `interface -"cali*", -"kube-ipvs*", "*"` of protocol direct. */
export const isDirect = (device: string): boolean =>
  !device.startsWith('cali') && !device.startsWith('kube-ipvs');

function connected({ devices }: Netns): readonly Candidate[] {
  return devices.flatMap(({ name, up, kind, addresses }) =>
    up && kind.type !== 'loopback' && isDirect(name)
      ? addresses.map(({ address, length }) => ({
          prefix: cidrOf(address, length),
          device: name,
          gateway: undefined,
        }))
      : [],
  );
}

function learnt({ routes, devices }: Netns): readonly Candidate[] {
  const up = new Set(devices.filter((device) => device.up).map(({ name }) => name));
  return routes.flatMap(({ prefix, type, device, via, protocol }) =>
    type === 'unicast' &&
    device !== undefined &&
    up.has(device) &&
    protocol !== 'kernel' &&
    protocol !== 'bird'
      ? [{ prefix, device, gateway: via }]
      : [],
  );
}
