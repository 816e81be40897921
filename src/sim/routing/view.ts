/** A speaker as `birdcl` sees it, put together from its state and the stack it runs on. */
import type { AsSegment, BgpOpen } from '../../model/bgp.ts';
import { cidrOf, UNSPECIFIED } from '../../model/ip.ts';
import type { Millis } from '../core/time.ts';
import type { Netns, Route } from '../net/netns.ts';
import { isDirect, wayOf, type Resolver, type Way } from './next-hop.ts';
import { agreement, capability, openMessage } from './open-message.ts';
import { CONNECTED, LEARNT, prefixKey, reelected } from './rib.ts';
import type { Connection, Path, Peer, RoutingState, Speaker } from './routing-state.ts';
import { peerKey } from './routing-state.ts';
import { keepaliveTime } from './session.ts';
import { isInternal, TIMERS } from './speaker-config.ts';
import type { Socket } from './tcp-socket.ts';
import type {
  BgpProtocolView,
  BgpRouteView,
  BgpState,
  BuiltinProtocolView,
  ChannelView,
  RouteChanges,
  RouteView,
  SessionView,
  SocketView,
  SpeakerView,
  TimerView,
} from './speaker-view.ts';

/** Calico v3.32.1's build, and the package of Debian 12. */
const VERSIONS = { 'bird-1.6': 'v0.3.3+birdv1.6.8', 'bird-2': '2.0.12' } as const;
const SECOND = 1_000;

export interface Looked {
  readonly speaker: Speaker;
  readonly routing: RoutingState;
  /** As it stands, the speaker's own routes included. */
  readonly stack: Netns;
  readonly now: Millis;
}

export function speakerView(looked: Looked): SpeakerView {
  const { speaker, stack, now } = looked;
  const { routerId, asNumber, neighbours, software = 'bird-1.6' } = speaker.config;
  const routes = [...tableRoutes(looked), ...directRoutes(looked), ...kernelRoutesLearnt(looked)].sort(
    inOrder,
  );
  const bgp = neighbours.flatMap(({ name }) => {
    const peer = looked.routing.peers.get(peerKey(speaker.netns, name));
    return peer ? [bgpView(looked, peer, routes)] : [];
  });
  return {
    netns: stack.id,
    hostname: stack.hostname,
    software,
    version: VERSIONS[software],
    routerId,
    asNumber,
    startedAt: speaker.startedAt,
    reconfiguredAt: speaker.reconfiguredAt,
    now,
    protocols: [...builtins(looked, routes), ...bgp],
    routes: routes.map((route, at) => ({ ...route, primary: isFirst(routes, at) })),
    sockets: neighbours.flatMap(({ name }) => {
      const peer = looked.routing.peers.get(peerKey(speaker.netns, name));
      return [peer?.connection?.socket, peer?.halfOpen].flatMap((socket) =>
        socket ? [socketView(socket)] : [],
      );
    }),
  };
}

const socketView = ({ address, port, peer, state, flight }: Socket): SocketView => ({
  address,
  port,
  peer,
  state,
  unacknowledged: flight.reduce((sum, { bytes, sent }) => sum + (sent ? bytes.length : 0), 0),
});

type Unranked = Omit<RouteView, 'primary'>;

const inOrder = (a: Unranked, b: Unranked): number =>
  prefixKey(a.prefix) < prefixKey(b.prefix)
    ? -1
    : prefixKey(a.prefix) > prefixKey(b.prefix)
      ? 1
      : b.preference - a.preference;

const isFirst = (routes: readonly Unranked[], at: number): boolean => {
  const [here, before] = [routes[at], routes[at - 1]];
  return !here || !before || prefixKey(here.prefix) !== prefixKey(before.prefix);
};

/** Protocols whose routes are read off the stack instead. */
const READ_OFF: readonly string[] = [LEARNT.protocol, CONNECTED.protocol];

