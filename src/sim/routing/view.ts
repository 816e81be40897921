/** A speaker as `birdcl` sees it, put together from its state and the stack it runs on. */
import type { BgpOpen } from '../../model/bgp.ts';
import { familyOf, type IpFamily } from '../../model/ip-family.ts';
import { UNSPECIFIED } from '../../model/ip.ts';
import type { Millis } from '../core/time.ts';
import type { Netns } from '../net/netns.ts';
import { routesOf } from './next-hop.ts';
import { ownLinkLocal } from './announcement.ts';
import { agreement, capability, openMessage } from './open-message.ts';
import { hasStatics, ownSource, type OwnSource } from './rib.ts';
import { isFirst, routesInView, type Unranked } from './route-views.ts';
import type { Connection, Peer, RoutingState, Speaker } from './routing-state.ts';
import { peerKey, speakerKey } from './routing-state.ts';
import { keepaliveTime } from './session.ts';
import { familiesOf, familyOfSession, isInternal, TIMERS } from './speaker-config.ts';
import type { Socket } from './tcp-socket.ts';
import type {
  BgpProtocolView,
  BgpState,
  BuiltinProtocolView,
  ChannelView,
  RouteChanges,
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
  const families = familiesOf(speaker.config);
  const routes = routesInView(looked);
  const key = speakerKey(speaker);
  const bgp = neighbours.flatMap(({ name }) => {
    const peer = looked.routing.peers.get(peerKey(key, name));
    return peer ? [bgpView(looked, peer, routes)] : [];
  });
  return {
    netns: stack.id,
    hostname: stack.hostname,
    software,
    families,
    version: VERSIONS[software],
    routerId,
    asNumber,
    startedAt: speaker.startedAt,
    reconfiguredAt: speaker.reconfiguredAt,
    now,
    protocols: [...builtins(looked, routes), ...bgp],
    routes: routes.map((route, at) => ({ ...route, primary: isFirst(routes, at) })),
    sockets: neighbours.flatMap(({ name }) => {
      const peer = looked.routing.peers.get(peerKey(key, name));
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

/** In the order of the configuration file: Calico's, or that of Debian. */
const ORDER = {
  'bird-1.6': ['Static', 'Kernel', 'Device', 'Direct'],
  'bird-2': ['Device', 'Direct', 'Kernel', 'Static'],
} as const;

const SOURCES = { Static: 'static', Kernel: 'kernel', Direct: 'connected' } as const;

/** BIRD 2 has a kernel and a static protocol of each family, and one direct protocol with a channel of each. */
function builtins(looked: Looked, routes: readonly Unranked[]): readonly BuiltinProtocolView[] {
  const { config, startedAt } = looked.speaker;
  const common = { state: 'up', since: startedAt } as const;
  const families = familiesOf(config);
  return ORDER[config.software ?? 'bird-1.6'].flatMap((kind): readonly BuiltinProtocolView[] => {
    if (kind === 'Device') return [{ ...common, name: 'device1', kind }];
    const channels = families.map((family) => ownChannel(looked, routes, { source: SOURCES[kind], family }));
    if (kind === 'Direct') return [{ ...common, name: 'direct1', kind, channels }];
    return channels
      .filter(({ family }) => kind !== 'Static' || hasStatics(config, family))
      .map((channel) => ({
        ...common,
        name: ownSource(SOURCES[kind], config, channel.family).protocol,
        kind,
        channels: [channel],
      }));
  });
}

function ownChannel(
  { speaker: { config }, stack }: Looked,
  routes: readonly Unranked[],
  { source, family }: { readonly source: OwnSource; readonly family: IpFamily },
): ChannelView {
  const { protocol: name, preference } = ownSource(source, config, family);
  const own = routes.filter(({ prefix }) => familyOf(prefix.base) === family);
  const imported = own.filter(({ protocol }) => protocol === name).length;
  const filter = config.software === 'bird-2' ? '(unnamed)' : 'calico_kernel_programming';
  const isKernel = source === 'kernel';
  return {
    family,
    preference,
    inputFilter: 'ACCEPT',
    outputFilter: isKernel ? filter : 'REJECT',
    imported,
    exported: isKernel ? routesOf(stack, family).filter(({ protocol }) => protocol === 'bird').length : 0,
    preferred: preferredOf(own, name),
    changes: { ...NO_CHANGES, importUpdates: { ...NONE, received: imported, accepted: imported } },
  };
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

function bgpView(looked: Looked, peer: Peer, routes: readonly Unranked[]): BgpProtocolView {
  const { speaker, now } = looked;
  const { config, connection, state, since, lastError, connectAt, startupAt, staleUntil } = peer;
  const timer = (at: Millis | undefined, total: number): TimerView | undefined =>
    at === undefined ? undefined : { remaining: Math.max(at - now, 0), total: total * SECOND };
  const connectDelay = timer(connectAt, TIMERS.connectDelay);
  const errorWait = timer(startupAt, peer.errors?.wait ?? TIMERS.errorWait.least);
  const session = connection?.bgp === 'Established' ? sessionView(looked, peer, connection) : undefined;
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

function sessionView({ speaker, stack, now }: Looked, peer: Peer, connection: Connection): SessionView {
  const { config } = peer;
  const family = familyOfSession(config);
  const linkLocal = family === 6 ? ownLinkLocal({ peer, stack }) : undefined;
  const { open, holdTime, holdAt = now, keepaliveAt = now, socket } = connection;
  return {
    peerRouterId: open?.routerId ?? UNSPECIFIED,
    peerCapabilities: capabilityWords(open),
    opens: { own: openMessage(speaker, peer), peer: open },
    session: [
      isInternal(config) ? 'internal' : 'external',
      ...(config.multihop === 'direct' ? [] : ['multihop']),
      ...(config.reflector ? ['route-reflector'] : []),
      ...sessionWords(open, family),
    ],
    sourceAddress: socket.address,
    ...(linkLocal === undefined ? {} : { linkLocal }),
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
function sessionWords(open: BgpOpen | undefined, family: IpFamily): readonly string[] {
  const { as4, readsPaths, writesPaths } = agreement(open, family);
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
    family: familyOfSession(peer.config),
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
