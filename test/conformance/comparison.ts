/** One network, rebuilt once, whole and with each of its faults: every flow asked of the simulator and of the kernel. */
import type { Network } from '../../src/sim/net/netns.ts';
import { breakKernel, brokenStacks, mendKernel } from './breaking.ts';
import { flowsOf } from './cases.ts';
import type { ClusterNetwork } from './cluster.ts';
import { NO_FAULT, type Fault } from './fault.ts';
import { flowText, type Course, type Flow, type Outcome } from './flow.ts';
import type { KernelLab } from './kernel-lab.ts';
import { observedCourses, type Expected } from './observed.ts';
import { agrees, type Compared } from './report.ts';
import { networkFrom, simulatedCourse, simulatedOutcome } from './simulated.ts';

export interface Comparison {
  /** The name of the network, and of the mode it is in. */
  readonly network: string;
  readonly mode: string;
  readonly cluster: ClusterNetwork;
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** Flows asked for each fault; undefined: one of every kind. */
  readonly most?: number;
}

export async function compare(lab: KernelLab, comparison: Comparison): Promise<readonly Compared[]> {
  const compared: Compared[] = [];
  const whole = wholeOf(comparison.cluster);
  for (const fault of [NO_FAULT, ...comparison.faults]) {
    await breakKernel(lab, fault);
    try {
      compared.push(...(await compareUnder(fault, lab, { ...comparison, whole })));
    } finally {
      await mendKernel(lab, fault);
    }
  }
  return compared;
}

/** The network before any fault, and what becomes of flows there: each fault asks about the same ones. */
interface Whole {
  readonly network: Network;
  readonly outcome: (flow: Flow) => Outcome;
}

function wholeOf({ stacks }: ClusterNetwork): Whole {
  const network = networkFrom(stacks);
  const known = new Map<string, Outcome>();
  const outcome = (flow: Flow): Outcome => {
    const key = flowText(flow);
    const found = known.get(key) ?? simulatedOutcome(network, flow);
    known.set(key, found);
    return found;
  };
  return { network, outcome };
}

/**
 * Flows of one wave may teach a stack something for each other, such as a path MTU: where few differ, each is asked by
 * itself. What many flows share is no such thing.
 */
const MOST_ASKED_AGAIN = 3;

async function compareUnder(
  fault: Fault,
  lab: KernelLab,
  { cluster, seed, network, mode, most, whole }: Comparison & { readonly whole: Whole },
): Promise<readonly Compared[]> {
  const broken = fault === NO_FAULT ? whole.network : networkFrom(brokenStacks(cluster.stacks, fault));
  const flows = flowsOf(cluster, {
    network: broken,
    seed,
    ...(most === undefined ? {} : { most }),
    prefers: (flow) => fault !== NO_FAULT && whole.outcome(flow) !== simulatedOutcome(broken, flow),
  });
  const expected = flows.map((flow): Expected => ({ flow, course: simulatedCourse(broken, flow) }));
  const compared: Compared[] = [];
  const compare = ({ flow, course: simulated }: Expected, observed: Course): Compared => ({
    ...{ network, mode, fault: fault.name },
    ...{ flow, simulated, observed },
  });
  const asked = async (wave: readonly Expected[]): Promise<readonly Compared[]> => {
    const courses = await observedCourses(lab, wave, (one, course) => agrees(compare(one, course)));
    return wave.flatMap((one, at) => {
      const course = courses[at];
      return course ? [compare(one, course)] : [];
    });
  };
  for (const wave of wavesOf(expected)) {
    const together = await asked(wave);
    const differing = together.filter((one) => !agrees(one)).length;
    for (const [at, one] of together.entries()) {
      const alone = wave[at];
      const again = !agrees(one) && differing <= MOST_ASKED_AGAIN && alone ? await asked([alone]) : [];
      compared.push(again[0] ?? one);
    }
  }
  return compared;
}

/** Flows that try a path MTU teach it to both ends; what is cut to fit is asked afterwards, when it is forgotten again. */
function wavesOf(expected: readonly Expected[]): readonly (readonly Expected[])[] {
  const isCut = ({ flow }: Expected): boolean => flow.size === 'jumbo';
  return [expected.filter((one) => !isCut(one)), expected.filter(isCut)];
}
