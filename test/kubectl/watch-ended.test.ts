/**
 * A watch that the server ends with 410 Gone, because its past is no longer the lab's: kubectl shows what the server said and is
 * done. The real one and ours, each in a lab that is set back while they watch.
 * Source: k8s.io/cli-runtime pkg/printers/tableprinter.go printStatus, k8s.io/kubectl pkg/cmd/get/get.go watch, v0.35.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SIGNAL, smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { WORKSTATION } from '../../src/model/place.ts';
import type { Finished } from '../support/real-tool.ts';
import { kubectl, whyNoKubectl } from './binary.ts';

const missing = whyNoKubectl();

const LINES = [
  'get pods -w',
  'get pods -A -w --output-watch-events',
  'get pods -w --no-headers',
  'get cm -w -o name',
];

/** Versions of two labs differ. */
const plain = (text: string): string =>
  text
    .replaceAll(/version: \d+ \(\d+\)/g, 'version: N (M)')
    .replaceAll(/ \d+[sm](?:\d+s)?(?=\s|$)/gm, ' <age>');

describe.skipIf(missing !== undefined)(
  `a watch that is ended${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    test.each(LINES)('kubectl %s', async (line) => {
      const [real, ours] = [await byTheRealOne(line), await byOurs(line)];
      expect(real.stdout).toMatch(/too old resource version|status\/<unknown>/);
      expect({ ...ours, stdout: plain(ours.stdout) }).toEqual({ ...real, stdout: plain(real.stdout) });
    });
  },
);

async function byTheRealOne(line: string): Promise<Finished> {
  const session = await open('live');
  const folder = mkdtempSync(join(tmpdir(), 'underlay-watch-'));
  try {
    const config = await session.kubeconfig();
    if (!config.ok) throw new Error(config.error.message);
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, config.value);
    return await setBackDuring(session, () => kubectl({ args: line.split(' '), folder, kubeconfig }));
  } finally {
    await session.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function byOurs(line: string): Promise<Finished> {
  const session = await open('live');
  try {
    return await setBackDuring(session, async () => {
      const done = await session.exec(WORKSTATION, ['kubectl', ...line.split(' ')], SIGNAL);
      if (!done.ok) throw new Error(done.error.message);
      const { exitCode, stdout, stderr } = done.value;
      return { end: exitCode, stdout, stderr };
    });
  } finally {
    await session.dispose();
  }
}

/** Goes back again and again until the command has ended. */
async function setBackDuring(session: SimSession, run: () => Promise<Finished>): Promise<Finished> {
  const kept = await session.history.snapshot();
  if (!kept.ok) throw new Error(kept.error.message);
  const running = run();
  const ended = running.then(() => true);
  while (!(await Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, 300, false))])))
    await session.history.restore(kept.value);
  return running;
}

async function open(pace: 'live' | 'free'): Promise<SimSession> {
  const opened = await SimSession.open(smallEnvironment(), { belongings: { places: {} }, pace });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}
