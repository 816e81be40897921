/**
 * The contract as the interface sees it: calls that answer with a `Result`, feeds, and terminal byte streams over one
 * connection that is rebuilt when it breaks. A call never throws and never hangs: when the host goes away, what was
 * asked of it ends as the error `connection-lost`.
 */
import { utf8 } from '../base/bytes.ts';
import { Emitter, type Unsubscribe } from '../base/event.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody, Feed, Feeds, Input, Method, Output } from '../contract/api.ts';
import { parseTerminalFrame, terminalFrame, type ClientFrame, type HostFrame } from '../contract/wire.ts';
import { strings } from './strings.ts';
import type { Connect, Frame, Transport } from './transport.ts';

export type Connection = 'connecting' | 'open' | 'lost';
export type Answer<M extends Method> = Result<Output[M], ErrorBody>;

export interface Clock {
  /** Runs `then` after `milliseconds` unless it is called off. */
  after(milliseconds: number, then: () => void): Unsubscribe;
}

/** Milliseconds before each attempt to reconnect; the last one repeats. */
export const RETRY_DELAYS: readonly number[] = [250, 500, 1000, 2000, 4000, 8000];

/** Milliseconds an attempt may stay unanswered before it counts as lost. */
export const ATTEMPT_LIMIT = 10_000;

const CONNECTION_LOST: ErrorBody = { code: 'connection-lost', ...strings.connection.lostError };

type Settle = (answer: Result<unknown, ErrorBody>) => void;

export class Client {
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #connectionChanged = new Emitter<Connection>();
  readonly #feeds = new Emitter<Extract<HostFrame, { type: 'feed' }>>();
  readonly #pending = new Map<number, Settle>();
  readonly #terminals = new Map<number, (bytes: Uint8Array) => void>();
  /** Bytes of terminals whose number the page does not know yet. */
  readonly #early = new Map<number, Uint8Array[]>();
  /** Terminals the page has let go of: what they still send is dropped. */
  readonly #finished = new Set<number>();
  #transport: Transport | undefined;
  #connection: Connection = 'connecting';
  #waiting: string[] = [];
  #nextId = 1;
  #attempt = 0;
  #cancelRetry: Unsubscribe | undefined;
  #cancelLimit: Unsubscribe | undefined;

  constructor(connect: Connect, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  get connection(): Connection {
    return this.#connection;
  }

  start(): void {
    this.#open();
  }

  /** Tries again now instead of at the next scheduled moment; an attempt that nobody has answered is given up for it. */
  retryNow(): void {
    if (this.#connection === 'open') return;
    this.#cancelRetry?.();
    this.#giveUp();
    this.#open();
  }

  onConnection(listener: (connection: Connection) => void): Unsubscribe {
    return this.#connectionChanged.subscribe(listener);
  }

  call<M extends Method>(method: M, input: Input<M>): Promise<Answer<M>> {
    if (this.#connection === 'lost') return Promise.resolve(err(CONNECTION_LOST));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      // The host answers a method with that method's output: the one cast of the client.
      this.#pending.set(id, resolve as Settle);
      this.#sendText({ type: 'call', id, method, input });
    });
  }

  on<F extends Feed>(feed: F, listener: (event: Feeds[F]) => void): Unsubscribe {
    return this.#feeds.subscribe((frame) => {
      if (frame.feed === feed) listener(frame.event as Feeds[F]);
    });
  }

  /** Bytes of one terminal, those that came before the page knew its number included. */
  onTerminal(terminal: number, listener: (bytes: Uint8Array) => void): Unsubscribe {
    this.#terminals.set(terminal, listener);
    const early = this.#early.get(terminal) ?? [];
    this.#early.delete(terminal);
    for (const bytes of early) listener(bytes);
    return () => {
      // After a lost connection the host counts its terminals anew: this number may be another one's.
      if (this.#terminals.get(terminal) !== listener) return;
      this.#terminals.delete(terminal);
      this.#finished.add(terminal);
    };
  }

  type(terminal: number, text: string): void {
    if (this.#connection === 'open') this.#transport?.send(terminalFrame(terminal, utf8(text)));
  }

  /** Tells the host that `bytes` bytes of a terminal are on the screen, so that it may send more. */
  drawn(terminal: number, bytes: number): void {
    if (this.#connection === 'open') this.#sendText({ type: 'drawn', terminal, bytes });
  }

  dispose(): void {
    this.#cancelRetry?.();
    this.#giveUp();
  }

  #open(): void {
    // Events of a transport that was given up no longer count.
    const current = (): boolean => this.#transport === transport;
    const transport: Transport = this.#connect({
      opened: () => {
        if (current()) this.#opened();
      },
      frame: (frame) => {
        if (current()) this.#receive(frame);
      },
      closed: () => {
        if (current()) this.#lost();
      },
    });
    this.#transport = transport;
    this.#cancelLimit = this.#clock.after(ATTEMPT_LIMIT, () => {
      this.#giveUp();
      this.#lost();
    });
  }

  #giveUp(): void {
    this.#cancelLimit?.();
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close();
  }

  #opened(): void {
    this.#cancelLimit?.();
    this.#attempt = 0;
    this.#become('open');
    for (const text of this.#waiting.splice(0)) this.#transport?.send(text);
  }

  #lost(): void {
    this.#cancelLimit?.();
    this.#transport = undefined;
    this.#waiting = [];
    this.#terminals.clear();
    this.#early.clear();
    this.#finished.clear();
    this.#become('lost');
    const unanswered = [...this.#pending.values()];
    this.#pending.clear();
    for (const settle of unanswered) settle(err(CONNECTION_LOST));
    const delay = RETRY_DELAYS[Math.min(this.#attempt, RETRY_DELAYS.length - 1)] ?? 0;
    this.#attempt += 1;
    this.#cancelRetry = this.#clock.after(delay, () => this.#open());
  }

  #become(connection: Connection): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.#connectionChanged.emit(connection);
  }

  #sendText(frame: ClientFrame): void {
    const text = JSON.stringify(frame);
    if (this.#connection === 'open') this.#transport?.send(text);
    else this.#waiting.push(text);
  }

  #receive(frame: Frame): void {
    if (typeof frame !== 'string') {
      this.#receiveBytes(frame);
      return;
    }
    const parsed = JSON.parse(frame) as HostFrame;
    if (parsed.type === 'feed') {
      this.#feeds.emit(parsed);
      return;
    }
    const settle = this.#pending.get(parsed.id);
    this.#pending.delete(parsed.id);
    settle?.(parsed.type === 'answer' ? ok(parsed.value) : err(parsed.error));
  }

  #receiveBytes(frame: Uint8Array): void {
    const parsed = parseTerminalFrame(frame);
    if (parsed === undefined || this.#finished.has(parsed.terminal)) return;
    const listener = this.#terminals.get(parsed.terminal);
    if (listener !== undefined) listener(parsed.bytes);
    else this.#early.set(parsed.terminal, [...(this.#early.get(parsed.terminal) ?? []), parsed.bytes]);
  }
}
