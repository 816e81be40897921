/**
 * Proves a lab, as the build and `underlay lab test` do: the start state fails every step, the solution passes them one
 * after another and the cluster answers each prediction with one of its choices, each pitfall fails the check it names
 * while passing another, reset returns to the start, and every command that the lesson prints runs and prints what the
 * lesson says.
 */
import type { Result } from '../base/result.ts';
import { runStep } from '../lab/check.ts';
import { fits, LEFT_OUT } from '../lab/left-out.ts';
import type { ExecResult, LabError, LabSession } from '../lab/ports.ts';
import { answerOf, type Prediction } from '../lab/prediction.ts';
import type { Expectation } from '../lab/script.ts';
import type { StepVerdict, Verdict } from '../lab/verdict.ts';
import { parsePlace } from '../model/place.ts';
import type { CompiledLab } from './compile/course.ts';
import type { PrintedCommands } from './compile/fences.ts';
import { ofStep, runScript, upTo, type PartResult } from './script-run.ts';

export interface ProofStep {
  readonly name: string;
  /** `error`: the engine could not answer, which says nothing about the lab. */
  readonly outcome: 'pass' | 'fail' | 'error';
  /** What was found, when it is not what the lab promises. */
  readonly detail: string;
}

export interface ProofContext {
  readonly open: () => Promise<Result<LabSession, LabError>>;
  /** The lab where pods have other addresses (`elsewhere.ts`), if the engine can be had so: lessons hold there as well. */
  readonly openElsewhere?: () => Promise<Result<LabSession, LabError>>;
  readonly signal: AbortSignal;
  /**
   * Whether to look again at what is not as promised, after so many looks: the parts of a real cluster hear of a change one
   * after another. Without it one look decides.
   */
  readonly again?: (looks: number) => Promise<boolean>;
}

export interface PrintedIn {
  readonly file: string;
  readonly commands: readonly PrintedCommands[];
}

export async function* proveLab(
  lab: CompiledLab,
  printed: readonly PrintedIn[],
  context: ProofContext,
): AsyncGenerator<ProofStep> {
  yield* proveSolution(lab, context);
  for (const pitfall of lab.pitfalls) yield* provePitfall(lab, pitfall, context);
  if (lab.pitfalls.length < FEWEST_PITFALLS) {
    yield fail('pitfalls', `the lab has ${lab.pitfalls.length}; at least ${FEWEST_PITFALLS} are wanted`);
  }
  for (const { file, commands } of printed) {
    for (const one of commands) yield await provePrinted(lab, file, { ...context, printed: one });
  }
}

const FEWEST_PITFALLS = 3;

async function* proveSolution(lab: CompiledLab, context: ProofContext): AsyncGenerator<ProofStep> {
  const { signal } = context;
  yield* onSession('the lab opens', context, async function* (session) {
    for (const step of lab.spec.steps) {
      yield await settled(context, async () =>
        failing(`the start fails ${step.id}`, await runStep(step, session, signal)),
      );
    }
    for (const step of lab.spec.steps) {
      yield ran(
        `the solution of ${step.id} runs`,
        await runScript(ofStep(lab.solution, step.id), session, signal),
      );
      yield await settled(context, async () =>
        passing(`the solution passes ${step.id}`, await runStep(step, session, signal)),
      );
      const { predict } = step;
      if (!predict) continue;
      yield await settled(context, async () =>
        answered(step.id, predict, await answerOf(predict, session, signal)),
      );
    }
    const reset = await session.reset(signal);
    yield reset.ok ? pass('the lab resets') : error('the lab resets', reset.error);
    for (const step of lab.spec.steps) {
      // Files a learner has made survive a reset, so a step that asks only for such evidence stays passed.
      if (step.checks.every((check) => check.command !== undefined)) continue;
      yield await settled(context, async () =>
        failing(`after reset the start fails ${step.id}`, await runStep(step, session, signal)),
      );
    }
  });
}

