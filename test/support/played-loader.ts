/** An engine that takes in bundles, in the test's hands: it tells how far it is, and ends when and as it is let. */
import { err, ok, type Result } from '../../src/base/result.ts';
import type { BundleLoader, LoadedBundle, LoadWish } from '../../src/lab/bundle-loader.ts';
import type { CareOptions } from '../../src/lab/care.ts';
import type { LabError, Progress } from '../../src/lab/ports.ts';

type Answer = Result<LoadedBundle, LabError>;

export class PlayedLoader implements BundleLoader {
  static readonly LOADED: LoadedBundle = {
    fingerprint: '3f1c9a5be07d2464'.repeat(4),
    parts: [
      { name: 'calico.yaml of Calico v3.32.1', wasThere: true },
      { name: 'kind v0.32.0 for linux-amd64', wasThere: false },
    ],
  };

  readonly wishes: LoadWish[] = [];
  /** Of the loading that was begun last. */
  signal: AbortSignal | undefined;
  #told: CareOptions['onProgress'];
  #settle: ((answer: Answer | Promise<never>) => void) | undefined;
  #unseen = 0;
  #onAsked: (() => void) | undefined;

  load(wish: LoadWish, { signal, onProgress }: CareOptions): Promise<Answer> {
    this.wishes.push(wish);
    this.signal = signal;
    this.#told = onProgress;
    this.#unseen += 1;
    this.#onAsked?.();
    return new Promise((resolve) => (this.#settle = resolve));
  }

  /** Until the next loading has begun. */
  async isAsked(): Promise<void> {
    if (this.#unseen === 0) await new Promise<void>((resolve) => (this.#onAsked = resolve));
    this.#unseen -= 1;
  }

  tell(progress: Progress): void {
    this.#told?.(progress);
  }

  /** Knows more of the bundle than it has to say, as a real one does. */
  arrive(): void {
    const more = { file: '/media/stick/underlay.bundle', size: 9, manifest: { pins: {} } };
    this.#settle?.(ok({ ...PlayedLoader.LOADED, ...more }));
  }

  refuse(): void {
    this.#settle?.(err({ code: 'not-a-bundle', message: 'This is no bundle.', remedy: 'Give another.' }));
  }

  giveUp(): void {
    this.#settle?.(err({ code: 'interrupted', message: 'It was given up.', remedy: 'Try again.' }));
  }

  break(): void {
    this.#settle?.(Promise.reject(new Error('a bug')));
  }
}
