import { expect, test } from 'vitest';
import golden from './kind-output.golden.json' with { type: 'json' };
import { afterLine, afterNodes, KIND_BEGINS, readKindLine } from './phases.ts';

const read = (log: string): readonly string[] =>
  log.split('\n').flatMap((line) => {
    const said = readKindLine(line);
    if (said.kind === 'other') return [];
    if (said.kind === 'made') return ['made'];
    return [said.kind === 'error' ? `error: ${said.says.split(':')[1] ?? ''}` : `${said.kind} ${said.phase}`];
  });

// Real kind on stub nodes.
test('a creation that succeeds', () => {
  expect(read(golden.transcripts.made)).toEqual([
    ...['image', 'nodes', 'configuration', 'control-plane', 'storage', 'workers'].flatMap((phase) => [
      `begins ${phase}`,
      `done ${phase}`,
    ]),
    'made',
  ]);
});

// Real kind on stub nodes.
test.each([
  ['init fails', 'control-plane', ' failed to init node with kubeadm'],
  ['join fails', 'workers', ' failed to join node with kubeadm'],
  [
    'machine ends',
    'nodes',
    ' could not find a log line that matches "Reached target .*Multi-User System.*|detected cgroup v1"',
  ],
] as const)('%s: its phase has a cross, and an error follows', (run, phase, says) => {
  const lines = read(golden.transcripts[run]);
  expect(lines.slice(-3)).toEqual([`begins ${phase}`, `failed ${phase}`, `error: ${says}`]);
});

test('progress never falls, and ends at 1', () => {
  let progress = KIND_BEGINS;
  const fractions: number[] = [];
  for (const line of golden.transcripts.made.split('\n')) {
    progress = afterLine(progress, readKindLine(line));
    if (progress.phase === 'nodes') progress = afterNodes(progress, 2, 3);
    fractions.push(progress.fraction);
  }
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBe(1);
});

test('nodes that start move it only while they are started', () => {
  const nodes = afterLine(KIND_BEGINS, { kind: 'begins', phase: 'nodes' });
  expect(afterNodes(nodes, 3, 3).fraction).toBeGreaterThan(afterNodes(nodes, 1, 3).fraction);
  const later = afterLine(nodes, { kind: 'begins', phase: 'storage' });
  expect(afterNodes(later, 3, 3)).toEqual(later);
});

// Constructed after kind v0.32.0 pkg/internal/cli/status.go, and after what terminals and systems make of its pictures.
test.each([
  [' • Preparing nodes 📦 📦 📦   ...', { kind: 'begins', phase: 'nodes' }],
  [' • Preparing nodes ? ? ?   ...', { kind: 'begins', phase: 'nodes' }],
  [' \u001b[32m✓\u001b[0m Starting control-plane 🕹️', { kind: 'done', phase: 'control-plane' }],
  [' \u001b[31m✗\u001b[0m Joining worker nodes 🚜', { kind: 'failed', phase: 'workers' }],
  [
    '\u001b[31mERROR\u001b[0m: failed to create cluster: no',
    { kind: 'error', says: 'failed to create cluster: no' },
  ],
  [' • Configuring the external load balancer ⚖️  ...', { kind: 'begins', phase: 'balancer' }],
  [' • Joining more control-plane nodes 🎮  ...', { kind: 'begins', phase: 'control-planes' }],
  ['Starting control-plane', { kind: 'other' }],
  [' • WARNING: Timed out waiting for Ready ⚠️', { kind: 'other' }],
  ['', { kind: 'other' }],
])('%j', (line, said) => {
  expect(readKindLine(line)).toEqual(said);
});
