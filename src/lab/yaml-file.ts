/**
 * Reads a YAML file against a schema, keeping track of where everything stands, so that a mistake is reported at its
 * line and column. YAML 1.2 by the `yaml` package; an unknown key is reported at the key, not at its value.
 */
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node, type Pair } from 'yaml';
import type { z } from 'zod';
import { err, ok, type Result } from '../base/result.ts';
import { formatPath, nearest, type Diagnostic } from './diagnostic.ts';

/** One of several readings a union offers; zod reports the branch that came nearest. */
type Issue = z.core.$ZodIssue;

export function readYamlFile<S extends z.ZodType>(
  file: string,
  text: string,
  schema: S,
): Result<z.output<S>, readonly Diagnostic[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, path: readonly PropertyKey[], message: string): Diagnostic => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, path: formatPath(path), message };
  };
  if (document.errors.length > 0) {
    return err(document.errors.map((error) => at(error.pos[0], [], plainYamlMessage(error.message))));
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // The parser reports an alias without an anchor only when the value is built.
    return err([at(0, [], error instanceof Error ? error.message : String(error))]);
  }
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.flatMap((issue) => leaves(issue, []));
  return err(issues.map(({ path, message, key }) => at(offsetOf(document, path, key), path, message)));
}

interface Leaf {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The unknown key that the message is about. */
  readonly key?: string;
}

/** The issues a person can act on: a union's failure is told by the branch that understood the most. */
function leaves(issue: Issue, parents: readonly PropertyKey[]): readonly Leaf[] {
  const path = [...parents, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.map((errors) => errors.flatMap((inner) => leaves(inner, path)));
    const deepest = (branch: readonly Leaf[]): number => Math.max(0, ...branch.map((leaf) => leaf.path.length));
    return [...branches].sort((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0] ?? [];
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path, key, message: `unknown key "${key}"` }));
  }
  return [{ path, message: plainMessage(issue) }];
}

function plainMessage(issue: Issue): string {
  if (issue.code === 'invalid_value') {
    const choices = issue.values.map(String);
    const given = typeof issue.input === 'string' ? issue.input : undefined;
    const meant = given === undefined ? undefined : nearest(given, choices);
    return `must be one of ${choices.join(', ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
  }
  if (issue.code === 'invalid_type') {
    return issue.input === undefined
      ? `is missing (${issue.expected} wanted)`
      : `must be of type ${issue.expected}`;
  }
  return issue.message;
}

/** The parser's first sentence, without the line and column that we print ourselves. */
function plainYamlMessage(message: string): string {
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message;
}

/** Where the value at `path` starts, or its key when `key` is the matter; the nearest parent when it does not exist. */
function offsetOf(document: Document, path: readonly PropertyKey[], key: string | undefined): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const pair = key !== undefined && length === path.length && isMap(node) ? pairOf(node.items, key) : undefined;
    const start = (pair?.key as Node | undefined)?.range?.[0] ?? (node as Node | null | undefined)?.range?.[0];
    if (start !== undefined) return start;
  }
  return 0;
}

function pairOf(items: readonly unknown[], key: string): Pair | undefined {
  return items.find((item): item is Pair => isPair(item) && isScalar(item.key) && item.key.value === key);
}
