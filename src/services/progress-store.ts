/**
 * The learner's progress and settings, kept in one small JSON file. A change is told as saved only when it is on the
 * disk under its final name (write aside, flush, rename), so that killing the host loses nothing that was shown as saved.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Emitter } from '../base/event.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody, ProgressView } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import { readIfThere, reasonOf, setAside, writeDurably } from './durable-file.ts';

const FORMAT = 1;

const schema = z.object({
  format: z.literal(FORMAT),
  lessons: z.record(z.string(), z.object({ done: z.boolean() })),
  labs: z.record(z.string(), z.object({ steps: z.array(z.string()), done: z.boolean() })),
  settings: z.object({
    theme: z.enum(['system', 'light', 'dark']),
    terminalFontSize: z.number(),
    // Files of before there was a choice have none.
    clusters: z.enum(['keep', 'remove']).default('keep'),
  }),
});

const EMPTY: ProgressView = {
  lessons: {},
  labs: {},
  settings: { theme: 'system', terminalFontSize: 14, clusters: 'keep' },
};

export class ProgressStore {
  readonly #file: string;
  readonly #changed = new Emitter<ProgressView>();
  /** What is saved, told after every change. */
  readonly onChange = this.#changed.subscribe;
  /** Where a file that could not be understood has been put; undefined when there was none. */
  readonly setAside: string | undefined;
  #view: ProgressView;
  /** Changes happen one after another; each starts from the outcome of the one before. */
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(file: string, view: ProgressView, setAside?: string) {
    this.#file = file;
    this.#view = view;
    this.setAside = setAside;
  }

  /**
   * Reads the file; one that cannot be understood is set aside under another name, never overwritten.
   * The error is for the person who starts Underlay: the folder cannot be used.
   */
  static async open(folder: string): Promise<Result<ProgressStore, string>> {
    const file = join(folder, 'progress.json');
    try {
      await mkdir(folder, { recursive: true });
      const text = await readIfThere(file);
      const view = text === undefined ? EMPTY : parseProgress(text.toString('utf8'));
      if (view) return ok(new ProgressStore(file, view));
      return ok(new ProgressStore(file, EMPTY, await setAside(file)));
    } catch (cause) {
      return err(
        `Progress cannot be kept in ${folder}: ${reasonOf(cause)}. Set UNDERLAY_DATA to a folder that can be written.`,
      );
    }
  }

  get view(): ProgressView {
    return this.#view;
  }

  /** Applies `change` and answers when it is on the disk; on failure the old view stands. */
  update(change: (view: ProgressView) => ProgressView): Promise<Result<ProgressView, ErrorBody>> {
    const written = this.#writing.then(() => this.#save(change));
    // A change that throws is its caller's bug; the next one starts from what is saved.
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #save(change: (view: ProgressView) => ProgressView): Promise<Result<ProgressView, ErrorBody>> {
    const next = change(await this.#current());
    try {
      await writeDurably(this.#file, `${JSON.stringify({ format: FORMAT, ...next }, undefined, 2)}\n`);
    } catch (cause) {
      return err(failure('not-saved', { detail: reasonOf(cause) }));
    }
    this.#view = next;
    this.#changed.emit(next);
    return ok(next);
  }

  /** What the disk says now, since a second Underlay may have written; what we know when the file has gone. */
  async #current(): Promise<ProgressView> {
    const text = await readIfThere(this.#file).catch(() => undefined);
    return (text === undefined ? undefined : parseProgress(text.toString('utf8'))) ?? this.#view;
  }
}

function parseProgress(text: string): ProgressView | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return undefined;
  const { lessons, labs, settings } = parsed.data;
  return { lessons, labs, settings };
}
