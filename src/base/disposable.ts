/** Whoever creates, disposes: one place that collects what must be undone, undone in reverse order. */
export class DisposableStore {
  readonly #undo: (() => void)[] = [];
  #disposed = false;

  /** Registers `undo`; runs it at once when the store is already disposed. */
  add(undo: () => void): void {
    if (this.#disposed) undo();
    else this.#undo.push(undo);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
