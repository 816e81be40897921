/**
 * Tells of each node's container as soon as it runs, while kind goes on with its work. One after another for each container:
 * one that starts again is told again. The first error ends the creation, but for that of a node which died meanwhile: kind
 * itself knows better what became of it.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { ContainerState, Docker } from '../docker/docker.ts';
import type { CreateOptions } from './making.ts';

export class NodeStarts {
  readonly #nodeOf: ReadonlyMap<string, string>;
  readonly #options: CreateOptions;
  readonly #onCount: (started: number) => void;
  readonly #stop = new AbortController();
  readonly #told = new Map<string, Promise<void>>();
  /** Ends with the creation's own, and with the first error. */
  readonly signal: AbortSignal;
  #error: LabError | undefined;
  /** Containers that ended while somebody was at them: Docker starts a node that dies once more, which is told again. */
  readonly #fallen = new Set<string>();
  #complete = false;

  /** @param nodes container of each node */
  constructor(
    nodes: ReadonlyMap<string, string>,
    options: CreateOptions,
    onCount: (started: number) => void,
  ) {
    this.#nodeOf = new Map([...nodes].map(([node, container]) => [container, node]));
    this.#options = options;
    this.#onCount = onCount;
    this.signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  get error(): LabError | undefined {
    return this.#error;
  }

  watch(docker: Docker, label: string): void {
    docker.watch(
      {
        label,
        onEvent: ({ action, name }) => {
          if (action === 'start') this.#started(name);
        },
      },
      this.signal,
    );
  }

  /** All are told, those too whose start nobody heard of, and every answer is there. */
  async complete(containers: Result<readonly ContainerState[], LabError>): Promise<Result<void, LabError>> {
    if (!containers.ok) return containers;
    await Promise.all(this.#told.values());
    this.#complete = true;
    for (const { name } of containers.value)
      if (!this.#told.has(name) || this.#fallen.has(name)) this.#started(name);
    await Promise.all(this.#told.values());
    return this.#error ? err(this.#error) : ok(undefined);
  }

  /** No more is told; resolves when nobody is at it any more. */
  async end(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#told.values());
  }

  #started(container: string): void {
    const node = this.#nodeOf.get(container);
    if (node === undefined) return;
    const before = this.#told.get(container) ?? Promise.resolve();
    this.#told.set(
      container,
      before.then(() => this.#tell(node, container)),
    );
    this.#onCount(this.#told.size);
  }

  async #tell(node: string, container: string): Promise<void> {
    if (this.#error || this.signal.aborted) return;
    const answer = (await this.#options.onNode?.({ node, container }, this.signal)) ?? ok(undefined);
    this.#fallen.delete(container);
    if (answer.ok || this.#error || this.signal.aborted) return;
    if (answer.error.code === 'container-stopped' && !this.#complete) {
      this.#fallen.add(container);
      return;
    }
    this.#error = answer.error;
    this.#stop.abort();
  }
}
