/**
 * The JSON text of the API's answers, in pieces: a large list is never in memory as a whole. What the store holds never
 * changes, so what is asked for again is kept as text with the object: such a list costs what has changed since.
 */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';

/** What holds the objects of a list, and the rows of a table. */
const LONG = new Set(['items', 'rows']);
/** So many characters go together. */
const PIECE = 1 << 16;

/** In order; together they are what `JSON.stringify` has. */
export function* answerPieces(body: JsonObject): Generator<string, undefined> {
  let piece = '';
  let before = '{';
  for (const [name, member] of Object.entries(body)) {
    if (member === undefined) continue;
    piece += `${before}${JSON.stringify(name)}:`;
    before = ',';
    if (LONG.has(name) && Array.isArray(member)) piece = yield* listPieces(piece, member);
    else piece += JSON.stringify(member);
  }
  yield before === '{' ? '{}' : `${piece}}`;
  return undefined;
}

/** What is left of the last piece is given back. */
function* listPieces(begun: string, list: readonly Json[]): Generator<string, string> {
  let piece = begun;
  let before = '[';
  for (const item of list) {
    piece += before + itemText(item);
    before = ',';
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  return `${piece}${before === '[' ? '[' : ''}]`;
}

function itemText(item: Json): string {
  if (!isJsonObject(item)) return JSON.stringify(item);
  const { cells, object } = item;
  return Array.isArray(cells) && isJsonObject(object) && hasJust(item, 'cells,object')
    ? `{"cells":${JSON.stringify(cells)},"object":${rowText(object)}}`
    : keptText(item);
}

/** What a table's row has of an object is made for the answer; only the metadata is the store's own. */
function rowText(object: JsonObject): string {
  const { kind, apiVersion, metadata } = object;
  const isPlain = kind === 'PartialObjectMetadata' && apiVersion === 'meta.k8s.io/v1';
  return isPlain && isJsonObject(metadata) && hasJust(object, 'kind,apiVersion,metadata')
    ? `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${keptText(metadata)}}`
    : keptText(object);
}

/** These members in this order. */
const hasJust = (object: JsonObject, names: string): boolean => Object.keys(object).join() === names;

const asked = new WeakSet<JsonObject>();
const texts = new WeakMap<JsonObject, string>();

/** Kept from the second time on: most of what is asked for once is not asked for again, and a text weighs a lot. */
function keptText(value: JsonObject): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(value);
  if (asked.has(value)) texts.set(value, text);
  else asked.add(value);
  return text;
}
