/** The course's own labs, compiled once, opened on the simulator with its clock running free. */
import { highlight } from '../../src/cli/highlight.ts';
import { readCourseFiles } from '../../src/cli/course-files.ts';
import { compileCourse, type CompiledLab } from '../../src/course/compile/course.ts';
import { freeRunningSimEngine } from '../../src/engines/sim/free-running-engine.ts';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';
import type { ExecResult, LabEnvironment, LabSession, ReachReport } from '../../src/lab/ports.ts';
import { parseTarget } from '../../src/lab/target.ts';
import { parsePlace } from '../../src/model/place.ts';

const compiled = compileCourse(await readCourseFiles(process.cwd()), highlight);
if (!compiled.ok) throw new Error(formatDiagnostics(compiled.error));
export const course = compiled.value;

export function labNamed(id: string): CompiledLab {
  const lab = course.labs.get(id);
  if (!lab) throw new Error(`no lab ${id}`);
  return lab;
}

/** A session with verbs that throw when the engine itself fails, so that tests read as what a person does. */
export class OpenLab {
  readonly session: LabSession;
  readonly #signal = AbortSignal.timeout(60_000);

  private constructor(session: LabSession) {
    this.session = session;
  }

  static open(id: string): Promise<OpenLab> {
    return OpenLab.over(labNamed(id).environment);
  }

  /** A cluster that no lab of the course has. */
  static async over(environment: LabEnvironment): Promise<OpenLab> {
    const opened = await freeRunningSimEngine().open(environment, { signal: AbortSignal.timeout(60_000) });
    if (!opened.ok) throw new Error(opened.error.message);
    return new OpenLab(opened.value);
  }

  /** Runs a command line in a place: `at('node/node1', 'ip route')`. */
  async at(place: string, line: string): Promise<ExecResult> {
    const where = parsePlace(place);
    if (!where) throw new Error(`no place ${place}`);
    const done = await this.session.exec(where, ['sh', '-c', line], this.#signal);
    if (!done.ok) throw new Error(done.error.message);
    return done.value;
  }

  /** Standard output of a command that must succeed. */
  async out(place: string, line: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.at(place, line);
    if (exitCode !== 0) throw new Error(`${line}: exit code ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  async reach(from: string, to: string, port = 80): Promise<ReachReport> {
    const source = parsePlace(from);
    const target = parseTarget(to);
    if (!source || !target) throw new Error(`no flow from ${from} to ${to}`);
    const report = await this.session.reach(
      { from: source, to: target, protocol: 'tcp', port },
      this.#signal,
    );
    if (!report.ok) throw new Error(report.error.message);
    return report.value;
  }
}
