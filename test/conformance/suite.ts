/** Rebuilding one cluster and comparing it: with real BIRD first where the simulator's BGP made routes, then fault by fault. */
import type { Netns, Network } from '../../src/sim/net/netns.ts';
import { BirdMesh, converged, isLearnt, learntRoutes, simulatedRoutes } from './bird.ts';
import type { ClusterNetwork } from './cluster.ts';
import { compare } from './comparison.ts';
import type { Fault } from './fault.ts';
import { KernelLab } from './kernel-lab.ts';
import type { Flow } from './flow.ts';
import { observedCourses } from './observed.ts';
import { agrees, type Compared } from './report.ts';
import { simulatedCourse } from './simulated.ts';

export interface Rebuilding {
  readonly network: string;
  readonly mode: string;
  readonly cluster: ClusterNetwork;
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** Flows asked for each fault; undefined: one of every kind. */
  readonly most?: number;
}

export interface Findings {
  readonly compared: readonly Compared[];
  /** Routes of BGP's making by stack: the simulator's and those that BIRD put into the kernel. */
  readonly simulatedRoutes: Readonly<Record<string, readonly string[]>>;
  readonly learntRoutes: Readonly<Record<string, readonly string[]>>;
}

export async function rebuildAndCompare(rebuilding: Rebuilding): Promise<Findings> {
  const { stacks } = rebuilding.cluster;
  const speakers = stacks.filter(({ id, routes }) => id.startsWith('node/') && routes.some(isLearnt));
  const bgp = speakers.length > 0;
  const lab = await KernelLab.build(stacks, bgp ? { without: isLearnt } : {});
  try {
    const learnt = bgp ? await runBird(lab, rebuilding.cluster, speakers) : {};
    const simulated = Object.fromEntries(speakers.map((stack) => [stack.id, simulatedRoutes(stack)]));
    const same = JSON.stringify(simulated) === JSON.stringify(learnt);
    // With other routes every flow would only say so again.
    const compared = same ? await compare(lab, rebuilding) : [];
    return { compared, simulatedRoutes: simulated, learntRoutes: learnt };
  } finally {
    await lab.dispose();
  }
}

/** The daemons are gone before anything is broken: they would repair it. Their routes stay. */
async function runBird(
  lab: KernelLab,
  cluster: ClusterNetwork,
  speakers: readonly Netns[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const mesh = BirdMesh.start(lab, cluster);
  try {
    await converged(lab, speakers);
    const routes = speakers.map(async ({ id }) => [id, await learntRoutes(lab, id)] as const);
    return Object.fromEntries(await Promise.all(routes));
  } finally {
    await mesh.stop();
    lab.restoreWithEverything();
  }
}

export interface Asking {
  readonly network: Network;
  /** All at once. */
  readonly flows: readonly Flow[];
  readonly isSame?: (one: Compared) => boolean;
}

/** Flows that somebody chose, asked of both. */
export async function compareFlows(
  lab: KernelLab,
  told: Pick<Compared, 'network' | 'mode' | 'fault'>,
  { network, flows, isSame = agrees }: Asking,
): Promise<readonly Compared[]> {
  const expected = flows.map((flow) => ({ flow, course: simulatedCourse(network, flow) }));
  const courses = await observedCourses(lab, expected, ({ flow, course: simulated }, observed) =>
    isSame({ ...told, flow, simulated, observed }),
  );
  return expected.flatMap(({ flow, course: simulated }, at) => {
    const observed = courses[at];
    return observed ? [{ ...told, flow, simulated, observed }] : [];
  });
}
