/** `underlay lab test`: proves labs, on the simulator with its clock running free or on real clusters. */
import type { CompiledCourse } from '../../course/compile/course.ts';
import { proveLab, type PrintedIn, type ProofStep } from '../../course/proof.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { complain, say, sayJson } from '../output.ts';
import { JSON_FLAG, unknownLab, withCourse } from './lab-commands.ts';
import { simTrials, type Trials } from './lab-trials.ts';

const ENGINES: Readonly<Record<string, (tell: (line: string) => void) => Promise<Trials>>> = {
  sim: simTrials,
  kind: async (tell) => (await import('./lab-trials-kind.ts')).kindTrials(tell),
};

export const labTest: CliCommand = {
  name: 'lab test',
  spec: {
    usage: 'underlay lab test [ID ...] [--all] [--engine sim|kind] [--json]',
    summary:
      'Prove labs: start fails, solution passes, pitfalls fail what they name, reset returns, printed commands run.',
    flags: {
      all: { help: 'Every lab (also when none is named).' },
      engine: { value: 'a name', help: 'What the labs run on: sim (unless said) or kind, real clusters.' },
      ...JSON_FLAG,
    },
    words: { min: 0, max: 100 },
  },
  run: ({ words, flags }) =>
    withCourse(async (course) => {
      const named = flags.get('engine') ?? 'sim';
      const make = Object.hasOwn(ENGINES, named) ? ENGINES[named] : undefined;
      if (!make) {
        complain(`There is no engine "${named}". Labs run on sim or on kind.`);
        return EXIT.usage;
      }
      const chosen = words.length === 0 ? [...course.labs.keys()] : words;
      const unknown = chosen.find((id) => !course.labs.has(id));
      if (unknown !== undefined) return unknownLab(unknown, course);
      const json = flags.has('json');
      const trials = await make(json ? () => undefined : say);
      return new Proofs(course, trials, json).of(chosen);
    }),
};

const LABELS = { pass: 'pass ', fail: 'FAIL ', error: 'ERROR' } as const;

class Proofs {
  readonly #course: CompiledCourse;
  readonly #trials: Trials;
  readonly #json: boolean;
  readonly #results: (ProofStep & { readonly lab: string })[] = [];
  /** Labs that were not tried, each with the reason. */
  readonly #skips: string[] = [];
  /** One of them could be tried if the machine were in order. */
  #outOfOrder = false;

  constructor(course: CompiledCourse, trials: Trials, json: boolean) {
    this.#course = course;
    this.#trials = trials;
    this.#json = json;
  }

  async of(chosen: readonly string[]): Promise<ExitCode> {
    for (const id of chosen) if (!this.#trials.stopped.aborted) await this.#prove(id);
    this.#sum();
    if (this.#outOfOrder || this.#results.some(({ outcome }) => outcome === 'error')) return EXIT.engine;
    return this.#failures().length === 0 ? EXIT.pass : EXIT.failed;
  }

  async #prove(id: string): Promise<void> {
    const lab = this.#course.labs.get(id);
    if (!lab) return;
    const obstacle = await this.#trials.obstacle(lab);
    if (obstacle) {
      this.#outOfOrder ||= !obstacle.lasting;
      this.#skips.push(`${id}: ${obstacle.says}`);
      this.#say(`skip   ${id}: ${obstacle.says}`);
      return;
    }
    const { limit, stopped } = this.#trials;
    const signal = AbortSignal.any([AbortSignal.timeout(limit), stopped]);
    const trial = this.#trials.begin(lab, signal);
    try {
      for await (const step of proveLab(lab, printedFor(id, this.#course), { ...trial, signal })) {
        this.#results.push({ lab: id, ...step });
        this.#say(`${LABELS[step.outcome]}  ${id}: ${step.name}`);
        if (step.outcome !== 'pass') this.#say(step.detail.replace(/^/gm, '      '));
        if (stopped.aborted) break;
      }
    } finally {
      await trial.end();
    }
  }

  #failures(): readonly ProofStep[] {
    return this.#results.filter(({ outcome }) => outcome !== 'pass');
  }

  #sum(): void {
    const failures = this.#failures();
    const skips = this.#skips;
    const [passed, failed] = [this.#results.length - failures.length, failures.length];
    if (this.#json) sayJson({ passed, failed, skipped: skips.length, skips, failures });
    else say(`${passed} passed, ${failed} failed${skips.length > 0 ? `, ${skips.length} labs skipped` : ''}`);
  }

  #say(line: string): void {
    if (!this.#json) say(line);
  }
}

/** Commands printed in the lessons that use a lab. */
function printedFor(lab: string, { lessons, printed }: CompiledCourse): readonly PrintedIn[] {
  return [...lessons.values()].flatMap((lesson) => {
    const commands = printed.get(lesson.id);
    return lesson.lab === lab && commands ? [commands] : [];
  });
}
