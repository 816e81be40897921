/**
 * The in-app calicoctl prints what the real one prints on the simulated cluster's API with the Kubernetes datastore: both run the
 * same lines, each in a cluster of its own that began alike. Left out of the comparison: times, identities that a cluster makes up,
 * client-go's log and the git commit of the build. Skipped by name where this release's calicoctl is missing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finished } from '../support/real-tool.ts';
import { TwinClusters } from '../support/twin-clusters.ts';
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
    let twins: TwinClusters;

    beforeAll(async () => {
      twins = await TwinClusters.begin('calicoctl', MANIFESTS);
    });
    afterAll(() => twins.end());

    test.each(LINES)('calicoctl %s', async (line) => {
      const { expected, done } = await twins.both('calicoctl', line, calicoctl);
      expect(comparable(done)).toEqual(comparable(expected));
    });
  },
);
