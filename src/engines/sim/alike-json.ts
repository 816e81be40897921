/**
 * The JSON of many values that are alike, as the objects of a list are, as UTF-8: each is the bytes of the value before it,
 * copied but for what has changed since, so a value costs what tells it apart. Together it is what `JSON.stringify` has.
 */
import { utf8 } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../base/json.ts';

/** Bytes that there is room for at first. */
const ROOM = 1 << 17;
/** What lies deeper is written as a whole. */
const DEEPEST = 24;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [LIST, LIST_END] = [0x5b, 0x5d];
const [OBJECT, OBJECT_END] = [0x7b, 0x7d];
/** By code unit: 1 for those that JSON has as they are, in one byte. */
const PLAIN = new Uint8Array(1 << 16).fill(1, 0x20, 0x7f);
PLAIN[QUOTE] = PLAIN[BACKSLASH] = 0;

/** A place in the values, what stands there in the last one, and where. */
class Place {
  readonly name: string;
  value: unknown;
  /** Members or items in their order. */
  inside: Place[] = [];
  /** From the first byte of the value that it is in. */
  at = 0;
  length = 0;
  /** Bytes of what stands before a member: a comma or a bracket, and its name. */
  before = 0;

  constructor(name: string, value: unknown) {
    this.name = name;
    this.value = value;
  }
}

/** Of a value that is no longer made like the one before: up to where it is. */
interface Rest {
  /** So many members stand already. */
  readonly known: number;
  /** Where the value stood. */
  readonly old: number;
  readonly shift: number;
  readonly depth: number;
}

export class AlikeJson {
  #root: Place | undefined;
  #bytes = new Uint8Array(ROOM);
  /** Where the next byte goes. */
  #to = 0;
  /** What has not been taken. */
  #begin = 0;
  #isTaken = false;
  /** Where the value under way begins. */
  #start = 0;
  /** The value before it, from where on it has not been copied, and how many bytes further on what follows now stands. */
  #last = 0;
  #lastEnd = 0;
  #from = 0;
  #shift = 0;

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
    this.#start = this.#to;
    if (this.#root) {
      this.#from = this.#last;
      this.#shift = 0;
      if (value !== this.#root.value) this.#change(this.#root, value, this.#last, 0);
      this.#copyTill(this.#lastEnd);
    } else this.#root = this.#written('', value, 0);
    this.#last = this.#start;
    this.#lastEnd = this.#to;
  }

  /** The text of the last value; good until more is written. */
  last(): Uint8Array {
    return this.#bytes.subarray(this.#last, this.#lastEnd);
  }

