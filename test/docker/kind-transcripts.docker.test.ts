/**
 * What the real kind prints while it makes stub nodes, as `cluster/phases.test.ts` and `errors.test.ts` read it. RECORD=1
 * writes it down anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteCluster } from '../../src/engines/kind/cluster/delete.ts';
import { kindEnvironment, runKind } from '../../src/engines/kind/cluster/kind-cli.ts';
import { kindConfig } from '../../src/engines/kind/cluster/kind-config.ts';
import { Bench, SMALL } from './support/cluster-bench.ts';
import { must, onEngineAtLength } from './support/engine.ts';
import { kindLacking, type StubOrder } from './support/kind-cli.ts';

const NEVER = new AbortController().signal;
const GOLDEN = join(import.meta.dirname, '../../src/engines/kind/cluster/kind-output.golden.json');

const PROVENANCE =
  'Standard error of the real kind v0.32.0 (go install) on a real Docker Engine, with stub nodes: ' +
  'systemd, kubeadm and Kubernetes in them are stand-ins. Names and paths are replaced, the salutation is left out.';

const RUNS: readonly (readonly [name: string, orders: readonly StubOrder[]])[] = [
  ['made', []],
  ['init fails', ['fail-init']],
  ['join fails', ['fail-join']],
  ['machine ends', ['die']],
];

onEngineAtLength('what kind prints', (engine) => {
  describe.skipIf(kindLacking !== undefined)(kindLacking ?? 'with kind v0.32.0', () => {
    const bench = new Bench(engine);
    beforeAll(() => bench.setUp());
    afterAll(() => bench.tearDown());

    test.each(RUNS)('%s: as it was written down', async (name, orders) => {
      const printed = await transcript(bench, orders);
      if (process.env['RECORD']) await record(name, printed);
      expect(printed).toBe((await read()).transcripts[name]);
    });
  });
});

interface Golden {
  readonly provenance: string;
  readonly transcripts: Readonly<Record<string, string>>;
}

const read = async (): Promise<Golden> => JSON.parse(await readFile(GOLDEN, 'utf8')) as Golden;

async function record(name: string, printed: string): Promise<void> {
  const { transcripts } = await read().catch(() => ({ transcripts: {} }));
  const golden: Golden = { provenance: PROVENANCE, transcripts: { ...transcripts, [name]: printed } };
  await writeFile(GOLDEN, `${JSON.stringify(golden, undefined, 2)}\n`);
}

async function transcript(bench: Bench, orders: readonly StubOrder[]): Promise<string> {
  const { means, wish } = await bench.lab(...orders);
  const image = means.env['UNDERLAY_NODE_IMAGE'] ?? '';
  const kubeconfig = join(bench.folder, 'kubeconfig');
  const { log } = must(
    await runKind(means.kind ?? '', {
      argv: [
        'create',
        'cluster',
        '--name',
        wish.name,
        '--config',
        '-',
        '--retain',
        '--kubeconfig',
        kubeconfig,
      ],
      environment: kindEnvironment(means, wish.name),
      signal: NEVER,
      stdin: kindConfig(wish.name, { ...SMALL, nodes: SMALL.nodes.slice(0, 2) }, image),
    }),
  );
  must(await deleteCluster(wish.name, means, { signal: NEVER }));
  return log
    .replaceAll(wish.name, 'lab')
    .replaceAll(image, 'kindest/node:v1.35.5')
    .replaceAll(kubeconfig, '/data/kubeconfig')
    .replaceAll(/lab-worker\d*/g, 'lab-worker')
    .split('\n')
    .filter((line) => !MACHINE.test(line))
    .join('\n');
}

/** What differs from machine to machine, and the salutations, of which kind draws one. */
const MACHINE = /^(cgroup v1 is deprecated|Have a |Thanks for using|Not sure what)/;
