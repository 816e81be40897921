/**
 * The session's laws on real Kubernetes and Calico: on the engine that labs would run on, with the images that are there.
 * Every opening makes a cluster of its own, so this takes many minutes; it runs where a node image is named.
 */
import process from 'node:process';
import { describe, test, vi } from 'vitest';
import { realClustersHere } from '../../src/cli/real-clusters.ts';
import { labCaptureContract } from '../../src/engines/lab-capture.contract.ts';
import { labSessionContract } from '../../src/engines/lab-session.contract.ts';
import { full } from './support/engine.ts';

const NAME = 'the kind engine on a real cluster';

/** Milliseconds for one cluster, and what is done on it. */
const PATIENCE = 1_200_000;
vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });

if (process.env['UNDERLAY_NODE_IMAGE'] && full)
  describe(NAME, () => {
    const make = () => realClustersHere().trials;
    labSessionContract('keeps the contract of sessions', make);
    labCaptureContract('keeps the contract of captures', make);
  });
else
  describe.skip(`${NAME} (npm run test:full with UNDERLAY_NODE_IMAGE)`, () =>
    test('is tried there', () => undefined));
