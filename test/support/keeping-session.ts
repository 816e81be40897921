/** A lab without a cluster that can be kept: its state is one word, and a snapshot is that word. */
import { Emitter } from '../../src/base/event.ts';
import { err, ok, type Result } from '../../src/base/result.ts';
import type { HistoryGroup, LabError, SessionSnapshot } from '../../src/lab/ports.ts';
import { ENGINE_DOWN, FakeSession } from './fake-session.ts';

export const OUTDATED: LabError = { code: 'snapshot-outdated', message: 'Old.', remedy: 'Start over.' };
export const DAMAGED: LabError = { code: 'snapshot-damaged', message: 'Broken.', remedy: 'Start over.' };

export class KeepingSession extends FakeSession {
  readonly #changed = new Emitter<void>();
  state = 'start';
  elapsed = 0;
  /** Answers each return from now on. */
  refusal: LabError | undefined;

  constructor() {
    // The step's script asks whether the switch is on.
    super({ exec: () => (this.state.includes('on') ? 0 : 1), reach: () => ({ encapsulation: 'vxlan' }) });
  }

  /** The learner does something. */
  become(state: string): void {
    this.state = state;
    this.elapsed += 60_000;
    this.#changed.emit();
  }

  override reset(): Promise<Result<void, LabError>> {
    this.state = 'start';
    return super.reset();
  }

  readonly history: HistoryGroup = {
    snapshot: () =>
      Promise.resolve(
        this.status.state === 'failed'
          ? err(ENGINE_DOWN)
          : ok({ engine: 'sim', elapsed: this.elapsed, text: this.state }),
      ),
    restore: (snapshot: SessionSnapshot) => {
      if (this.refusal) return Promise.resolve(err(this.refusal));
      this.state = snapshot.text;
      this.elapsed = snapshot.elapsed;
      return Promise.resolve(ok(undefined));
    },
    onChange: this.#changed.subscribe,
    // It has a state and no past.
    log: () => Promise.resolve(ok({ entries: [], present: 1 })),
    goTo: () => Promise.resolve(err(OUTDATED)),
    fork: () => Promise.resolve(err(OUTDATED)),
    diff: () => Promise.resolve(err(OUTDATED)),
  };
}
