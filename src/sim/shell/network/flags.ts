/**
 * Flags in the getopt manner (`-n`, `-c4`, `-nne`, `--name value`), from a table that also makes the help text and the
 * completion. A flag that the real tool has and the simulator lacks is in the table too, so that it can be refused in
 * plain words instead of being called unknown.
 */
import { err, ok, type Result } from '../../../base/result.ts';

export interface Flag {
  /** One letter, without the dash. */
  readonly short?: string;
  /** Without the dashes. */
  readonly long?: string;
  /** The name of its argument; absent when it takes none. */
  readonly takes?: string;
  /** Our own words, for help. */
  readonly about: string;
  /** `ignored`: taken without effect. `refused`: real, but not simulated. */
  readonly support?: 'ignored' | 'refused';
}

export interface FlagTable {
  readonly tool: string;
  readonly usage: string;
  /** Where the table was taken from and how it was checked. */
  readonly provenance: string;
  readonly flags: readonly Flag[];
}

export interface Flags {
  /** Occurrences of a flag under its short (else long) name; the value is empty for one without argument. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

export type FlagMistake =
  | { readonly kind: 'unknown' | 'missing-argument'; readonly flag: string; readonly position: number }
  | { readonly kind: 'refused'; readonly flag: string; readonly position: number };

export function parseFlags(words: readonly string[], table: FlagTable): Result<Flags, FlagMistake> {
  const reader = new FlagReader(words, table.flags);
  const mistake = reader.read();
  return mistake ? err(mistake) : ok({ given: reader.given, operands: reader.operands });
}

export function isGiven(flags: Flags, name: string): boolean {
  return flags.given.has(name);
}

export function times(flags: Flags, name: string): number {
  return flags.given.get(name)?.length ?? 0;
}

/** The last value given, as every getopt tool takes it. */
export function valueOf(flags: Flags, name: string): string | undefined {
  return flags.given.get(name)?.at(-1);
}

export function notSimulated(table: FlagTable, flag: string): string {
  return `${table.tool}: ${flag} is a flag of the real tool that the simulator does not have; \`${table.tool} --help\` lists those it has.`;
}

/** The help page, in our own words. */
export function helpText(table: FlagTable): string {
  const lines = table.flags
    .filter(({ support }) => support !== 'refused')
    .map((flag) => `  ${spelling(flag).padEnd(28)} ${flag.about}`);
  return [`Usage: ${table.usage}`, '', ...lines].join('\n');
}

/** Every flag that may be typed, for completion. */
export function flagWords(table: FlagTable): readonly string[] {
  return table.flags
    .filter(({ support }) => support !== 'refused')
    .flatMap(({ short, long }) => [
      ...(short === undefined ? [] : [`-${short}`]),
      ...(long === undefined ? [] : [`--${long}`]),
    ]);
}

function spelling({ short, long, takes }: Flag): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), ...(long === undefined ? [] : [`--${long}`])];
  return names.join(', ') + (takes === undefined ? '' : ` <${takes}>`);
}

class FlagReader {
  readonly given = new Map<string, string[]>();
  readonly operands: string[] = [];
  readonly #words: readonly string[];
  readonly #flags: readonly Flag[];
  #at = 0;

  constructor(words: readonly string[], flags: readonly Flag[]) {
    this.#words = words;
    this.#flags = flags;
  }

  read(): FlagMistake | undefined {
    while (this.#at < this.#words.length) {
      const word = this.#words[this.#at] ?? '';
      this.#at += 1;
      if (word === '--') {
        this.operands.push(...this.#words.slice(this.#at));
        return undefined;
      }
      const mistake = this.#word(word);
      if (mistake) return mistake;
    }
    return undefined;
  }

  #word(word: string): FlagMistake | undefined {
    if (word.startsWith('--')) return this.#long(word);
    if (word.startsWith('-') && word.length > 1) return this.#cluster(word.slice(1));
    this.operands.push(word);
    return undefined;
  }

  #long(word: string): FlagMistake | undefined {
    const [name = '', inline] = splitOnce(word.slice(2));
    const flag = this.#flags.find(({ long }) => long === name);
    if (!flag) return this.#mistake('unknown', word);
    return this.#take(flag, `--${name}`, inline);
  }

  #cluster(letters: string): FlagMistake | undefined {
    for (let at = 0; at < letters.length; at += 1) {
      const letter = letters[at] ?? '';
      const flag = this.#flags.find(({ short }) => short === letter);
      if (!flag) return this.#mistake('unknown', `-${letter}`);
      const rest = letters.slice(at + 1);
      const mistake = this.#take(flag, `-${letter}`, flag.takes && rest ? rest : undefined);
      if (mistake || flag.takes) return mistake;
    }
    return undefined;
  }

  #take(flag: Flag, spelt: string, inline: string | undefined): FlagMistake | undefined {
    if (flag.support === 'refused') return this.#mistake('refused', spelt);
    const value = flag.takes === undefined ? '' : (inline ?? this.#words[this.#at]);
    if (value === undefined) return this.#mistake('missing-argument', spelt);
    if (flag.takes !== undefined && inline === undefined) this.#at += 1;
    const name = flag.short ?? flag.long ?? '';
    this.given.set(name, [...(this.given.get(name) ?? []), value]);
    return undefined;
  }

  #mistake(kind: FlagMistake['kind'], flag: string): FlagMistake {
    return { kind, flag, position: this.#at };
  }
}

function splitOnce(text: string): readonly [string, string?] {
  const at = text.indexOf('=');
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