/** What a look finds; when it is not as promised, what the last one finds that there is patience for. */
async function settledAll(
  { again }: ProofContext,
  look: () => Promise<readonly ProofStep[]>,
): Promise<readonly ProofStep[]> {
  for (let looks = 1; ; looks += 1) {
    const found = await look();
    if (found.every(({ outcome }) => outcome === 'pass') || !(await again?.(looks))) return found;
  }
}

async function settled(context: ProofContext, look: () => Promise<ProofStep>): Promise<ProofStep> {
  const [found] = await settledAll(context, async () => [await look()]);
  if (!found) throw new Error('a look that finds nothing');
  return found;
}

async function* provePitfall(
  lab: CompiledLab,
  { name, script }: CompiledLab['pitfalls'][number],
  context: ProofContext,
): AsyncGenerator<ProofStep> {
  const title = `pitfall ${name}`;
  const { signal } = context;
  const names = (wanted: Expectation['outcome']): boolean =>
    script.expectations.some(({ outcome }) => outcome === wanted);
  if (!names('fails') || !names('passes')) {
    yield fail(title, 'it must name a check it fails and one it passes (#@ fails ..., #@ passes ...)');
    return;
  }
  yield* onSession(title, context, async function* (session) {
    const run = ran(`${title} runs`, await runScript(script, session, signal));
    yield run;
    if (run.outcome !== 'pass') return;
    yield* await settledAll(context, () => expectationsMet(title, { lab, script, session, signal }));
  });
}

interface Expected {
  readonly lab: CompiledLab;
  readonly script: CompiledLab['pitfalls'][number]['script'];
  readonly session: LabSession;
  readonly signal: AbortSignal;
}

/** Each step is checked once for all that is expected of it: what undoes a pitfall's work may be at it already. */
async function expectationsMet(
  title: string,
  { lab, script, session, signal }: Expected,
): Promise<readonly ProofStep[]> {
  const steps = new Map<string, StepVerdict>();
  const found: ProofStep[] = [];
  for (const expectation of script.expectations) {
    const { outcome, kind, step: id, words } = expectation;
    const about = [`${title} ${outcome} ${kind} of ${id}`, ...words].join(' ');
    const step = lab.spec.steps.find((candidate) => candidate.id === id);
    const verdict = steps.get(id) ?? (step && (await runStep(step, session, signal)));
    if (verdict) steps.set(id, verdict);
    found.push(verdict ? meets(about, expectation, verdict) : fail(about, `the lab has no step ${id}`));
  }
  return found;
}

function meets(name: string, { kind, words, outcome }: Expectation, { verdicts }: StepVerdict): ProofStep {
  const named = verdicts.filter(
    (verdict) => verdict.kind === kind && words.every((word) => verdict.title.includes(word)),
  );
  if (named.length === 0) return fail(name, ['the step has no', kind, 'check about', ...words].join(' '));
  const wanted = outcome === 'fails' ? 'fail' : 'pass';
  return judged(
    name,
    named.filter((verdict) => verdict.outcome !== wanted),
  );
}

async function provePrinted(
  lab: CompiledLab,
  file: string,
  context: ProofContext & { readonly printed: PrintedCommands },
): Promise<ProofStep> {
  const { printed, openElsewhere: open } = context;
  const name = `${file}:${printed.line} runs`;
  const found = await runPrinted(lab, name, context);
  if (found.outcome !== 'pass' || open === undefined) return found;
  const there = await runPrinted(lab, name, { ...context, open });
  return there.outcome === 'fail' ? fail(name, `where pods have other addresses: ${there.detail}`) : there;
}

