/** The grammar of normal and visual mode: what a run of keys means, and whether more must come (index.txt of Vim 9.0). */
import { isMotion } from './motions.ts';

export interface NormalCommand {
  readonly count: number | undefined;
  readonly register: string | undefined;
  /** `d`, `c`, `y`, `>`, `<`, `g~`, `gu`, `gU`. */
  readonly operator: string | undefined;
  /** A motion, a text object such as `iw`, or a command; for `dd` it is `dd`'s second letter. */
  readonly key: string;
  /** The character of `f`, `t`, `r`, `Z`, `z`. */
  readonly arg: string;
}

export type Reading =
  | { readonly kind: 'more' }
  | { readonly kind: 'none' }
  | { readonly kind: 'command'; readonly command: NormalCommand };

const MORE: Reading = { kind: 'more' };
const NONE: Reading = { kind: 'none' };
const OPERATORS = new Set(['d', 'c', 'y', '>', '<', 'g~', 'gu', 'gU']);
const WITH_CHARACTER = new Set(['f', 'F', 't', 'T', 'r', 'Z', 'z']);
const TEXT_OBJECTS = /^[wWpb"'`()[\]{}B<>]$/;

/** `visual` commands have no motion behind their operator. */
export function readCommand(keys: readonly string[], visual: boolean): Reading {
  const reader = new KeyReader(keys);
  const first = reader.prefix();
  if (first === undefined) return MORE;
  const key = reader.name();
  if (key === undefined) return MORE;
  if (OPERATORS.has(key) && !visual) return operator(reader, key, first);
  if (visual && /^[ia]$/.test(key)) return withObject(reader, key, { ...first, operator: undefined });
  return finish(reader, key, { ...first, operator: undefined });
}

type Head = Pick<NormalCommand, 'count' | 'register' | 'operator'>;

function operator(reader: KeyReader, key: string, first: Omit<Head, 'operator'>): Reading {
  const second = reader.prefix();
  if (second === undefined) return MORE;
  const count = multiplied(first.count, second.count);
  const head = { count, register: second.register ?? first.register, operator: key };
  const target = reader.name();
  if (target === undefined) return MORE;
  return operand(reader, target, head);
}

/** `2d3w` deletes six words. */
function multiplied(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 1) * (b ?? 1);
}

function operand(reader: KeyReader, target: string, head: Head & { readonly operator: string }): Reading {
  const key = head.operator;
  // `dd`, `yy`, `>>`, `gUU` and `gUgU` take whole lines.
  if (target === key || (key.startsWith('g') && target === key[1]))
    return { kind: 'command', command: { ...head, key: 'line', arg: '' } };
  if (target === 'i' || target === 'a') return withObject(reader, target, head);
  if (target === '/' || target === '?')
    return { kind: 'command', command: { ...head, key: target, arg: '' } };
  if (!isMotion(target)) return NONE;
  return finish(reader, target, head);
}

function withObject(reader: KeyReader, key: string, head: Head): Reading {
  const object = reader.next();
  if (object === undefined) return MORE;
  return TEXT_OBJECTS.test(object)
    ? { kind: 'command', command: { ...head, key: `${key}${object}`, arg: '' } }
    : NONE;
}

function finish(reader: KeyReader, key: string, head: Head): Reading {
  if (!WITH_CHARACTER.has(key)) return { kind: 'command', command: { ...head, key, arg: '' } };
  const arg = reader.next();
  if (arg === undefined) return MORE;
  const character = arg === '<enter>' ? '\n' : arg === '<tab>' ? '\t' : arg;
  if (/^<.+>$/.test(character)) return NONE;
  return { kind: 'command', command: { ...head, key, arg: character } };
}

class KeyReader {
  readonly #keys: readonly string[];
  #at = 0;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  next(): string | undefined {
    const key = this.#keys[this.#at];
    this.#at += 1;
    return key;
  }

  /** A key, or the two of `gg`, `g~`, `g_`. */
  name(): string | undefined {
    const key = this.next();
    if (key !== 'g') return key;
    const second = this.next();
    return second === undefined ? undefined : `g${second}`;
  }

  /** Counts and a register, in any order; undefined when the register's name is still to come. */
  prefix(): { readonly count: number | undefined; readonly register: string | undefined } | undefined {
    let count: number | undefined;
    let register: string | undefined;
    for (;;) {
      const key = this.#keys[this.#at] ?? '';
      if (/^[1-9]$/.test(key) || (count !== undefined && key === '0'))
        count = Math.min((count ?? 0) * 10 + Number(key), 99_999_999);
      else if (key === '"') {
        this.#at += 1;
        register = this.#keys[this.#at];
        if (register === undefined) return undefined;
      } else return { count, register };
      this.#at += 1;
    }
  }
}
