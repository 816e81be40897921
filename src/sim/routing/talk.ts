/**
 * One event among the speakers and all it sets off in that instant: timers run out, segments walk, sessions answer each other.
 * The state before stays as it is; what changed is laid over it and handed out at the end. Every packet goes through the same
 * walk as any other, so a missing route or a netfilter rule loses it here too.
 */
import type { Ipv4Packet } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Difference } from '../core/table.ts';
import type { Millis } from '../core/time.ts';
import { send, type Sent } from '../net/exchange-send.ts';
import { mix, scaleHash } from '../net/flow-hash.ts';
import { Journey, type OpenSocket } from '../net/journey.ts';
import type { Network } from '../net/netns.ts';
import type { Connection, Peer, PeerKey, RoutingState, Speaker } from './routing-state.ts';
import { peerKey } from './routing-state.ts';
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

export class Talk {
  readonly journey: Journey;
  readonly events: SessionEvents;
  /** Sockets that no daemon holds any more; they only finish their farewell. */
  readonly orphans: Socket[] = [];
  /** Prefixes that speakers know otherwise than before, by `prefixKey`. */
  readonly changedTables = new Map<NetnsId, Set<string>>();
  readonly #before: RoutingState;
  readonly #open: OpenSocket[] = [];
  readonly #speakers = new Map<NetnsId, Speaker>();
  readonly #peers = new Map<PeerKey, Peer | undefined>();
  readonly #tasks: (() => void)[] = [];
  #tasksDone = 0;
  #restless = new Set<PeerKey>();
  readonly #expected = new Set<string>();

  constructor(network: Network, before: RoutingState, events: SessionEvents) {
    this.journey = new Journey(network, this.#open);
    this.#before = before;
    this.events = events;
  }

  /** When the event fell due; what packets take on their way is not counted. */
  get began(): Millis {
    return this.journey.network.now;
  }

  speaker(netns: NetnsId): Speaker | undefined {
    return this.#speakers.get(netns) ?? this.#before.speakers.get(netns);
  }

  setSpeaker(speaker: Speaker): void {
    this.#speakers.set(speaker.netns, speaker);
  }

  peer(key: PeerKey): Peer | undefined {
    return this.#peers.has(key) ? this.#peers.get(key) : this.#before.peers.get(key);
  }

  setPeer(peer: Peer): void {
    this.#put(peerKey(peer.netns, peer.config.name), peer);
  }

  #put(key: PeerKey, peer: Peer): void {
    this.#peers.set(key, peer);
    this.#restless.add(key);
  }

  removePeer(key: PeerKey): void {
    this.#peers.set(key, undefined);
  }

  /** Changes a peer that is there. */
  update(key: PeerKey, change: Partial<Peer>): void {
    const peer = this.peer(key);
    if (peer) this.#put(key, { ...peer, ...change });
  }

  updateConnection(key: PeerKey, change: Partial<Connection>): void {
    const connection = this.peer(key)?.connection;
    if (connection) this.update(key, { connection: { ...connection, ...change } });
  }

  /** Every peer of a speaker, in the order of its configuration. */
  peersOf({ netns, config }: Speaker): readonly PeerKey[] {
    return config.neighbours.map(({ name }) => peerKey(netns, name));
  }

  /** A table has other routes than before; the driver sees who must be told. */
  tableChanged(netns: NetnsId, differences: readonly Difference<unknown>[]): void {
    const changed = this.changedTables.get(netns) ?? new Set();
    for (const { key } of differences) changed.add(key);
    this.changedTables.set(netns, changed);
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
  send(socket: Pick<Socket, 'at' | 'remote'>, packet: Ipv4Packet): Sent {
    if (packet.payload.kind === 'tcp') {
      this.#expect(socket.at, packet.payload.sourcePort);
      if (socket.remote !== undefined) this.#expect(socket.remote, packet.payload.destinationPort);
    }
    const began = this.journey.offset;
    const sent = send(this.journey, { at: socket.at, packet });
    if (!sent.delivered && !sent.refused && !sent.heard) this.journey.offset = began;
    return sent;
  }

  #expect(at: NetnsId, port: number): void {
    const key = `${at} ${port}`;
    if (this.#expected.has(key)) return;
    this.#expected.add(key);
    this.#open.push({ at, protocol: 'tcp', port });
  }

  /** A number from 0 to `below`, the same whenever this event happens to this peer. */
  chance(peer: Peer, below: number, salt: number): number {
    const { source = 0, address } = peer.config;
    return scaleHash(mix(source, address, peer.attempts, Math.floor(this.began), salt), 0, below);
  }

  /** The state afterwards, timers not yet set. */
  state(): RoutingState {
    let { speakers, peers } = this.#before;
    for (const [netns, speaker] of this.#speakers) speakers = speakers.set(netns, speaker);
    for (const [key, peer] of this.#peers) peers = peer ? peers.set(key, peer) : peers.delete(key);
    return { ...this.#before, speakers, peers };
  }
}