async function runPrinted(
  lab: CompiledLab,
  name: string,
  { printed, open, signal }: ProofContext & { readonly printed: PrintedCommands },
): Promise<ProofStep> {
  const place = parsePlace(printed.place);
  if (!place) return fail(name, `"${printed.place}" is no place`);
  const opened = await open();
  if (!opened.ok) return error(name, opened.error);
  const session = opened.value;
  try {
    if (printed.after !== undefined) {
      const before = ran(name, await runScript(upTo(lab.solution, printed.after), session, signal));
      if (before.outcome !== 'pass') return before;
    }
    const done = await session.exec(place, ['sh', '-c', printed.commands], signal);
    return done.ok ? prints(name, printed, done.value) : error(name, done.error);
  } finally {
    await session.dispose();
  }
}

function prints(name: string, { place, exit, output = [] }: PrintedCommands, done: ExecResult): ProofStep {
  if (done.exitCode !== exit) {
    return fail(name, `exit code ${done.exitCode} on ${place}: ${done.stderr.trim()}`);
  }
  const printed = [done.stdout, done.stderr].filter((text) => text !== '').join('\n');
  const missing = missingLines(output, printed);
  return missing.length === 0
    ? pass(name)
    : fail(name, `not printed: ${missing.join(' | ')}\nprinted:\n${printed}`);
}

/** Lines that a lesson shows and the lab did not print. Spacing does not count. */
function missingLines(shown: readonly string[], printed: string): readonly string[] {
  const plain = (line: string): string => line.trim().replace(/\s+/g, ' ');
  const lines = printed.split('\n').map(plain);
  return shown
    .map(plain)
    .filter((line) => line !== '' && line !== LEFT_OUT && !lines.some((candidate) => fits(line, candidate)));
}

async function* onSession(
  name: string,
  { open }: ProofContext,
  body: (session: LabSession) => AsyncGenerator<ProofStep>,
): AsyncGenerator<ProofStep> {
  const opened = await open();
  if (!opened.ok) {
    yield error(name, opened.error);
    return;
  }
  try {
    yield* body(opened.value);
  } finally {
    await opened.value.dispose();
  }
}

function ran(name: string, run: Result<readonly PartResult[], LabError>): ProofStep {
  if (!run.ok) return error(name, run.error);
  const broken = run.value.filter(({ exitCode }) => exitCode !== 0);
  const lines = broken.map(
    ({ part, exitCode, stderr }) => `line ${part.line}: exit code ${exitCode}: ${stderr.trim()}`,
  );
  return broken.length === 0 ? pass(name) : fail(name, lines.join('\n'));
}

function failing(name: string, { passed, verdicts }: StepVerdict): ProofStep {
  if (passed) return fail(name, 'every check passes already');
  return judged(
    name,
    verdicts.filter(({ outcome }) => outcome === 'error'),
  );
}

function passing(name: string, { verdicts }: StepVerdict): ProofStep {
  return judged(
    name,
    verdicts.filter(({ outcome }) => outcome !== 'pass'),
  );
}

function answered(step: string, { choices }: Prediction, answer: Result<string, LabError>): ProofStep {
  const name = `a choice answers the prediction of ${step}`;
  if (!answer.ok) return error(name, answer.error);
  if (choices.includes(answer.value)) return pass(name);
  return fail(name, `the cluster answers ${answer.value}, the choices are ${choices.join(', ')}`);
}

/** What the verdicts that should be otherwise make of a proof. */
function judged(name: string, wrong: readonly Verdict[]): ProofStep {
  if (wrong.length === 0) return pass(name);
  const outcome = wrong.some((verdict) => verdict.outcome === 'error') ? 'error' : 'fail';
  return { name, outcome, detail: wrong.map(describeVerdict).join('\n') };
}

const pass = (name: string): ProofStep => ({ name, outcome: 'pass', detail: '' });
const fail = (name: string, detail: string): ProofStep => ({ name, outcome: 'fail', detail });
const error = (name: string, { message, remedy }: LabError): ProofStep => ({
  name,
  outcome: 'error',
  detail: `${message} ${remedy}`,
});

const describeVerdict = ({ title, outcome, expected, observed, why }: Verdict): string =>
  `${outcome}: ${title}: expected ${expected}; observed ${observed}. ${why}`;
