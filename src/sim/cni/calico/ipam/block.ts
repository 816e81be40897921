/**
 * One allocation block: which ordinal belongs to whom, and the queue of free ordinals. Taking pops its head, giving back
 * appends to its tail, so addresses come back in the order they were freed. Changes make a new block.
 * Source: libcalico-go/lib/ipam/ipam_block.go, libcalico-go/lib/backend/model/block.go, Calico v3.32.1.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import {
  addressAt,
  cidrContains,
  cidrSize,
  formatCidr,
  formatIpv4,
  parseCidr,
  type Cidr,
  type Ipv4,
} from '../../../../model/ip.ts';
import type { KubeObject } from '../../../kube/object.ts';

export interface Block {
  readonly cidr: Cidr;
  /** `host:<node>`; absent when nobody owns the block any more. */
  readonly affinity?: string;
  /** RFC 3339. */
  readonly claimed?: string;
  /** By ordinal: index into `attributes`, or null when free. */
  readonly allocations: readonly (number | null)[];
  readonly unallocated: readonly number[];
  readonly attributes: readonly Attributes[];
  /** Counts the block's writes, from its creation time in microseconds (Calico starts at nanoseconds). */
  readonly sequence: number;
  readonly sequences: Readonly<Record<string, number>>;
}

export interface Attributes {
  readonly handle?: string;
  /** Node, pod, namespace, timestamp, or node and type of a tunnel address. */
  readonly secondary: Readonly<Record<string, string>>;
}

export interface Claim {
  readonly affinity: string;
  readonly claimed: string;
  readonly sequence: number;
}

export function newBlock(cidr: Cidr, claim: Claim): Block {
  const size = cidrSize(cidr);
  return {
    cidr,
    ...claim,
    allocations: Array.from({ length: size }, () => null),
    unallocated: Array.from({ length: size }, (_, ordinal) => ordinal),
    attributes: [],
    sequences: {},
  };
}

export const isEmpty = (block: Block): boolean => block.unallocated.length === block.allocations.length;

export const addressOf = (block: Block, ordinal: number): Ipv4 => addressAt(block.cidr, ordinal);

export function ordinalOf(block: Block, address: Ipv4): number | undefined {
  return cidrContains(block.cidr, address) ? address - block.cidr.base : undefined;
}

/** Who holds an address of the block; undefined when it is free. */
export function attributesOf(block: Block, ordinal: number): Attributes | undefined {
  const index = block.allocations[ordinal];
  return index === null || index === undefined ? undefined : block.attributes[index];
}

export type Reserved = (address: Ipv4) => boolean;

export const freeCount = (block: Block, reserved?: Reserved): number =>
  reserved
    ? block.unallocated.filter((ordinal) => !reserved(addressOf(block, ordinal))).length
    : block.unallocated.length;

/** Takes the first free ordinal that is not reserved; undefined when there is none. */
export function takeNext(
  block: Block,
  owner: Attributes,
  reserved?: Reserved,
): { readonly block: Block; readonly address: Ipv4 } | undefined {
  const at = reserved ? block.unallocated.findIndex((ordinal) => !reserved(addressOf(block, ordinal))) : 0;
  const ordinal = block.unallocated[at];
  if (ordinal === undefined) return undefined;
  return { block: withAllocation(block, ordinal, owner), address: addressOf(block, ordinal) };
}

/** Takes one particular address. */
export function take(block: Block, address: Ipv4, owner: Attributes): Result<Block, string> {
  const ordinal = ordinalOf(block, address);
  if (ordinal === undefined) return err(`IP ${formatIpv4(address)} not in block ${formatCidr(block.cidr)}`);
  if (block.allocations[ordinal] !== null) {
    return err(
      `resource already exists: ${formatIpv4(address)} with error: Address already assigned in block`,
    );
  }
  return ok(withAllocation(block, ordinal, owner));
}

function withAllocation(block: Block, ordinal: number, owner: Attributes): Block {
  const known = block.attributes.findIndex((each) => sameOwner(each, owner));
  const index = known < 0 ? block.attributes.length : known;
  return {
    ...block,
    allocations: block.allocations.with(ordinal, index),
    unallocated: block.unallocated.filter((free) => free !== ordinal),
    attributes: known < 0 ? [...block.attributes, owner] : block.attributes,
    sequences: { ...block.sequences, [ordinal]: block.sequence },
  };
}

