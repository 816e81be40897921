/** A binary heap: a queue of which the first is taken, whenever it came. What is below comes no earlier than what is above. */
export class FirstOut<T> {
  readonly #heap: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): T | undefined {
    return this.#heap[0];
  }

  push(added: T): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as T;
      if (this.#isBefore(parent, added)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = added;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const below = this.#earlierBelow(at);
      const child = heap[below];
      if (!child || this.#isBefore(last, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  /** The place of the earlier of two children. */
  #earlierBelow(at: number): number {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const [a, b] = [this.#heap[left], this.#heap[right]];
    return a && b && this.#isBefore(b, a) ? right : left;
  }
}
