/**
 * Calico IPAM: hands out addresses of pools, block by block. A node claims blocks for itself, takes a block back that
 * another node left empty, and borrows from others' blocks when there is none left to claim.
 * Source: libcalico-go/lib/ipam/ipam.go and ipam_block_reader_writer.go, Calico v3.32.1. Left out: IPv6, Windows
 * reservations, KubeVirt handles, and races between writers (a transaction has none).
 */
import { err, ok, type Result } from '../../../../base/result.ts';
import { cidrOf, formatCidr, parseCidr, type Cidr, type Ipv4 } from '../../../../model/ip.ts';
import type { Datastore } from '../datastore.ts';
import { readPools, type IpPool } from '../ippool.ts';
import { IP_POOLS, NODES } from '../kinds.ts';
import type { Labels } from '../selector.ts';
import {
  attributesOf,
  freeCount,
  hostAffinity,
  hostOf,
  isEmpty,
  newBlock,
  ordinalOf,
  releaseAddress,
  releaseHandle,
  take,
  takeNext,
  type Attributes,
  type Block,
} from './block.ts';
import { blocksOf } from './block-order.ts';
import { IpamStore, type IpamConfig, type Reservations } from './ipam-store.ts';
import { choosePools, poolHolding, selectsNode, type PoolRequest } from './pools.ts';

/** Blocks a node may own when IPAMConfig says nothing. */
const DEFAULT_BLOCK_LIMIT = 20;
/** Milliseconds that a claimed, empty block is safe from other nodes. */
const MIN_RECLAIM_AGE = 60_000;

export interface AssignRequest extends Omit<PoolRequest, 'nodeLabels'> {
  readonly handle: string;
  readonly secondary: Readonly<Record<string, string>>;
}

interface Search {
  readonly node: string;
  readonly owner: Attributes;
  readonly pools: readonly IpPool[];
  readonly config: IpamConfig;
  readonly reservations: Reservations;
}

export class Ipam {
  readonly #objects: Datastore;
  readonly #store: IpamStore;

  constructor(objects: Datastore) {
    this.#objects = objects;
    this.#store = new IpamStore(objects);
  }

