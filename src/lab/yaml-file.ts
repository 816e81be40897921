/**
 * Reads a YAML file against a schema, keeping track of where everything stands, so that a mistake is reported at its
 * line and column. YAML 1.2 by the `yaml` package; an unknown key is reported at the key, not at its value.
 */
import {
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type YAMLError,
} from 'yaml';
import type { z } from 'zod';
import { err, ok, type Result } from '../base/result.ts';
import { formatPath, suggestion, type Diagnostic, type Position } from './diagnostic.ts';
import { keysAt } from './schema-keys.ts';

/** Mistakes are told as diagnostics; the parser itself prints none. */
const READING = { prettyErrors: false, logLevel: 'error' } as const;

export function readYamlFile<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
): Result<z.output<S>, readonly Diagnostic[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...READING, lineCounter: lines });
  return readDocument(document, { file, lines, schema });
}

/** As `readYamlFile`, for a file of several documents; empty ones are left out. */
export function readYamlDocuments<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
): Result<readonly z.output<S>[], readonly Diagnostic[]> {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { ...READING, lineCounter: lines })];
  const read = documents
    .filter(({ contents, errors }) => contents !== null || errors.length > 0)
    .map((document) => readDocument(document, { file, lines, schema }));
  const mistakes = read.flatMap((one) => (one.ok ? [] : one.error));
  return mistakes.length > 0 ? err(mistakes) : ok(read.flatMap((one) => (one.ok ? [one.value] : [])));
}

function readDocument<S extends z.ZodType>(
  document: Document,
  { file, lines, schema }: { readonly file: string; readonly lines: LineCounter; readonly schema: S },
): Result<z.output<S>, readonly Diagnostic[]> {
  const at = (offset: number, path: readonly PropertyKey[], message: string): Diagnostic => ({
    file,
    ...positionIn(lines, offset),
    path: formatPath(path),
    message,
  });
  if (document.errors.length > 0) {
    return err(causes(document.errors).map((error) => at(error.pos[0], [], plainYamlMessage(error))));
  }
  const lost = danglingAlias(document);
  if (lost) {
    return err([
      at(lost.range?.[0] ?? 0, [], `*${lost.source} stands for nothing: no &${lost.source} before it`),
    ]);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that multiply beyond the parser's limit show only when the value is built.
    return err([at(0, [], error instanceof Error ? error.message : String(error))]);
  }
  const parsed = schema.safeParse(value, { error: plainMessage });
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.flatMap((issue) => leaves(issue, [], schema));
  return err(issues.map(({ path, message, key }) => at(offsetOf(document, path, key), path, message)));
}

/** Where the value at a path stands, for complaints that only a look at other files brings. */
export function positionOf(text: string, path: readonly PropertyKey[]): Position {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...READING, lineCounter: lines });
  return positionIn(lines, offsetOf(document, path, undefined));
}

/** An empty text has no lines for the counter; for us it has a first one. */
function positionIn(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

interface Leaf {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The unknown key that the message is about. */
  readonly key?: string;
}

/** The issues a person can act on: a union's failure is told by the branch that understood the most. */
function leaves(
  issue: z.core.$ZodIssue,
  parents: readonly PropertyKey[],
  schema: z.core.$ZodType,
): readonly Leaf[] {
  const path = [...parents, ...issue.path];
  if (
    issue.code === 'invalid_union' &&
    issue.errors.some((errors) => errors.length > 0 && errors[0]?.path.length)
  ) {
    const branches = issue.errors.map((errors) => errors.flatMap((inner) => leaves(inner, path, schema)));
    const deepest = (branch: readonly Leaf[]): number =>
      Math.max(0, ...branch.map((leaf) => leaf.path.length));
    return [...branches].sort((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0] ?? [];
  }
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, path);
    return issue.keys.map((key) => ({ path, key, message: `unknown key "${key}"${suggestion(key, known)}` }));
  }
  return [{ path, message: issue.message }];
}

/** zod's names of types, as an author of YAML would say them. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
};

/** For issues whose schema brings no words of its own; undefined leaves the rest to zod. */
function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  const wanted = wantedBy(issue);
  if (wanted === undefined) return undefined;
  return issue.input === undefined ? `is missing: ${wanted} is wanted` : `must be ${wanted}`;
}

function wantedBy(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value': {
      const choices = issue.values.map(String);
      return choices.length === 1
        ? choices[0]
        : `one of ${choices.join(', ')}${suggestion(String(issue.input ?? ''), choices)}`;
    }
    case 'too_small':
      return issue.origin === 'array' ? `a list of at least ${issue.minimum}` : `at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'array' ? `a list of at most ${issue.maximum}` : `at most ${issue.maximum}`;
    default:
      return undefined;
  }
}

/** A tab in the indentation makes the parser misread all that follows: then only the tabs are the matter. */
function causes(errors: readonly YAMLError[]): readonly YAMLError[] {
  const tabs = errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  return tabs.length > 0 ? tabs : errors;
}

/** The parser's first sentence, without the line and column that we print ourselves. */
function plainYamlMessage({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; one file holds one';
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message;
}

function danglingAlias(document: Document): Alias | undefined {
  let found: Alias | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document)) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}

/** Where the value at `path` starts, or its key when `key` is the matter; the nearest parent when it does not exist. */
function offsetOf(document: Document, path: readonly PropertyKey[], key: string | undefined): number {
  const value = path.length === 0 ? document.contents : document.getIn(path, true);
  const start = startOf(key === undefined ? value : keyNode(value, key)) ?? startOf(value);
  if (start !== undefined || path.length === 0) return start ?? 0;
  return offsetOf(document, path.slice(0, -1), undefined);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function keyNode(map: unknown, key: string): unknown {
  return isMap(map) ? map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key : undefined;
}
