/**
 * IPAM's objects in the cluster's store, exactly as Calico's Kubernetes datastore driver keeps them: blocks, block
 * affinities, handles, the configuration and the reservations. Deleting marks an object `deleted` before it goes, as the
 * driver does.
 * Source: libcalico-go/lib/backend/k8s/resources/ipam_{block,affinity_v1,handle,config_v1}.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import {
  addressBits,
  formatIpCidr,
  ipCidrContains,
  ipCidrOf,
  parseIp,
  parseIpCidr,
  type IpCidr,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Datastore } from '../datastore.ts';
import { allPools, readPools, type AnyPool, type PoolOf } from '../ippool.ts';
import {
  BLOCK_AFFINITIES,
  IPAM_BLOCKS,
  IPAM_CONFIGS,
  IPAM_HANDLES,
  IP_POOLS,
  IP_RESERVATIONS,
  NODES,
} from '../kinds.ts';
import { affinityName, blockName, handleName } from '../names.ts';
import type { Labels } from '../selector.ts';
import { strings } from '../validation.ts';
import { affinityLabels, readAffinity, type Affinity, type AffinityState, type Owner } from './affinity.ts';
import { blockSpec, readBlock, remember, type Block, type Reserved } from './block.ts';

export interface IpamConfig {
  readonly strictAffinity: boolean;
  readonly autoAllocateBlocks: boolean;
  /** 0: not set. */
  readonly maxBlocksPerHost: number;
}

export interface Reservations {
  /** Absent when nothing is reserved. */
  readonly matches?: Reserved;
  /** The reserved prefix that a block is wholly inside of. */
  covering(block: IpCidr): IpCidr | undefined;
}

export class IpamStore {
  readonly #objects: Datastore;

  constructor(objects: Datastore) {
    this.#objects = objects;
  }

  /** Milliseconds since 1970. */
  get clock(): number {
    return this.#objects.clock;
  }

  /** RFC 3339 with seconds. */
  get timestamp(): string {
    return this.#objects.timestamp;
  }

