/**
 * Calico IPAM: hands out addresses of pools, block by block, and takes them back. A node claims blocks for itself, takes a
 * block back that another node left empty, and borrows from others' blocks when there is none left to claim.
 * Source: libcalico-go/lib/ipam/ipam.go, Calico v3.32.1. Left out: Windows reservations, KubeVirt handles, and races between
 * writers (a transaction has none).
 */
import { err, ok, type Result } from '../../../../base/result.ts';
import type { Ip } from '../../../../model/ip.ts';
import {
  familyOf,
  formatIp,
  formatIpCidr,
  ipCidrOf,
  parseIpCidr,
  type AddressOf,
  type IpCidr,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import type { Datastore } from '../datastore.ts';
import type { AnyPool, PoolOf } from '../ippool.ts';
import type { Labels } from '../selector.ts';
import { affinityOf, host, LOAD_BALANCER, type Owner } from './affinity.ts';
import { findAddress } from './auto-assign.ts';
import {
  addressOf,
  attributesOf,
  isEmpty,
  ordinalOf,
  releaseAddress,
  releaseHandle,
  sequenceOf,
  take,
  type Attributes,
  type Block,
} from './block.ts';
import { claim, releaseAffinity, releaseBlock, releaseIfStray, releasePool, releaseStray } from './claims.ts';
import { IpamStore } from './ipam-store.ts';
import { choosePools, poolHolding, type PoolRequest } from './pools.ts';

export interface AssignRequest<Family extends IpFamily = 4> extends Omit<PoolRequest, 'node' | 'nodeLabels'> {
  /** IPv4 unless said. */
  readonly family?: Family;
  readonly owner: Owner;
  readonly handle: string;
  readonly secondary: Readonly<Record<string, string>>;
}

/** What was known of an address when it was decided to give it back; it must still be so. */
export interface Release {
  readonly address: Ip;
  readonly handle?: string;
  readonly sequence?: number;
}

export interface Released {
  /** How many were given back. */
  readonly count: number;
  /** Those that nobody held. */
  readonly unallocated: readonly Ip[];
  /** Calico's text about the first address that had changed hands; no address of its block was given back. */
  readonly error?: string;
}

export class Ipam {
  readonly #store: IpamStore;

  constructor(objects: Datastore) {
    this.#store = new IpamStore(objects);
  }

  /** Assigns one address; the error is the text that the CNI plugin passes on. */
  autoAssign<Family extends IpFamily = 4>(request: AssignRequest<Family>): Result<AddressOf<Family>, string> {
    return this.#find(request, request.family ?? 4) as Result<AddressOf<Family>, string>;
  }

  #find(request: AssignRequest<IpFamily>, family: IpFamily): Result<Ip, string> {
    const store = this.#store;
    const { owner } = request;
    const nodeLabels = this.#labelsOf(owner);
    if (!nodeLabels)
      return err(`resource does not exist: Node(${owner.name}) with error: nodes "${owner.name}" not found`);
    const choice = choosePools(store.pools(family), { ...request, node: owner.name, nodeLabels });
    if (!choice.ok) return choice;
    const { usable: pools, selecting } = choice.value;
    const affine = store.affinities(owner).filter(({ block }) => familyOf(block.base) === family);
    if (owner.type === 'host') {
      const strays = affine.filter(({ block }) => !poolHolding(selecting, block.base));
      releaseStray(
        store,
        owner.name,
        nodeLabels,
        strays.map(({ block }) => block),
      );
    }
    return findAddress(store, {
      family,
      owner,
      holder: { handle_id: request.handle, secondary: request.secondary },
      pools,
      config: store.config(),
      reservations: store.reservations(),
      own: affine.filter(({ block }) => poolHolding(pools, block.base)),
    });
  }

  /** The load balancer is no node; selectors of its pools are asked about no labels. */
  #labelsOf(owner: Owner): Labels | undefined {
    return owner.type === LOAD_BALANCER.type ? {} : this.#store.nodeLabels(owner.name);
  }

  /** Assigns one particular address, claiming its block when nobody has it. */
  assign<Address extends Ip>(
    address: Address,
    request: Pick<AssignRequest, 'owner' | 'handle' | 'secondary'>,
  ): Result<Address, string> {
    const store = this.#store;
    const pool = this.#poolHolding(address);
    if (!pool || pool.disabled) return err('The provided IP address is not in a configured pool\n');
    const { strictAffinity } = store.config();
    const cidr = ipCidrOf(address, pool.blockSize);
    const block = store.block(cidr) ?? claim(store, request.owner, cidr);
    if (strictAffinity && block.affinity === undefined)
      return err(`Attempt to assign from block ${formatIpCidr(cidr)} with no affinity`);
    if (strictAffinity && block.affinity !== affinityOf(request.owner))
      return err('Block host affinity does not match');
    const taken = take(block, address, { handle_id: request.handle, secondary: request.secondary });
    if (!taken.ok) return taken;
    store.incrementHandle(request.handle, block, 1);
    store.updateBlock(taken.value);
    return ok(address);
  }

  /** Gives back all addresses of a handle. False when there is no such handle. A block it is not found in is passed over. */
  releaseHandle(handle: string): boolean {
    const store = this.#store;
    const held = store.handle(handle);
    if (!held) return false;
    for (const text of held.keys()) {
      const cidr = parseIpCidr(text);
      const block = cidr && store.block(cidr);
      const released = block && releaseHandle(block, handle);
      if (!released || released.count === 0) continue;
      this.#putBack(released.block);
      store.decrementHandle(handle, block, released.count);
      releaseIfStray(store, released.block);
    }
    return true;
  }

  /** Gives back one address. False when it was not assigned. */
  releaseAddress(address: Ip): boolean {
    return this.release([{ address }]).count > 0;
  }

  /** Gives back addresses, block by block; one that is no longer as described spares all of its block. */
  release(wanted: readonly Release[]): Released {
    let count = 0;
    let error: string | undefined;
    const unallocated: Ip[] = [];
    const byBlock = new Map<Block | undefined, Release[]>();
    for (const each of wanted) {
      const block = this.#blockHolding(each.address);
      byBlock.set(block, [...(byBlock.get(block) ?? []), each]);
    }
    for (const [block, releases] of byBlock) {
      const changed = block && releases.find((each) => !isStill(block, each));
      if (changed) error ??= `update conflict: ${formatIp(changed.address)}`;
      else {
        const free = releases.filter(({ address }) => !block || !holderOf(block, address));
        unallocated.push(...free.map(({ address }) => address));
        count += releases.length - free.length;
        if (block && free.length < releases.length) this.#giveBack(block, releases);
      }
    }
    return { count, unallocated, ...(error !== undefined && { error }) };
  }

  #giveBack(block: Block, releases: readonly Release[]): void {
    let left = block;
    const handles: string[] = [];
    for (const { address } of releases) {
      const released = releaseAddress(left, address);
      if (!released) continue;
      left = released.block;
      if (released.was.handle_id !== undefined) handles.push(released.was.handle_id);
    }
    this.#putBack(left);
    for (const handle of handles) this.#store.decrementHandle(handle, block, 1);
    releaseIfStray(this.#store, left);
  }

  /** Who holds an address; undefined when it is free. */
  holder(address: Ip): Attributes | undefined {
    const block = this.#blockHolding(address);
    return block && holderOf(block, address);
  }

  /** Addresses that a handle holds. */
  addressesOf(handle: string): readonly Ip[] {
    return [...(this.#store.handle(handle)?.keys() ?? [])].flatMap((text) => {
      const cidr = parseIpCidr(text);
      const block = cidr && this.#store.block(cidr);
      if (!block) return [];
      return block.allocations.flatMap((_, ordinal) =>
        attributesOf(block, ordinal)?.handle_id === handle ? [addressOf(block, ordinal)] : [],
      );
    });
  }

  /** Ends the claim on a block if it is empty. */
  releaseEmptyBlock(block: Block): boolean {
    return releaseBlock(this.#store, block, true);
  }

  /** Ends every claim on blocks of a pool, as deleting the pool does; addresses stay assigned. */
  releasePoolAffinities(pool: IpCidr): void {
    releasePool(this.#store, pool);
  }

  /** Ends the claims of a node that is gone on its empty blocks. False when some of its blocks are in use. */
  releaseHost(node: string): boolean {
    const affinities = this.#store.affinities(host(node));
    for (const { block } of affinities) releaseAffinity(this.#store, host(node), block, true);
    return this.#store.affinities(host(node)).length === 0;
  }

  /** All pools of a family (IPv4 unless said), in name order. */
  pools<Family extends IpFamily = 4>(family?: Family): readonly PoolOf<Family>[] {
    return this.#store.pools(family);
  }

  /** Of both families, in name order. */
  allPools(): readonly AnyPool[] {
    return this.#store.allPools();
  }

  #poolHolding(address: Ip): AnyPool | undefined {
    return poolHolding<AnyPool>(this.pools(familyOf(address)), address);
  }

  #putBack(block: Block): void {
    if (isEmpty(block) && block.affinity === undefined) this.#store.deleteBlock(block);
    else this.#store.updateBlock(block);
  }

  #blockHolding(address: Ip): Block | undefined {
    const pool = this.#poolHolding(address);
    const likely = pool && this.#store.block(ipCidrOf(address, pool.blockSize));
    return likely ?? this.#store.blocks().find((block) => ordinalOf(block, address) !== undefined);
  }
}

const holderOf = (block: Block, address: Ip): Attributes | undefined =>
  attributesOf(block, ordinalOf(block, address) ?? -1);

function isStill(block: Block, { address, handle, sequence }: Release): boolean {
  const ordinal = ordinalOf(block, address) ?? -1;
  if (sequence !== undefined && sequence !== sequenceOf(block, ordinal)) return false;
  const holder = attributesOf(block, ordinal);
  return !holder || handle === undefined || (holder.handle_id ?? '') === handle;
}
