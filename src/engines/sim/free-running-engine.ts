/** The simulator in this thread, with time that jumps while everything waits: for proofs and the command line. */
import type { Belongings, LabEngine } from '../../lab/ports.ts';
import { SimSession } from './session.ts';

const NOTHING: Belongings = { places: {} };

export function freeRunningSimEngine(): LabEngine {
  return {
    id: 'sim',
    preflight: () => Promise.resolve(undefined),
    open: (environment, { signal, belongings = NOTHING }) =>
      SimSession.open(environment, { belongings, signal, pace: 'free' }),
  };
}
