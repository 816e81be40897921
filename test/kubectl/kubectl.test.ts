/**
 * Stock kubectl agrees: the real binary against the listening API server, each invocation with all it prints. Skipped by name
 * where kubectl is missing or too old; `kubectl diff` besides where there is no diff.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { kubectl, whyNoKubectl } from './binary.ts';
import { patternOf, wordsOf, type Case, type Scenario } from './case.ts';
import { MANIFESTS } from './manifests.ts';
import { ACCESS } from './scenarios/access.ts';
import { APPLY } from './scenarios/apply.ts';
import { DUAL_STACK } from './scenarios/dual-stack.ts';
import { DELETION } from './scenarios/deletion.ts';
import { FAILURES } from './scenarios/failures.ts';
import { NODES } from './scenarios/nodes.ts';
import { READING } from './scenarios/reading.ts';
import { STREAMS } from './scenarios/streams.ts';
import { WORKLOADS } from './scenarios/workloads.ts';

const SCENARIOS: readonly Scenario[] = [
  READING,
  FAILURES,
  APPLY,
  DELETION,
  WORKLOADS,
  NODES,
  STREAMS,
  ACCESS,
  DUAL_STACK,
];

const missing = whyNoKubectl();
const hasDiff = spawnSync('diff', ['--version']).error === undefined;

test('the list is as long as it should be, and says where each expectation is from', () => {
  const cases = SCENARIOS.flatMap((scenario) => scenario.cases);
  expect(cases.length).toBeGreaterThanOrEqual(50);
  expect(cases.filter(({ source }) => !/\.(go|tmpl|md)\b|kubernetes\.io/.test(source))).toEqual([]);
});

describe.skipIf(missing !== undefined)(
  `the real kubectl${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    describe.each(SCENARIOS)('$name', ({ cases, topology }) => {
      const folder = mkdtempSync(join(tmpdir(), 'underlay-kubectl-'));
      const kubeconfig = join(folder, 'kubeconfig');
      let session: SimSession;
      let server: string;

      beforeAll(async () => {
        const opened = await SimSession.open(smallEnvironment(topology), {
          belongings: { places: {} },
          pace: 'live',
        });
        if (!opened.ok) throw new Error(opened.error.message);
        session = opened.value;
        const config = await session.kubeconfig();
        if (!config.ok) throw new Error(config.error.message);
        server = /server: (\S+)/.exec(config.value)?.[1] ?? '';
        writeFileSync(kubeconfig, config.value);
        for (const [name, text] of Object.entries(MANIFESTS)) writeFileSync(join(folder, name), text);
      });
      afterAll(async () => {
        await session.dispose();
        rmSync(folder, { recursive: true, force: true });
      });

      test.each(cases)('kubectl $run', async (expected: Case) => {
        if (expected.run.startsWith('diff ') && !hasDiff) return;
        const args = wordsOf(expected.run.replaceAll('<<server>>', server));
        const done = await kubectl({
          args,
          stdin: expected.stdin,
          until: expected.until,
          folder,
          kubeconfig,
        });
        expect(done).toEqual({
          // By the signal itself, or with 1 once kubectl has its handler for it.
          end:
            expected.end === 'interrupted'
              ? (expect.toBeOneOf([1, 'SIGINT']) as number)
              : (expected.end ?? 0),
          stdout: expect.stringMatching(patternOf(expected.stdout ?? '', server)) as string,
          stderr: expect.stringMatching(patternOf(expected.stderr ?? '', server)) as string,
        });
      });
    });
  },
);
