import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseArguments } from '../arguments.ts';
import { PATHS } from '../paths.ts';
import { clusterUp } from './cluster.ts';

const TOPOLOGY = join(PATHS.root, 'labs', 'topologies', 'two-racks.yaml');
let complained = '';

beforeEach(() => {
  complained = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    complained += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test.each([
  ['nowhere to write', ['--topology', TOPOLOGY], /^--kubeconfig is missing\. Usage: /],
  ['no cluster', ['--kubeconfig', 'x'], /^Give either --topology or --lab\. Usage: /],
  [
    'two clusters',
    ['--kubeconfig', 'x', '--topology', TOPOLOGY, '--lab', 'a'],
    /^Give either --topology or --lab/,
  ],
  [
    'a port that is none',
    ['--kubeconfig', 'x', '--topology', TOPOLOGY, '--port', '70000'],
    /^--port needs a number/,
  ],
  [
    'an install that is none',
    ['--kubeconfig', 'x', '--topology', TOPOLOGY, '--install', 'helm'],
    /^--install is manifest or operator, not "helm"/,
  ],
  [
    'an install for a lab',
    ['--kubeconfig', 'x', '--lab', 'first-overlay', '--install', 'operator'],
    /^A lab says itself how Calico is installed/,
  ],
  ['no such file', ['--kubeconfig', 'x', '--topology', '/nosuch'], /^The topology \/nosuch cannot be read/],
])('cluster up with %s is wrong usage', async (_, args, message) => {
  const parsed = parseArguments(args, clusterUp.spec);
  if (!parsed.ok) throw new Error(parsed.error);
  expect(await clusterUp.run(parsed.value)).toBe(2);
  expect(complained).toMatch(message);
});