  /** All pools of a family (IPv4 unless said), in name order. */
  pools<Family extends IpFamily = 4>(family: Family = 4 as Family): readonly PoolOf<Family>[] {
    return poolsOf(this.#objects.list(IP_POOLS))[family] as readonly PoolOf<Family>[];
  }

  /** Of both families, in name order. */
  allPools(): readonly AnyPool[] {
    return poolsOf(this.#objects.list(IP_POOLS)).all;
  }

  /** Undefined for a node that does not exist. */
  nodeLabels(name: string): Labels | undefined {
    const node = this.#objects.get(NODES, name);
    return node && (node.metadata.labels ?? {});
  }

  block(cidr: IpCidr): Block | undefined {
    const object = this.#objects.get(IPAM_BLOCKS, blockName(cidr));
    return object && readBlock(object);
  }

  blocks(): readonly Block[] {
    return this.#objects.list(IPAM_BLOCKS).flatMap((object) => readBlock(object) ?? []);
  }

  /** Writes a new block. */
  createBlock(block: Block): Block {
    const object = { kind: 'IPAMBlock', name: blockName(block.cidr), spec: blockSpec(block) };
    remember(this.#objects.put(IPAM_BLOCKS, object), block);
    return block;
  }

  /** Writes a block that exists; each write counts its sequence up. */
  updateBlock(block: Block): Block {
    return this.createBlock({ ...block, sequence: block.sequence + 1 });
  }

  deleteBlock(block: Block): void {
    const name = blockName(block.cidr);
    const spec = { ...blockSpec({ ...block, sequence: block.sequence + 1 }), deleted: true };
    this.#objects.put(IPAM_BLOCKS, { kind: 'IPAMBlock', name, spec });
    this.#objects.delete(IPAM_BLOCKS, name);
  }

  /** What an owner has claimed, in object order. */
  affinities(owner: Owner): readonly Affinity[] {
    const all = affinitiesOf(this.#objects.list(BLOCK_AFFINITIES, `${owner.name}-`));
    const foreign = all.some((each) => each.owner.name !== owner.name || each.owner.type !== owner.type);
    return foreign
      ? all.filter((each) => each.owner.name === owner.name && each.owner.type === owner.type)
      : all;
  }

  /** Everybody's, in object order. */
  allAffinities(): readonly Affinity[] {
    return affinitiesOf(this.#objects.list(BLOCK_AFFINITIES));
  }

  affinity(owner: Owner, block: IpCidr): Affinity | undefined {
    const object = this.#objects.get(BLOCK_AFFINITIES, affinityName(owner.name, block));
    return object && readAffinity(object);
  }

  putAffinity(owner: Owner, block: IpCidr, state: AffinityState, deleted = false): void {
    this.#objects.put(BLOCK_AFFINITIES, {
      kind: 'BlockAffinity',
      name: affinityName(owner.name, block),
      spec: {
        cidr: formatIpCidr(block),
        deleted: String(deleted),
        node: owner.name,
        state,
        type: owner.type,
      },
      labels: affinityLabels(owner, block),
    });
  }

  deleteAffinity(owner: Owner, block: IpCidr): void {
    if (!this.affinity(owner, block)) return;
    this.putAffinity(owner, block, 'pendingDeletion', true);
    this.#objects.delete(BLOCK_AFFINITIES, affinityName(owner.name, block));
  }

  /** Block CIDR -> how many addresses the handle holds there; undefined when there is no such handle. */
  handle(id: string): ReadonlyMap<string, number> | undefined {
    const object = this.#objects.get(IPAM_HANDLES, handleName(id));
    return object && new Map(Object.entries(heldBy(object)));
  }

  /** Notes that a handle holds `count` more addresses of a block. */
  incrementHandle(id: string, { text: key }: Block, count: number): void {
    const object = this.#objects.get(IPAM_HANDLES, handleName(id));
    if (!object) this.#putHandle(id, { [key]: count });
    else {
      const held = heldBy(object);
      this.#putHandle(id, { ...held, [key]: (held[key] ?? 0) + count });
    }
  }

  /** Notes that a handle holds `count` addresses less; one that does not hold so many stays what it is. */
  decrementHandle(id: string, { text: key }: Block, count: number): void {
    const object = this.#objects.get(IPAM_HANDLES, handleName(id));
    const { [key]: current, ...others } = object ? heldBy(object) : {};
    if (current === undefined || current < count) return;
    const held = current === count ? others : { ...others, [key]: current - count };
    const gone = Object.keys(held).length === 0;
    this.#putHandle(id, held, gone);
    if (gone) this.#objects.delete(IPAM_HANDLES, handleName(id));
  }

  #putHandle(id: string, block: JsonObject, deleted = false): void {
    const spec = { block, deleted, handleID: id };
    this.#objects.put(IPAM_HANDLES, { kind: 'IPAMHandle', name: handleName(id), spec });
  }

  /** The configuration; when there is none, it is created with its defaults first. */
  config(): IpamConfig {
    const stored = this.#objects.get(IPAM_CONFIGS, 'default');
    return readIpamConfig(
      stored ??
        this.#objects.put(IPAM_CONFIGS, { kind: 'IPAMConfig', name: 'default', spec: DEFAULT_CONFIG }),
    );
  }

  reservations(): Reservations {
    return reservationsOf(this.#objects.list(IP_RESERVATIONS));
  }
}

/** Of an IPAMConfig that nobody has written yet. */
export const DEFAULT_CONFIG: JsonObject = {
  autoAllocateBlocks: true,
  kubeVirtVMAddressPersistence: 'Enabled',
  strictAffinity: false,
};

const heldBy = (handle: KubeObject): Readonly<Record<string, number>> =>
  (handle.spec?.['block'] ?? {}) as Readonly<Record<string, number>>;

/** Remembers what was made of a list as long as the list lives. */
function perList<R>(compute: (objects: readonly KubeObject[]) => R): (objects: readonly KubeObject[]) => R {
  const known = new WeakMap<readonly KubeObject[], { readonly result: R }>();
  return (objects) => {
    const kept = known.get(objects) ?? { result: compute(objects) };
    known.set(objects, kept);
    return kept.result;
  };
}

const poolsOf = perList((objects) => ({
  4: readPools(objects),
  6: readPools(objects, 6),
  all: allPools(objects),
}));
const affinitiesOf = perList((objects) => objects.flatMap((object) => readAffinity(object) ?? []));

export function readIpamConfig(object: KubeObject | undefined): IpamConfig {
  const spec = object?.spec ?? {};
  return {
    strictAffinity: spec['strictAffinity'] === true,
    autoAllocateBlocks: spec['autoAllocateBlocks'] !== false,
    maxBlocksPerHost: Number(spec['maxBlocksPerHost'] ?? 0),
  };
}

const reservationsOf = perList((objects): Reservations => {
  const reserved = objects.flatMap((object) =>
    strings(object.spec?.['reservedCIDRs']).flatMap((text) => networkOrHost(text.trim()) ?? []),
  );
  if (reserved.length === 0) return { covering: () => undefined };
  return {
    matches: (address) => reserved.some((cidr) => ipCidrContains(cidr, address)),
    covering: (block) =>
      reserved.find((cidr) => cidr.length <= block.length && ipCidrContains(cidr, block.base)),
  };
});

function networkOrHost(text: string): IpCidr | undefined {
  const address = parseIp(text);
  return address === undefined ? parseIpCidr(text) : ipCidrOf(address, addressBits(address));
}
