import { describe, expect, test } from 'vitest';
import { GoRandom, fnv32, randomBelow } from './go-random.ts';

/** The block a host starts at in a pool of `blocks` blocks. */
const start = (host: string, blocks: number): number =>
  Number(randomBelow(new GoRandom(BigInt(fnv32(host))), BigInt(blocks)));

describe("Go's generator", () => {
  test('FNV-1 seeds of host names (provenance: fact sheet, computed with Go)', () => {
    expect(['node1', 'node2', 'worker1'].map(fnv32)).toEqual([3957252814, 3957252813, 1927789516]);
  });

  test('start blocks in a /16 with /26 blocks (provenance: fact sheet; the kind-* rows from real BIRD output)', () => {
    const vectors = {
      node1: 666, node2: 416, node3: 540, 'node-1': 338, 'node-2': 988, 'node-3': 557,
      worker1: 942, worker2: 757, 'worker-1': 905, 'worker-2': 535, master: 877, 'control-plane': 942,
      'kind-control-plane': 328, 'kind-worker': 650, 'kind-worker2': 442, 'kind-worker3': 783,
      'k8s-master': 943, 'k8s-node1': 145, 'k8s-node2': 678, minikube: 481,
      testHost: 18, 'test-host': 1012, 'host-a': 216, 'host-b': 782,
    }; // prettier-ignore
    const drawn = Object.fromEntries(Object.keys(vectors).map((host) => [host, start(host, 1024)]));
    expect(drawn).toEqual(vectors);
  });

  test('start blocks in a /24 with /26 blocks (provenance: fact sheet)', () => {
    const vectors = {
      node1: 2, node2: 0, node3: 2, 'node-1': 2, 'node-2': 0, 'node-3': 0,
      worker1: 1, worker2: 1, 'worker-1': 1, 'worker-2': 3, master: 0, 'control-plane': 0,
    }; // prettier-ignore
    const drawn = Object.fromEntries(Object.keys(vectors).map((host) => [host, start(host, 4)]));
    expect(drawn).toEqual(vectors);
  });

  test('draws (provenance: run with Go itself)', () => {
    const draws = (seed: bigint) => {
      const source = new GoRandom(seed);
      const all = Array.from({ length: 700 }, () => source.uint32());
      return [...all.slice(0, 3), ...all.slice(697)];
    };
    expect(draws(0n)).toEqual([4059586549, 1052117029, 2817310706, 132783125, 1577369309, 1493217478]);
    expect(draws(-1n)).toEqual([1697317822, 256193504, 1440782448, 3202586503, 1650485400, 3416183420]);
    expect(draws(2147483647n)).toEqual(draws(0n));
    expect(draws(1700000000000000000n)).toEqual([
      3133712770, 3399685134, 932285252, 3677856922, 49083816, 1031121152,
    ]);
  });

  test('start blocks of other names and sizes (provenance: run with Go itself)', () => {
    const sizes = [1, 2, 8, 64, 4096, 1 << 20, 1 << 24];
    const of = (host: string) => sizes.map((size) => start(host, size));
    expect(of('underlay-worker')).toEqual([0, 1, 7, 47, 585, 399663, 4593967]);
    expect(of('underlay-worker2')).toEqual([0, 0, 6, 54, 3414, 922678, 8474448]);
    expect(of('a')).toEqual([0, 1, 6, 38, 2537, 739817, 9670950]);
    expect(of('ip-10-0-0-1.ec2.internal')).toEqual([0, 0, 2, 43, 555, 737835, 4932139]);
  });
});
