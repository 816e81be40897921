/**
 * One allocation block: which ordinal belongs to whom, and the queue of free ordinals. Taking pops its head, giving back
 * appends to its tail, so addresses come back in the order they were freed. Changes make a new block, which shares what
 * did not change with the old one and with the objects in the datastore: blocks change with every pod.
 * Source: libcalico-go/lib/ipam/ipam_block.go, libcalico-go/lib/backend/model/block.go, Calico v3.32.1.
 */
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import type { Ip } from '../../../../model/ip.ts';
import {
  addressBits,
  formatIp,
  formatIpCidr,
  ipAt,
  ipCidrContains,
  offsetIn,
  parseIpCidr,
  type IpCidr,
} from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import type { KubeObject } from '../../../kube/object.ts';

export interface Block {
  readonly cidr: IpCidr;
  /** Its spelling. */
  readonly text: string;
  /** `host:<node>` or `virtual:load-balancer`; absent when nobody owns the block any more. */
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

/** Of an allocation, in the words of the datastore. */
export interface Attributes extends JsonObject {
  readonly handle_id?: string;
  /** Node, pod, namespace, timestamp, or node and type of a tunnel address. */
  readonly secondary: Readonly<Record<string, string>>;
}

export interface Claim {
  readonly affinity: string;
  readonly claimed: string;
  readonly sequence: number;
}

export function newBlock(cidr: IpCidr, claim: Claim): Block {
  const text = formatIpCidr(cidr);
  const size = 2 ** (addressBits(cidr.base) - cidr.length);
  return { cidr, text, ...claim, ...unused(size), attributes: [], sequences: {} };
}

/** Of so many addresses, which all new blocks of that size share. */
const unused = memoize(
  (size: number): Pick<Block, 'allocations' | 'unallocated'> => ({
    allocations: Array.from({ length: size }, () => null),
    unallocated: Array.from({ length: size }, (_, ordinal) => ordinal),
  }),
  4,
);

export const isEmpty = (block: Block): boolean => block.unallocated.length === block.allocations.length;

export const addressOf = (block: Block, ordinal: number): Ip => ipAt(block.cidr, ordinal);

export function ordinalOf(block: Block, address: Ip): number | undefined {
  return ipCidrContains(block.cidr, address) ? Number(offsetIn(block.cidr, address)) : undefined;
}

/** Who holds an address of the block; undefined when it is free. */
export function attributesOf(block: Block, ordinal: number): Attributes | undefined {
  const index = block.allocations[ordinal];
  return index === null || index === undefined ? undefined : block.attributes[index];
}

/** The sequence number under which an address was given out. */
export const sequenceOf = (block: Block, ordinal: number): number => block.sequences[ordinal] ?? 0;

export type Reserved = (address: Ip) => boolean;

export const freeCount = (block: Block, reserved?: Reserved): number =>
  reserved
    ? block.unallocated.filter((ordinal) => !reserved(addressOf(block, ordinal))).length
    : block.unallocated.length;

/** Takes the first free ordinal that is not reserved; undefined when there is none. */
export function takeNext(
  block: Block,
  owner: Attributes,
  reserved?: Reserved,
): { readonly block: Block; readonly address: Ip } | undefined {
  const at = reserved ? block.unallocated.findIndex((ordinal) => !reserved(addressOf(block, ordinal))) : 0;
  const ordinal = block.unallocated[at];
  if (ordinal === undefined) return undefined;
  return { block: withAllocation(block, at, owner), address: addressOf(block, ordinal) };
}

/** Takes one particular address. */
export function take(block: Block, address: Ip, owner: Attributes): Result<Block, string> {
  const ordinal = ordinalOf(block, address);
  if (ordinal === undefined) return err(`IP ${formatIp(address)} not in block ${block.text}`);
  if (block.allocations[ordinal] !== null) {
    return err(`resource already exists: ${formatIp(address)} with error: Address already assigned in block`);
  }
  return ok(withAllocation(block, block.unallocated.indexOf(ordinal), owner));
}

/** Gives the ordinal at one place of the queue to an owner. */
function withAllocation(block: Block, place: number, owner: Attributes): Block {
  const ordinal = block.unallocated[place] ?? 0;
  const known = block.attributes.findIndex((each) => sameOwner(each, owner));
  const index = known < 0 ? block.attributes.length : known;
  return {
    ...block,
    allocations: block.allocations.with(ordinal, index),
    unallocated: block.unallocated.toSpliced(place, 1),
    attributes: known < 0 ? [...block.attributes, owner] : block.attributes,
    sequences: { ...block.sequences, [ordinal]: block.sequence },
  };
}

const sameOwner = (a: Attributes, b: Attributes): boolean => a.handle_id === b.handle_id && jsonEquals(a, b);

/** Gives back everything a handle holds. Recorded sequence numbers stay, as upstream leaves them. */
export function releaseHandle(
  block: Block,
  handle: string,
): { readonly block: Block; readonly count: number } {
  const ordinals: number[] = [];
  block.allocations.forEach((index, ordinal) => {
    if (index !== null && block.attributes[index]?.handle_id === handle) ordinals.push(ordinal);
  });
  return { block: ordinals.length === 0 ? block : released(block, ordinals), count: ordinals.length };
}

/** Gives back one address; undefined when it was free. */
export function releaseAddress(
  block: Block,
  address: Ip,
): { readonly block: Block; readonly was: Attributes } | undefined {
  const ordinal = ordinalOf(block, address);
  const was = ordinal === undefined ? undefined : attributesOf(block, ordinal);
  if (ordinal === undefined || !was) return undefined;
  const { [ordinal]: _forgotten, ...sequences } = block.sequences;
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
  const { affinity, claimed } = block;
  const rest = {
    allocations: block.allocations,
    attributes: block.attributes,
    cidr: block.text,
    deleted: false,
    sequenceNumber: block.sequence,
    sequenceNumberForAllocation: block.sequences,
    strictAffinity: false,
    unallocated: block.unallocated,
  };
  if (affinity === undefined) return rest;
  return claimed === undefined ? { affinity, ...rest } : { affinity, affinityClaimTime: claimed, ...rest };
}

const parsed = new WeakMap<KubeObject, { readonly block: Block | undefined }>();

/** Reads an IPAMBlock; undefined for an unreadable one. */
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
  const cidr = parseIpCidr(String(spec['cidr'] ?? ''));
  if (!cidr) return undefined;
  return {
    cidr,
    text: formatIpCidr(cidr),
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
  const attributes = isJsonObject(value) ? value : {};
  return { ...attributes, secondary: (attributes['secondary'] ?? {}) as Attributes['secondary'] };
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const HOST = 'host:';

/** The node that owns a block; undefined for an orphan, and for a block that no node owns. */
export const hostOf = (block: Block): string | undefined =>
  block.affinity?.startsWith(HOST) ? block.affinity.slice(HOST.length) : undefined;
