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

/** Keeps what is emitted before anybody listens and hands it to the first listener, in order: nothing of a stream is lost. */
export class PatientEmitter<T> {
  readonly #emitter = new Emitter<T>();
  #kept: T[] = [];

  readonly subscribe = (listener: (event: T) => void): Unsubscribe => {
    const unsubscribe = this.#emitter.subscribe(listener);
    for (const event of this.#kept.splice(0)) listener(event);
    return unsubscribe;
  };

  emit(event: T): void {
    if (this.#emitter.size === 0) this.#kept.push(event);
    else this.#emitter.emit(event);
  }
}
