/** `underlay lab list | test | run`: labs without a window, on the simulator with its clock running free. */
import { readFile } from 'node:fs/promises';
import { err, ok, type Result } from '../../base/result.ts';
import { runStep } from '../../lab/check.ts';
import { formatDiagnostics, nearest } from '../../lab/diagnostic.ts';
import { parseScript, type LabScript } from '../../lab/script.ts';
import type { LabEngine, LabSession } from '../../lab/ports.ts';
import type { StepVerdict } from '../../lab/verdict.ts';
import type { CompiledCourse, CompiledLab } from '../../course/compile/course.ts';
import { proveLab, type PrintedIn, type ProofStep } from '../../course/proof.ts';
import { runScript } from '../../course/script-run.ts';
import type { Arguments } from '../arguments.ts';
import type { CliCommand } from '../command.ts';
import { readCourse } from '../course-files.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { complain, say, sayJson } from '../output.ts';
import { PATHS } from '../paths.ts';

/** Wall milliseconds that one lab's proof, or one script, may take. */
const TIME_LIMIT = 120_000;

const JSON_FLAG = { json: { help: 'Print one JSON object instead of lines.' } };

export const labList: CliCommand = {
  name: 'lab list',
  spec: {
    usage: 'underlay lab list [--json]',
    summary: 'List the labs.',
    flags: JSON_FLAG,
    words: { min: 0, max: 0 },
  },
  run: (args) =>
    withCourse(async ({ labs }) => {
      const rows = [...labs.values()].map(({ spec: { id, title, level, minutes, engines } }) => ({
        id,
        title,
        level,
        minutes,
        engines,
      }));
      if (args.flags.has('json')) sayJson(rows);
      else for (const { id, title, minutes } of rows) say(`${id.padEnd(24)}${title} (${minutes} minutes)`);
      return EXIT.pass;
    }),
};

export const labTest: CliCommand = {
  name: 'lab test',
  spec: {
    usage: 'underlay lab test [ID ...] [--all] [--json]',
    summary:
      'Prove labs: start fails, solution passes, pitfalls fail what they name, reset returns, printed commands run.',
    flags: { all: { help: 'Every lab (also when none is named).' }, ...JSON_FLAG },
    words: { min: 0, max: 100 },
  },
  run: (args) =>
    withCourse(async (course) => {
      const chosen = args.words.length === 0 ? [...course.labs.keys()] : args.words;
      const unknown = chosen.find((id) => !course.labs.has(id));
      if (unknown !== undefined) return unknownLab(unknown, course);
      return prove(chosen, course, args.flags.has('json'));
    }),
};

async function prove(chosen: readonly string[], course: CompiledCourse, json: boolean): Promise<ExitCode> {
  const engine = await simulator();
  const results: (ProofStep & { readonly lab: string })[] = [];
  for (const id of chosen) {
    const lab = course.labs.get(id);
    if (!lab) continue;
    const signal = AbortSignal.timeout(TIME_LIMIT);
    const open = (): ReturnType<typeof engine.open> => engine.open(lab.environment, { signal });
    for await (const step of proveLab(lab, printedFor(id, course), { open, signal })) {
      results.push({ lab: id, ...step });
      if (json) continue;
      say(`${LABELS[step.outcome]}  ${id}: ${step.name}`);
      if (step.outcome !== 'pass') say(step.detail.replace(/^/gm, '      '));
    }
  }
  const failures = results.filter(({ outcome }) => outcome !== 'pass');
  const summary = {
    passed: results.length - failures.length,
    failed: failures.length,
    skipped: 0,
    skips: [],
  };
  if (json) sayJson({ ...summary, failures });
  else say(`${summary.passed} passed, ${summary.failed} failed`);
  if (failures.some(({ outcome }) => outcome === 'error')) return EXIT.engine;
  return failures.length === 0 ? EXIT.pass : EXIT.failed;
}

const LABELS = { pass: 'pass ', fail: 'FAIL ', error: 'ERROR' } as const;

/** Loaded when a lab runs: other commands start without the simulator. */
async function simulator(): Promise<LabEngine> {
  const { freeRunningSimEngine } = await import('../../engines/sim/free-running-engine.ts');
  return freeRunningSimEngine();
}

/** Commands printed in the lessons that use a lab. */
function printedFor(lab: string, { lessons, printed }: CompiledCourse): readonly PrintedIn[] {
  return [...lessons.values()].flatMap((lesson) => {
    const commands = printed.get(lesson.id);
    return lesson.lab === lab && commands ? [commands] : [];
  });
}

