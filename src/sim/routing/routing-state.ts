/**
 * Everything the BGP speakers of a lab remember between two events: plain data and persistent tables, so that a world can be
 * kept, hashed and written down. Times are virtual milliseconds.
 */
import type { BgpOpen, PathAttributes } from '../../model/bgp.ts';
import type { IpCidr } from '../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../model/ip.ts';
import type { NetnsId } from '../../model/trace.ts';
import { Agenda } from '../core/agenda.ts';
import { Table } from '../core/table.ts';
import type { Millis } from '../core/time.ts';
import type { NeighbourConfig, SpeakerConfig } from './speaker-config.ts';
import type { Socket } from './tcp-socket.ts';

export interface RoutingState {
  /** By `speakerKey`. One that was killed stays with what it left in the kernel, `running` false. */
  readonly speakers: Table<Speaker>;
  /** By `peerKey`. */
  readonly peers: Table<Peer>;
  /** Connecting, retransmitting, waiting after errors: what a network that settles still has to do. */
  readonly work: Agenda<PeerKey>;
  /** Keepalives, hold timers, stale routes: what goes on for ever. */
  readonly routine: Agenda<PeerKey>;
}

export type SpeakerKey = string;
export type PeerKey = string;

/**
 * The second daemon of a machine: BIRD 1.6 speaks one family, so that Calico runs `bird6` beside `bird`. The first, or only
 * one, has no name.
 */
export type DaemonName = 'bird6';

export interface DaemonPlace {
  readonly netns: NetnsId;
  readonly daemon?: DaemonName;
}

/** The network namespace, and behind it the daemon's name if it has one. */
export const speakerKey = ({ netns, daemon }: DaemonPlace): SpeakerKey =>
  daemon === undefined ? netns : `${netns} ${daemon}`;

export const peerKey = (speaker: SpeakerKey, protocol: string): PeerKey => `${speaker} ${protocol}`;

export const NO_ROUTING: RoutingState = {
  speakers: Table.empty(),
  peers: Table.empty(),
  work: Agenda.empty(),
  routine: Agenda.empty(),
};

export interface Speaker extends DaemonPlace {
  readonly config: SpeakerConfig;
  readonly running: boolean;
  readonly startedAt: Millis;
  readonly reconfiguredAt: Millis;
  /** Static and BGP routes of both families by `prefixKey`, each prefix's paths best first; kernel and direct routes are read when asked for. */
  readonly rib: Table<readonly Path[]>;
  /** What the process before this one left in the kernel, until the peers have told their routes again. */
  readonly inherited?: { readonly rib: Table<readonly Path[]>; readonly until: Millis };
  /** Numbers by which peers know the paths of neighbours that they are told (add-path), by `PROTOCOL ID`. */
  readonly sources?: Table<number>;
}

export interface Path {
  readonly prefix: IpCidr;
  /** `static1`, `kernel1`, or the BGP protocol it came by. */
  readonly protocol: string;
  readonly pathId: number;
  readonly preference: number;
  readonly since: Millis;
  /** The gateway of a static route; one without is a blackhole. */
  readonly via?: Ip;
  /** Present on BGP routes. */
  readonly bgp?: {
    readonly attributes: PathAttributes;
    readonly from: Ip;
    readonly peerRouterId: Ipv4;
    readonly internal: boolean;
  };
  /** The peer restarts; the route goes unless it is told again. */
  readonly stale?: boolean;
}

export interface Peer extends DaemonPlace {
  readonly config: NeighbourConfig;
  readonly state: 'start' | 'up';
  readonly since: Millis;
  readonly lastError: string | undefined;
  readonly connection: Connection | undefined;
  /** A SYN came in and its handshake is not over; the daemon knows nothing of it. */
  readonly halfOpen: Socket | undefined;
  /** Connections begun so far: gives each its own port and its timers their own chance. */
  readonly attempts: number;
  readonly errors: { readonly wait: number; readonly at: Millis } | undefined;
  readonly connectAt?: Millis | undefined;
  /** The wait after an error ends. */
  readonly startupAt?: Millis | undefined;
  /** Graceful restart: routes of a lost peer are kept so long. */
  readonly staleUntil?: Millis | undefined;
  /** What it was told, by `prefixKey`: one path, or with add-path as many as there are. */
  readonly told: Table<readonly Told[]>;
  readonly counts: Counts;
}

export interface Told {
  readonly prefix: IpCidr;
  /** The protocol the path came by. */
  readonly protocol: string;
  readonly pathId: number;
  readonly attributes: PathAttributes;
}

/** As `Route change stats` counts. */
export interface Counts {
  readonly importUpdates: number;
  /** Of these: refused by the filter, and those that said nothing new. */
  readonly importFiltered: number;
  readonly importIgnored: number;
  readonly importWithdraws: number;
  readonly withdrawsIgnored: number;
  readonly exportOffered: number;
  readonly exportRejected: number;
  readonly exportFiltered: number;
  readonly exportUpdates: number;
  readonly exportWithdraws: number;
}

export const NO_COUNTS: Counts = {
  importUpdates: 0,
  importFiltered: 0,
  importIgnored: 0,
  importWithdraws: 0,
  withdrawsIgnored: 0,
  exportOffered: 0,
  exportRejected: 0,
  exportFiltered: 0,
  exportUpdates: 0,
  exportWithdraws: 0,
};

/** The session state machine of RFC 4271 section 8, from the moment a connection is tried. */
export interface Connection {
  readonly bgp: 'Connect' | 'OpenSent' | 'OpenConfirm' | 'Established' | 'Close';
  readonly socket: Socket;
  readonly open?: BgpOpen | undefined;
  /** Seconds, as negotiated. */
  readonly holdTime: number;
  readonly retryAt?: Millis | undefined;
  readonly holdAt?: Millis | undefined;
  readonly keepaliveAt?: Millis | undefined;
  /** The error with which the attempt will fail, when it is known already. */
  readonly failure?: { readonly at: Millis; readonly error: string } | undefined;
  /** The beginning of a message whose end has not come yet. */
  readonly inbox: Uint8Array;
  /** The peer has not said End-of-RIB yet. */
  readonly loading: boolean;
}
