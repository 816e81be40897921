/**
 * In which order a node looks at a pool's blocks: from a start drawn by its name, then upwards, wrapping. Blocks of a single
 * address start at an index drawn by the clock instead. Reserved stretches are stepped over at once: a pool of IPv6 has more
 * blocks than anybody can look at.
 * Source: libcalico-go/lib/ipam/ipam_block_reader_writer.go randomBlockGenerator, Calico v3.32.1.
 */
import type { Ip } from '../../../../model/ip.ts';
import {
  addressBits,
  ipAt,
  ipCidrContains,
  ipCidrOf,
  offsetIn,
  type IpCidr,
} from '../../../../model/ip-family.ts';
import { GoRandom, fnv32, randomBelow } from '../go-random.ts';
import type { AnyPool } from '../ippool.ts';

const starts = new Map<string, bigint>();

/** Index of the block where `node` begins, among `count` blocks. */
export function startIndex(node: string, count: bigint): bigint {
  const key = `${count}/${node}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  const index = randomBelow(new GoRandom(BigInt(fnv32(node))), count);
  if (starts.size > 10_000) starts.clear();
  starts.set(key, index);
  return index;
}

export interface Walk {
  /** Milliseconds since 1970, read for blocks of one address only. */
  readonly clock: number;
  /** The reserved prefix that a block is wholly inside of. */
  covering(block: IpCidr): IpCidr | undefined;
}

/** Every block of the pool that is not wholly reserved, each once. */
export function* blocksOf(pool: AnyPool, node: string, walk: Walk): Generator<IpCidr> {
  const count = blockCount(pool);
  const start = startOf(pool, node, walk.clock);
  for (let step = 0n; step < count;) {
    const index = (start + step) % count;
    const block = blockAt(pool, index);
    const reserved = walk.covering(block);
    if (!reserved) yield block;
    step += reserved ? toEndOf(reserved, pool, index) : 1n;
  }
}

/** Blocks that exist, those of the pool, as the node comes past them. */
export function inWalkOrder<Block extends { readonly cidr: IpCidr }>(
  blocks: readonly Block[],
  pool: AnyPool,
  from: { readonly node: string; readonly clock: number },
): readonly Block[] {
  const count = blockCount(pool);
  const start = startOf(pool, from.node, from.clock);
  return blocks
    .filter(({ cidr }) => cidr.length === pool.blockSize && ipCidrContains(pool.cidr, cidr.base))
    .map((block) => ({ block, distance: (indexOf(pool, block.cidr.base) - start + count) % count }))
    .sort((a, b) => (a.distance < b.distance ? -1 : 1))
    .map(({ block }) => block);
}

const blockCount = ({ cidr, blockSize }: AnyPool): bigint => 1n << BigInt(blockSize - cidr.length);

const blockBits = ({ cidr, blockSize }: AnyPool): bigint => BigInt(addressBits(cidr.base) - blockSize);

const blockAt = (pool: AnyPool, index: bigint): IpCidr =>
  ipCidrOf(ipAt(pool.cidr, index << blockBits(pool)), pool.blockSize);

const indexOf = (pool: AnyPool, address: Ip): bigint => offsetIn(pool.cidr, address) >> blockBits(pool);

function startOf(pool: AnyPool, node: string, clock: number): bigint {
  const count = blockCount(pool);
  if (blockBits(pool) > 0n) return startIndex(node, count);
  return randomBelow(new GoRandom(BigInt(Math.round(clock * 1000)) * 1000n), count);
}

/** Blocks from one to the end of the reserved prefix it is in, which ends inside the pool or holds all of it. */
function toEndOf(reserved: IpCidr, pool: AnyPool, index: bigint): bigint {
  if (reserved.length < pool.cidr.length) return blockCount(pool);
  const size = 1n << BigInt(pool.blockSize - reserved.length);
  return size - (index % size);
}
