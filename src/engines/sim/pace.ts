/**
 * How a simulation's virtual time moves. `LivePace` keeps it at wall speed, for a person at a terminal; `FreePace` jumps
 * from event to event while some work runs, for proofs and the command line, which nobody wants to watch in real time.
 */
import type { Simulator, TextTools } from '../../sim/index.ts';

export interface Pace {
  /** Brings virtual time to where it should be by now. */
  catchUp(): void;
  /** The simulation's clock was set: time goes on from there. */
  rebase(): void;
  readonly paused: boolean;
  /** Time stands still until `resume`, but for who moves it on purpose. */
  pause(): void;
  resume(): void;
  /** Sees to it that time passes while `work` runs. */
  during<T>(work: Promise<T>): Promise<T>;
  dispose(): void;
}

/** The host's clock and timers, injected so that tests hold time in their hands. */
export interface Timers {
  /** Milliseconds from any fixed point, never going back. */
  now(): number;
  after(milliseconds: number, run: () => void): () => void;
}

/** No single timer waits longer, so that virtual time shown to a learner is never far behind. */
const LONGEST_WAIT = 1_000;

export class LivePace implements Pace {
  readonly #simulator: Simulator;
  readonly #timers: Timers;
  #offset: number;
  readonly #stop: (() => void)[];
  #cancel: (() => void) | undefined;
  #paused = false;
  #plannedAt = Number.POSITIVE_INFINITY;

  constructor(simulator: Simulator, timers: Timers) {
    this.#simulator = simulator;
    this.#timers = timers;
    this.#offset = simulator.now - timers.now();
    this.#stop = [
      simulator.onChange(() => this.#plan()),
      simulator.onAwaited((until) => {
        if (until < this.#plannedAt) this.#plan();
      }),
    ];
    this.#plan();
  }

  /** Brings virtual time up to the wall clock; called before anything a learner does, so that timestamps are true. */
  catchUp(): void {
    if (this.#paused) return;
    this.#simulator.advanceTo(Math.max(this.#simulator.now, this.#timers.now() + this.#offset));
  }

  rebase(): void {
    this.#offset = this.#simulator.now - this.#timers.now();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#plan();
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.catchUp();
    this.#paused = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.rebase();
  }

  during<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  dispose(): void {
    this.#cancel?.();
    for (const stop of this.#stop) stop();
  }

  #plan(): void {
    if (this.#paused) return;
    const next = this.#simulator.nextEventAt ?? Number.POSITIVE_INFINITY;
    const now = this.#timers.now() + this.#offset;
    const at = Math.min(Math.max(next, now), now + LONGEST_WAIT);
    if (this.#cancel && at === this.#plannedAt) return;
    this.#cancel?.();
    this.#plannedAt = at;
    this.#cancel = this.#timers.after(Math.max(0, at - now), () => {
      this.#cancel = undefined;
      this.#plannedAt = Number.POSITIVE_INFINITY;
      this.catchUp();
      this.#plan();
    });
  }
}

/**
 * Jumps from event to event while some work runs and everything in the simulation waits. What computes outside the
 * simulation (text tools) is counted, and time stands still for it.
 */
export class FreePace implements Pace {
  readonly #simulator: Simulator;
  readonly #turn: () => Promise<void>;
  #busy = 0;
  #working = 0;
  /** While time stands still. */
  #stood: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  /** `turn` resolves when the host's pending callbacks have run. */
  constructor(simulator: Simulator, turn: () => Promise<void>) {
    this.#simulator = simulator;
    this.#turn = turn;
  }

  catchUp(): void {
    // Time has no other measure here than the work itself.
  }

  rebase(): void {
    // The next event is looked up anew each time.
  }

  dispose(): void {
    // Nothing runs between two pieces of work.
    this.resume();
  }

  get paused(): boolean {
    return this.#stood !== undefined;
  }

  pause(): void {
    if (this.#stood) return;
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#stood = { over, end };
  }

  resume(): void {
    this.#stood?.end();
    this.#stood = undefined;
  }

  /** The same tools, during whose runs time stands still. */
  watched(tools: TextTools): TextTools {
    return {
      names: tools.names,
      run: async (name, request) => {
        this.#busy += 1;
        try {
          return await tools.run(name, request);
        } finally {
          this.#busy -= 1;
        }
      },
    };
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#working += 1;
    if (this.#working === 1) void this.#run();
    try {
      return await work;
    } finally {
      this.#working -= 1;
    }
  }

  async #run(): Promise<void> {
    while (this.#working > 0) {
      // Two turns: a program that was woken may hand over to another one before it waits again.
      await this.#turn();
      await this.#turn();
      await this.#stood?.over;
      if (this.#working === 0 || this.#busy > 0) continue;
      const next = this.#simulator.nextEventAt;
      if (next !== undefined) this.#simulator.advanceTo(next);
    }
  }
}
