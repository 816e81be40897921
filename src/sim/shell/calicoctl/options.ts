/**
 * The command line as docopt reads it: long options may be shortened while they stay unambiguous, `--option value` and
 * `--option=value`, `-f value` and `-fvalue`, and everything else is an argument. Anything unknown makes the whole line
 * invalid; docopt does not say why.
 * Source: docopt (POSIX option syntax); the options are those of calicoctl v3.32.1.
 */
export interface OptionSpec {
  /** With the dashes: `--filename`. */
  readonly long: string;
  readonly short?: string;
  /** Takes a value; the word help shows for it. */
  readonly value?: string;
  readonly help: string;
  /** May be given several times. */
  readonly repeats?: boolean;
}

export interface Line {
  readonly args: readonly string[];
  /** Undefined when the option was not given. */
  value(long: string): string | undefined;
  values(long: string): readonly string[];
  has(long: string): boolean;
}

interface Taken {
  readonly spec: OptionSpec;
  readonly value: string;
}

/** Undefined when docopt would refuse. `optionsFirst`: the first argument ends the options. */
export function parseLine(
  words: readonly string[],
  specs: readonly OptionSpec[],
  optionsFirst = false,
): Line | undefined {
  const args: string[] = [];
  const taken: Taken[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      args.push(...rest.splice(0));
    } else if (word.startsWith('--')) {
      const option = longOption(word, rest, specs);
      if (!option) return undefined;
      taken.push(option);
    } else if (word.startsWith('-') && word !== '-') {
      const options = shortOptions(word.slice(1), rest, specs);
      if (!options) return undefined;
      taken.push(...options);
    } else {
      args.push(word);
      if (optionsFirst) args.push(...rest.splice(0));
    }
  }
  return repeated(taken) ? undefined : lineOf(args, taken);
}

function longOption(word: string, rest: string[], specs: readonly OptionSpec[]): Taken | undefined {
  const [name = '', ...values] = word.split('=');
  const exact = specs.filter(({ long }) => long === name);
  const [spec, other] = exact.length > 0 ? exact : specs.filter(({ long }) => long.startsWith(name));
  if (!spec || other) return undefined;
  const given = word.includes('=') ? values.join('=') : undefined;
  if (spec.value === undefined) return given === undefined ? { spec, value: '' } : undefined;
  const value = given ?? rest.shift();
  return value === undefined ? undefined : { spec, value };
}

function shortOptions(
  letters: string,
  rest: string[],
  specs: readonly OptionSpec[],
): readonly Taken[] | undefined {
  const spec = specs.find(({ short }) => short === `-${letters[0] ?? ''}`);
  if (!spec) return undefined;
  const following = letters.slice(1);
  if (spec.value !== undefined) {
    const value = following === '' ? rest.shift() : following.replace(/^=/, '');
    return value === undefined ? undefined : [{ spec, value }];
  }
  if (following === '') return [{ spec, value: '' }];
  const others = shortOptions(following, rest, specs);
  return others && [{ spec, value: '' }, ...others];
}

const repeated = (taken: readonly Taken[]): boolean =>
  taken.some(({ spec }, at) => !spec.repeats && taken.findIndex((other) => other.spec === spec) !== at);

function lineOf(args: readonly string[], taken: readonly Taken[]): Line {
  const values = (long: string): readonly string[] =>
    taken.filter(({ spec }) => spec.long === long).map(({ value }) => value);
  return { args, values, value: (long) => values(long).at(-1), has: (long) => values(long).length > 0 };
}
