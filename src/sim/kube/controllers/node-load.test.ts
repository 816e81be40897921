import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Table } from '../../core/table.ts';
import type { KubeObject } from '../object.ts';
import { NodeLoad } from './node-load.ts';

const NODES = ['a', 'b', 'c'];
const OWNERS = ['x', 'y'];

interface Made {
  readonly name: string;
  readonly node: string;
  readonly owner: string | undefined;
}

const podOf = ({ name, node, owner }: Made): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    ...(owner !== undefined && {
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true },
      ],
    }),
  },
  spec: { nodeName: node },
});

const nodeOf = (name: string, zone?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, ...(zone !== undefined && { labels: { 'topology.kubernetes.io/zone': zone } }) },
  spec: {},
});

const made = fc.record({
  name: fc.constantFrom('1', '2', '3', '4', '5'),
  node: fc.constantFrom('', 'elsewhere', ...NODES),
  owner: fc.constantFrom(undefined, ...OWNERS),
});
const state = fc.record({
  nodes: fc.subarray(NODES),
  pods: fc.uniqueArray(made, { selector: ({ name }) => name }),
});

const tableOf = (objects: readonly KubeObject[]): Table<KubeObject> =>
  Table.of(objects.map((object) => [object.metadata.name, object]));

describe('the load of nodes', () => {
  test('is the same however it came to its tables', () => {
    fc.assert(
      fc.property(fc.array(state, { maxLength: 8 }), (states) => {
        const load = new NodeLoad();
        for (const { nodes, pods } of states) {
          load.follow(tableOf(nodes.map((name) => nodeOf(name))), tableOf(pods.map(podOf)));
          expect(load.candidates.map(({ name }) => name)).toEqual(nodes);
          for (const [place, node] of nodes.entries()) {
            const here = pods.filter((pod) => pod.node === node);
            expect(load.placeOf(node)).toBe(place);
            expect(load.total[place]).toBe(here.length);
            for (const owner of OWNERS)
              expect(load.of(owner)[place] ?? 0).toBe(here.filter((pod) => pod.owner === owner).length);
          }
        }
      }),
    );
  });

  test('tells whether there are several zones, as labels change', () => {
    const load = new NodeLoad();
    const zoned = (...zones: readonly (string | undefined)[]): boolean =>
      load.follow(tableOf(zones.map((zone, at) => nodeOf(String(at), zone))), Table.empty()).zoned;
    expect(zoned('east', 'east')).toBe(false);
    expect(zoned('east', 'west')).toBe(true);
    expect(zoned('west', 'west')).toBe(false);
    expect(zoned('west', undefined)).toBe(true);
    expect(zoned('west')).toBe(false);
  });
});