export const labRun: CliCommand = {
  name: 'lab run',
  spec: {
    usage: 'underlay lab run ID [--script FILE] [--check] [--json]',
    summary: "Run a script in a lab and check the lab's steps afterwards.",
    flags: {
      script: { value: 'a file', help: 'Shell lines to run; #@ <place> says where (see CONTRIBUTING).' },
      check: { help: 'Check every step and let the exit code say whether all passed.' },
      ...JSON_FLAG,
    },
    words: { min: 1, max: 1 },
  },
  run: (args) =>
    withCourse(async (course) => {
      const id = args.words[0] ?? '';
      const lab = course.labs.get(id);
      if (!lab) return unknownLab(id, course);
      const script = await readScript(args.flags.get('script'));
      if (!script.ok) {
        complain(script.error);
        return EXIT.usage;
      }
      return runLab(lab, script.value, args);
    }),
};

async function readScript(file: string | undefined): Promise<Result<LabScript, string>> {
  if (file === undefined) return ok({ parts: [], expectations: [] });
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return err(`The script ${file} cannot be read. Give the path of a text file.`);
  const parsed = parseScript(file, text);
  return parsed.ok ? parsed : err(formatDiagnostics(parsed.error));
}

async function runLab(lab: CompiledLab, script: LabScript, { flags }: Arguments): Promise<ExitCode> {
  const signal = AbortSignal.timeout(TIME_LIMIT);
  const opened = await (await simulator()).open(lab.environment, { signal });
  if (!opened.ok) {
    complain(`${opened.error.message} ${opened.error.remedy}`);
    return EXIT.engine;
  }
  const session = opened.value;
  try {
    const run = await runScript(script, session, signal);
    if (!run.ok) {
      complain(`${run.error.message} ${run.error.remedy}`);
      return EXIT.engine;
    }
    const outputs = run.value.map(({ part, exitCode, stdout, stderr }) => ({
      line: part.line,
      exitCode,
      stdout,
      stderr,
    }));
    const steps = flags.has('check') ? await checkAll(lab, session, signal) : [];
    report({ lab: lab.spec.id, outputs, steps }, flags.has('json'));
    return verdictCode(steps);
  } finally {
    await session.dispose();
  }
}

async function checkAll(
  lab: CompiledLab,
  session: LabSession,
  signal: AbortSignal,
): Promise<readonly StepVerdict[]> {
  const steps: StepVerdict[] = [];
  for (const step of lab.spec.steps) steps.push(await runStep(step, session, signal));
  return steps;
}

interface RunReport {
  readonly lab: string;
  readonly outputs: readonly {
    readonly line: number;
    readonly exitCode: number;
    readonly stdout: string;
    readonly stderr: string;
  }[];
  readonly steps: readonly StepVerdict[];
}

function report(result: RunReport, json: boolean): void {
  if (json) {
    sayJson(result);
    return;
  }
  for (const { stdout, stderr } of result.outputs) {
    if (stdout !== '') say(stdout.trimEnd());
    if (stderr !== '') complain(stderr.trimEnd());
  }
  for (const { step, verdicts } of result.steps) {
    for (const { outcome, title, expected, observed, why } of verdicts) {
      say(`${outcome.padEnd(5)} ${step}: ${title}`);
      if (outcome !== 'pass') say(`      expected ${expected}\n      observed ${observed}\n      ${why}`);
    }
  }
}

function verdictCode(steps: readonly StepVerdict[]): ExitCode {
  if (steps.some(({ verdicts }) => verdicts.some(({ outcome }) => outcome === 'error'))) return EXIT.engine;
  return steps.every(({ passed }) => passed) ? EXIT.pass : EXIT.failed;
}

function unknownLab(id: string, { labs }: CompiledCourse): ExitCode {
  const meant = nearest(id, [...labs.keys()]);
  complain(
    `There is no lab "${id}". ${meant === undefined ? 'underlay lab list shows them.' : `Did you mean ${meant}?`}`,
  );
  return EXIT.usage;
}

async function withCourse(use: (course: CompiledCourse) => Promise<ExitCode>): Promise<ExitCode> {
  const course = await readCourse(PATHS.root);
  if (course.ok) return use(course.value);
  complain(course.error);
  return EXIT.usage;
}
