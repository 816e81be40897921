/**
 * The in-app kubectl prints what the real one prints: both run the same lines, each in a cluster of its own that began alike,
 * and stdout, stderr and exit code must be the same. Left out of the comparison: ages, times, and the endings of generated names. Skipped by name where kubectl is missing or too old.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SIGNAL, smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { WORKSTATION } from '../../src/model/place.ts';
import { kubectl, whyNoKubectl, type Finished } from './binary.ts';
import { wordsOf } from './case.ts';
import { IN_APP_LINES } from './in-app-lines.ts';
import { MANIFESTS } from './manifests.ts';

const missing = whyNoKubectl();

/** What may not differ between two clusters that began alike, nor between kubectl 1.31 and later ones. */
function comparable({ end, stdout, stderr }: Finished): Finished {
  const plain = (text: string): string =>
    text
      // In some builds cobra itself prints the complaint: with a capital, and one line end more.
      .replace(/^Error: /, 'error: ')
      .replace(/\n+$/, '\n')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC/g, '<time>')
      .replaceAll(/^ *creationTimestamp: null\n/gm, '')
      .replaceAll(/ (?:force )?deleted from \S+ namespace/g, ' deleted')
      .replaceAll(/(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5}(?=[\s,\]]|$)/gm, '<end>')
      .replaceAll(/(?:(?<= )|^)\d+(?:s|m\d*s?|h\d*m?)(?=\s|$)/gm, '<age>')
      .replaceAll(/(?<=<age>) +/g, '  ');
  return { end, stdout: plain(stdout), stderr: plain(stderr) };
}

describe.skipIf(missing !== undefined)(
  `the in-app kubectl as the real one${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'underlay-in-app-'));
    const kubeconfig = join(folder, 'kubeconfig');
    let [real, inApp]: SimSession[] = [];

    beforeAll(async () => {
      [real, inApp] = await Promise.all([open('live'), open('free')]);
      const config = await real.kubeconfig();
      if (!config.ok) throw new Error(config.error.message);
      writeFileSync(kubeconfig, config.value);
      for (const [name, text] of Object.entries(MANIFESTS)) writeFileSync(join(folder, name), text);
    });
    afterAll(async () => {
      await real?.dispose();
      await inApp?.dispose();
      rmSync(folder, { recursive: true, force: true });
    });

    test.each(IN_APP_LINES)('kubectl %s', async (line) => {
      const args = wordsOf(line);
      const expected = await kubectl({ args, folder, kubeconfig });
      // In the real cluster time passed between two lines.
      await inApp?.exec(WORKSTATION, ['sleep', '2'], SIGNAL);
      const done = await inApp?.exec(WORKSTATION, ['kubectl', ...args], SIGNAL);
      if (!done?.ok) throw new Error(done?.error.message);
      const { exitCode, stdout, stderr } = done.value;
      expect(comparable({ end: exitCode, stdout, stderr })).toEqual(comparable(expected));
    });
  },
);

async function open(pace: 'live' | 'free'): Promise<SimSession> {
  const environment = smallEnvironment();
  const files = Object.entries(MANIFESTS).map(([path, text]) => ({ path, text }));
  const opened = await SimSession.open({ ...environment, files }, { belongings: { places: {} }, pace });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}
