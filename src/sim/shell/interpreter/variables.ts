/**
 * The variables of one shell process: scalars, indexed and associative arrays, with bash's attributes and dynamic scope
 * (`local`). Left out: namerefs and the integer and case attributes.
 */
export type Value =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'indexed'; readonly items: ReadonlyMap<number, string> }
  | { readonly kind: 'associative'; readonly items: ReadonlyMap<string, string> };

export interface Variable {
  readonly value: Value | undefined;
  readonly exported: boolean;
  readonly readOnly: boolean;
}

const NONE: Variable = { value: undefined, exported: false, readOnly: false };

export class Variables {
  #map: Map<string, Variable>;
  /** What `local` hid, one map per running function. */
  #hidden: Map<string, Variable | undefined>[];

  constructor(from?: Variables) {
    this.#map = new Map(from === undefined ? [] : from.#map);
    this.#hidden = (from === undefined ? [] : from.#hidden).map((saved) => new Map(saved));
  }

  get(name: string): Variable | undefined {
    return this.#map.get(name);
  }

  /** As `$name` reads it: element 0 of an array; undefined when unset. */
  text(name: string): string | undefined {
    const value = this.#map.get(name)?.value;
    if (value === undefined) return undefined;
    if (value.kind === 'scalar') return value.text;
    return value.kind === 'indexed' ? value.items.get(0) : value.items.get('0');
  }

  set(name: string, value: Value): void {
    this.#map.set(name, { ...(this.#map.get(name) ?? NONE), value });
  }

  setText(name: string, text: string): void {
    const old = this.#map.get(name)?.value;
    if (old?.kind === 'indexed') {
      this.set(name, { kind: 'indexed', items: new Map(old.items).set(0, text) });
    } else if (old?.kind === 'associative') {
      this.set(name, { kind: 'associative', items: new Map(old.items).set('0', text) });
    } else {
      this.set(name, { kind: 'scalar', text });
    }
  }

  mark(name: string, attributes: Partial<Pick<Variable, 'exported' | 'readOnly'>>): void {
    this.#map.set(name, { ...(this.#map.get(name) ?? NONE), ...attributes });
  }

  unset(name: string): void {
    this.#map.delete(name);
  }

  names(): readonly string[] {
    return [...this.#map.keys()].sort();
  }

  /** What a command's environment holds. */
  environment(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, variable] of this.#map) {
      if (variable.exported && variable.value?.kind === 'scalar') env.set(name, variable.value.text);
    }
    return env;
  }

  enterFunction(): void {
    this.#hidden.push(new Map());
  }

  leaveFunction(): void {
    for (const [name, variable] of this.#hidden.pop() ?? []) this.#put(name, variable);
  }

  get inFunction(): boolean {
    return this.#hidden.length > 0;
  }

  /** False outside a function. */
  makeLocal(name: string): boolean {
    const frame = this.#hidden.at(-1);
    if (frame === undefined) return false;
    if (!frame.has(name)) {
      const old = this.#map.get(name);
      frame.set(name, old);
      this.#map.set(name, { ...NONE, exported: old?.exported ?? false });
    }
    return true;
  }

  /** Sets for a while; the returned function puts back what was there. */
  override(name: string, text: string): () => void {
    const old = this.#map.get(name);
    this.#map.set(name, { value: { kind: 'scalar', text }, exported: true, readOnly: false });
    return () => {
      this.#put(name, old);
    };
  }

  #put(name: string, variable: Variable | undefined): void {
    if (variable === undefined) this.#map.delete(name);
    else this.#map.set(name, variable);
  }
}

/** The elements of a variable in order: a scalar is an array of one. */
export function elements(value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  if (value.kind === 'scalar') return [value.text];
  if (value.kind === 'associative') return [...value.items.values()];
  return [...value.items].sort(([a], [b]) => a - b).map(([, text]) => text);
}

export function keys(value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  if (value.kind === 'scalar') return ['0'];
  if (value.kind === 'associative') return [...value.items.keys()];
  return [...value.items.keys()].sort((a, b) => a - b).map(String);
}
