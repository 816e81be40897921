/** A session's faults as labs and buttons see them: the library, what is broken now, and the way to break and heal. */
import { err, ok, type Result } from '../../base/result.ts';
import type { FaultsGroup, FaultState, LabError } from '../../lab/ports.ts';
import { activeFaults, FAULTS, type Simulator } from '../../sim/index.ts';
import { faultRefused } from './errors.ts';
import type { Pace } from './pace.ts';

export function sessionFaults(simulator: Simulator, pace: Pace): FaultsGroup {
  return {
    list: () => {
      const active = new Map(activeFaults(simulator.world).map((each) => [each.name, each]));
      const states = FAULTS.map(({ name, description }): FaultState => {
        const present = active.get(name);
        return { name, description, ...(present && { active: { seed: present.seed, told: present.told } }) };
      });
      return Promise.resolve(ok(states));
    },
    inject: (name, seed) => {
      pace.catchUp();
      return Promise.resolve(refused(simulator.apply({ kind: 'fault', name, seed })));
    },
    clear: (name) => {
      pace.catchUp();
      return Promise.resolve(refused(simulator.apply({ kind: 'heal', name })));
    },
  };
}

const refused = <T>(result: Result<T, string>): Result<T, LabError> =>
  result.ok ? result : err(faultRefused(result.error));
