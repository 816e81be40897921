/** The BGP speakers' part of a snapshot: what a session, a socket and a route must look like to be taken back. */
import type {
  AddressFamily,
  AsSegment,
  BgpCapability,
  BgpOpen,
  Community,
  PathAttributes,
} from '../model/bgp.ts';
import type { IpFamily } from '../model/ip-family.ts';
import { Agenda, type Due } from './core/agenda.ts';
import type { Table } from './core/table.ts';
import type {
  Connection,
  Counts,
  Path,
  Peer,
  PeerKey,
  RoutingState,
  Speaker,
  Told,
} from './routing/routing-state.ts';
import { peerKey, speakerKey } from './routing/routing-state.ts';
import type {
  FilterRule,
  KernelRule,
  NeighbourConfig,
  RouteChange,
  SpeakerConfig,
} from './routing/speaker-config.ts';
import type { Chunk, Socket } from './routing/tcp-socket.ts';
import { address, address6, either, ipAddress, ipCidr } from './snapshot-addresses.ts';
import {
  count,
  flag,
  list,
  millis,
  object,
  oneOf,
  optional,
  record,
  table,
  text,
  union,
  unsigned,
  type Shape,
} from './snapshot-shape.ts';

export type RoutingParts = Omit<RoutingState, 'work' | 'routine'> & {
  readonly work: readonly Due<PeerKey>[];
  readonly routine: readonly Due<PeerKey>[];
};

export function routingParts({ work, routine, ...rest }: RoutingState): RoutingParts {
  return { ...rest, work: [...work], routine: [...routine] };
}

export function routingOf({ work, routine, ...rest }: RoutingParts): RoutingState {
  return { ...rest, work: Agenda.of(work), routine: Agenda.of(routine) };
}

const off: Shape<false> = (value): value is false => value === false;

const bytes: Shape<Uint8Array> = (value): value is Uint8Array => value instanceof Uint8Array;
const u8 = unsigned(8);
const u16 = unsigned(16);
const u32 = unsigned(32);

const family: Shape<IpFamily> = (value): value is IpFamily => value === 4 || value === 6;
const daemon = optional(oneOf('bird6'));

const neighbour = object<NeighbourConfig>({
  name: text,
  address: ipAddress,
  asNumber: u32,
  localAs: u32,
  source: optional(ipAddress),
  port: optional(u16),
  passive: flag,
  restartTime: count,
  importFilters: optional(list(text)),
  exportFilters: optional(list(text)),
  reflector: optional(object<NonNullable<NeighbourConfig['reflector']>>({ clusterId: address })),
  nextHop: optional(oneOf('self', 'keep')),
  multihop: optional(either(u8, oneOf('direct'))),
  ttlSecurity: optional(flag),
  allowLocalAs: optional(count),
  password: optional(text),
  holdTime: optional(count),
  keepaliveTime: optional(count),
});

type Change<K extends RouteChange['kind']> = Extract<RouteChange, { kind: K }>;

const community: Shape<Community> = (value): value is Community =>
  Array.isArray(value) && (value.length === 2 || value.length === 3) && value.every((each) => u32(each));

const change = union<RouteChange>({
  'local-pref': object<Change<'local-pref'>>({ kind: oneOf('local-pref'), value: u32 }),
  med: object<Change<'med'>>({ kind: oneOf('med'), value: u32 }),
  'add-community': object<Change<'add-community'>>({ kind: oneOf('add-community'), community }),
  prepend: object<Change<'prepend'>>({ kind: oneOf('prepend'), asNumber: u32 }),
  preference: object<Change<'preference'>>({ kind: oneOf('preference'), value: u32 }),
});

const rule = object<FilterRule>({
  prefix: optional(ipCidr),
  match: optional(oneOf('exact', 'within', 'not-exact', 'not-within')),
  lengths: optional(object<NonNullable<FilterRule['lengths']>>({ least: count, most: count })),
  source: optional(oneOf('bgp', 'static', 'kernel', 'connected')),
  interface: optional(text),
  peer: optional(oneOf('internal', 'external')),
  communities: optional(list(community)),
  asPathPrefix: optional(list(u32)),
  localPref: optional(u32),
  localPrefAbove: optional(u32),
  metricBelow: optional(u32),
  set: optional(list(change)),
  accept: optional(flag),
});

type StaticRoute = NonNullable<SpeakerConfig['statics']>[number];

const config = object<SpeakerConfig>({
  process: text,
  software: optional(oneOf('bird-1.6', 'bird-2')),
  families: optional(list(family)),
  routerId: address,
  asNumber: u32,
  listenPort: optional(u16),
  listenAddress: optional(ipAddress),
  blackholes: list(ipCidr),
  statics: optional(list(object<StaticRoute>({ prefix: ipCidr, via: ipAddress }))),
  ignoredInterfaces: optional(list(text)),
  learnt: list(ipCidr),
  connected: optional(list(ipCidr)),
  neighbours: list(neighbour),
  filters: optional(record(list(rule))),
  exports: list(rule),
  normalMetric: optional(either(u32, off)),
  mergePaths: optional(flag),
  kernel: list(
    object<KernelRule>({
      within: ipCidr,
      accept: flag,
      tunnel: optional(object<NonNullable<KernelRule['tunnel']>>({ device: text, unless: optional(ipCidr) })),
    }),
  ),
});

