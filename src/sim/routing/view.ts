/** A speaker as `birdcl` sees it, put together from its state and the stack it runs on. */
import type { AsSegment, BgpOpen } from '../../model/bgp.ts';
import { cidrOf, UNSPECIFIED } from '../../model/ip.ts';
import type { Millis } from '../core/time.ts';
import type { Netns, Route } from '../net/netns.ts';
import { isDirect, resolve } from './kernel-routes.ts';
import { agreement, capability } from './open-message.ts';
import { prefixKey } from './rib.ts';
import type { Connection, Path, Peer, RoutingState, Speaker } from './routing-state.ts';
import { peerKey } from './routing-state.ts';
import { keepaliveTime } from './session.ts';
import { TIMERS } from './speaker-config.ts';
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

const VERSION = 'v0.3.3+birdv1.6.8';
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
  const { routerId, asNumber, neighbours } = speaker.config;
  const routes = [...tableRoutes(looked), ...directRoutes(looked), ...kernelRoutesLearnt(looked)].sort(
    inOrder,
  );
  const bgp = neighbours.flatMap(({ name }) => {
    const peer = looked.routing.peers.get(peerKey(speaker.netns, name));
    return peer ? [bgpView(peer, routes, now)] : [];
  });
  return {
    netns: stack.id,
    version: VERSION,
    routerId,
    asNumber,
    startedAt: speaker.startedAt,
    reconfiguredAt: speaker.reconfiguredAt,
    now,
    protocols: [...builtins(speaker, routes), ...bgp],
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

function tableRoutes({ speaker, stack }: Looked): readonly Unranked[] {
  const base = { ...stack, routes: stack.routes.filter(({ protocol }) => protocol !== 'bird') };
  return [...speaker.rib.values()].flatMap((paths) =>
    paths.flatMap((path) => (path.protocol === 'kernel1' ? [] : [pathView(path, base)])),
  );
}

function pathView({ prefix, protocol, since, preference, bgp }: Path, stack: Netns): Unranked {
  const common = { prefix, protocol, since, preference };
  if (!bgp) return { ...common, target: { kind: 'blackhole' }, type: 'static unicast univ' };
  const { nextHop, localPref, origin, asPath, originatorId, clusterList } = bgp.attributes;
  const way = resolve(stack, nextHop);
  const numbers = asPath.flatMap((segment) => segment.numbers);
  const view: BgpRouteView = {
    origin,
    asPath: numbers,
    nextHop,
    localPref,
    ...(originatorId === undefined ? {} : { originatorId }),
    ...(clusterList === undefined ? {} : { clusterList }),
    igpMetric: way ? (way.via === nextHop ? 0 : undefined) : null,
    code: `${lastAs(asPath)}${origin === 'IGP' ? 'i' : origin === 'EGP' ? 'e' : '?'}`,
  };
  const from = way?.via === bgp.from ? {} : { from: bgp.from };
  if (!way) {
    return { ...common, ...from, target: { kind: 'unreachable' }, type: 'BGP unicast univ', bgp: view };
  }
  const target = { kind: 'via', gateway: way.via, device: way.device } as const;
  return { ...common, ...from, target, type: 'BGP unicast univ', bgp: view };
}

function lastAs(asPath: readonly AsSegment[]): string {
  const last = asPath.at(-1)?.numbers.at(-1);
  return last === undefined ? '' : `AS${last}`;
}

/** Protocol direct: the networks of the stack's devices. */
function directRoutes({ stack, speaker }: Looked): readonly Unranked[] {
  return stack.devices.flatMap(({ name, up, kind, addresses }) =>
    up && kind.type !== 'loopback' && isDirect(name)
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

function kernelTarget({ type, via, device = '' }: Route): RouteView['target'] {
  if (type === 'unicast') {
    return via === undefined ? { kind: 'device', device } : { kind: 'via', gateway: via, device };
  }
  return { kind: type === 'prohibit' ? 'prohibited' : type };
}

function builtins(speaker: Speaker, routes: readonly Unranked[]): readonly BuiltinProtocolView[] {
  const common = { state: 'up', since: speaker.startedAt } as const;
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
  return [
    ...(speaker.config.blackholes.length > 0
      ? [{ ...common, name: 'static1', kind: 'Static', channel: channel('static1', 200, 'REJECT') } as const]
      : []),
    {
      ...common,
      name: 'kernel1',
      kind: 'Kernel',
      channel: {
        ...channel('kernel1', 10, 'calico_kernel_programming'),
        exported: routes.filter(({ protocol }) => protocol !== 'kernel1' && protocol !== 'direct1').length,
      },
    },
    { ...common, name: 'device1', kind: 'Device' },
    { ...common, name: 'direct1', kind: 'Direct', channel: channel('direct1', 240, 'REJECT') },
  ];
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

function bgpView(peer: Peer, routes: readonly Unranked[], now: Millis): BgpProtocolView {
  const { config, connection, state, since, lastError, connectAt, startupAt, staleUntil } = peer;
  const timer = (at: Millis | undefined, total: number): TimerView | undefined =>
    at === undefined ? undefined : { remaining: Math.max(at - now, 0), total: total * SECOND };
  const connectDelay = timer(connectAt, TIMERS.connectDelay);
  const errorWait = timer(startupAt, peer.errors?.wait ?? TIMERS.errorWait.least);
  const session = connection?.bgp === 'Established' ? sessionView(peer, connection, now) : undefined;
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
    channel: channelOf(peer, routes),
    told: [...peer.told.values()].map(({ prefix }) => prefix),
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

function sessionView({ config }: Peer, connection: Connection, now: Millis): SessionView {
  const { open, holdTime, holdAt = now, keepaliveAt = now } = connection;
  return {
    peerRouterId: open?.routerId ?? UNSPECIFIED,
    peerCapabilities: capabilityWords(open),
    session: [
      config.asNumber === config.localAs ? 'internal' : 'external',
      'multihop',
      ...sessionWords(open),
    ],
    sourceAddress: config.source,
    hold: { remaining: Math.max(holdAt - now, 0), total: holdTime * SECOND },
    keepalive: { remaining: Math.max(keepaliveAt - now, 0), total: keepaliveTime(holdTime) * SECOND },
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

function channelOf({ config, counts, told }: Peer, routes: readonly Unranked[]): ChannelView {
  const { importUpdates, importWithdraws, exportOffered, exportRejected, exportFiltered } = counts;
  const taken = (received: number): RouteChanges['importUpdates'] => ({
    ...NONE,
    received,
    accepted: received,
  });
  return {
    preference: 100,
    inputFilter: '(unnamed)',
    outputFilter: '(unnamed)',
    imported: routes.filter(({ protocol }) => protocol === config.name).length,
    exported: told.size,
    preferred: preferredOf(routes, config.name),
    changes: {
      importUpdates: taken(importUpdates),
      importWithdraws: { ...taken(importWithdraws), filtered: undefined },
      exportUpdates: {
        received: exportOffered,
        rejected: exportRejected,
        filtered: exportFiltered,
        ignored: undefined,
        accepted: counts.exportUpdates,
      },
      exportWithdraws: {
        ...taken(counts.exportWithdraws),
        rejected: undefined,
        filtered: undefined,
        ignored: undefined,
      },
    },
  };
}
