/**
 * In which order a node looks at a pool's blocks: from a start drawn by its name, then upwards, wrapping. /32 blocks start
 * at an index drawn by the clock instead.
 * Source: libcalico-go/lib/ipam/ipam_block_reader_writer.go randomBlockGenerator, Calico v3.32.1.
 */
import { addressAt, cidrOf, type Cidr } from '../../../../model/ip.ts';
import { GoRandom, fnv32, randomBelow } from '../go-random.ts';
import type { IpPool } from '../ippool.ts';

const starts = new Map<string, number>();

/** Index of the block where `node` begins, among `count` blocks. */
export function startIndex(node: string, count: number): number {
  const key = `${count}/${node}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  const index = randomBelow(new GoRandom(BigInt(fnv32(node))), count);
  if (starts.size > 10_000) starts.clear();
  starts.set(key, index);
  return index;
}

/** Every block of the pool, each once. `clock`: milliseconds since 1970, read for /32 blocks only. */
export function* blocksOf(pool: IpPool, node: string, clock: number): Generator<Cidr> {
  const count = 2 ** (pool.blockSize - pool.cidr.length);
  const size = 2 ** (32 - pool.blockSize);
  const start =
    pool.blockSize === 32
      ? randomBelow(new GoRandom(BigInt(Math.round(clock * 1000)) * 1000n), count)
      : startIndex(node, count);
  for (let step = 0; step < count; step += 1) {
    const index = (start + step) % count;
    yield cidrOf(addressAt(pool.cidr, index * size), pool.blockSize);
  }
}
