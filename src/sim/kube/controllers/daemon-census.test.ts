import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Table } from '../../core/table.ts';
import type { KubeObject } from '../object.ts';
import { DaemonCensus, type DaemonSetTraits, REVISION_LABEL } from './daemon-census.ts';

const TRAITS: DaemonSetTraits = {
  owner: 'own',
  revision: 'new',
  fits: ({ metadata }) => metadata.labels?.['takes'] === 'yes',
};

interface NodeEdit {
  readonly kind: 'node';
  readonly name: string;
  /** Undefined: the node goes. */
  readonly takes: 'yes' | 'no' | undefined;
}

interface PodEdit {
  readonly kind: 'pod';
  readonly name: string;
  readonly exists: boolean;
  readonly owner: string;
  readonly node: string | undefined;
  readonly meant: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly revision: string;
}

const name = fc.constantFrom('a', 'b', 'c', 'd');
const nodeEdit: fc.Arbitrary<NodeEdit> = fc.record({
  kind: fc.constant('node' as const),
  name,
  takes: fc.constantFrom('yes', 'no', undefined),
});
const podEdit: fc.Arbitrary<PodEdit> = fc.record({
  kind: fc.constant('pod' as const),
  name: fc.constantFrom('p1', 'p2', 'p3', 'p4', 'p5'),
  exists: fc.boolean(),
  owner: fc.constantFrom('own', 'own', 'own', 'other'),
  node: fc.option(name, { nil: undefined }),
  meant: name,
  phase: fc.constantFrom('Pending', 'Running', 'Failed'),
  ready: fc.boolean(),
  leaving: fc.boolean(),
  revision: fc.constantFrom('new', 'old'),
});

const nodeOf = ({ name: node, takes }: NodeEdit): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: node, labels: { takes: takes ?? '' } },
  spec: {},
});

const pinnedTo = (node: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
    },
  },
});

const podOf = (edit: PodEdit): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: edit.name,
    labels: { [REVISION_LABEL]: edit.revision },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'set', uid: edit.owner, controller: true },
    ],
    ...(edit.leaving && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  spec: { affinity: pinnedTo(edit.meant), ...(edit.node !== undefined && { nodeName: edit.node }) },
  status: { phase: edit.phase, conditions: [{ type: 'Ready', status: edit.ready ? 'True' : 'False' }] },
});

interface Tables {
  readonly nodes: Table<KubeObject>;
  readonly pods: Table<KubeObject>;
}

const EMPTY: Tables = { nodes: Table.empty(), pods: Table.empty() };

function edited({ nodes, pods }: Tables, edit: NodeEdit | PodEdit): Tables {
  if (edit.kind === 'pod')
    return { nodes, pods: edit.exists ? pods.set(edit.name, podOf(edit)) : pods.delete(edit.name) };
  const { name: node, takes } = edit;
  return { nodes: takes === undefined ? nodes.delete(node) : nodes.set(node, nodeOf(edit)), pods };
}

const told = (census: DaemonCensus): unknown => ({
  counts: { ...census.counts },
  unsettled: [...census.unsettled.entries()],
  stale: [...census.stale.entries()],
  counted: census
    .counted()
    .map(({ key }) => key)
    .sort(),
});

describe('a census of daemon pods', () => {
  test('is the same however it came to its tables, one of another past included', () => {
    const edit = fc.oneof<fc.Arbitrary<NodeEdit | PodEdit>[]>(nodeEdit, podEdit);
    const past = fc.array(fc.array(edit, { maxLength: 6 }), { maxLength: 15 });
    fc.assert(
      fc.property(past, (turns) => {
        const census = new DaemonCensus(TRAITS);
        const seen = [EMPTY];
        for (const edits of turns) {
          const tables = edits.reduce(edited, seen.at(-1) ?? EMPTY);
          seen.push(tables);
          const afresh = new DaemonCensus(TRAITS).follow(tables.nodes, tables.pods);
          expect(told(census.follow(tables.nodes, tables.pods))).toEqual(told(afresh));
        }
        for (const { nodes, pods } of seen.toReversed()) {
          const afresh = new DaemonCensus(TRAITS).follow(nodes, pods);
          expect(told(census.follow(nodes, pods))).toEqual(told(afresh));
        }
      }),
    );
  });

  test('counts one active pod of a node that takes them, and knows where something is to be done', () => {
    const edits: readonly (NodeEdit | PodEdit)[] = [
      ...['a', 'b', 'c'].map((node): NodeEdit => ({ kind: 'node', name: node, takes: 'yes' })),
      { kind: 'node', name: 'd', takes: 'no' },
      pod('p1', 'a'),
      pod('p2', 'a', { ready: false }),
      pod('p3', 'b', { revision: 'old' }),
      pod('p4', 'd'),
      pod('p5', 'c', { owner: 'other' }),
    ];
    const { nodes, pods } = edits.reduce(edited, EMPTY);
    const census = new DaemonCensus(TRAITS).follow(nodes, pods);
    expect(census.counts).toEqual({ desired: 3, scheduled: 2, ready: 2, updated: 1, misplaced: 1 });
    expect([...census.unsettled.keys()]).toEqual(['a', 'c', 'd']);
    expect([...census.stale.keys()]).toEqual(['b']);
    expect(census.counted().map(({ key }) => key)).toEqual(['p1', 'p3']);
  });
});

const pod = (podName: string, node: string, but: Partial<PodEdit> = {}): PodEdit => ({
  kind: 'pod',
  name: podName,
  exists: true,
  owner: 'own',
  node: undefined,
  meant: node,
  phase: 'Running',
  ready: true,
  leaving: false,
  revision: 'new',
  ...but,
});
