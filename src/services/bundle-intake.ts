/**
 * Takes in offline bundles for every window of a host: one at a time, since they share a lock and a line. Who asks for the one
 * that is on its way waits for the same, sees how far it is, and can give it up; it outlives the window that began it.
 */
import { Emitter } from '../base/event.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { BundleOffer, ErrorBody } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import type { BundleLoader, LoadedBundle, LoadWish } from '../lab/bundle-loader.ts';
import type { Progress } from '../lab/ports.ts';
import { bundlePlace } from './bundle-place.ts';

/** Asks the person at this machine for a file; undefined when they choose none. */
export type ChooseFile = () => Promise<string | undefined>;

export interface BundleMeans {
  /** Of the engine that needs bundles, if this host has one. */
  readonly loader?: BundleLoader | undefined;
  /** Where the host has a window of its own. */
  readonly chooseFile?: ChooseFile | undefined;
}

type Answer = Result<LoadedBundle, ErrorBody>;

interface Loading {
  readonly wish: LoadWish;
  readonly control: AbortController;
  readonly answer: Promise<Answer>;
  readonly progressed: Emitter<Progress>;
  progress: Progress | undefined;
}

export class BundleIntake {
  readonly #loader: BundleLoader | undefined;
  readonly #chooseFile: ChooseFile | undefined;
  #loading: Loading | undefined;
  #ended = false;

  constructor({ loader, chooseFile }: BundleMeans) {
    this.#loader = loader;
    this.#chooseFile = chooseFile;
  }

  get offer(): BundleOffer | null {
    if (!this.#loader) return null;
    const loading = this.#loading;
    const onItsWay = loading !== undefined && !loading.control.signal.aborted;
    return { chooses: this.#chooseFile !== undefined, ...(onItsWay && { loading: loading.wish }) };
  }

  /** @param onProgress is told at once how far one is that was on its way before, and when a person would see a difference */
  async load(asked: LoadWish, onProgress: (progress: Progress) => void): Promise<Answer> {
    const loader = this.#loader;
    if (!loader) return err(failure('nothing-to-load-for'));
    const from = bundlePlace(asked.from);
    if (from === undefined) return err(failure('bundle-place', { name: asked.from }));
    // What was given up comes to its end first: it holds the lock, and may be writing.
    while (this.#loading?.control.signal.aborted === true) await this.#loading.answer.catch(() => undefined);
    if (this.#ended) return err(failure('bundle-given-up'));
    const wish = { ...asked, from };
    const loading = this.#loading ?? this.#begin(loader, wish);
    if (!isSame(loading.wish, wish)) return err(failure('bundle-on-its-way', { name: loading.wish.from }));
    if (loading.progress) onProgress(loading.progress);
    const unsubscribe = loading.progressed.subscribe(onProgress);
    try {
      return await loading.answer;
    } finally {
      unsubscribe();
    }
  }

  /** Ends when nothing is being written any more; what is not on its way is nothing to give up. */
  async cancel(): Promise<void> {
    const loading = this.#loading;
    loading?.control.abort();
    await loading?.answer.catch(() => undefined);
  }

  async choose(): Promise<{ readonly file: string } | null> {
    const file = await this.#chooseFile?.();
    return file === undefined ? null : { file };
  }

  async dispose(): Promise<void> {
    this.#ended = true;
    await this.cancel();
  }

  #begin(loader: BundleLoader, wish: LoadWish): Loading {
    const control = new AbortController();
    const { signal } = control;
    const onProgress = (progress: Progress): void => this.#tell(loading, progress);
    // Begun a moment later, so that `loading` is there for the first telling.
    const answer = Promise.resolve()
      .then(() => loader.load(wish, { signal, onProgress }))
      .then((loaded): Answer => {
        if (!loaded.ok) return signal.aborted ? err(failure('bundle-given-up')) : loaded;
        const { fingerprint, parts } = loaded.value;
        return ok({ fingerprint, parts });
      })
      .finally(() => (this.#loading = undefined));
    const loading: Loading = { wish, control, answer, progressed: new Emitter(), progress: undefined };
    this.#loading = loading;
    return loading;
  }

  /** An engine tells of every piece that it reads, tens of thousands in a bundle. */
  #tell(loading: Loading, progress: Progress): void {
    const seen = loading.progress;
    loading.progress = progress;
    if (seen === undefined || looks(seen) !== looks(progress)) loading.progressed.emit(progress);
  }
}

const isSame = (one: LoadWish, other: LoadWish): boolean =>
  one.from === other.from && one.fingerprint?.toLowerCase() === other.fingerprint?.toLowerCase();

/** What a person sees of it: its whole percents. */
const looks = ({ fraction, ...said }: Progress): string =>
  JSON.stringify([said, fraction === undefined ? null : Math.floor(fraction * 100)]);
