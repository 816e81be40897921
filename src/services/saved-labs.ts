/**
 * Labs that were left half done, one file each in the data folder: the cluster as the engine wrote it down, the learner's
 * files and histories, how far the run was, where each step began, which terminals were open. Compressed JSON with a
 * version and a bound; a file that cannot be understood is set aside, and nothing here ever keeps a lab from opening.
 */
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { err, ok, type Result } from '../base/result.ts';
import type { DeskView, ErrorBody } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import type { Belongings, EngineId, SessionSnapshot } from '../lab/ports.ts';
import { CHECK_KINDS } from '../lab/verdict.ts';
import { readIfThere, reasonOf, setAside, writeDurably } from './durable-file.ts';
import type { RunState } from './lab-run.ts';

/** Raised when the shape of the file changes; what is inside a snapshot has a version of its own, the engine's. */
const FORMAT = 1;
/** Bytes of JSON. A lab of this course takes about half a MiB with all its steps; captures in the learner's files come on top. */
const LARGEST = 48 * 1024 * 1024;

/** The lab as it was when a step was first reached. */
export interface StepStart {
  readonly step: string;
  readonly snapshot: SessionSnapshot;
  readonly run: RunState;
}

export interface SavedLab {
  /** Fingerprint of the lab it was saved of: another lab of the same name is not gone on with. */
  readonly of: string;
  readonly run: RunState;
  readonly starts: readonly StepStart[];
  /** Absent when the cluster was at its start. */
  readonly snapshot?: SessionSnapshot;
  readonly belongings: Belongings;
  readonly desk: DeskView;
}

/** `unreadable`: what could be saved from a file that was set aside. */
export type FoundLab =
  | { readonly kind: 'none' }
  | { readonly kind: 'saved'; readonly lab: SavedLab }
  | { readonly kind: 'unreadable'; readonly belongings: Belongings };

export class SavedLabs {
  readonly #folder: string;

  /** `folder`: the data folder. It is looked at when a lab is opened. */
  constructor(folder: string) {
    this.#folder = join(folder, 'labs');
  }

  async read(lab: string, engine: EngineId): Promise<FoundLab> {
    const file = this.#file(lab, engine);
    try {
      const content = await readIfThere(file);
      if (!content) return { kind: 'none' };
      const json = await unpacked(content);
      const parsed = schema.safeParse(json);
      if (parsed.success) {
        const { format: _, ...saved } = parsed.data;
        return { kind: 'saved', lab: saved };
      }
      await setAside(file);
      return { kind: 'unreadable', belongings: rescuedBelongings(json) };
    } catch {
      // A folder that cannot be read keeps nobody from the lab; that it cannot be written either will be told.
      return { kind: 'none' };
    }
  }

  /** Resolves when it is on the disk. What would be too large is saved without the starts of its steps, or not at all. */
  async write(lab: string, engine: EngineId, saved: SavedLab): Promise<Result<undefined, ErrorBody>> {
    try {
      const text = textOf(saved) ?? textOf({ ...saved, starts: [] });
      if (text === undefined) return err(failure('lab-not-kept', { detail: 'it has become too large' }));
      await writeDurably(this.#file(lab, engine), await promisify(gzip)(text));
      return ok(undefined);
    } catch (cause) {
      return err(failure('lab-not-kept', { detail: reasonOf(cause) }));
    }
  }

  /** Puts a file away whose snapshot the engine could not read. */
  async setAside(lab: string, engine: EngineId): Promise<void> {
    await setAside(this.#file(lab, engine)).catch(() => undefined);
  }

  #file(lab: string, engine: EngineId): string {
    return join(this.#folder, `${lab}.${engine}.json.gz`);
  }
}

function textOf(saved: SavedLab): string | undefined {
  const text = JSON.stringify({ format: FORMAT, ...saved });
  return text.length <= LARGEST ? text : undefined;
}

async function unpacked(content: Buffer): Promise<unknown> {
  try {
    const text = await promisify(gunzip)(content, { maxOutputLength: 2 * LARGEST });
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}

const word = z.string().max(10_000);
const belongings = z.object({
  places: z.record(
    z.string(),
    z.object({ files: z.record(z.string(), z.string()), history: z.array(z.string()) }),
  ),
});
const snapshot = z.object({ engine: z.enum(['sim', 'kind']), elapsed: z.number().min(0), text: z.string() });
const verdict = z.object({
  step: word,
  passed: z.boolean(),
  verdicts: z.array(
    z.object({
      kind: z.enum(CHECK_KINDS),
      title: z.string(),
      outcome: z.enum(['pass', 'fail', 'error']),
      expected: z.string(),
      observed: z.string(),
      why: z.string(),
      readOn: z.string().exactOptional(),
    }),
  ),
});
const run = z.array(
  z.tuple([
    word,
    z.object({
      hintsShown: z.number().int().min(0),
      chosen: word.exactOptional(),
      answer: word.exactOptional(),
      verdict: verdict.exactOptional(),
    }),
  ]),
);
const schema = z.object({
  format: z.literal(FORMAT),
  of: word,
  run,
  starts: z.array(z.object({ step: word, snapshot, run })),
  snapshot: snapshot.exactOptional(),
  belongings,
  desk: z.object({ places: z.array(word), active: z.number().int().min(0) }),
});

/** The learner's files, also from a file of another version. */
function rescuedBelongings(json: unknown): Belongings {
  const found = z.object({ belongings }).safeParse(json);
  return found.success ? found.data.belongings : { places: {} };
}
