import { describe, expect, test } from 'vitest';
import { seeded, nextRandom } from '../../../core/random.ts';
import { readBlock, attributesOf } from './block.ts';
import { BLOCK_AFFINITIES, IPAM_BLOCKS, IPAM_HANDLES } from '../kinds.ts';
import { TestCluster, oneRack } from '../two-racks.contract.ts';

describe('laws of IPAM over 10,000 random additions and deletions', () => {
  const cluster = new TestCluster(oneRack(12))
    .withCalico('none')
    .withPool('pool', { cidr: '10.244.0.0/22', blockSize: 27 });
  const running = new Map<string, string>();
  let random = seeded(42);
  const below = (limit: number): number => {
    const { value, state } = nextRandom(random);
    random = state;
    return Math.floor(value * limit);
  };
  let refused = 0;
  for (let step = 0; step < 10_000; step += 1) {
    const names = [...running.keys()];
    if (below(1200) < names.length) {
      const name = names[below(names.length)] ?? '';
      cluster.deletePod(name);
      running.delete(name);
      continue;
    }
    const address = cluster.addPod(`p-${step}`, cluster.topology.nodes[below(12)]?.name ?? '');
    if (address.endsWith('/32')) running.set(`p-${step}`, address);
    else refused += 1;
  }
  const blocks = cluster.state.store.list(IPAM_BLOCKS).flatMap((object) => readBlock(object) ?? []);

  test('no address is held twice', () => {
    expect(new Set(running.values()).size).toBe(running.size);
    expect(refused).toBeGreaterThanOrEqual(0);
  });

  test('what the blocks count is what runs: nothing leaks', () => {
    const allocated = blocks.flatMap((block) =>
      block.allocations.flatMap((_, ordinal) => attributesOf(block, ordinal)?.secondary['pod'] ?? []),
    );
    expect([...allocated].sort()).toEqual([...running.keys()].sort());
    expect(cluster.names(IPAM_HANDLES)).toHaveLength(running.size);
  });

  test('free and taken ordinals part a block', () => {
    for (const block of blocks) {
      const taken = block.allocations.flatMap((index, ordinal) => (index === null ? [] : [ordinal]));
      expect([...taken, ...block.unallocated].sort((a, b) => a - b)).toEqual(
        block.allocations.map((_, at) => at),
      );
      expect(block.attributes).toHaveLength(taken.length);
    }
  });

  test('every affinity is confirmed and its block says the same', () => {
    const owners = blocks.flatMap(({ affinity, cidr }) => (affinity ? [`${affinity} ${cidr.base}`] : []));
    expect(cluster.names(BLOCK_AFFINITIES)).toHaveLength(owners.length);
    for (const { spec } of cluster.state.store.list(BLOCK_AFFINITIES))
      expect(spec?.['state']).toBe('confirmed');
  });
});

test('5,000 pods on 500 nodes', () => {
  const cluster = new TestCluster(oneRack(500))
    .withCalico('none')
    .withPool('pool', { cidr: '10.244.0.0/16', vxlanMode: 'Always' });
  for (let at = 0; at < 5000; at += 1)
    cluster.addPod(`p-${at}`, cluster.topology.nodes[at % 500]?.name ?? '');
  expect(cluster.names(IPAM_BLOCKS)).toHaveLength(500);
  expect(cluster.names(IPAM_HANDLES)).toHaveLength(5500);
});
