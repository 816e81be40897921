/**
 * Taking possession of blocks and giving them up.
 * Source: libcalico-go/lib/ipam/ipam_block_reader_writer.go (getPendingAffinity, claimAffineBlock, releaseBlockAffinity),
 * libcalico-go/lib/ipam/ipam.go getBlockFromAffinity, Calico v3.32.1.
 */
import { familyOf, ipCidrContains, type IpCidr } from '../../../../model/ip-family.ts';
import type { AnyPool } from '../ippool.ts';
import type { Labels } from '../selector.ts';
import { affinityOf, host, parseAffinity, type Affinity, type Owner } from './affinity.ts';
import { hostOf, isEmpty, newBlock, type Block } from './block.ts';
import type { IpamStore } from './ipam-store.ts';
import { poolHolding, selectsNode } from './pools.ts';

/** Pending affinity, then the block, then the affinity is confirmed. */
export function claim(store: IpamStore, owner: Owner, cidr: IpCidr): Block {
  store.putAffinity(owner, cidr, 'pending');
  const block = newBlock(cidr, {
    affinity: affinityOf(owner),
    claimed: store.timestamp,
    sequence: Math.round(store.clock * 1000),
  });
  store.createBlock(block);
  store.putAffinity(owner, cidr, 'confirmed');
  return block;
}

/** The block of an affinity, made when it is missing; undefined, and the affinity gone, when it is somebody else's. */
export function blockOf(store: IpamStore, { owner, block: cidr, state }: Affinity): Block | undefined {
  const block = store.block(cidr);
  if (!block) return claim(store, owner, cidr);
  if (block.affinity !== affinityOf(owner)) {
    store.deleteAffinity(owner, cidr);
    return undefined;
  }
  return state === 'confirmed' || state === '' ? block : confirmed(store, owner, block);
}

/** An affinity that somebody left half done is confirmed; the write of the block stops whoever is still at it. */
function confirmed(store: IpamStore, owner: Owner, block: Block): Block {
  store.putAffinity(owner, block.cidr, 'pending');
  const written = store.updateBlock(block);
  store.putAffinity(owner, block.cidr, 'confirmed');
  return written;
}

/** Ends a claim on a block. An empty block goes, another is orphaned, unless it must be empty. False when nothing ended. */
export function releaseAffinity(store: IpamStore, owner: Owner, cidr: IpCidr, mustBeEmpty: boolean): boolean {
  const block = store.affinity(owner, cidr) && store.block(cidr);
  if (!block) return false;
  if (block.affinity !== undefined && block.affinity !== affinityOf(owner)) {
    store.deleteAffinity(owner, cidr);
    return false;
  }
  if (!isEmpty(block) && mustBeEmpty) return false;
  store.putAffinity(owner, cidr, 'pendingDeletion');
  if (isEmpty(block)) store.deleteBlock(block);
  else store.updateBlock(orphaned(block));
  store.deleteAffinity(owner, cidr);
  return true;
}

function orphaned({ affinity: _affinity, claimed: _claimed, ...block }: Block): Block {
  return block;
}

/** Ends the claim on a block, whoever has it. */
export function releaseBlock(store: IpamStore, block: Block, mustBeEmpty: boolean): boolean {
  const owner = parseAffinity(block.affinity);
  return owner !== undefined && releaseAffinity(store, owner, block.cidr, mustBeEmpty);
}

/** Ends every claim on blocks of a pool, as deleting the pool does; addresses stay assigned. */
export function releasePool(store: IpamStore, pool: IpCidr): void {
  for (const { owner, block } of store.allAffinities()) {
    if (ipCidrContains(pool, block.base)) releaseAffinity(store, owner, block, false);
  }
}

/** A node gives up those blocks, if empty, whose pool no longer selects it. */
export function releaseStray(
  store: IpamStore,
  node: string,
  labels: Labels | undefined,
  blocks: readonly IpCidr[],
): void {
  if (!labels) return;
  for (const block of blocks) {
    const pool = poolHolding<AnyPool>(store.pools(familyOf(block.base)), block.base);
    if (pool && !pool.disabled && !selectsNode(pool, labels)) releaseAffinity(store, host(node), block, true);
  }
}

/** After an address came back: its block goes when its pool no longer selects its node. */
export function releaseIfStray(store: IpamStore, block: Block): void {
  const node = hostOf(block);
  if (node !== undefined) releaseStray(store, node, store.nodeLabels(node), [block.cidr]);
}
