/** What checks may ask of a real cluster: programs run, objects are read, flows are measured. */
import type { LabError, ObjectQuery, Probe, ReachFlow } from '../../../lab/ports.ts';
import { err, type Result } from '../../../base/result.ts';
import type { Place } from '../../../model/place.ts';
import { INTERRUPTED } from './errors.ts';
import { execute } from './execution.ts';
import { objectsOf } from './kubernetes.ts';
import { reach } from './reach.ts';
import type { Measured } from './target.ts';

export function kindProbe(measured: Measured): Probe {
  const unless = <T>(
    signal: AbortSignal,
    ask: () => Promise<Result<T, LabError>>,
  ): Promise<Result<T, LabError>> => (signal.aborted ? Promise.resolve(err(INTERRUPTED)) : ask());
  return {
    exec: (place: Place, argv: readonly string[], signal) =>
      unless(signal, () => execute(measured, { place, argv }, signal)),
    objects: (query: ObjectQuery, signal) => unless(signal, () => objectsOf(measured.kubectl, query, signal)),
    reach: (flow: ReachFlow, signal) => unless(signal, () => reach(measured, flow, signal)),
  };
}
