/**
 * The JSON of many values that are alike, as the objects of a list are, as UTF-8: what stands where it stood in the value
 * before is copied from there, so a value costs what tells it apart. Together it is what `JSON.stringify` has.
 */
import { utf8 } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../base/json.ts';

/** Bytes that there is room for at first. */
const ROOM = 1 << 17;
/** What lies deeper is written as a whole. */
const DEEPEST = 24;
/** So many members of one object are remembered by their names. */
const MOST_NAMES = 256;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [LIST, LIST_END] = [0x5b, 0x5d];
const [OBJECT, OBJECT_END] = [0x7b, 0x7d];
const [FIRST_PLAIN, LAST_PLAIN] = [0x20, 0x7e];

/** So many bytes are copied one by one: a call costs more. */
const FEW = 24;

const NOTHING = Symbol('nothing');

/** A place in the values, what stood there last, and where that was written. */
class Place {
  readonly name: string;
  /** Members in their last order, or items. */
  readonly inside: Place[] = [];
  byName: Map<string, Place> | undefined;
  value: unknown = NOTHING;
  /** From the first byte of the value that it is in. */
  at = 0;
  length = 0;
  /** Bytes of what stands before it: a comma or a bracket, and its name. */
  before = 0;
  /** In which writing of the value around it it was written last. */
  round = 0;
  /** How often what is inside was written. */
  rounds = 0;

  constructor(name = '') {
    this.name = name;
  }

  named(name: string): Place {
    const known = this.byName?.get(name);
    if (known) return known;
    if (!this.byName || this.byName.size >= MOST_NAMES) this.byName = new Map();
    const place = new Place(name);
    this.byName.set(name, place);
    return place;
  }
}

/** Where the value before stood that is written over now; -1 for nowhere. */
type Old = number;

const stoodAt = (old: Old, { at }: Place): Old => (old < 0 ? old : old + at);

export class AlikeJson {
  readonly #root = new Place();
  #bytes = new Uint8Array(ROOM);
  /** Where the next byte goes, once what is to be copied is copied. */
  #to = 0;
  /** What is to be copied: neighbours go together. */
  #from = 0;
  #till = 0;
  /** What has not been taken. */
  #begin = 0;
  #isTaken = false;
  /** The last value. */
  #last: Old = -1;
  #lastEnd = 0;

  /** Bytes that have not been taken. */
  get length(): number {
    return this.#isTaken ? 0 : this.#to - this.#begin;
  }

  /** Everything since it was last asked; good until more is written. */
  take(): Uint8Array {
    const bytes = this.#bytes.subarray(this.#isTaken ? this.#to : this.#begin, this.#to);
    this.#isTaken = true;
    return bytes;
  }

  /** What is written already. */
  add(bytes: Uint8Array): void {
    this.#goOn();
    this.#put(bytes);
  }

  /** The next of the values. */
  value(value: Json): void {
    this.#goOn();
    const start = this.#to;
    this.#write(this.#root, value, this.#last, 0);
    this.#copy();
    this.#last = start;
    this.#lastEnd = this.#to;
  }

  /** The last value once more, for whoever keeps it. */
  last(): Uint8Array {
    return this.#bytes.slice(this.#last, this.#lastEnd);
  }

