/**
 * Keeps a learner's endless loop from freezing the host. JavaScript's resolved promises never let the host run, so every
 * repeatable step of the shell (a statement, a pipe transfer, a discarded write) counts here, and after a budget of steps
 * the shell waits for one turn of the host's event loop, which also lets Ctrl-C arrive.
 */
export class Pace {
  readonly #breathe: () => Promise<void>;
  readonly #budget: number;
  #left: number;

  /** `breathe` resolves after one turn of the host's event loop. */
  constructor(breathe: () => Promise<void>, budget = 200) {
    this.#breathe = breathe;
    this.#budget = budget;
    this.#left = budget;
  }

  /** One step; rejects with the signal's reason when it has aborted. */
  async step(signal?: AbortSignal): Promise<void> {
    this.#left -= 1;
    if (this.#left <= 0) {
      this.#left = this.#budget;
      await this.#breathe();
    }
    signal?.throwIfAborted();
  }

  /** One turn of the host, whatever the budget. */
  async turn(): Promise<void> {
    this.#left = this.#budget;
    await this.#breathe();
  }
}
