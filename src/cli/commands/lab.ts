/** `underlay lab list | run`: labs without a window, on the simulator with its clock running free. */
import { readFile } from 'node:fs/promises';
import { err, ok, type Result } from '../../base/result.ts';
import { runStep } from '../../lab/check.ts';
import { formatDiagnostics } from '../../lab/diagnostic.ts';
import { parseScript, type LabScript } from '../../lab/script.ts';
import type { LabSession } from '../../lab/ports.ts';
import type { StepVerdict } from '../../lab/verdict.ts';
import type { CompiledLab } from '../../course/compile/course.ts';
import { runScript } from '../../course/script-run.ts';
import type { Arguments } from '../arguments.ts';
import type { CliCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { complain, say, sayJson } from '../output.ts';
import { JSON_FLAG, simulator, unknownLab, withCourse } from './lab-commands.ts';

/** Wall milliseconds that a script may take. */
const TIME_LIMIT = 120_000;

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
