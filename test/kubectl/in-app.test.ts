/**
 * The in-app kubectl prints what the real one prints: both run the same lines, each in a cluster of its own that began alike,
 * and stdout, stderr and exit code must be the same. Left out of the comparison: ages, times, the endings of
 * generated names, and the order of drain's complaints. Skipped by name where kubectl is missing or too old.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SmallTopology } from '../../src/engines/small-lab.contract.ts';
import type { Finished } from '../support/real-tool.ts';
import { TwinClusters } from '../support/twin-clusters.ts';
import { kubectl, whyNoKubectl } from './binary.ts';
import { DUAL_STACK_LINES, IN_APP_LINES } from './in-app-lines.ts';
import { MANIFESTS } from './manifests.ts';

const missing = whyNoKubectl();

/** What drain has against a node's pods comes in the order of a Go map: in brackets, or a line each. */
const complaintsInOrder = (text: string): string =>
  text
    .replaceAll(/(?<=\[)(?:cannot delete [^\]]+)(?=\])/g, (all) =>
      all
        .split(/, (?=cannot delete )/)
        .sort()
        .join(', '),
    )
    .replaceAll(/(?:^cannot delete .*\n)+/gm, (lines) =>
      lines
        .split(/(?<=\n)/)
        .sort()
        .join(''),
    );

/** What may not differ between two clusters that began alike, nor between kubectl 1.31 and later ones. */
function comparable({ end, stdout, stderr }: Finished): Finished {
  const plain = (text: string): string =>
    complaintsInOrder(text)
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

const CLUSTERS: readonly (readonly [topology: SmallTopology, lines: readonly string[]])[] = [
  ['two-racks', IN_APP_LINES],
  ['dual-stack', DUAL_STACK_LINES],
];

describe.skipIf(missing !== undefined).each(CLUSTERS)(
  `%s: the in-app kubectl as the real one${missing === undefined ? '' : ` (${missing})`}`,
  (topology, lines) => {
    let twins: TwinClusters;

    beforeAll(async () => {
      twins = await TwinClusters.begin('kubectl', MANIFESTS, topology);
    });
    afterAll(() => twins.end());

    test.each(lines)('kubectl %s', async (line) => {
      const { expected, done } = await twins.both('kubectl', line, kubectl);
      expect(comparable(done)).toEqual(comparable(expected));
    });
  },
);