const sameOwner = (a: Attributes, b: Attributes): boolean =>
  a.handle === b.handle && jsonEquals(a.secondary, b.secondary);

/** Gives back everything a handle holds. Recorded sequence numbers stay, as upstream leaves them. */
export function releaseHandle(
  block: Block,
  handle: string,
): { readonly block: Block; readonly count: number } {
  const mine = (ordinal: number): boolean => attributesOf(block, ordinal)?.handle === handle;
  const ordinals = block.allocations.flatMap((_, ordinal) => (mine(ordinal) ? [ordinal] : []));
  return { block: ordinals.length === 0 ? block : released(block, ordinals), count: ordinals.length };
}

/** Gives back one address; undefined when it was free. */
export function releaseAddress(
  block: Block,
  address: Ipv4,
): { readonly block: Block; readonly was: Attributes } | undefined {
  const ordinal = ordinalOf(block, address);
  const was = ordinal === undefined ? undefined : attributesOf(block, ordinal);
  if (ordinal === undefined || !was) return undefined;
  const sequences = Object.fromEntries(
    Object.entries(block.sequences).filter(([key]) => key !== String(ordinal)),
  );
  return { block: { ...released(block, [ordinal]), sequences }, was };
}

/** Drops attributes that nobody uses any more and closes the gaps in the list. */
function released(block: Block, ordinals: readonly number[]): Block {
  const allocations = [...block.allocations];
  for (const ordinal of ordinals) allocations[ordinal] = null;
  const used = new Set(allocations);
  const places = new Map<number, number>();
  const attributes = block.attributes.filter((_, index) => {
    if (!used.has(index)) return false;
    places.set(index, places.size);
    return true;
  });
  return {
    ...block,
    allocations: allocations.map((index) => (index === null ? null : (places.get(index) ?? null))),
    unallocated: [...block.unallocated, ...ordinals],
    attributes,
  };
}

/** The block as the datastore holds it (spec of an IPAMBlock). */
export function blockSpec(block: Block): JsonObject {
  return {
    ...(block.affinity !== undefined && { affinity: block.affinity }),
    ...(block.claimed !== undefined && { affinityClaimTime: block.claimed }),
    allocations: block.allocations,
    attributes: block.attributes.map(({ handle, secondary }) => ({
      ...(handle !== undefined && { handle_id: handle }),
      secondary,
    })),
    cidr: formatCidr(block.cidr),
    deleted: false,
    sequenceNumber: block.sequence,
    sequenceNumberForAllocation: block.sequences,
    strictAffinity: false,
    unallocated: block.unallocated,
  };
}

const parsed = new WeakMap<KubeObject, { readonly block: Block | undefined }>();

/** Reads an IPAMBlock; undefined for IPv6 and unreadable ones. */
export function readBlock(object: KubeObject): Block | undefined {
  const known = parsed.get(object);
  if (known) return known.block;
  const block = parseBlock(object.spec ?? {});
  parsed.set(object, { block });
  return block;
}

/** Spares the parsing of what was just written. */
export function remember(object: KubeObject, block: Block): void {
  parsed.set(object, { block });
}

function parseBlock(spec: JsonObject): Block | undefined {
  const cidr = parseCidr(String(spec['cidr'] ?? ''));
  if (!cidr) return undefined;
  return {
    cidr,
    ...(typeof spec['affinity'] === 'string' && { affinity: spec['affinity'] }),
    ...(typeof spec['affinityClaimTime'] === 'string' && { claimed: spec['affinityClaimTime'] }),
    allocations: list(spec['allocations']).map((index) => (typeof index === 'number' ? index : null)),
    unallocated: list(spec['unallocated']).map(Number),
    attributes: list(spec['attributes']).map(parseAttributes),
    sequence: Number(spec['sequenceNumber'] ?? 0),
    sequences: (spec['sequenceNumberForAllocation'] ?? {}) as Readonly<Record<string, number>>,
  };
}

function parseAttributes(value: Json): Attributes {
  const { handle_id: handle, secondary } = value as JsonObject;
  return {
    ...(typeof handle === 'string' && { handle }),
    secondary: (secondary ?? {}) as Readonly<Record<string, string>>,
  };
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** The node of a block's or attribute's owner. */
export const hostOf = (block: Block): string | undefined =>
  block.affinity?.startsWith('host:') ? block.affinity.slice('host:'.length) : undefined;

export const hostAffinity = (node: string): string => `host:${node}`;
