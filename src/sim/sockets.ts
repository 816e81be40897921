/** Programs that listen (`nc -l`): each hears of the connections that reach its port. */
import type { NetnsId } from '../model/trace.ts';
import { AsyncQueue } from './async-queue.ts';
import type { Heard } from './net/exchange.ts';

interface Waiting {
  readonly at: NetnsId;
  readonly port: number;
  readonly queue: AsyncQueue<Heard>;
}

export class Sockets {
  readonly #waiting = new Set<Waiting>();

  /** Connections to a TCP port from now on, until the signal aborts. */
  accept(at: NetnsId, port: number, signal: AbortSignal): AsyncIterable<Heard> {
    const waiting: Waiting = { at, port, queue: new AsyncQueue() };
    const close = (): void => {
      this.#waiting.delete(waiting);
      waiting.queue.close();
    };
    if (signal.aborted) close();
    else {
      this.#waiting.add(waiting);
      signal.addEventListener('abort', close, { once: true });
    }
    return waiting.queue;
  }

  hear(heard: Heard): void {
    for (const { at, port, queue } of this.#waiting)
      if (at === heard.at && port === heard.port) queue.push(heard);
  }
}
