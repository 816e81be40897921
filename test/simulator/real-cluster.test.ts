/**
 * A real cluster's recorded output beside the simulator's in the same state: Kubernetes 1.35.4 and Calico v3.32.1 on the very
 * topology of `two-racks`, in VXLAN CrossSubnet. What each command prints is equal after the reviewed list of differences
 * (`real-cluster-differences.ts`), tables without order as sets.
 *
 * Not compared: `kubectl get events`, which tells how the cluster came to be; `api-resources`, of which the generated page lists
 * what is served; BIRD's configuration files and those of the CNI plugin, which the simulator does not have.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparableWithReal } from './real-cluster-differences.ts';
import { RealClusterLab } from './real-cluster-lab.ts';

interface Step {
  readonly run: string;
  readonly prints: readonly string[];
  readonly exit?: number;
}

interface Recording {
  readonly nodes: Readonly<Record<string, readonly Step[]>>;
  readonly pod: readonly Step[];
  readonly cluster: readonly Step[];
}

const REAL = JSON.parse(
  readFileSync(new URL('real-cluster.golden.json', import.meta.url), 'utf8'),
) as Recording;

let lab: RealClusterLab;
beforeAll(async () => {
  lab = await RealClusterLab.open();
}, 60_000);
afterAll(() => lab.dispose());

const TIMEOUT = { timeout: 60_000 };

async function expectSame(at: string, steps: readonly Step[]): Promise<void> {
  const seen: object[] = [];
  for (const { run } of steps) {
    const { stdout, stderr, exitCode } = await lab.run(at, run);
    seen.push({
      line: `${at}# ${run}`,
      prints: comparableWithReal(run, told(stdout + stderr)),
      exit: exitCode,
    });
  }
  const real = steps.map(({ run, prints, exit = 0 }) => ({
    line: `${at}# ${run}`,
    prints: comparableWithReal(run, prints),
    exit,
  }));
  expect(seen).toEqual(real);
}

const told = (text: string): readonly string[] => text.split('\n');

describe('a real cluster in VXLAN CrossSubnet', () => {
  test.each(Object.entries(REAL.nodes))('prints the same on %s', TIMEOUT, async (node, steps) => {
    expect(steps.length).toBeGreaterThan(20);
    await expectSame(node, steps);
  });

  test('prints the same in a pod', TIMEOUT, () => expectSame('a', REAL.pod));

  test.each(REAL.cluster)('prints the same for $run', TIMEOUT, (step) => expectSame('workstation', [step]));
});
