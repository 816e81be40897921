/** A terminal's output on its way to whoever draws it: nothing is lost before anybody listens, and nothing passes while paused. */
import { PatientEmitter, type Unsubscribe } from '../../base/event.ts';

export class ByteFlow {
  readonly #data = new PatientEmitter<Uint8Array>();
  #held: Uint8Array[] = [];
  #passed: Promise<void> | undefined;
  #release: (() => void) | undefined;

  readonly subscribe = (listener: (bytes: Uint8Array) => void): Unsubscribe => this.#data.subscribe(listener);

  /** While paused the bytes wait, and the promise ends when they have gone: a writer that awaits it writes no more. */
  emit(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#passed) this.#held.push(bytes);
    else this.#data.emit(bytes);
    return this.#passed;
  }

  pause(): void {
    this.#passed ??= new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  resume(): void {
    const held = this.#held;
    const release = this.#release;
    this.#held = [];
    this.#passed = undefined;
    this.#release = undefined;
    for (const bytes of held) this.#data.emit(bytes);
    release?.();
  }
}
