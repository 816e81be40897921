/**
 * The in-app calicoctl prints what the real one prints on the simulated cluster's API with the Kubernetes datastore: both run the
 * same lines, each in a cluster of its own that began alike. Left out of the comparison: times, identities that a cluster makes up,
 * client-go's log and the git commit of the build. Skipped by name where this release's calicoctl is missing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SIGNAL, smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import { SimSession } from '../../src/engines/sim/session.ts';
import { WORKSTATION } from '../../src/model/place.ts';
import type { Finished } from '../kubectl/binary.ts';
import { wordsOf } from '../kubectl/case.ts';
import { calicoctl, whyNoCalicoctl } from './binary.ts';
import { LINES } from './lines.ts';
import { MANIFESTS } from './manifests.ts';

const missing = whyNoCalicoctl();

function comparable({ end, stdout, stderr }: Finished): Finished {
  const plain = (text: string): string =>
    text
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
      .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
      .replaceAll(/(resourceVersion"?: "?)\d+/g, '$1<version>')
      // What client-go logs, with the time and its process.
      .replaceAll(/^[IWE]\d{4} .*\n/gm, '')
      .replaceAll(/\(\*ipam\.VMAddressPersistence\)\(0x[0-9a-f]+\)|"Enabled"(?= +\|$)/gm, '<pointer>')
      // Nodes with equally many addresses come in the order of Go's maps.
      .replaceAll(/(?:^ {2}\S+ has \d+ allocations\n)+/gm, (lines) => lines.split('\n').sort().join('\n'))
      .replaceAll(/(Git commit: +).*/g, '$1<commit>');
  const tidy = stdout.includes('VMAddressPersistence')
    ? stdout.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-')
    : stdout;
  return { end, stdout: plain(tidy), stderr: plain(stderr) };
}

describe.skipIf(missing !== undefined)(
  `the in-app calicoctl as the real one${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'underlay-calicoctl-'));
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

    test.each(LINES)('calicoctl %s', async (line) => {
      const args = wordsOf(line);
      const expected = await calicoctl({ args, folder, kubeconfig });
      // In the real cluster time passed between two lines.
      await inApp?.exec(WORKSTATION, ['sleep', '2'], SIGNAL);
      const done = await inApp?.exec(WORKSTATION, ['calicoctl', ...args], SIGNAL);
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