const attributes = object<PathAttributes>({
  origin: oneOf('IGP', 'EGP', 'Incomplete'),
  asPath: list(object<AsSegment>({ type: oneOf('set', 'sequence'), numbers: list(u32) })),
  nextHop: ipAddress,
  linkLocal: optional(address6),
  med: optional(u32),
  localPref: optional(u32),
  originatorId: optional(address),
  clusterList: optional(list(address)),
  communities: optional(list(community as Shape<readonly [number, number]>)),
  largeCommunities: optional(list(community as Shape<readonly [number, number, number]>)),
});

const rib: Shape<Table<readonly Path[]>> = table(
  list(
    object<Path>({
      prefix: ipCidr,
      protocol: text,
      pathId: u32,
      preference: count,
      since: millis,
      via: optional(ipAddress),
      bgp: optional(
        object<NonNullable<Path['bgp']>>({
          attributes,
          from: ipAddress,
          peerRouterId: address,
          internal: flag,
        }),
      ),
      stale: optional(flag),
    }),
  ),
);

const speaker = object<Speaker>({
  netns: text,
  daemon,
  config,
  running: flag,
  startedAt: millis,
  reconfiguredAt: millis,
  rib,
  inherited: optional(object<NonNullable<Speaker['inherited']>>({ rib, until: millis })),
  sources: optional(table(count)),
});

type Capability<K extends BgpCapability['kind']> = Extract<BgpCapability, { kind: K }>;
type Restart = Capability<'graceful-restart'>;
type AddPath = Capability<'add-path'>;

const capability = union<BgpCapability>({
  multiprotocol: object<Capability<'multiprotocol'>>({ kind: oneOf('multiprotocol'), afi: u16, safi: u8 }),
  'route-refresh': object<Capability<'route-refresh'>>({ kind: oneOf('route-refresh') }),
  'graceful-restart': object<Restart>({
    kind: oneOf('graceful-restart'),
    restarting: flag,
    time: u16,
    families: list(object<Restart['families'][number]>({ afi: u16, safi: u8, forwarding: flag })),
  }),
  as4: object<Capability<'as4'>>({ kind: oneOf('as4'), asNumber: u32 }),
  'add-path': object<AddPath>({
    kind: oneOf('add-path'),
    families: list(object<AddressFamily & { readonly mode: number }>({ afi: u16, safi: u8, mode: u8 })),
  }),
  'enhanced-route-refresh': object<Capability<'enhanced-route-refresh'>>({
    kind: oneOf('enhanced-route-refresh'),
  }),
  'long-lived-graceful-restart': object<Capability<'long-lived-graceful-restart'>>({
    kind: oneOf('long-lived-graceful-restart'),
  }),
  other: object<Capability<'other'>>({ kind: oneOf('other'), code: u8, bytes }),
});

const open = object<BgpOpen>({
  kind: oneOf('open'),
  asNumber: u16,
  holdTime: u16,
  routerId: address,
  capabilities: list(capability),
});

const socket = object<Socket>({
  at: text,
  address: ipAddress,
  port: u16,
  peer: object<Socket['peer']>({ address: ipAddress, port: u16 }),
  remote: optional(text),
  active: flag,
  state: oneOf('SYN_SENT', 'SYN_RECEIVED', 'ESTABLISHED', 'FIN_WAIT'),
  sequence: u32,
  expected: u32,
  echo: u32,
  peerMss: u16,
  id: u16,
  flight: list(object<Chunk>({ sequence: u32, bytes, sent: flag })),
  retransmit: optional(object<NonNullable<Socket['retransmit']>>({ at: millis, after: millis })),
  ackDue: flag,
  ttl: u8,
});

const connection = object<Connection>({
  bgp: oneOf('Connect', 'OpenSent', 'OpenConfirm', 'Established', 'Close'),
  socket,
  open: optional(open),
  holdTime: u16,
  retryAt: optional(millis),
  holdAt: optional(millis),
  keepaliveAt: optional(millis),
  failure: optional(object<NonNullable<Connection['failure']>>({ at: millis, error: text })),
  inbox: bytes,
  loading: flag,
});

const counts = object<Counts>({
  importUpdates: count,
  importFiltered: count,
  importIgnored: count,
  importWithdraws: count,
  withdrawsIgnored: count,
  exportOffered: count,
  exportRejected: count,
  exportFiltered: count,
  exportUpdates: count,
  exportWithdraws: count,
});

const peer = object<Peer>({
  netns: text,
  daemon,
  config: neighbour,
  state: oneOf('start', 'up'),
  since: millis,
  lastError: optional(text),
  connection: optional(connection),
  halfOpen: optional(socket),
  attempts: count,
  errors: optional(object<NonNullable<Peer['errors']>>({ wait: count, at: millis })),
  connectAt: optional(millis),
  startupAt: optional(millis),
  staleUntil: optional(millis),
  told: table(list(object<Told>({ prefix: ipCidr, protocol: text, pathId: u32, attributes }))),
  counts,
});

const timer = object<Due<PeerKey>>({ at: millis, key: text, event: text });

export const routing = object<RoutingParts>({
  speakers: table(speaker, (key, own) => key === speakerKey(own)),
  peers: table(peer, (key, own) => key === peerKey(speakerKey(own), own.config.name)),
  work: list(timer),
  routine: list(timer),
});
