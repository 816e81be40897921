/**
 * The simulator against the Linux kernel of this machine: clusters rebuilt in network namespaces, each flow asked of both, and
 * every packet at every device compared. Needs root; where that is missing the suite is skipped and says so.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clearStale } from '../../src/cli/kernel/namespaces.ts';
import type { CompiledLab } from '../../src/course/compile/course.ts';
import type { Topology } from '../../src/model/topology.ts';
import { course } from '../support/labs.ts';
import { brokenStacks } from './breaking.ts';
import { clusterIn, MODES, uses, withoutIdle, type ClusterNetwork, type Mode } from './cluster.ts';
import { faultsOf, NO_FAULT, type Fault } from './fault.ts';
import { flowText, LOCALITIES } from './flow.ts';
import { compare } from './comparison.ts';
import { KernelLab } from './kernel-lab.ts';
import { labStates } from './lab-states.ts';
import { writePart } from './ledger.ts';
import { agrees, differenceText, situationsOf, type Compared } from './report.ts';
import { full, kernel, required } from './requirements.ts';
import { rebuildAndCompare, type Findings, type Rebuilding } from './suite.ts';

/** Of all flows, those that must fail: agreement about what works is easy. */
const FAILING_SHARE = 0.2;
/** Networks, whole and with each of their faults. */
const SITUATIONS = 30;
const SEED = 20_261_121;
const NO_IPIP = 'the running kernel has no ipip devices';

const { lacking, bird, ipip } = await kernel();
const labs = [...course.labs.values()];
const topologies = [
  ...new Map(labs.map(({ environment: { topology } }) => [topology.name, topology])).values(),
];
const states = lacking === undefined ? await Promise.all(labs.map(statesOf)).then((each) => each.flat()) : [];
const all: Compared[] = [];

test.runIf(required)('this machine can compare the simulator with its kernel', () => {
  expect(lacking).toBeUndefined();
  expect(bird).toBe(true);
});

describe.skipIf(lacking !== undefined)(
  `the Linux kernel${lacking === undefined ? '' : ` (${lacking})`}`,
  () => {
    beforeAll(clearStale);

    afterAll(() => {
      writePart('fixed', all);
    });

    describe.each(topologies.map((topology) => ({ topology, name: topology.name })))(
      'topology $name',
      ({ topology }) => {
        for (const mode of MODES) {
          const missing = missingFor(mode);
          test.skipIf(missing !== undefined)(
            `${mode.name}${missing === undefined ? '' : ` (${missing})`}`,
            { concurrent: true },
            async () => {
              const cluster = clusterIn(topology, mode);
              const faults = faultsFor(mode, faultsOf(cluster));
              await expectAgreement({ network: topology.name, mode: mode.name, cluster, faults, seed: SEED });
            },
          );
        }
      },
    );

    for (const { name, cluster } of states) {
      const missing = ipip || !uses('ipip', cluster) ? undefined : NO_IPIP;
      test.skipIf(missing !== undefined)(
        `lab ${name}${missing === undefined ? '' : ` (${missing})`}`,
        { concurrent: true },
        async () => {
          const network = ipip ? cluster : withoutIdle('ipip', cluster);
          await expectAgreement({
            network: name,
            mode: 'as the lab has it',
            cluster: network,
            faults: [],
            seed: SEED,
          });
        },
      );
    }

    test('a simulator that lies about one route is found out', async () => {
      const [topology] = topologies as [Topology];
      const cluster = clusterIn(topology, MODES[1] as Mode);
      const [lie] = faultsOf(cluster).filter(({ name }) => name === 'no route to the block');
      const stacks = brokenStacks(cluster.stacks, lie ?? NO_FAULT);
      const lab = await KernelLab.build(cluster.stacks);
      try {
        const compared = await compare(lab, {
          network: 'lie',
          mode: 'lie',
          cluster: { ...cluster, stacks },
          faults: [],
          seed: SEED,
        });
        expect(compared.some((one) => !agrees(one))).toBe(true);
      } finally {
        await lab.dispose();
      }
    });

    test('flows of every kind were asked, and enough of them failed', () => {
      const failing = all.filter(({ observed }) => observed.outcome !== 'answered').length;
      expect(failing / all.length).toBeGreaterThanOrEqual(FAILING_SHARE);
      expect(new Set(all.map(({ flow }) => flow.locality))).toEqual(new Set(LOCALITIES));
      expect(situationsOf(all).size).toBeGreaterThanOrEqual(SITUATIONS);
    });
  },
);

interface LabState {
  readonly name: string;
  readonly cluster: ClusterNetwork;
}

async function statesOf(lab: CompiledLab): Promise<readonly LabState[]> {
  const { id } = lab.environment;
  const { start, solved } = await labStates(lab);
  return [
    { name: `${id}, at the start`, cluster: start },
    { name: `${id}, solved`, cluster: solved },
  ];
}

async function expectAgreement(rebuilding: Rebuilding): Promise<void> {
  const { compared, simulatedRoutes, learntRoutes }: Findings = await rebuildAndCompare(rebuilding);
  expect(learntRoutes).toEqual(simulatedRoutes);
  all.push(...compared);
  const disagreements = compared.filter((one) => !agrees(one));
  expect(disagreements.map((one) => differenceText(one, flowText)).join('\n\n')).toBe('');
}

/** What the kernel or the machine lacks for a mode. */
function missingFor({ pool }: Mode): string | undefined {
  if (pool.ipipMode !== 'Never' && !ipip) return NO_IPIP;
  const routed = pool.vxlanMode === 'Never';
  return routed && !bird ? 'not installed: bird' : undefined;
}

/** All of them in a full run; otherwise each fault in one of the modes that carry packets alike. */
function faultsFor(mode: Mode, faults: readonly Fault[]): readonly Fault[] {
  if (full) return faults;
  const alike = MODES.filter(
    ({ pool }) =>
      (pool.vxlanMode === 'Never') === (mode.pool.vxlanMode === 'Never') &&
      pool.ipipMode === mode.pool.ipipMode,
  );
  return faults.filter((_, at) => at % alike.length === alike.indexOf(mode));
}
