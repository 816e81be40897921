/** Open packet captures (tcpdump's sockets): each sees the frames of one network namespace, on one device or on `any`. */
import type { NetnsId } from '../model/trace.ts';
import { AsyncQueue } from './async-queue.ts';
import type { Millis } from './core/time.ts';
import type { TimedFrame } from './net/exchange.ts';
import type { Netns } from './net/netns.ts';
import type { CapturedFrame } from './shell/command.ts';

interface Capture {
  readonly netns: NetnsId;
  readonly device: string;
  readonly queue: AsyncQueue<CapturedFrame>;
}

export class Captures {
  readonly #open = new Set<Capture>();

  get areOpen(): boolean {
    return this.#open.size > 0;
  }

  open(netns: NetnsId, device: string, signal: AbortSignal): AsyncIterable<CapturedFrame> {
    const capture: Capture = { netns, device, queue: new AsyncQueue() };
    const close = (): void => {
      this.#open.delete(capture);
      capture.queue.close();
    };
    if (signal.aborted) close();
    else {
      this.#open.add(capture);
      signal.addEventListener('abort', close, { once: true });
    }
    return capture.queue;
  }

  /** Shows frames, in the order they crossed, to whoever listens; `due` waits for the time of frames still to come. */
  see(
    frames: readonly TimedFrame[],
    netnsOf: (id: NetnsId) => Netns | undefined,
    due: (at: Millis, show: () => void) => void,
  ): void {
    if (this.#open.size === 0) return;
    for (const timed of frames) {
      for (const capture of this.#open) {
        if (!sees(capture, timed)) continue;
        const ifindex = netnsOf(timed.netns)?.devices.find(({ name }) => name === timed.device)?.index ?? 0;
        const { at, device, direction, frame } = timed;
        due(at, () => capture.queue.push({ at, device, ifindex, direction, frame }));
      }
    }
  }
}

function sees(capture: Capture, { netns, device }: TimedFrame): boolean {
  return capture.netns === netns && (capture.device === 'any' || capture.device === device);
}