  /** What was taken makes room; the last value stays, for it is copied from. */
  #goOn(): void {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    const kept = this.#lastEnd - this.#last;
    this.#bytes.copyWithin(0, this.#last, this.#lastEnd);
    this.#last = 0;
    this.#lastEnd = this.#begin = this.#to = kept;
  }

  /** Another value than before, whose place began at `old`. */
  #change(place: Place, value: Json, old: number, depth: number): void {
    const shift = this.#shift;
    if (isMadeLike(value, place.value) && depth < DEEPEST) {
      if (Array.isArray(value)) this.#list(place, value as readonly Json[], old, depth);
      else this.#object(place, value as JsonObject, old, depth);
      place.length += this.#shift - shift;
    } else {
      this.#copyTill(old);
      this.#from = old + place.length;
      const start = this.#to;
      this.#write(place, value, depth);
      this.#shift += this.#to - start - place.length;
      place.length = this.#to - start;
    }
    place.value = value;
  }

  #object(place: Place, value: JsonObject, old: number, depth: number): void {
    const { inside } = place;
    const shift = this.#shift;
    let known = 0;
    for (const name in value) {
      const member = value[name];
      if (member === undefined) continue;
      const child = inside[known];
      if (child?.name !== name) {
        this.#otherMembers(place, value, { known, old, shift, depth });
        return;
      }
      const moved = this.#shift - shift;
      if (member !== child.value) this.#change(child, member, old + child.at, depth + 1);
      if (moved !== 0) child.at += moved;
      known += 1;
    }
    if (known < inside.length) this.#otherMembers(place, value, { known, old, shift, depth });
  }

  #list(place: Place, value: readonly Json[], old: number, depth: number): void {
    const { inside } = place;
    const shift = this.#shift;
    const known = Math.min(inside.length, value.length);
    for (let at = 0; at < known; at += 1) {
      const child = inside[at];
      if (!child) break;
      const item = value[at] ?? null;
      const moved = this.#shift - shift;
      if (item !== child.value) this.#change(child, item, old + child.at, depth + 1);
      if (moved !== 0) child.at += moved;
    }
    if (inside.length !== value.length) this.#otherItems(place, value, { known, old, shift, depth });
  }

  /** From one member on, others than before, or the same in another order. */
  #otherMembers(place: Place, value: JsonObject, { known, old, shift, depth }: Rest): void {
    const [start, end] = [this.#nowAt(old, shift), old + place.length];
    const left = place.inside.splice(known);
    const [next] = left;
    this.#copyTill(known === 0 ? old : next ? old + next.at - next.before : end - 1);
    const byName = new Map(left.map((child) => [child.name, child]));
    for (const [name, member] of Object.entries(value).filter(isPresent).slice(known)) {
      const before = this.#label(place.inside.length === 0 ? OBJECT : COMMA, name);
      const at = this.#to - start;
      const child = byName.get(name) ?? new Place(name, undefined);
      if (byName.has(name)) this.#moved(child, member, old + child.at, depth + 1);
      else this.#write(child, member, depth + 1);
      place.inside.push(Object.assign(child, { before, at, length: this.#to - start - at, value: member }));
    }
    this.#close(place.inside.length === 0, [OBJECT, OBJECT_END]);
    this.#from = end;
    this.#shift = shift + this.#to - start - place.length;
  }

  /** More items than before, or fewer. */
  #otherItems(place: Place, value: readonly Json[], { known, old, shift, depth }: Rest): void {
    const [start, end] = [this.#nowAt(old, shift), old + place.length];
    const [next] = place.inside.splice(known);
    this.#copyTill(known === 0 ? old : next ? old + next.at - 1 : end - 1);
    for (const item of value.slice(known)) {
      this.#byte(place.inside.length === 0 ? LIST : COMMA);
      const at = this.#to - start;
      place.inside.push(Object.assign(this.#written('', item ?? null, depth + 1), { at }));
    }
    this.#close(place.inside.length === 0, [LIST, LIST_END]);
    this.#from = end;
    this.#shift = shift + this.#to - start - place.length;
  }

  /** A value that stood elsewhere. */
  #moved(place: Place, value: Json, old: number, depth: number): void {
    const end = old + place.length;
    this.#from = old;
    this.#shift = this.#to - this.#start - (old - this.#last);
    if (value !== place.value) this.#change(place, value, old, depth);
    this.#copyTill(end);
  }

  /** Where stands now what stood at `old`, when all before it has become so much longer. */
  #nowAt(old: number, shift: number): number {
    return this.#start + (old - this.#last) + shift;
  }

  /** A value of which nothing stands yet. */
  #written(name: string, value: Json, depth: number): Place {
    const start = this.#to;
    const place = new Place(name, value);
    this.#write(place, value, depth);
    place.length = this.#to - start;
    return place;
  }

  #write(place: Place, value: Json, depth: number): void {
    place.inside = [];
    if (typeof value === 'string') this.#quoted(value);
    else if (typeof value !== 'object' || value === null || depth >= DEEPEST)
      this.#put(utf8(JSON.stringify(value)));
    else if (Array.isArray(value)) this.#writeItems(place, value as readonly Json[], depth);
    else this.#writeMembers(place, value as JsonObject, depth);
  }

  #writeMembers({ inside }: Place, value: JsonObject, depth: number): void {
    const start = this.#to;
    for (const [name, member] of Object.entries(value).filter(isPresent)) {
      const before = this.#label(inside.length === 0 ? OBJECT : COMMA, name);
      const at = this.#to - start;
      inside.push(Object.assign(this.#written(name, member, depth + 1), { before, at }));
    }
    this.#close(inside.length === 0, [OBJECT, OBJECT_END]);
  }

  #writeItems({ inside }: Place, value: readonly Json[], depth: number): void {
    const start = this.#to;
    for (const item of value) {
      this.#byte(inside.length === 0 ? LIST : COMMA);
      const at = this.#to - start;
      inside.push(Object.assign(this.#written('', item ?? null, depth + 1), { at }));
    }
    this.#close(inside.length === 0, [LIST, LIST_END]);
  }

  #close(isEmpty: boolean, [begin, end]: readonly [number, number]): void {
    if (isEmpty) this.#byte(begin);
    this.#byte(end);
  }

  /** What stands before a member; its length. */
  #label(before: number, name: string): number {
    const start = this.#to;
    this.#byte(before);
    this.#quoted(name);
    this.#byte(COLON);
    return this.#to - start;
  }

  /** Up to there the value is what it was before. */
  #copyTill(till: number): void {
    const [from, to] = [this.#from, this.#to];
    if (till <= from) return;
    this.#makeRoom(till - from);
    this.#bytes.copyWithin(to, from, till);
    this.#to = to + till - from;
    this.#from = till;
  }

  #makeRoom(length: number): void {
    const needed = this.#to + length;
    if (needed <= this.#bytes.length) return;
    const more = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    more.set(this.#bytes);
    this.#bytes = more;
  }

  #byte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#to] = byte;
    this.#to += 1;
  }

  #quoted(text: string): void {
    this.#makeRoom(text.length + 2);
    const bytes = this.#bytes;
    const start = this.#to + 1;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (PLAIN[code] !== 1) {
        this.#put(utf8(JSON.stringify(text)));
        return;
      }
      bytes[start + at] = code;
    }
    bytes[start - 1] = bytes[start + text.length] = QUOTE;
    this.#to = start + text.length + 1;
  }

  #put(added: Uint8Array): void {
    this.#makeRoom(added.length);
    this.#bytes.set(added, this.#to);
    this.#to += added.length;
  }
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Both lists, or both objects. */
const isMadeLike = (value: unknown, other: unknown): boolean =>
  isContainer(value) && isContainer(other) && Array.isArray(value) === Array.isArray(other);

const isPresent = (entry: readonly [string, Json | undefined]): entry is [string, Json] =>
  entry[1] !== undefined;
