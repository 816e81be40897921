/** What the commands about labs share. */
import { nearest } from '../../lab/diagnostic.ts';
import type { LabEngine } from '../../lab/ports.ts';
import type { CompiledCourse } from '../../course/compile/course.ts';
import { readCourse } from '../course-files.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { complain } from '../output.ts';
import { PATHS } from '../paths.ts';

export const JSON_FLAG = { json: { help: 'Print one JSON object instead of lines.' } };

/** Loaded when a lab runs: other commands start without the simulator. */
export async function simulator(): Promise<LabEngine> {
  const { freeRunningSimEngine } = await import('../../engines/sim/free-running-engine.ts');
  return freeRunningSimEngine();
}

export async function withCourse(use: (course: CompiledCourse) => Promise<ExitCode>): Promise<ExitCode> {
  const course = await readCourse(PATHS.root);
  if (course.ok) return use(course.value);
  complain(course.error);
  return EXIT.usage;
}

export function unknownLab(id: string, { labs }: CompiledCourse): ExitCode {
  const meant = nearest(id, [...labs.keys()]);
  complain(
    `There is no lab "${id}". ${meant === undefined ? 'underlay lab list shows them.' : `Did you mean ${meant}?`}`,
  );
  return EXIT.usage;
}
