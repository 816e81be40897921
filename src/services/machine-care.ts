/** What the interface may ask of the machine around labs: whether real clusters can run here, and what they left behind. */
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import type { EngineCare, Finding, Leftover } from '../lab/care.ts';

export interface Examination {
  readonly signal: AbortSignal;
  readonly onFinding?: (finding: Finding) => void;
}

/** Looks at the whole machine; the host knows of what, beside its engines. */
export type Examine = (examination: Examination) => Promise<readonly Finding[]>;

export class MachineCare {
  readonly examine: Examine;
  readonly #engine: EngineCare | undefined;
  readonly #ending = new AbortController();

  /** @param engine the engine that leaves something behind, if this host has one */
  constructor(examine: Examine, engine: EngineCare | undefined) {
    this.examine = examine;
    this.#engine = engine;
  }

  async leftovers(): Promise<Result<readonly Leftover[], ErrorBody>> {
    return this.#engine ? this.#engine.leftovers(this.#ending.signal) : ok([]);
  }

  async clean(names: readonly string[]): Promise<Result<null, ErrorBody>> {
    if (!this.#engine) return err(failure('nothing-to-care-for'));
    const cleaned = await this.#engine.clean(names, { signal: this.#ending.signal });
    return cleaned.ok ? ok(null) : cleaned;
  }

  dispose(): void {
    this.#ending.abort();
  }
}
