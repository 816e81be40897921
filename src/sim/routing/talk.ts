/**
 * One event among the speakers and all it sets off in that instant: timers run out, segments walk, sessions answer each other.
 * The state before stays as it is; what changed is laid over it and handed out at the end. Every packet goes through the same
 * walk as any other, so a missing route or a netfilter rule loses it here too.
 */
import type { IpFamily } from '../../model/ip-family.ts';
import { UNSPECIFIED } from '../../model/ip.ts';
import type { IpPacket } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Difference } from '../core/table.ts';
import type { Millis } from '../core/time.ts';
import { send, type Sent } from '../net/exchange-send.ts';
import { addressHash, mix, scaleHash } from '../net/flow-hash.ts';
import { Journey, type Keeping, type OpenSocket } from '../net/journey.ts';
import type { Network } from '../net/netns.ts';
import type { Connection, Peer, PeerKey, RoutingState, Speaker, SpeakerKey } from './routing-state.ts';
import { peerKey, speakerKey } from './routing-state.ts';
import type { Socket } from './tcp-socket.ts';

/** What the transport tells the daemon. */
export interface SessionEvents {
  connected(talk: Talk, key: PeerKey): void;
  /** A connection from the neighbour's address; false when the daemon hangs up at once. */
  incoming(talk: Talk, key: PeerKey): boolean;
  data(talk: Talk, key: PeerKey, bytes: Uint8Array): void;
  /** The socket is gone; the text is the operating system's. */
  lost(talk: Talk, key: PeerKey, error: string): void;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

export class Talk {
  readonly journey: Journey;
  readonly events: SessionEvents;
  /** Sockets that no daemon holds any more; they only finish their farewell. */
  readonly orphans: Socket[] = [];
  /** Prefixes that speakers know otherwise than before, by `prefixKey`. */
  readonly changedTables = new Map<SpeakerKey, Set<string>>();
  readonly #before: RoutingState;
  readonly #open: OpenSocket[] = [];
  readonly #speakers = new Map<SpeakerKey, Speaker>();
  /** Speakers as they were, found once. */
  readonly #speakersBefore = new Map<SpeakerKey, Speaker | undefined>();
  /** Copies that nobody else has while the instant lasts, so that each is made once; undefined: no longer there. */
  readonly #peers = new Map<PeerKey, Draft<Peer> | undefined>();
  readonly #keys = new Map<SpeakerKey, Map<string, PeerKey>>();
  readonly #tasks: (() => void)[] = [];
  #tasksDone = 0;
  #restless = new Set<PeerKey>();

