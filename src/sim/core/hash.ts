/**
 * Fingerprints of immutable values: two values of the same content hash alike, whatever order their members were made in.
 * SHA-256 (FIPS 180-4) over canonical text; JSON values read as JSON with sorted keys (after RFC 8785).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../base/bytes.ts';

/** Hex digits; throws for what is no data (functions, symbols, objects with hidden parts). */
export function hashOf(value: unknown): string {
  return hex(sha256(utf8(canonical(value))));
}

function canonical(value: unknown): string {
  if (typeof value === 'object' && value !== null) return canonicalContainer(value);
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'number' && !Number.isFinite(value)) return `<${value}>`;
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`${String(value)} has no canonical text`);
  }
  return JSON.stringify(value);
}

function canonicalContainer(value: object): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value instanceof Uint8Array) return `<${hex(value)}>`;
  if (value instanceof Map || value instanceof Set) return canonicalMembers(value);
  if (!isPlain(value)) throw new TypeError(`${value.constructor.name} has no canonical text`);
  return canonicalObject(value);
}

function canonicalMembers(value: Iterable<unknown>): string {
  return `<${[...value].map(canonical).sort().join(',')}>`;
}

function canonicalObject(value: object): string {
  const members = (Object.entries(value) as [string, unknown][])
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
