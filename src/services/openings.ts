/** Labs on their way to a session: who opens the same lab waits for the same one, sees how far it is, and can give it up. */
import { Emitter } from '../base/event.ts';
import { err, type Result } from '../base/result.ts';
import type { ErrorBody, LabView, OpeningView } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import type { EngineId, OpenOptions, Progress } from '../lab/ports.ts';

/** Lines of a tool's output that are kept for a window that joins in. */
const KEPT_LINES = 500;

/** The phase of one that waits for the end of another, which was given up. */
const TIDYING = 'Removing what was given up';

interface Opening {
  readonly lab: string;
  readonly engine: EngineId;
  readonly control: AbortController;
  readonly answer: Promise<Result<LabView, ErrorBody>>;
  progress: Progress | undefined;
  log: readonly string[];
}

type Begin = (options: Pick<OpenOptions, 'signal' | 'onProgress'>) => Promise<Result<LabView, ErrorBody>>;

const keyOf = (lab: string, engine: EngineId): string => `${engine} ${lab}`;

export class Openings {
  readonly #all = new Map<string, Opening>();
  readonly #ending = new AbortController();
  readonly #progressed = new Emitter<OpeningView>();
  readonly onProgress = this.#progressed.subscribe;

  get size(): number {
    return this.#all.size;
  }

  has(lab: string, engine: EngineId): boolean {
    return this.#all.has(keyOf(lab, engine));
  }

  /** @param begin is called unless this lab is on its way to this engine already, and not given up */
  async join(lab: string, engine: EngineId, begin: Begin): Promise<Result<LabView, ErrorBody>> {
    const key = keyOf(lab, engine);
    const known = this.#all.get(key);
    if (known && !known.control.signal.aborted) {
      this.#tellAgain(known);
      return known.answer;
    }
    const control = new AbortController();
    const signal = AbortSignal.any([control.signal, this.#ending.signal]);
    const onProgress = (progress: Progress): void => this.#tell(opening, progress);
    // Begun a moment later, so that `opening` is there for the first telling; of one that was given up nothing is left then.
    const begun = (known?.answer.catch(() => undefined) ?? Promise.resolve()).then(() =>
      signal.aborted ? err(failure('opening-cancelled')) : begin({ signal, onProgress }),
    );
    const answer = begun.then((opened) =>
      !opened.ok && signal.aborted ? err(failure('opening-cancelled')) : opened,
    );
    const opening: Opening = { lab, engine, control, answer, progress: undefined, log: [] };
    this.#all.set(key, opening);
    if (known) onProgress({ phase: TIDYING });
    try {
      return await answer;
    } finally {
      if (this.#all.get(key) === opening) this.#all.delete(key);
    }
  }

  /** Ends when nothing of it is left; a lab that is not on its way is none to give up. */
  async cancel(lab: string, engine: EngineId): Promise<void> {
    const opening = this.#all.get(keyOf(lab, engine));
    opening?.control.abort();
    await opening?.answer.catch(() => undefined);
  }

  list(): readonly { readonly lab: string; readonly engine: EngineId }[] {
    return [...this.#all.values()].map(({ lab, engine }) => ({ lab, engine }));
  }

  /** Gives up everything that is on its way. */
  async dispose(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled([...this.#all.values()].map(({ answer }) => answer));
  }

  #tell(opening: Opening, progress: Progress): void {
    opening.progress = progress;
    opening.log = [...opening.log, ...(progress.log ?? [])].slice(-KEPT_LINES);
    this.#progressed.emit({ lab: opening.lab, engine: opening.engine, progress });
  }

  #tellAgain({ lab, engine, progress, log }: Opening): void {
    if (progress) this.#progressed.emit({ lab, engine, progress: { ...progress, log } });
  }
}
