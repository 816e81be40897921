/** What labs are proved on: an engine, and how its sessions are had. The simulator gives each a cluster of its own, at once. */
import type { Result } from '../../base/result.ts';
import type { CompiledLab } from '../../course/compile/course.ts';
import { elsewhere } from '../../course/elsewhere.ts';
import type { ProofContext } from '../../course/proof.ts';
import type { LabEngine, LabEnvironment, LabError, LabSession } from '../../lab/ports.ts';
import { simulator } from './lab-commands.ts';

export interface Trials {
  /** Wall milliseconds that one lab's proof may take. */
  readonly limit: number;
  /** Ctrl-C: what was made for the labs is removed before the command ends. */
  readonly stopped: AbortSignal;
  /** Why a lab cannot be tried. */
  obstacle(lab: CompiledLab): Promise<Obstacle | undefined>;
  begin(lab: CompiledLab, signal: AbortSignal): Trial;
}

export interface Obstacle {
  readonly says: string;
  /** It is so on this machine or for this engine, and nothing is out of order. */
  readonly lasting: boolean;
}

export interface Trial extends Pick<ProofContext, 'open' | 'openElsewhere' | 'again'> {
  end(): Promise<void>;
}

export async function simTrials(): Promise<Trials> {
  const engine = await simulator();
  return {
    limit: 120_000,
    // Nothing is left of it when the process ends.
    stopped: new AbortController().signal,
    obstacle: ({ spec }) => Promise.resolve(spec.engines.includes('sim') ? undefined : OTHER_ENGINE),
    begin: ({ environment }, signal) => ({
      open: () => engine.open(environment, { signal }),
      openElsewhere: () => openElsewhere(engine, environment, signal),
      end: () => Promise.resolve(),
    }),
  };
}

async function openElsewhere(
  engine: LabEngine,
  environment: LabEnvironment,
  signal: AbortSignal,
): Promise<Result<LabSession, LabError>> {
  const here = await engine.open(environment, { signal });
  if (!here.ok) return here;
  const there = await elsewhere(environment, here.value, signal);
  await here.value.dispose();
  return there.ok ? engine.open(there.value, { signal }) : there;
}

export const OTHER_ENGINE: Obstacle = { says: 'The lab is made for another engine.', lasting: true };
