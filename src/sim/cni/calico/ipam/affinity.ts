/**
 * Whose a block is: a node's, or that of Calico's own load balancer, which takes blocks in the name of a node that does
 * not exist. The claim is an object of its own beside the block, pending before the block is written and confirmed after.
 * Source: libcalico-go/lib/ipam/ipam_types.go, libcalico-go/lib/backend/model/block_affinity.go, Calico v3.32.1.
 */
import { sha3_256 } from '@noble/hashes/sha3.js';
import { utf8 } from '../../../../base/bytes.ts';
import { isCidr6, parseIpCidr, type IpCidr } from '../../../../model/ip-family.ts';
import type { KubeObject } from '../../../kube/object.ts';

export interface Owner {
  readonly type: 'host' | 'virtual';
  readonly name: string;
}

export const host = (name: string): Owner => ({ type: 'host', name });

/** Who takes addresses for Services of type LoadBalancer. */
export const LOAD_BALANCER: Owner = { type: 'virtual', name: 'load-balancer' };

/** As a block spells it: `host:node1`. */
export const affinityOf = ({ type, name }: Owner): string => `${type}:${name}`;

/** Undefined for what names nobody. */
export function parseAffinity(text: string | undefined): Owner | undefined {
  const match = /^(host|virtual):(.+)$/s.exec(text ?? '');
  return match ? { type: match[1] as Owner['type'], name: match[2] ?? '' } : undefined;
}

export type AffinityState = 'pending' | 'confirmed' | 'pendingDeletion';

export interface Affinity {
  readonly owner: Owner;
  readonly block: IpCidr;
  readonly state: string;
}

const parsed = new WeakMap<KubeObject, { readonly affinity: Affinity | undefined }>();

/** Reads a BlockAffinity; undefined for an unreadable one, and for one that is on its way out. */
export function readAffinity(object: KubeObject): Affinity | undefined {
  const known = parsed.get(object);
  if (known) return known.affinity;
  const spec = object.spec ?? {};
  const block = parseIpCidr(String(spec['cidr'] ?? ''));
  const owner = parseAffinity(`${String(spec['type'] || 'host')}:${String(spec['node'] ?? '')}`);
  const affinity =
    block && owner && spec['deleted'] !== 'true'
      ? { owner, block, state: String(spec['state'] ?? '') }
      : undefined;
  parsed.set(object, { affinity });
  return affinity;
}

const hashes = new Map<string, string>();

/** The labels by which Calico's client finds the affinities of one owner. */
export const affinityLabels = ({ type, name }: Owner, block: IpCidr): Readonly<Record<string, string>> => ({
  'projectcalico.org/affinity-type': type,
  'projectcalico.org/hostname-hash': hashOf(name),
  'projectcalico.org/ip-version': isCidr6(block) ? '6' : '4',
});

/** A name can be longer than a label's value: SHA3-256 in base 32, without padding. */
function hashOf(name: string): string {
  const known = hashes.get(name);
  if (known !== undefined) return known;
  const text = base32(sha3_256(utf8(name)));
  if (hashes.size > 10_000) hashes.clear();
  hashes.set(name, text);
  return text;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let count = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (count += 8; count >= 5; count -= 5) text += DIGITS[(held >>> (count - 5)) & 31];
    held &= 31;
  }
  return count === 0 ? text : text + DIGITS[(held << (5 - count)) & 31];
}