  constructor(
    network: Network,
    before: RoutingState,
    { events, keeping }: { readonly events: SessionEvents; readonly keeping: Keeping },
  ) {
    this.journey = new Journey(network, this.#open, keeping);
    this.#before = before;
    this.events = events;
  }

  /** When the event fell due; what packets take on their way is not counted. */
  get began(): Millis {
    return this.journey.network.now;
  }

  speaker(key: SpeakerKey): Speaker | undefined {
    return this.#speakers.get(key) ?? this.#speakerBefore(key);
  }

  #speakerBefore(key: SpeakerKey): Speaker | undefined {
    const known = this.#speakersBefore.get(key);
    if (known || this.#speakersBefore.has(key)) return known;
    const speaker = this.#before.speakers.get(key);
    this.#speakersBefore.set(key, speaker);
    return speaker;
  }

  /** The daemon of a peer. */
  speakerOf(peer: Peer): Speaker | undefined {
    return this.speaker(speakerKey(peer));
  }

  /** The daemon of a machine that speaks of a family. */
  speakerAt(netns: NetnsId, family: IpFamily): Speaker | undefined {
    const own = family === 6 ? this.speaker(speakerKey({ netns, daemon: 'bird6' })) : undefined;
    return own ?? this.speaker(netns);
  }

  setSpeaker(speaker: Speaker): void {
    this.#speakers.set(speakerKey(speaker), speaker);
  }

  peer(key: PeerKey): Peer | undefined {
    const peer = this.#peers.get(key);
    return peer || this.#peers.has(key) ? peer : this.#before.peers.get(key);
  }

  /** A new one, which is the talk's from now on. */
  addPeer(peer: Peer): PeerKey {
    const key = this.keyOf(speakerKey(peer), peer.config.name);
    this.#peers.set(key, peer);
    this.#restless.add(key);
    return key;
  }

  removePeer(key: PeerKey): void {
    this.#peers.set(key, undefined);
  }

  /** Changes a peer that is there, perhaps in nothing but that something happened to it. */
  update(key: PeerKey, change: Partial<Peer> = {}): Peer | undefined {
    const peer = this.#draft(key);
    if (!peer) return undefined;
    this.#restless.add(key);
    return Object.assign(peer, change);
  }

  updateConnection(key: PeerKey, change: Partial<Connection>): void {
    const connection: Draft<Connection> | undefined = this.#draft(key)?.connection;
    if (!connection) return;
    this.#restless.add(key);
    Object.assign(connection, change);
  }

  #draft(key: PeerKey): Draft<Peer> | undefined {
    const known = this.#peers.get(key);
    if (known || this.#peers.has(key)) return known;
    const before = this.#before.peers.get(key);
    if (!before) return undefined;
    const { connection } = before;
    const draft = { ...before, connection: connection && { ...connection } };
    this.#peers.set(key, draft);
    return draft;
  }

  /** The key of a speaker's peer: looked up oftener than it is made. */
  keyOf(speaker: SpeakerKey, name: string): PeerKey {
    let keys = this.#keys.get(speaker);
    if (!keys) this.#keys.set(speaker, (keys = new Map<string, PeerKey>()));
    let key = keys.get(name);
    if (key === undefined) keys.set(name, (key = peerKey(speaker, name)));
    return key;
  }

  /** Every peer of a speaker, in the order of its configuration. */
  peersOf(speaker: Speaker): readonly PeerKey[] {
    const key = speakerKey(speaker);
    return speaker.config.neighbours.map(({ name }) => this.keyOf(key, name));
  }

  /** A table has other routes than before; the driver sees who must be told. */
  tableChanged(speaker: SpeakerKey, differences: readonly Difference<unknown>[]): void {
    const changed = this.changedTables.get(speaker) ?? new Set();
    for (const { key } of differences) changed.add(key);
    this.changedTables.set(speaker, changed);
  }

  /** Does something in this instant, after what is already waiting. */
  later(task: () => void): void {
    this.#tasks.push(task);
  }

  run(): void {
    for (let task = this.#tasks[this.#tasksDone]; task; task = this.#tasks[this.#tasksDone]) {
      this.#tasksDone += 1;
      task();
    }
    this.#tasks.length = 0;
    this.#tasksDone = 0;
  }

  /** Peers that something happened to since this was asked last. */
  takeRestless(): readonly PeerKey[] {
    if (this.#restless.size === 0) return NOBODY;
    const keys = [...this.#restless];
    this.#restless = new Set();
    return keys;
  }

  /** Peers that something happened to. */
  get touched(): Iterable<PeerKey> {
    return this.#peers.keys();
  }

  get touchedSpeakers(): Iterable<Speaker> {
    return this.#speakers.values();
  }

  /** Lets a packet walk. What a lost one waited for (ARP) delays nobody else. */
  send(socket: Pick<Socket, 'at' | 'remote'>, packet: IpPacket): Sent {
    const { payload } = packet;
    // Both ends hold their ports open; who else does is no matter of this packet.
    this.#open.length = 0;
    if (payload.kind === 'tcp') {
      this.#open.push({ at: socket.at, protocol: 'tcp', port: payload.sourcePort });
      if (socket.remote !== undefined)
        this.#open.push({ at: socket.remote, protocol: 'tcp', port: payload.destinationPort });
    }
    const began = this.journey.offset;
    const sent = send(this.journey, { at: socket.at, packet });
    // Nobody asks for the story of a single packet here.
    this.journey.walks.length = 0;
    if (!sent.delivered && !sent.refused && !sent.heard) this.journey.offset = began;
    return sent;
  }

  /** A number from 0 to `below`, the same whenever this event happens to this peer. */
  chance(peer: Peer, below: number, salt: number): number {
    const { source = UNSPECIFIED, address } = peer.config;
    const ends = [addressHash(source), addressHash(address)] as const;
    return scaleHash(mix(...ends, peer.attempts, Math.floor(this.began), salt), 0, below);
  }

  /** The state afterwards, timers not yet set. */
  state(): RoutingState {
    let { speakers, peers } = this.#before;
    for (const [key, speaker] of this.#speakers) speakers = speakers.set(key, speaker);
    for (const [key, peer] of this.#peers) peers = peer ? peers.set(key, peer) : peers.delete(key);
    return { ...this.#before, speakers, peers };
  }
}

const NOBODY: readonly PeerKey[] = [];
