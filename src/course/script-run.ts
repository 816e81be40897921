/**
 * Runs a lab script (solution, pitfall, a learner's own) on a session, place by place. A part that ends in `&` goes on
 * while the next ones run; it is given a second of the lab's time to begin, and awaited at the end.
 */
import { ok, type Result } from '../base/result.ts';
import type { LabScript, ScriptPart } from '../lab/script.ts';
import type { ExecResult, LabError, LabSession } from '../lab/ports.ts';
import { WORKSTATION } from '../model/place.ts';

export interface PartResult extends ExecResult {
  readonly part: ScriptPart;
}

const IN_BACKGROUND = /\s*&\s*$/;

/** Results in the order of the script. Stops at the first engine failure, not at a command's exit code. */
export async function runScript(
  script: Pick<LabScript, 'parts'>,
  session: LabSession,
  signal: AbortSignal,
): Promise<Result<readonly PartResult[], LabError>> {
  const running: Promise<Result<PartResult, LabError>>[] = [];
  for (const part of script.parts) {
    const result = runPart(part, session, signal);
    running.push(result);
    if (IN_BACKGROUND.test(part.text)) await session.exec(WORKSTATION, ['sleep', '1'], signal);
    else if (!(await result).ok) break;
  }
  const results = await Promise.all(running);
  const failed = results.find((result) => !result.ok);
  if (failed && !failed.ok) return failed;
  return ok(results.flatMap((result) => (result.ok ? [result.value] : [])));
}

async function runPart(
  part: ScriptPart,
  session: LabSession,
  signal: AbortSignal,
): Promise<Result<PartResult, LabError>> {
  const done = await session.exec(part.place, ['sh', '-c', part.text.replace(IN_BACKGROUND, '')], signal);
  return done.ok ? ok({ part, ...done.value }) : done;
}

/** The parts up to and including a step's, for starting in the middle of a lab. */
export function upTo(script: LabScript, step: string): LabScript {
  const last = script.parts.findLastIndex((part) => part.step === step);
  return { ...script, parts: script.parts.slice(0, last + 1) };
}

/** The parts of one step. */
export function ofStep(script: LabScript, step: string): LabScript {
  return { ...script, parts: script.parts.filter((part) => part.step === step) };
}
