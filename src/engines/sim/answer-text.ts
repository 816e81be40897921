/**
 * The JSON text of the API's answers, in pieces: a large list is never in memory as a whole. Its objects are written as
 * values that are alike, and what is asked for again is kept with the object: such a list costs what has changed since.
 */
import { utf8 } from '../../base/bytes.ts';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { AlikeJson } from './alike-json.ts';

/** What holds the objects of a list, and the rows of a table, which are made for the answer. */
const [OBJECTS, ROWS] = ['items', 'rows'];
/** From so many on it pays to remember what they have alike. */
const MANY = 64;
/** So many bytes go together. */
const PIECE = 1 << 16;

const [BEGIN, NEXT, END] = ['[', ',', ']'].map(utf8) as [Uint8Array, Uint8Array, Uint8Array];

/**
 * In order; together they are what `JSON.stringify` has. The first is text, and the only one where nothing is long. Bytes are
 * good until the next piece is asked for.
 */
export function* answerPieces(body: JsonObject): Generator<string | Uint8Array, undefined> {
  let text = '';
  let before = '{';
  for (const [name, member] of Object.entries(body)) {
    if (member === undefined) continue;
    text += `${before}${JSON.stringify(name)}:`;
    before = ',';
    if ((name === OBJECTS || name === ROWS) && Array.isArray(member) && member.length >= MANY) {
      yield text;
      yield* listPieces(member as readonly Json[], name === OBJECTS ? writeKept : writeFresh);
      text = '';
    } else text += JSON.stringify(member);
  }
  yield before === '{' ? '{}' : `${text}}`;
  return undefined;
}

type Write = (json: AlikeJson, item: Json) => void;

function* listPieces(list: readonly Json[], write: Write): Generator<Uint8Array> {
  const json = new AlikeJson();
  let before = BEGIN;
  for (const item of list) {
    json.add(before);
    write(json, item);
    before = NEXT;
    if (json.length >= PIECE) yield json.take();
  }
  json.add(END);
  yield json.take();
}

const writeFresh: Write = (json, row) => json.value(row);

const asked = new WeakSet<JsonObject>();
const kept = new WeakMap<JsonObject, Uint8Array>();

/** Kept from the second time on: most of what is asked for once is not asked for again, and a text weighs a lot. */
function writeKept(json: AlikeJson, item: Json): void {
  const known = isJsonObject(item) ? kept.get(item) : undefined;
  if (known) {
    json.add(known);
    return;
  }
  json.value(item);
  if (!isJsonObject(item)) return;
  if (asked.has(item)) kept.set(item, copied(json.last()));
  else asked.add(item);
}

/** Many texts lie in one piece of memory, for a piece of its own costs more than what is in it. */
let [slab, used] = [new Uint8Array(0), 0];

function copied(text: Uint8Array): Uint8Array {
  if (text.length > slab.length - used) [slab, used] = [new Uint8Array(Math.max(PIECE, text.length)), 0];
  const copy = slab.subarray(used, used + text.length);
  copy.set(text);
  used += text.length;
  return copy;
}
