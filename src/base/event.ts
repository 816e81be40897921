/** Events announce what happened; they do not drive control flow. */

/** Ends a subscription; calling it twice is harmless. */
export type Unsubscribe = () => void;

export class Emitter<T> {
  readonly #listeners = new Set<(event: T) => void>();

  readonly subscribe = (listener: (event: T) => void): Unsubscribe => {
    const own = (event: T): void => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  };

  emit(event: T): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  get size(): number {
    return this.#listeners.size;
  }
}
