/**
 * The search for one address: the owner's own blocks, a block that nobody has, one that another left empty, and at last an
 * address of somebody else's block.
 * Source: libcalico-go/lib/ipam/ipam.go autoAssign, findOrClaimBlock; ipam_block_reader_writer.go findUsableBlock, v3.32.1.
 */
import { err, ok, type Result } from '../../../../base/result.ts';
import type { Ip } from '../../../../model/ip.ts';
import { formatIpCidr, type IpCidr, type IpFamily } from '../../../../model/ip-family.ts';
import type { AnyPool } from '../ippool.ts';
import { affinityOf, type Affinity, type Owner } from './affinity.ts';
import { blocksOf, inWalkOrder } from './block-order.ts';
import { freeCount, isEmpty, takeNext, type Attributes, type Block } from './block.ts';
import { blockOf, claim, releaseBlock } from './claims.ts';
import type { IpamConfig, IpamStore, Reservations } from './ipam-store.ts';

/** Blocks an owner may have when IPAMConfig says nothing. */
const DEFAULT_BLOCK_LIMIT = 20;
/** Milliseconds that a claimed, empty block is safe from others. */
const MIN_RECLAIM_AGE = 60_000;

export interface Search {
  readonly family: IpFamily;
  readonly owner: Owner;
  readonly holder: Attributes;
  /** In the order in which they are tried. */
  readonly pools: readonly AnyPool[];
  readonly config: IpamConfig;
  readonly reservations: Reservations;
  /** The owner's, inside those pools. */
  readonly own: readonly Affinity[];
}

/** The error is Calico's text. */
export function findAddress(store: IpamStore, search: Search): Result<Ip, string> {
  const { config, own } = search;
  for (const affinity of own) {
    if (search.reservations.covering(affinity.block)) continue;
    const block = blockOf(store, affinity);
    const address = block && takeFrom(store, search, block);
    if (address !== undefined) return ok(address);
  }
  if (own.length >= (config.maxBlocksPerHost || DEFAULT_BLOCK_LIMIT)) {
    return err('cannot allocate new block due to per host block limit');
  }
  if (!config.autoAllocateBlocks) return err('failed to find or claim a block');
  const cidr = usableBlock(store, search);
  const claimed = cidr && takeFrom(store, search, store.block(cidr) ?? claim(store, search.owner, cidr));
  return claimed === undefined ? borrow(store, search) : ok(claimed);
}

/** Writes the handle before the block, so that no address is ever held by a handle that nobody can find. */
function takeFrom(store: IpamStore, { holder, reservations }: Search, block: Block): Ip | undefined {
  const taken = takeNext(block, holder, reservations.matches);
  if (!taken) return undefined;
  if (holder.handle_id !== undefined) store.incrementHandle(holder.handle_id, block, 1);
  store.updateBlock(taken.block);
  return taken.address;
}

/** The first block of the pools that nobody has, or one that somebody left empty long enough ago. */
function usableBlock(store: IpamStore, { owner, pools, reservations }: Search): IpCidr | undefined {
  const own = affinityOf(owner);
  const empty: Block[] = [];
  const walk = { clock: store.clock, covering: reservations.covering };
  for (const pool of pools) {
    for (const cidr of blocksOf(pool, owner.name, walk)) {
      const block = store.block(cidr);
      if (!block) return cidr;
      if (freeCount(block, reservations.matches) === 0) continue;
      if (block.affinity === own) return cidr;
      if (isEmpty(block)) empty.push(block);
    }
  }
  return empty.find((block) => isOld(store, block) && releaseBlock(store, block, true))?.cidr;
}

const isOld = (store: IpamStore, { claimed }: Block): boolean =>
  store.clock - Date.parse(claimed ?? '1970-01-01T00:00:00Z') >= MIN_RECLAIM_AGE;

function borrow(store: IpamStore, search: Search): Result<Ip, string> {
  const { family, pools, owner, reservations } = search;
  const failure = `Assigned 0 out of 1 requested IPv${family} addresses`;
  if (search.config.strictAffinity)
    return err(`${failure}; No more free affine blocks and strict affinity enabled`);
  for (const pool of pools) {
    for (const block of inWalkOrder(store.blocks(), pool, { node: owner.name, clock: store.clock })) {
      const address = reservations.covering(block.cidr) ? undefined : takeFrom(store, search, block);
      if (address !== undefined) return ok(address);
    }
  }
  const exhausted = pools.map((pool) => formatIpCidr(pool.cidr)).join(' ');
  return err(`${failure}; No IPs available in pools: [${exhausted}]`);
}
