/**
 * Two simulated clusters that began alike: a real command-line tool talks to the one over its API, the in-app tool of the same
 * name runs in the other, and what they print can be compared line by line.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SIGNAL, smallEnvironment, type SmallTopology } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { WORKSTATION } from '../../src/model/place.ts';
import { wordsOf } from '../kubectl/case.ts';
import type { Finished, RealTool } from './real-tool.ts';

/** By name: files of the learner's home, and of the folder that the real tool runs in. */
export type Files = Readonly<Record<string, string>>;

/** What the API server answers to a write of what has changed since it was read (kubernetes v1.35 registry/generic/registry). */
const LOST_RACE = /the object has been modified; please apply your changes to the latest version/;

export class TwinClusters {
  readonly #folder: string;
  readonly #real: SimSession;
  readonly #inApp: SimSession;

  private constructor(folder: string, [real, inApp]: readonly [SimSession, SimSession]) {
    this.#folder = folder;
    this.#real = real;
    this.#inApp = inApp;
  }

  static async begin(tool: string, files: Files, topology?: SmallTopology): Promise<TwinClusters> {
    const sessions = await Promise.all([open('live', files, topology), open('free', files, topology)]);
    const folder = mkdtempSync(join(tmpdir(), `underlay-${tool}-`));
    const config = await sessions[0].kubeconfig();
    if (!config.ok) throw new Error(config.error.message);
    writeFileSync(join(folder, 'kubeconfig'), config.value);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return new TwinClusters(folder, sessions);
  }

  /** The line without the tool's name, by the real one and by ours. */
  async both(
    tool: string,
    line: string,
    real: RealTool,
  ): Promise<{ readonly expected: Finished; readonly done: Finished }> {
    const args = wordsOf(line);
    const folder = this.#folder;
    const ask = (): Promise<Finished> => real({ args, folder, kubeconfig: join(folder, 'kubeconfig') });
    let expected = await ask();
    // Its cluster lives on between a read and the write that follows: a lost race says nothing of the tool.
    if (LOST_RACE.test(expected.stderr)) expected = await ask();
    // In the real cluster time passed between two lines.
    await this.#inApp.exec(WORKSTATION, ['sleep', '2'], SIGNAL);
    const ours = await this.#inApp.exec(WORKSTATION, [tool, ...args], SIGNAL);
    if (!ours.ok) throw new Error(ours.error.message);
    const { exitCode, stdout, stderr } = ours.value;
    return { expected, done: { end: exitCode, stdout, stderr } };
  }

  async end(): Promise<void> {
    await this.#real.dispose();
    await this.#inApp.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function open(
  pace: 'live' | 'free',
  manifests: Files,
  topology: SmallTopology | undefined,
): Promise<SimSession> {
  const files = Object.entries(manifests).map(([path, text]) => ({ path, text }));
  const environment = { ...smallEnvironment(topology), files };
  const opened = await SimSession.open(environment, { belongings: { places: {} }, pace });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}
