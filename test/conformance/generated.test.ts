/** The simulator against this machine's kernel on networks that nobody drew: a sample usually, all of them in a full run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clearStale } from '../../src/cli/kernel/namespaces.ts';
import { clusterIn, MODES, type Mode } from './cluster.ts';
import { faultsOf } from './fault.ts';
import { flowText } from './flow.ts';
import { generated, type Generated } from './generated.ts';
import { writePart } from './ledger.ts';
import { agrees, differenceText, type Compared } from './report.ts';
import { full, kernel } from './requirements.ts';
import { rebuildAndCompare } from './suite.ts';

const NETWORKS = full ? 200 : 25;
/** Flows asked of a network, whole and broken each. */
const FLOWS = 14;
const FAILING_SHARE = 0.2;

const { lacking, bird, ipip } = await kernel();
const carried = MODES.filter(
  ({ pool }) => (pool.ipipMode === 'Never' || ipip) && (pool.vxlanMode !== 'Never' || bird),
) as unknown as readonly [Mode, ...Mode[]];
const seeds = Array.from({ length: NETWORKS }, (_, at) => at + 1);
const all: Compared[] = [];

describe.skipIf(lacking !== undefined)(
  `the Linux kernel, generated networks${lacking === undefined ? '' : ` (${lacking})`}`,
  () => {
    beforeAll(clearStale);
    afterAll(() => {
      writePart('generated', all);
    });

    test.concurrent.each(seeds.map((seed) => generated(seed, carried)))(
      'network $seed, $mode.name',
      async (network) => {
        await expectAgreement(network);
      },
    );

    test('enough flows were asked, and enough of them failed', () => {
      const failing = all.filter(({ observed }) => observed.outcome !== 'answered').length;
      expect(all.length).toBeGreaterThanOrEqual(NETWORKS * FLOWS);
      expect(failing / all.length).toBeGreaterThanOrEqual(FAILING_SHARE);
    });
  },
);

async function expectAgreement({ seed, topology, mode, fault }: Generated): Promise<void> {
  const cluster = clusterIn(topology, mode);
  const possible = faultsOf(cluster);
  const struck = possible[Math.floor(fault * possible.length)];
  const { compared, simulatedRoutes, learntRoutes } = await rebuildAndCompare({
    network: topology.name,
    mode: mode.name,
    cluster,
    faults: struck ? [struck] : [],
    seed,
    most: FLOWS,
  });
  expect(learntRoutes).toEqual(simulatedRoutes);
  all.push(...compared);
  const disagreements = compared.filter((one) => !agrees(one));
  expect(disagreements.map((one) => differenceText(one, flowText)).join('\n\n')).toBe('');
}