  /** Assigns one address; the error is the text that the CNI plugin passes on. */
  autoAssign(request: AssignRequest): Result<Ipv4, string> {
    const node = this.#objects.get(NODES, request.node);
    if (!node)
      return err(
        `resource does not exist: Node(${request.node}) with error: nodes "${request.node}" not found`,
      );
    const nodeLabels = node.metadata.labels ?? {};
    const choice = choosePools(this.pools(), { ...request, nodeLabels });
    if (!choice.ok) return choice;
    const { usable: pools, selecting } = choice.value;
    const search: Search = {
      node: request.node,
      owner: { handle: request.handle, secondary: request.secondary },
      pools,
      config: this.#store.config(),
      reservations: this.#store.reservations(),
    };
    const affine = this.#store.affinities(request.node);
    this.#releaseStrayBlocks(
      request.node,
      nodeLabels,
      affine.filter((block) => !poolHolding(selecting, block.base)),
    );
    const own = affine.filter((block) => poolHolding(pools, block.base));
    return this.#fromOwnBlocks(search, own) ?? this.#fromNewBlock(search, own.length);
  }

  /** Assigns one particular address, claiming its block for the node when nobody has it. */
  assign(address: Ipv4, request: Pick<AssignRequest, 'node' | 'handle' | 'secondary'>): Result<Ipv4, string> {
    const pool = poolHolding(
      this.pools().filter(({ disabled }) => !disabled),
      address,
    );
    if (!pool) return err('The provided IP address is not in a configured pool\n');
    const cidr = cidrOf(address, pool.blockSize);
    const block = this.#store.block(cidr) ?? this.#claim(request.node, cidr);
    const { strictAffinity } = this.#store.config();
    if (strictAffinity && block.affinity === undefined) {
      return err(`Attempt to assign from block ${formatCidr(cidr)} with no affinity`);
    }
    if (strictAffinity && hostOf(block) !== request.node) return err('Block host affinity does not match');
    const taken = take(block, address, { handle: request.handle, secondary: request.secondary });
    if (!taken.ok) return taken;
    this.#commit(taken.value, request.handle);
    return ok(address);
  }

  /** Gives back all addresses of a handle. False when there is no such handle. */
  releaseHandle(handle: string): boolean {
    const held = this.#store.handle(handle);
    if (!held) return false;
    for (const [text, counted] of held) {
      const cidr = parseCidr(text);
      const block = cidr && this.#store.block(cidr);
      if (!cidr || !block) continue;
      const released = releaseHandle(block, handle);
      if (released.count > 0) this.#putBack(released.block);
      this.#store.countHandle(handle, cidr, -Math.max(released.count, counted));
      this.#dropUnselected(released.block);
    }
    return true;
  }

  /** Gives back one address. False when it was not assigned. */
  releaseAddress(address: Ipv4): boolean {
    const block = this.#blockHolding(address);
    const released = block && releaseAddress(block, address);
    if (!released) return false;
    this.#putBack(released.block);
    if (released.was.handle !== undefined && this.#store.handle(released.was.handle)) {
      this.#store.countHandle(released.was.handle, released.block.cidr, -1);
    }
    this.#dropUnselected(released.block);
    return true;
  }

  /** Who holds an address; undefined when it is free. */
  owner(address: Ipv4): Attributes | undefined {
    const block = this.#blockHolding(address);
    return block && attributesOf(block, ordinalOf(block, address) ?? -1);
  }

  /** Addresses that a handle holds. */
  addressesOf(handle: string): readonly Ipv4[] {
    return [...(this.#store.handle(handle)?.keys() ?? [])].flatMap((text) => {
      const cidr = parseCidr(text);
      const block = cidr && this.#store.block(cidr);
      if (!block) return [];
      return block.allocations.flatMap((_, ordinal) =>
        attributesOf(block, ordinal)?.handle === handle ? [((block.cidr.base + ordinal) >>> 0) as Ipv4] : [],
      );
    });
  }

  /** Ends a node's claim on a block. An empty block goes, another is orphaned unless it must be empty. */
  releaseAffinity(node: string, cidr: Cidr, mustBeEmpty: boolean): boolean {
    if (!this.#store.hasAffinity(node, cidr)) return false;
    const block = this.#store.block(cidr);
    if (block && hostOf(block) === node) {
      if (!isEmpty(block) && mustBeEmpty) return false;
      this.#store.putAffinity(node, cidr, 'pendingDeletion');
      if (isEmpty(block)) this.#store.deleteBlock(block);
      else this.#store.putBlock(orphaned(block));
    }
    this.#store.deleteAffinity(node, cidr);
    return true;
  }

  /** Ends every claim on blocks of a pool, as deleting the pool does; addresses stay assigned. */
  releasePoolAffinities(pool: Cidr): void {
    for (const block of this.#store.blocks()) {
      const node = hostOf(block);
      const inside =
        block.cidr.length >= pool.length && cidrOf(block.cidr.base, pool.length).base === pool.base;
      if (inside && node !== undefined) this.releaseAffinity(node, block.cidr, false);
    }
  }

  /** Ends every claim of a node that is gone. */
  releaseHost(node: string): void {
    for (const cidr of this.#store.affinities(node)) this.releaseAffinity(node, cidr, false);
  }

  /** All IPv4 pools, in name order. */
  pools(): readonly IpPool[] {
    return readPools(this.#objects.list(IP_POOLS));
  }

  #fromOwnBlocks(search: Search, own: readonly Cidr[]): Result<Ipv4, string> | undefined {
    for (const cidr of own) {
      if (search.reservations.wholly(cidr)) continue;
      const block = this.#store.block(cidr) ?? this.#claim(search.node, cidr);
      if (hostOf(block) !== search.node) {
        this.#store.deleteAffinity(search.node, cidr);
        continue;
      }
      const taken = takeNext(block, search.owner, search.reservations.matches);
      if (taken) return ok(this.#commitTaken(taken, search));
    }
    return undefined;
  }

  #fromNewBlock(search: Search, owned: number): Result<Ipv4, string> {
    const limit = search.config.maxBlocksPerHost || DEFAULT_BLOCK_LIMIT;
    if (owned >= limit) return err('cannot allocate new block due to per host block limit');
    if (!search.config.autoAllocateBlocks) return err('failed to find or claim a block');
    const cidr = this.#usableBlock(search);
    if (cidr) {
      const block = this.#store.block(cidr) ?? this.#claim(search.node, cidr);
      const taken = takeNext(block, search.owner, search.reservations.matches);
      if (taken) return ok(this.#commitTaken(taken, search));
    }
    const failure = 'Assigned 0 out of 1 requested IPv4 addresses';
    if (search.config.strictAffinity) {
      return err(`${failure}; No more free affine blocks and strict affinity enabled`);
    }
    const borrowed = this.#borrow(search);
    if (borrowed !== undefined) return ok(borrowed);
    const exhausted = search.pools.map((pool) => formatCidr(pool.cidr)).join(' ');
    return err(`${failure}; No IPs available in pools: [${exhausted}]`);
  }

  /** The first block of the pools that nobody has, or one that another node left empty long enough ago. */
  #usableBlock(search: Search): Cidr | undefined {
    const empty: Block[] = [];
    for (const pool of search.pools) {
      for (const cidr of blocksOf(pool, search.node, this.#objects.clock)) {
        if (search.reservations.wholly(cidr)) continue;
        const block = this.#store.block(cidr);
        if (!block) return cidr;
        if (freeCount(block, search.reservations.matches) === 0) continue;
        if (hostOf(block) === search.node) return cidr;
        if (isEmpty(block)) empty.push(block);
      }
    }
    return empty.find((block) => this.#reclaim(block))?.cidr;
  }

  #reclaim(block: Block): boolean {
    const node = hostOf(block);
    const age = this.#objects.clock - Date.parse(block.claimed ?? '1970-01-01T00:00:00Z');
    return node !== undefined && age >= MIN_RECLAIM_AGE && this.releaseAffinity(node, block.cidr, true);
  }

  #borrow(search: Search): Ipv4 | undefined {
    for (const pool of search.pools) {
      for (const cidr of blocksOf(pool, search.node, this.#objects.clock)) {
        const block = search.reservations.wholly(cidr) ? undefined : this.#store.block(cidr);
        const taken = block && takeNext(block, search.owner, search.reservations.matches);
        if (taken) return this.#commitTaken(taken, search);
      }
    }
    return undefined;
  }

  /** Pending affinity, then the block, then the affinity is confirmed. */
  #claim(node: string, cidr: Cidr): Block {
    this.#store.putAffinity(node, cidr, 'pending');
    const claim = {
      affinity: hostAffinity(node),
      claimed: this.#objects.timestamp,
      sequence: Math.round(this.#objects.clock * 1000),
    };
    const block = this.#store.putBlock(newBlock(cidr, claim));
    this.#store.putAffinity(node, cidr, 'confirmed');
    return block;
  }

  #commitTaken(taken: { readonly block: Block; readonly address: Ipv4 }, search: Search): Ipv4 {
    this.#commit(taken.block, search.owner.handle);
    return taken.address;
  }

  #commit(block: Block, handle: string | undefined): void {
    if (handle !== undefined) this.#store.countHandle(handle, block.cidr, 1);
    this.#store.putBlock(block);
  }

  #putBack(block: Block): void {
    if (isEmpty(block) && block.affinity === undefined) this.#store.deleteBlock(block);
    else this.#store.putBlock(block);
  }

  /** A block whose pool no longer selects its node is given up once it is empty. */
  #dropUnselected(block: Block): void {
    const node = hostOf(block);
    if (node === undefined) return;
    this.#releaseStrayBlocks(node, this.#objects.get(NODES, node)?.metadata.labels, [block.cidr]);
  }

  #releaseStrayBlocks(node: string, labels: Labels | undefined, blocks: readonly Cidr[]): void {
    if (!labels || blocks.length === 0) return;
    const enabled = this.pools().filter(({ disabled }) => !disabled);
    for (const block of blocks) {
      const pool = poolHolding(enabled, block.base);
      if (pool && !selectsNode(pool, labels)) this.releaseAffinity(node, block, true);
    }
  }

  #blockHolding(address: Ipv4): Block | undefined {
    const pool = poolHolding(this.pools(), address);
    const likely = pool && this.#store.block(cidrOf(address, pool.blockSize));
    return likely ?? this.#store.blocks().find((block) => ordinalOf(block, address) !== undefined);
  }
}

function orphaned({ affinity: _affinity, claimed: _claimed, ...block }: Block): Block {
  return block;
}
