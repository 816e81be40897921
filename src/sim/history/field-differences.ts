/**
 * Two values of immutable data compared member by member: paths and values of what differs. What `hashOf` takes for the
 * same is the same here: absent and undefined members, the order of maps and sets.
 */
import { hex } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { FieldDifference } from '../../model/state-difference.ts';
import { Table } from '../core/table.ts';
import { ObjectStore } from '../kube/store.ts';

export function fieldDifferences(before: unknown, after: unknown, path = ''): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  compare(before, after, { path, found });
  return found;
}

interface Spot {
  readonly path: string;
  readonly found: FieldDifference[];
}

function compare(before: unknown, after: unknown, spot: Spot): void {
  if (isSame(before, after)) return;
  const [old, now] = [membersOf(before), membersOf(after)];
  if (before instanceof Table && after instanceof Table) {
    for (const { key, before: was, after: is } of after.differences(before))
      compareMember(was, is, at(spot, key));
  } else if (old && now && old.form === now.form) compareMembers(old, now, spot);
  else tell(before, after, spot);
}

function isSame(before: unknown, after: unknown): boolean {
  if (before instanceof Uint8Array && after instanceof Uint8Array) return hex(before) === hex(after);
  return before === after || Object.is(before, after);
}

function compareMembers(old: Members, now: Members, spot: Spot): void {
  for (const [key, value] of old.entries) compareMember(value, now.entries.get(key), at(spot, key, old.form));
  for (const [key, value] of now.entries)
    if (!old.entries.has(key)) compareMember(undefined, value, at(spot, key, now.form));
}

function compareMember(before: unknown, after: unknown, spot: Spot): void {
  if (before === undefined || after === undefined) {
    if (before !== after) tell(before, after, spot);
  } else compare(before, after, spot);
}

function tell(before: unknown, after: unknown, { path, found }: Spot): void {
  found.push({
    path,
    ...(before === undefined ? {} : { before: jsonOf(before) }),
    ...(after === undefined ? {} : { after: jsonOf(after) }),
  });
}

interface Members {
  readonly form: 'list' | 'named' | 'set';
  readonly entries: ReadonlyMap<string, unknown>;
}

/** What a container holds, by name; undefined for what is compared whole. */
function membersOf(value: unknown): Members | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  if (Array.isArray(value)) {
    // A hole in a list is null to a fingerprint.
    const items = value.map((item: unknown, index) => [String(index), item ?? null] as const);
    return { form: 'list', entries: new Map(items) };
  }
  if (value instanceof Set) {
    return { form: 'set', entries: new Map([...value].map((item) => [JSON.stringify(jsonOf(item)), item])) };
  }
  if (value instanceof Map || value instanceof Table) {
    const pairs = value instanceof Map ? value : value.entries();
    return { form: 'named', entries: new Map([...pairs].map(([key, member]) => [String(key), member])) };
  }
  if (value instanceof ObjectStore) {
    const tables = value.resources.map((resource) => [resource, value.table(resource)] as const);
    return { form: 'named', entries: new Map<string, unknown>([['revision', value.revision], ...tables]) };
  }
  const named = Object.entries(value).filter(([, member]) => member !== undefined);
  return { form: 'named', entries: new Map(named) };
}

const PLAIN_NAME = /^[A-Za-z_][\w-]*$/;

function at({ path, found }: Spot, key: string, form: Members['form'] = 'named'): Spot {
  if (form === 'list') return { path: `${path}[${key}]`, found };
  if (!PLAIN_NAME.test(key)) return { path: `${path}[${JSON.stringify(key)}]`, found };
  return { path: path === '' ? key : `${path}.${key}`, found };
}

/** Any data as JSON: bytes as hex digits, what has names as an object. */
export function jsonOf(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return hex(value);
  const members = membersOf(value);
  if (!members) return String(value as bigint);
  if (members.form !== 'named') return [...members.entries.values()].map(jsonOf);
  const entries = [...members.entries].map(([key, member]) => [key, jsonOf(member)] as const);
  return Object.fromEntries(entries) satisfies JsonObject;
}
