/** How far a lab on its way is, as its engine tells: the simulator is there at once and tells nothing. */
import type { Progress } from '../../lab/ports.ts';

/** Lines of the log that are kept. */
const KEPT_LINES = 500;

export class Opening {
  #progress = $state.raw<Progress>();
  #log = $state.raw<readonly string[]>([]);

  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** What the tools behind the engine printed so far. */
  get log(): readonly string[] {
    return this.#log;
  }

  begin(): void {
    this.#progress = undefined;
    this.#log = [];
  }

  /** Whether a new phase began. */
  cameTo(progress: Progress): boolean {
    const isNew = progress.phase !== this.#progress?.phase;
    this.#progress = progress;
    if (progress.log !== undefined) this.#log = [...this.#log, ...progress.log].slice(-KEPT_LINES);
    return isNew;
  }
}
