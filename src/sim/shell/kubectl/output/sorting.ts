/** `--sort-by`: numbers and quantities by amount, other text by its characters. Source: cmd/get/sorter.go v0.35. */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { Failure } from '../failure.ts';
import { findJsonPath } from './jsonpath.ts';
import { relaxedPath } from './custom-columns.ts';
import { parseQuantity } from './quantity.ts';
import type { Table } from './table.ts';

export function sortRows(table: Table, path: string): Table {
  const rows = sortedBy(table.rows, path, (row) => row.object);
  return { ...table, rows };
}

export function sortObjects(objects: readonly JsonObject[], path: string): readonly JsonObject[] {
  return path === '' ? objects : sortedBy(objects, path, (object) => object);
}

function sortedBy<T>(items: readonly T[], path: string, objectOf: (item: T) => JsonObject): readonly T[] {
  const parsed = relaxedPath(path);
  if (!parsed.ok) throw new Failure(`error: ${parsed.error}`);
  const keyed = items.map((item) => {
    const found = findJsonPath(parsed.value, objectOf(item));
    if (!found.ok) throw new Failure(`error: ${found.error}`);
    return { item, key: found.value[0]?.[0] };
  });
  if (keyed.length > 0 && keyed.every(({ key }) => key === undefined)) {
    throw new Failure(
      `error: couldn't find any field with path ${JSON.stringify(`{${path.replace(/^\{?\.?/, '.').replace(/\}$/, '')}}`)} in the list of objects`,
    );
  }
  return keyed.sort((a, b) => compareKeys(a.key, b.key)).map(({ item }) => item);
}

const isSet = (key: Json | undefined): boolean => key !== undefined && key !== null;

/** Objects without the field, or with null in it, come first. */
function compareKeys(a: Json | undefined, b: Json | undefined): number {
  const [known, other] = [isSet(a), isSet(b)];
  if (!known || !other) return Number(known) - Number(other);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const left = String(a);
  const right = String(b);
  const amounts = [parseQuantity(left), parseQuantity(right)] as const;
  if (amounts[0] !== undefined && amounts[1] !== undefined) return amounts[0] - amounts[1];
  return left === right ? 0 : left < right ? -1 : 1;
}
