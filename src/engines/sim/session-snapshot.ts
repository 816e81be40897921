/**
 * A simulated session as text: its world, and what is in its pods under the identity of their containers. Text that comes
 * back is a stranger's until every part of it has been looked at.
 */
import { z } from 'zod';
import { err, ok, type Result } from '../../base/result.ts';
import type { Belongings, LabError, SessionSnapshot } from '../../lab/ports.ts';
import type { Simulator, SnapshotProblem, World } from '../../sim/index.ts';
import { snapshotDamaged, snapshotOfAnotherLab, snapshotOutdated } from './errors.ts';
import { ARRIVAL } from './start-state.ts';

export interface KeptState {
  readonly world: World;
  /** Files and histories by `pod/<namespace>/<name>#<container>`. */
  readonly pods: Belongings['places'];
}

const FORMAT = 1;
/** Characters of a text that is still looked at; a lab of ten nodes takes a million. */
const LONGEST = 64 * 1024 * 1024;

const schema = z.object({
  format: z.literal(FORMAT),
  pods: z.record(
    z.string(),
    z.object({ files: z.record(z.string(), z.string()), history: z.array(z.string()) }),
  ),
  world: z.unknown(),
});

/** So many snapshots of a session are remembered with the state they were written from: more than a lab has steps. */
const REMEMBERED = 32;

/** What this session wrote itself needs no reading; states share what they have in common. */
export class WrittenStates {
  readonly #states = new Map<string, KeptState>();

  keep(text: string, state: KeptState): void {
    this.#states.set(text, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > REMEMBERED && oldest !== undefined) this.#states.delete(oldest);
  }

  get(text: string): KeptState | undefined {
    return this.#states.get(text);
  }
}

export function writeSnapshot(simulator: Simulator, { world, pods }: KeptState): SessionSnapshot {
  return {
    engine: 'sim',
    elapsed: elapsedIn(world),
    text: JSON.stringify({ format: FORMAT, pods, world: simulator.encode(world) }),
  };
}

/** Milliseconds since the learner arrived. */
export const elapsedIn = ({ cluster }: World): number => Math.max(0, cluster.now - ARRIVAL);

export function readSnapshot(
  { engine, text }: SessionSnapshot,
  simulator: Simulator,
): Result<KeptState, LabError> {
  const parsed = engine === 'sim' && text.length <= LONGEST ? parseJson(text) : undefined;
  const { success, data } = schema.safeParse(parsed);
  if (!success) return err(isOutdated(parsed) ? snapshotOutdated() : snapshotDamaged('it is no snapshot'));
  const world = simulator.decode(data.world, text);
  return world.ok ? ok({ world: world.value, pods: data.pods }) : err(refusal(world.error));
}

function refusal({ kind, detail }: SnapshotProblem): LabError {
  switch (kind) {
    case 'other-format':
      return snapshotOutdated();
    case 'other-topology':
      return snapshotOfAnotherLab();
    case 'damaged':
      return snapshotDamaged(detail);
  }
}

function isOutdated(parsed: unknown): boolean {
  const { success, data } = z.object({ format: z.number() }).safeParse(parsed);
  return success && data.format !== FORMAT;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