  /** What was taken makes room; the last value stays, for it is copied from. */
  #goOn(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    const kept = this.#last < 0 ? 0 : this.#lastEnd - this.#last;
    if (kept > 0) this.#bytes.copyWithin(0, this.#last, this.#lastEnd);
    this.#last = kept > 0 ? 0 : -1;
    this.#lastEnd = this.#begin = this.#to = kept;
  }

  #write(place: Place, value: Json | undefined, old: Old, depth: number): void {
    if (old >= 0 && value === place.value) this.#keep(old, old + place.length);
    else this.#writeAnew(place, value, old, depth);
  }

  #writeAnew(place: Place, value: Json | undefined, old: Old, depth: number): void {
    const start = this.#position();
    if (typeof value === 'object' && value !== null && depth < DEEPEST) {
      const isList = Array.isArray(value);
      const alike = isList === Array.isArray(place.value) ? old : -1;
      if (isList) this.#list(place, value as readonly Json[], alike, depth);
      else this.#object(place, value as JsonObject, alike, depth);
    } else {
      // What is inside now stands nowhere.
      place.rounds += 1;
      if (typeof value === 'string') this.#quoted(value);
      else this.#plain(JSON.stringify(value) ?? 'null');
    }
    place.value = value;
    place.length = this.#position() - start;
  }

  #object(place: Place, value: JsonObject, old: Old, depth: number): void {
    const start = this.#position();
    const last = place.rounds;
    const round = (place.rounds += 1);
    const { inside } = place;
    let at = 0;
    for (const name in value) {
      const member = value[name];
      if (member === undefined) continue;
      const expected = inside[at];
      const isExpected = expected?.name === name;
      const child = isExpected ? expected : (inside[at] = place.named(name));
      const was = child.round === last ? stoodAt(old, child) : -1;
      if (isExpected && was >= 0) this.#keep(was - child.before, was);
      else child.before = this.#label(at === 0 ? OBJECT : COMMA, name);
      child.at = this.#position() - start;
      child.round = round;
      this.#write(child, member, was, depth + 1);
      at += 1;
    }
    if (inside.length > at) inside.length = at;
    if (at === 0) this.#byte(OBJECT);
    this.#byte(OBJECT_END);
  }

  #list(place: Place, value: readonly (Json | undefined)[], old: Old, depth: number): void {
    const start = this.#position();
    const last = place.rounds;
    const round = (place.rounds += 1);
    const { inside } = place;
    for (let at = 0; at < value.length; at += 1) {
      const child = (inside[at] ??= new Place());
      const was = child.round === last ? stoodAt(old, child) : -1;
      if (was >= 0) this.#keep(was - 1, was);
      else this.#byte(at === 0 ? LIST : COMMA);
      child.at = this.#position() - start;
      child.round = round;
      this.#write(child, value[at], was, depth + 1);
    }
    if (inside.length > value.length) inside.length = value.length;
    if (value.length === 0) this.#byte(LIST);
    this.#byte(LIST_END);
  }

  /** Where the next byte will stand. */
  #position(): number {
    return this.#to + this.#till - this.#from;
  }

  /** What stands between two places is as it was. */
  #keep(from: number, till: number): void {
    if (this.#till !== from) {
      this.#copy();
      this.#from = from;
    }
    this.#till = till;
  }

  #copy(): void {
    const [from, till, to] = [this.#from, this.#till, this.#to];
    if (till === from) return;
    this.#makeRoom(till - from);
    const bytes = this.#bytes;
    if (till - from > FEW) bytes.copyWithin(to, from, till);
    else for (let at = from; at < till; at += 1) bytes[to + at - from] = bytes[at] ?? 0;
    this.#to = to + till - from;
    this.#from = this.#till = 0;
  }

  #makeRoom(length: number): void {
    const needed = this.#to + length;
    if (needed <= this.#bytes.length) return;
    const more = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    more.set(this.#bytes);
    this.#bytes = more;
  }

  #byte(byte: number): void {
    this.#copy();
    this.#makeRoom(1);
    this.#bytes[this.#to] = byte;
    this.#to += 1;
  }

  /** What stands before a member; its length. */
  #label(before: number, name: string): number {
    this.#byte(before);
    const start = this.#to - 1;
    this.#quoted(name);
    this.#byte(COLON);
    return this.#to - start;
  }

  #quoted(text: string): void {
    this.#byte(QUOTE);
    this.#makeRoom(text.length + 1);
    const bytes = this.#bytes;
    const start = this.#to;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code < FIRST_PLAIN || code > LAST_PLAIN || code === QUOTE || code === BACKSLASH) {
        this.#to = start - 1;
        this.#put(utf8(JSON.stringify(text)));
        return;
      }
      bytes[start + at] = code;
    }
    bytes[start + text.length] = QUOTE;
    this.#to = start + text.length + 1;
  }

  #plain(text: string): void {
    this.#copy();
    this.#put(utf8(text));
  }

  #put(added: Uint8Array): void {
    this.#makeRoom(added.length);
    this.#bytes.set(added, this.#to);
    this.#to += added.length;
  }
}
