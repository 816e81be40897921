/**
 * The other end of a renderer's connection, for tests of its state: answers calls from handlers, pushes feeds and
 * terminal bytes, and breaks the connection on demand. Time moves only by `elapse`.
 */
import { utf8, utf8Text } from '../../src/base/bytes.ts';
import type { Unsubscribe } from '../../src/base/event.ts';
import { err, ok, type Result } from '../../src/base/result.ts';
import type { ErrorBody, Feed, Feeds, Handlers, Method } from '../../src/contract/api.ts';
import {
  parseTerminalFrame,
  terminalFrame,
  type ClientFrame,
  type HostFrame,
} from '../../src/contract/wire.ts';
import type { Clock } from '../../src/renderer/client.ts';
import type { Connect, TransportEvents } from '../../src/renderer/transport.ts';

type Call = Extract<ClientFrame, { type: 'call' }>;

export class StageHost {
  /** Every call in the order it came. */
  readonly calls: { readonly method: Method; readonly input: unknown }[] = [];
  readonly drawn: { readonly terminal: number; readonly bytes: number }[] = [];
  readonly typed: { readonly terminal: number; readonly text: string }[] = [];
  readonly handlers: { -readonly [M in Method]?: Handlers[M] };
  /** Refuses connections, as a host that is down does. */
  down = false;
  /** Neither accepts nor refuses, as a host that hangs does. */
  silent = false;
  attempts = 0;
  #events: TransportEvents | undefined;

  constructor(handlers: StageHost['handlers'] = {}) {
    this.handlers = handlers;
  }

  readonly connect: Connect = (events) => {
    this.attempts += 1;
    const { silent } = this;
    queueMicrotask(() => {
      if (silent) return;
      if (this.down) {
        events.closed();
        return;
      }
      this.#events = events;
      events.opened();
    });
    return {
      send: (frame) =>
        typeof frame === 'string' ? this.#heard(JSON.parse(frame) as ClientFrame) : this.#bytes(frame),
      close: () => undefined,
    };
  };

  feed<F extends Feed>(feed: F, event: Feeds[F]): void {
    this.#send({ type: 'feed', feed, event } as HostFrame);
  }

  print(terminal: number, text: string): void {
    this.#events?.frame(terminalFrame(terminal, utf8(text)));
  }

  drop(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.closed();
  }

  called(method: Method): readonly unknown[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.input);
  }

  #heard(frame: ClientFrame): void {
    if (frame.type === 'drawn') this.drawn.push({ terminal: frame.terminal, bytes: frame.bytes });
    else void this.#answer(frame);
  }

  async #answer({ id, method, input }: Call): Promise<void> {
    this.calls.push({ method, input });
    const handler = this.handlers[method] as
      ((input: unknown) => Promise<Result<unknown, ErrorBody>>) | undefined;
    const events = this.#events;
    const answer = handler === undefined ? refusal('internal') : await handler(input);
    if (events !== this.#events) return;
    this.#send(
      answer.ok ? { type: 'answer', id, value: answer.value } : { type: 'failure', id, error: answer.error },
    );
  }

  #bytes(frame: Uint8Array): void {
    const parsed = parseTerminalFrame(frame);
    if (parsed !== undefined) this.typed.push({ terminal: parsed.terminal, text: utf8Text(parsed.bytes) });
  }

  #send(frame: HostFrame): void {
    this.#events?.frame(JSON.stringify(frame));
  }
}

export class StageClock implements Clock {
  readonly #timers: { at: number; then: () => void }[] = [];
  #now = 0;

  after(milliseconds: number, then: () => void): Unsubscribe {
    const timer = { at: this.#now + milliseconds, then };
    this.#timers.push(timer);
    return () => void this.#remove(timer);
  }

  elapse(milliseconds: number): void {
    this.#now += milliseconds;
    for (const timer of this.#timers.filter(({ at }) => at <= this.#now)) {
      this.#remove(timer);
      timer.then();
    }
  }

  #remove(timer: { at: number; then: () => void }): void {
    const at = this.#timers.indexOf(timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }
}

/** Lets every answer that is on its way arrive. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export function refusal(code: string): Result<never, ErrorBody> {
  return err({ code, message: `It failed with ${code}.`, remedy: 'Try again.' });
}

export const answers =
  <T>(value: T) =>
  (): Promise<Result<T, never>> =>
    Promise.resolve(ok(value));
export const refuses = (code: string) => (): Promise<Result<never, ErrorBody>> =>
  Promise.resolve(refusal(code));
