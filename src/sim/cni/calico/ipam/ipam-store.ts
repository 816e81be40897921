/**
 * IPAM's objects in the cluster's store, exactly as Calico's Kubernetes datastore driver keeps them: blocks, block
 * affinities, handles, the configuration and the reservations. Deleting marks an object `deleted` before it goes, as the
 * driver does.
 * Source: libcalico-go/lib/backend/k8s/resources/ipam_{block,affinity_v1,handle,config_v1}.go, Calico v3.32.1.
 */
import {
  cidrContains,
  cidrOf,
  formatCidr,
  parseCidr,
  parseIpv4,
  type Cidr,
  type Ipv4,
} from '../../../../model/ip.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Datastore } from '../datastore.ts';
import { BLOCK_AFFINITIES, IPAM_BLOCKS, IPAM_CONFIGS, IPAM_HANDLES, IP_RESERVATIONS } from '../kinds.ts';
import { affinityName, blockName, handleName } from '../names.ts';
import { strings } from '../validation.ts';
import { blockSpec, readBlock, remember, type Block, type Reserved } from './block.ts';

export type AffinityState = 'pending' | 'confirmed' | 'pendingDeletion';

export interface IpamConfig {
  readonly strictAffinity: boolean;
  readonly autoAllocateBlocks: boolean;
  /** 0: not set. */
  readonly maxBlocksPerHost: number;
}

export interface Reservations {
  /** Absent when nothing is reserved. */
  readonly matches?: Reserved;
  wholly(block: Cidr): boolean;
}

export class IpamStore {
  readonly #objects: Datastore;

  constructor(objects: Datastore) {
    this.#objects = objects;
  }

  block(cidr: Cidr): Block | undefined {
    const object = this.#objects.get(IPAM_BLOCKS, blockName(cidr));
    return object && readBlock(object);
  }

  blocks(): readonly Block[] {
    return this.#objects.list(IPAM_BLOCKS).flatMap((object) => readBlock(object) ?? []);
  }

  /** Writes a block; every write after the first counts its sequence up. */
  putBlock(block: Block): Block {
    const exists = this.#objects.get(IPAM_BLOCKS, blockName(block.cidr)) !== undefined;
    const written = exists ? { ...block, sequence: block.sequence + 1 } : block;
    const object = { kind: 'IPAMBlock', name: blockName(block.cidr), spec: blockSpec(written) };
    remember(this.#objects.put(IPAM_BLOCKS, object), written);
    return written;
  }

  deleteBlock(block: Block): void {
    const name = blockName(block.cidr);
    const spec = { ...blockSpec({ ...block, sequence: block.sequence + 1 }), deleted: true };
    this.#objects.put(IPAM_BLOCKS, { kind: 'IPAMBlock', name, spec });
    this.#objects.delete(IPAM_BLOCKS, name);
  }

  /** CIDRs of the blocks a node has an affinity to, in object order. */
  affinities(node: string): readonly Cidr[] {
    return this.#objects
      .list(BLOCK_AFFINITIES, `${node}-`)
      .flatMap(({ spec }) => (spec?.['node'] === node ? (parseCidr(String(spec['cidr'])) ?? []) : []));
  }

  hasAffinity(node: string, block: Cidr): boolean {
    return this.#objects.get(BLOCK_AFFINITIES, affinityName(node, block)) !== undefined;
  }

  putAffinity(node: string, block: Cidr, state: AffinityState, deleted = false): void {
    const spec = { cidr: formatCidr(block), deleted: String(deleted), node, state, type: 'host' };
    this.#objects.put(BLOCK_AFFINITIES, { kind: 'BlockAffinity', name: affinityName(node, block), spec });
  }

  deleteAffinity(node: string, block: Cidr): void {
    if (!this.hasAffinity(node, block)) return;
    this.putAffinity(node, block, 'pendingDeletion', true);
    this.#objects.delete(BLOCK_AFFINITIES, affinityName(node, block));
  }

  /** Block CIDR -> how many addresses the handle holds there; undefined when there is no such handle. */
  handle(id: string): ReadonlyMap<string, number> | undefined {
    const object = this.#objects.get(IPAM_HANDLES, handleName(id));
    if (!object) return undefined;
    const block = (object.spec?.['block'] ?? {}) as Readonly<Record<string, number>>;
    return new Map(Object.entries(block));
  }

  /** Adds `count` (may be negative) to what a handle holds in a block; a handle that holds nothing goes. */
  countHandle(id: string, block: Cidr, count: number): void {
    const held = new Map(this.handle(id) ?? []);
    const key = formatCidr(block);
    const now = (held.get(key) ?? 0) + count;
    if (now > 0) held.set(key, now);
    else held.delete(key);
    const name = handleName(id);
    const spec = { block: Object.fromEntries(held), deleted: held.size === 0, handleID: id };
    this.#objects.put(IPAM_HANDLES, { kind: 'IPAMHandle', name, spec });
    if (held.size === 0) this.#objects.delete(IPAM_HANDLES, name);
  }

  config(): IpamConfig {
    return readIpamConfig(this.#objects.get(IPAM_CONFIGS, 'default'));
  }

  reservations(): Reservations {
    return readReservations(this.#objects.list(IP_RESERVATIONS));
  }
}

export function readIpamConfig(object: KubeObject | undefined): IpamConfig {
  const spec = object?.spec ?? {};
  return {
    strictAffinity: spec['strictAffinity'] === true,
    autoAllocateBlocks: spec['autoAllocateBlocks'] !== false,
    maxBlocksPerHost: Number(spec['maxBlocksPerHost'] ?? 0),
  };
}

function readReservations(objects: readonly KubeObject[]): Reservations {
  const reserved = objects.flatMap((object) =>
    strings(object.spec?.['reservedCIDRs']).flatMap((text) => networkOrHost(text) ?? []),
  );
  if (reserved.length === 0) return { wholly: () => false };
  return {
    matches: (address) => reserved.some((cidr) => cidrContains(cidr, address)),
    wholly: (block) => reserved.some((cidr) => cidr.length <= block.length && cidrContains(cidr, block.base)),
  };
}

function networkOrHost(text: string): Cidr | undefined {
  const address: Ipv4 | undefined = parseIpv4(text);
  return address === undefined ? parseCidr(text) : cidrOf(address, 32);
}
