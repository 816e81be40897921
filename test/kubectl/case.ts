import type { SmallTopology } from '../../src/engines/small-lab.contract.ts';

/** One invocation of the real kubectl and all it must print, written from the source it cites and never from our server. */
export interface Case {
  /** The command line after `kubectl`, as typed; quotes keep words together. */
  readonly run: string;
  /** Where the expectation is known from. */
  readonly source: string;
  readonly stdin?: string;
  /** Templates: `<<age>>`, `<<hash>>`, `<<ip>>`, `<<any>>`, `<<log>>`, `<<server>>`; two or more blanks stand for two or more. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** 0 unless said. */
  readonly end?: number | 'interrupted';
  readonly until?: string;
}

export interface Scenario {
  readonly name: string;
  /** `two-racks` unless said. */
  readonly topology?: SmallTopology;
  /** In one cluster, in this order. */
  readonly cases: readonly Case[];
}

const PATTERNS: Readonly<Record<string, string>> = {
  age: String.raw`\d+[smhd](?:\d+[smh])?`,
  hash: '[0-9a-z]{5,10}',
  ip: String.raw`\d+\.\d+\.\d+\.\d+`,
  any: '[^\n]+',
  // What client-go's watches log, or nothing.
  log: String.raw`(?:[EWI]\d{4} [^\n]*\n)*`,
};

/** The template as a pattern for the whole text. */
export function patternOf(template: string, server: string): RegExp {
  const text = template.replaceAll('<<server>>', server);
  const parts = text.split(/(<<\w+>>| {2,})/).map((part) => {
    const name = /^<<(\w+)>>$/.exec(part)?.[1];
    if (name !== undefined) return PATTERNS[name] ?? part;
    return /^ {2,}$/.test(part) ? ' {2,}' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Splits a command line at blanks outside single quotes. */
export const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
