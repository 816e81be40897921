/** The routes of a speaker's tables as `birdcl show route` tells of them: its own, its devices' and those that the kernel told it. */
import type { AsSegment } from '../../model/bgp.ts';
import { familyOf, ipCidrOf, type IpFamily } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { Netns, Route } from '../net/netns.ts';
import { addressesOf, isDirect, READ_OFF, routesOf, wayOf, type Resolver, type Way } from './next-hop.ts';
import { ownSource, prefixKey, reelected } from './rib.ts';
import type { Path, Speaker } from './routing-state.ts';
import { familiesOf } from './speaker-config.ts';
import type { BgpRouteView, RouteView } from './speaker-view.ts';

interface Speaking {
  readonly speaker: Speaker;
  /** As it stands, the speaker's own routes included. */
  readonly stack: Netns;
}

/** Which of a prefix is the primary one shows among all of a table. */
export type Unranked = Omit<RouteView, 'primary'>;

const inOrder = (a: Unranked, b: Unranked): number =>
  familyOf(a.prefix.base) - familyOf(b.prefix.base) || byPrefix(a, b);

const byPrefix = (a: Unranked, b: Unranked): number =>
  prefixKey(a.prefix) < prefixKey(b.prefix)
    ? -1
    : prefixKey(a.prefix) > prefixKey(b.prefix)
      ? 1
      : b.preference - a.preference;

/** Whether a route, of routes in order, is the first of its prefix. */
export const isFirst = (routes: readonly Unranked[], at: number): boolean => {
  const [here, before] = [routes[at], routes[at - 1]];
  return !here || !before || prefixKey(here.prefix) !== prefixKey(before.prefix);
};

/** In the order of `show route`. */
export function routesInView(speaking: Speaking): readonly Unranked[] {
  const families = familiesOf(speaking.speaker.config);
  return [
    ...tableRoutes(speaking),
    ...families.flatMap((family) => [
      ...directRoutes(speaking, family),
      ...kernelRoutesLearnt(speaking, family),
    ]),
  ].sort(inOrder);
}

function tableRoutes({ speaker, stack }: Speaking): readonly Unranked[] {
  const resolver = { speaker, stack };
  return [...speaker.rib.values()].flatMap((paths) =>
    reelected(paths, resolver)
      .filter(({ protocol }) => !READ_OFF.includes(protocol))
      .map((path) => pathView(path, resolver)),
  );
}

function pathView(path: Path, resolver: Resolver): Unranked {
  const { prefix, protocol, since, preference, bgp } = path;
  const common = { prefix, protocol, since, preference };
  if (!bgp) {
    const target =
      path.via === undefined ? ({ kind: 'blackhole' } as const) : targetOf(wayOf(resolver, path));
    return { ...common, target, type: 'static unicast univ' };
  }
  const { attributes } = bgp;
  const { origin, asPath, ...others } = attributes;
  const way = wayOf(resolver, path);
  const igpMetric = metricWord(way);
  const view: BgpRouteView = {
    ...others,
    localPref: attributes.localPref,
    origin,
    asPath: asPath.flatMap((segment) => segment.numbers),
    ...(igpMetric === undefined ? {} : { igpMetric }),
    code: `${lastAs(asPath)}${origin === 'IGP' ? 'i' : origin === 'EGP' ? 'e' : '?'}`,
  };
  const [first, second] = way.hops;
  const from = !second && first?.via === bgp.from ? {} : { from: bgp.from };
  return { ...common, ...from, target: targetOf(way), type: 'BGP unicast univ', bgp: view };
}

function metricWord({ kind, metric, recursive }: Way): number | '?' | '-' | undefined {
  if (!recursive) return undefined;
  return kind === 'unicast' ? (metric ?? '?') : '-';
}

function targetOf({ kind, hops }: Way): RouteView['target'] {
  if (kind !== 'unicast') return { kind: kind === 'prohibit' ? 'prohibited' : kind };
  const [first, second] = hops;
  if (!first || second) return { kind: 'multipath', hops };
  return { kind: 'via', gateway: first.via, device: first.device };
}

function lastAs(asPath: readonly AsSegment[]): string {
  const last = asPath.at(-1)?.numbers.at(-1);
  return last === undefined ? '' : `AS${last}`;
}

/** Protocol direct: the networks of the stack's devices. */
function directRoutes({ stack, speaker }: Speaking, family: IpFamily): readonly Unranked[] {
  const { protocol, preference } = ownSource('connected', speaker.config, family);
  return stack.devices.flatMap((device) =>
    device.up && device.kind.type !== 'loopback' && isDirect(device.name, speaker.config.ignoredInterfaces)
      ? addressesOf(stack, device, family).map(({ address, length }) => ({
          prefix: ipCidrOf(address, length),
          target: { kind: 'device', device: device.name } as const,
          protocol,
          since: speaker.startedAt,
          preference,
          type: 'device unicast univ',
        }))
      : [],
  );
}

/** `learn`: what others put into the kernel's main table. */
function kernelRoutesLearnt({ stack, speaker }: Speaking, family: IpFamily): readonly Unranked[] {
  const { protocol, preference } = ownSource('kernel', speaker.config, family);
  return routesOf(stack, family).flatMap((route): readonly Unranked[] => {
    if (route.protocol === 'kernel' || route.protocol === 'bird') return [];
    const target = kernelTarget(route);
    return [
      {
        prefix: route.prefix,
        target,
        protocol,
        since: speaker.startedAt,
        preference,
        type: 'inherit unicast univ',
        kernel: {
          source: PROTOCOL_NUMBERS[route.protocol],
          metric: route.metric ?? 0,
          ...(route.mtu !== undefined && { mtu: route.mtu }),
        },
      },
    ];
  });
}

/** rtnetlink's rtm_protocol. */
const PROTOCOL_NUMBERS: Readonly<Record<Route['protocol'], number>> = {
  kernel: 2,
  boot: 3,
  static: 4,
  bird: 12,
  '80': 80,
};

function kernelTarget({ type, via, device = '', hops }: Route<Ip>): RouteView['target'] {
  if (hops) return { kind: 'multipath', hops };
  if (type === 'unicast') {
    return via === undefined ? { kind: 'device', device } : { kind: 'via', gateway: via, device };
  }
  return { kind: type === 'prohibit' ? 'prohibited' : type };
}
