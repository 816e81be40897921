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
  if (value === undefined) return 'null';
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : `<${value}>`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value instanceof Uint8Array) return `<${hex(value)}>`;
  if (value instanceof Map) return `<${[...value].map(canonical).sort().join(',')}>`;
  if (value instanceof Set) return `<${[...value].map(canonical).sort().join(',')}>`;
  if (typeof value === 'object' && isPlain(value)) return canonicalObject(value);
  throw new TypeError(`${String(value)} has no canonical text`);
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