function tableRoutes({ speaker, stack }: Looked): readonly Unranked[] {
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
function directRoutes({ stack, speaker }: Looked): readonly Unranked[] {
  return stack.devices.flatMap(({ name, up, kind, addresses }) =>
    up && kind.type !== 'loopback' && isDirect(name, speaker.config.ignoredInterfaces)
      ? addresses.map(({ address, length }) => ({
          prefix: cidrOf(address, length),
          target: { kind: 'device', device: name } as const,
          protocol: 'direct1',
          since: speaker.startedAt,
          preference: 240,
          type: 'device unicast univ',
        }))
      : [],
  );
}

/** `learn`: what others put into the kernel's main table. */
function kernelRoutesLearnt({ stack, speaker }: Looked): readonly Unranked[] {
  return stack.routes.flatMap((route): readonly Unranked[] => {
    if (route.protocol === 'kernel' || route.protocol === 'bird') return [];
    const target = kernelTarget(route);
    return [
      {
        prefix: route.prefix,
        target,
        protocol: 'kernel1',
        since: speaker.startedAt,
        preference: 10,
        type: 'inherit unicast univ',
        kernel: { source: PROTOCOL_NUMBERS[route.protocol], metric: route.metric ?? 0 },
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

function kernelTarget({ type, via, device = '', hops }: Route): RouteView['target'] {
  if (hops) return { kind: 'multipath', hops };
  if (type === 'unicast') {
    return via === undefined ? { kind: 'device', device } : { kind: 'via', gateway: via, device };
  }
  return { kind: type === 'prohibit' ? 'prohibited' : type };
}

/** In the order of the configuration file: Calico's, or that of Debian. */
const ORDER = {
  'bird-1.6': ['Static', 'Kernel', 'Device', 'Direct'],
  'bird-2': ['Device', 'Direct', 'Kernel', 'Static'],
} as const;

function builtins({ speaker, stack }: Looked, routes: readonly Unranked[]): readonly BuiltinProtocolView[] {
  const { config, startedAt } = speaker;
  const common = { state: 'up', since: startedAt } as const;
  const channel = (name: string, preference: number, outputFilter: string): ChannelView => {
    const imported = routes.filter(({ protocol }) => protocol === name).length;
    return {
      preference,
      inputFilter: 'ACCEPT',
      outputFilter,
      imported,
      exported: 0,
      preferred: preferredOf(routes, name),
      changes: { ...NO_CHANGES, importUpdates: { ...NONE, received: imported, accepted: imported } },
    };
  };
  const filter = config.software === 'bird-2' ? '(unnamed)' : 'calico_kernel_programming';
  const all = {
    Static: { ...common, name: 'static1', kind: 'Static', channel: channel('static1', 200, 'REJECT') },
    Kernel: {
      ...common,
      name: 'kernel1',
      kind: 'Kernel',
      channel: {
        ...channel('kernel1', 10, filter),
        exported: stack.routes.filter(({ protocol }) => protocol === 'bird').length,
      },
    },
    Device: { ...common, name: 'device1', kind: 'Device' },
    Direct: { ...common, name: 'direct1', kind: 'Direct', channel: channel('direct1', 240, 'REJECT') },
  } as const;
  return ORDER[config.software ?? 'bird-1.6']
    .filter((kind) => kind !== 'Static' || config.blackholes.length > 0)
    .map((kind) => all[kind]);
}

const NONE = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 } as const;
const NO_CHANGES: RouteChanges = {
  importUpdates: NONE,
  importWithdraws: { ...NONE, filtered: undefined },
  exportUpdates: { ...NONE, ignored: undefined },
  exportWithdraws: { ...NONE, rejected: undefined, filtered: undefined, ignored: undefined },
};

const preferredOf = (routes: readonly Unranked[], name: string): number =>
  routes.filter((route, at) => route.protocol === name && isFirst(routes, at)).length;

function bgpView({ speaker, now }: Looked, peer: Peer, routes: readonly Unranked[]): BgpProtocolView {
  const { config, connection, state, since, lastError, connectAt, startupAt, staleUntil } = peer;
  const timer = (at: Millis | undefined, total: number): TimerView | undefined =>
    at === undefined ? undefined : { remaining: Math.max(at - now, 0), total: total * SECOND };
  const connectDelay = timer(connectAt, TIMERS.connectDelay);
  const errorWait = timer(startupAt, peer.errors?.wait ?? TIMERS.errorWait.least);
  const session =
    connection?.bgp === 'Established' ? sessionView(speaker, peer, { connection, now }) : undefined;
  return {
    name: config.name,
    kind: 'BGP',
    state,
    since,
    bgp: stateOf(peer),
    peer: config.address,
    peerAs: config.asNumber,
    localAs: config.localAs,
    passive: config.passive,
    lastError,
    channel: channelOf(speaker, peer, routes),
    told: [...peer.told.values()].flat().map(({ prefix, protocol }) => ({ prefix, protocol })),
    ...(session ? { session } : {}),
    ...(connectDelay ? { connectDelay } : {}),
    ...(errorWait ? { errorWait } : {}),
    ...(staleUntil === undefined ? {} : { restart: { remaining: Math.max(staleUntil - now, 0) } }),
  };
}

function stateOf({ connection, connectAt, startupAt, config }: Peer): BgpState {
  if (connection) return connection.bgp;
  if (connectAt !== undefined) return 'Active';
  return startupAt === undefined && config.passive ? 'Passive' : 'Idle';
}

interface Standing {
  readonly connection: Connection;
  readonly now: Millis;
}

function sessionView(speaker: Speaker, peer: Peer, { connection, now }: Standing): SessionView {
  const { config } = peer;
  const { open, holdTime, holdAt = now, keepaliveAt = now, socket } = connection;
  return {
    peerRouterId: open?.routerId ?? UNSPECIFIED,
    peerCapabilities: capabilityWords(open),
    opens: { own: openMessage(speaker, peer), peer: open },
    session: [
      isInternal(config) ? 'internal' : 'external',
      ...(config.multihop === 'direct' ? [] : ['multihop']),
      ...(config.reflector ? ['route-reflector'] : []),
      ...sessionWords(open),
    ],
    sourceAddress: socket.address,
    hold: { remaining: Math.max(holdAt - now, 0), total: holdTime * SECOND },
    keepalive: { remaining: Math.max(keepaliveAt - now, 0), total: keepaliveTime(peer, holdTime) * SECOND },
  };
}

/** add-path, from the one who says it: 1 receives, 2 sends. */
const pathMode = (open: BgpOpen | undefined): number => capability(open, 'add-path')?.families[0]?.mode ?? 0;

function capabilityWords(open: BgpOpen | undefined): readonly string[] {
  const restart = capability(open, 'graceful-restart');
  const words: readonly (readonly [string, boolean])[] = [
    ['refresh', capability(open, 'route-refresh') !== undefined],
    ['enhanced-refresh', capability(open, 'enhanced-route-refresh') !== undefined],
    ['restart-able', restart !== undefined && restart.families.length > 0],
    ['restart-aware', restart?.families.length === 0],
    ['llgr-aware', capability(open, 'long-lived-graceful-restart') !== undefined],
    ['AS4', capability(open, 'as4') !== undefined],
    ['add-path-rx', (pathMode(open) & 1) !== 0],
    ['add-path-tx', (pathMode(open) & 2) !== 0],
  ];
  return words.filter(([, said]) => said).map(([word]) => word);
}

/** What both agreed on: we receive the paths that the other sends. */
function sessionWords(open: BgpOpen | undefined): readonly string[] {
  const { as4, readsPaths, writesPaths } = agreement(open);
  return [
    ...(as4 ? ['AS4'] : []),
    ...(readsPaths ? ['add-path-rx'] : []),
    ...(writesPaths ? ['add-path-tx'] : []),
  ];
}

function channelOf({ config }: Speaker, peer: Peer, routes: readonly Unranked[]): ChannelView {
  const { counts, told } = peer;
  const { importUpdates, importFiltered: filtered, importIgnored: ignored } = counts;
  const { importWithdraws, withdrawsIgnored, exportWithdraws } = counts;
  const { name, importFilters = [] } = peer.config;
  const prefers = config.normalMetric !== false;
  return {
    preference: 100,
    inputFilter: prefers || importFilters.length > 0 ? '(unnamed)' : 'ACCEPT',
    outputFilter: '(unnamed)',
    imported: routes.filter(({ protocol }) => protocol === name).length,
    exported: [...told.values()].flat().length,
    preferred: preferredOf(routes, name),
    changes: {
      importUpdates: {
        received: importUpdates,
        rejected: 0,
        filtered,
        ignored,
        accepted: importUpdates - filtered - ignored,
      },
      importWithdraws: {
        received: importWithdraws,
        rejected: 0,
        filtered: undefined,
        ignored: withdrawsIgnored,
        accepted: importWithdraws - withdrawsIgnored,
      },
      exportUpdates: {
        received: counts.exportOffered,
        rejected: counts.exportRejected,
        filtered: counts.exportFiltered,
        ignored: undefined,
        accepted: counts.exportUpdates,
      },
      exportWithdraws: {
        received: exportWithdraws,
        rejected: undefined,
        filtered: undefined,
        ignored: undefined,
        accepted: exportWithdraws,
      },
    },
  };
}
