/** What is alike is one value: pods of one template, nodes of one cluster, worlds that say the same. */
import { describe, expect, test } from 'vitest';
import { builtCluster, gridIds, gridTopology } from '../../src/cli/commands/bench-grid.ts';
import { felix } from '../../src/sim/cni/calico/felix/felix.ts';
import type { KubeObject } from '../../src/sim/kube/object.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { settled, simulator, TOPOLOGY } from './cluster.ts';

interface Container {
  readonly name: string;
  readonly env?: object;
  readonly volumeMounts?: readonly { readonly name: string }[];
}

const podsOf = (cluster: Simulator, owner: string): readonly KubeObject[] =>
  cluster.world.cluster.store
    .list('pods', 'kube-system')
    .filter(({ metadata }) => metadata.name.startsWith(`${owner}-`));

const containersOf = (pod: KubeObject, where: 'spec' | 'status', member: string): readonly Container[] =>
  (pod[where]?.[member] ?? []) as unknown as readonly Container[];

const isToken = ({ name }: { readonly name: string }): boolean => name.startsWith('kube-api-access-');

describe('the pods of a DaemonSet', () => {
  const [first, ...others] = podsOf(settled(), 'calico-node');

  test.each(['initContainers', 'containers'])('share what their template says of %s', (member) => {
    expect(others.length).toBeGreaterThan(1);
    const wanted = first ? containersOf(first, 'spec', member) : [];
    expect(wanted.length).toBeGreaterThan(0);
    for (const pod of others) {
      for (const [at, container] of containersOf(pod, 'spec', member).entries()) {
        expect(container.env).toBe(wanted[at]?.env);
        const mounts = (container.volumeMounts ?? []).filter((mount) => !isToken(mount));
        const known = (wanted[at]?.volumeMounts ?? []).filter((mount) => !isToken(mount));
        expect(mounts.every((mount, which) => mount === known[which])).toBe(true);
      }
    }
  });

  test('share what their status says of mounts', () => {
    const mounts = (pod: KubeObject): readonly object[] =>
      ['initContainerStatuses', 'containerStatuses']
        .flatMap((member) => containersOf(pod, 'status', member))
        .flatMap(({ volumeMounts = [] }) => volumeMounts)
        .filter((mount) => !isToken(mount));
    const known = first ? mounts(first) : [];
    expect(known.length).toBeGreaterThan(5);
    for (const pod of others) expect(mounts(pod).every((mount, at) => mount === known[at])).toBe(true);
  });
});

describe('a node’s stack', () => {
  test('takes long lists from Felix as they are', () => {
    const { world, network } = builtCluster(gridTopology(4));
    const made = felix(world.cluster, world.topology, 'node3');
    const stack = network.netns('node/node3');
    expect(made.fdb.length).toBeGreaterThan(0);
    expect(stack?.fdb).toBe(made.fdb);
    expect(stack?.neighbours).toBe(made.neighbours);
    expect(stack?.netfilter.tables.raw).toBe(made.netfilter.tables.raw);
  });
});

describe('worlds that say the same', () => {
  test('have the same static chains, also when one was read from a file', () => {
    const here = settled();
    const there = simulator();
    const read = there.decode(JSON.parse(JSON.stringify(here.encode())));
    if (!read.ok) throw new Error(read.error.detail);
    there.restore(read.value);
    const [node = { name: '' }] = TOPOLOGY.nodes;
    const chain = (cluster: Simulator, [table, name]: (typeof STATIC)[number]): unknown =>
      cluster.network.netns(`node/${node.name}`)?.netfilter.tables[table]?.find((each) => each.name === name);
    for (const place of STATIC) {
      expect(chain(here, place)).toBeDefined();
      expect(chain(there, place)).toBe(chain(here, place));
    }
  });
});

/** Chains that depend on Felix's configuration alone. */
const STATIC = [
  ['raw', 'cali-PREROUTING'],
  ['mangle', 'cali-PREROUTING'],
  ['filter', 'cali-INPUT'],
] as const;

describe('one more node', () => {
  /** Containers that a cluster keeps alive: its objects, sandboxes and stacks, each counted once. */
  function weightOf(nodes: number): number {
    const cluster = builtCluster(gridTopology(nodes));
    const { store, sandboxes } = cluster.world.cluster;
    const open: unknown[] = [
      ...store.resources.flatMap((resource) => store.list(resource)),
      ...sandboxes.values(),
      ...gridIds(cluster).map((id) => cluster.network.netns(id)),
    ];
    const found = new Set<object>();
    for (let next = open.pop(); open.length > 0; next = open.pop()) {
      if (typeof next !== 'object' || next === null || found.has(next)) continue;
      found.add(next);
      open.push(...(next instanceof Map ? [...next].flat() : (Object.values(next) as unknown[])));
    }
    return found.size;
  }

  test('with two pods brings few containers of its own', () => {
    const each = (weightOf(12) - weightOf(6)) / 6;
    expect(each).toBeLessThan(LIMIT);
  });
});

/** A little more than there are; what nodes no longer share shows at once, since each has dozens of everything. */
const LIMIT = 475;
