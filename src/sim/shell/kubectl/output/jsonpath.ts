/**
 * Evaluates kubectl's JSONPath templates over JSON. Missing keys give nothing unless they are refused. Where Go walks a map
 * in random order (wildcards, recursive descent) the keys are taken sorted.
 * Source: k8s.io/client-go/util/jsonpath/jsonpath.go v0.35.
 */
import { isJsonObject, type Json } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { compactJson, prettyJson } from './json-text.ts';
import { parseJsonPath, type PathAction, type PathNode } from './jsonpath-syntax.ts';

export { parseJsonPath };
export type { PathAction };

class EvaluationError extends Error {}

/** What a field does that no value has: nothing, or end the evaluation (`--allow-missing-template-keys=false`). */
export type MissingKeys = 'allowed' | 'refused';

/** The template's text over `data`; the error is the engine's own sentence. */
export function renderJsonPath(
  template: readonly PathAction[],
  data: Json,
  missing: MissingKeys = 'allowed',
): Result<string, string> {
  const found = findJsonPath(template, data, missing);
  return found.ok ? ok(found.value.map((values) => values.map(plainText).join(' ')).join('')) : found;
}

/** `-o jsonpath-as-json`: every value, as a JSON list. */
export function renderJsonPathAsJson(
  template: readonly PathAction[],
  data: Json,
  missing: MissingKeys = 'allowed',
): Result<string, string> {
  const found = findJsonPath(template, data, missing);
  return found.ok ? ok(found.value.map((values) => `${prettyJson(values)}\n`).join('')) : found;
}

/** The values each part of the template finds. */
export function findJsonPath(
  template: readonly PathAction[],
  data: Json,
  missing: MissingKeys = 'allowed',
): Result<readonly (readonly Json[])[], string> {
  try {
    return ok(new Run(template, missing).from(0, data).results);
  } catch (error) {
    if (error instanceof EvaluationError) return err(error.message);
    throw error;
  }
}

/** As Go prints it: text bare, maps and lists as JSON. */
export function plainText(value: Json): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? compactJson(value) : String(value);
}

class Run {
  readonly #parts: readonly PathAction[];
  readonly #missing: MissingKeys;

  constructor(parts: readonly PathAction[], missing: MissingKeys) {
    this.#parts = parts;
    this.#missing = missing;
  }

  /** Results of the parts from `start` on; `end` is where a `{end}` stopped it, or the number of parts. */
  from(
    start: number,
    data: Json,
    depth = 0,
  ): { readonly results: readonly (readonly Json[])[]; readonly end: number } {
    const results: (readonly Json[])[] = [];
    for (let at = start; at < this.#parts.length; at += 1) {
      const action = this.#parts[at] ?? [];
      const word = action.find((node) => node.kind === 'word')?.word;
      if (word === 'end') {
        if (depth === 0) throw new EvaluationError('not in range, nothing to end');
        return { results, end: at };
      }
      if (word === undefined) {
        results.push(walk(action, [data], this.#missing));
        continue;
      }
      if (word !== 'range') throw new EvaluationError(`unrecognized identifier ${word}`);
      const values = walk(action, [data], this.#missing);
      for (const value of values) results.push(...this.from(at + 1, value, depth + 1).results);
      at = this.#endOf(at + 1);
    }
    return { results, end: this.#parts.length };
  }

  /** The `{end}` that closes a range whose body starts at `start`. */
  #endOf(start: number): number {
    let depth = 1;
    for (let at = start; at < this.#parts.length; at += 1) {
      const word = this.#parts[at]?.find((node) => node.kind === 'word')?.word;
      if (word === 'range') depth += 1;
      if (word === 'end') depth -= 1;
      if (depth === 0) return at;
    }
    return this.#parts.length;
  }
}

function walk(action: PathAction, input: readonly Json[], missing: MissingKeys): readonly Json[] {
  return action.reduce((values, node) => step(node, values, missing), input);
}

function step(node: PathNode, input: readonly Json[], missing: MissingKeys): readonly Json[] {
  switch (node.kind) {
    case 'text':
      return [node.text];
    case 'value':
      return input.map(() => node.value);
    case 'word':
      return input;
    case 'field':
      return members(node.name, input, missing);
    case 'wildcard':
      return input.flatMap(children);
    case 'recursive':
      return input.flatMap(descendants);
    case 'index':
      return input.flatMap((value) => elements(node, value));
    case 'union':
      return node.options.flatMap((option) => walk(option, input, missing));
    case 'filter':
      return input.flatMap((value) => filtered(node, value, missing));
  }
}

function members(name: string, input: readonly Json[], missing: MissingKeys): readonly Json[] {
  const found = input.flatMap((value) => {
    const member = isJsonObject(value) ? value[name] : undefined;
    return member === undefined ? [] : [member];
  });
  if (found.length === 0 && input.length > 0 && missing === 'refused')
    throw new EvaluationError(`${name} is not found`);
  return found;
}

function children(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  if (!isJsonObject(value)) return [];
  return Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => value[key] ?? null);
}

function descendants(value: Json): readonly Json[] {
  const inside = children(value);
  return inside.length === 0 ? [] : [value, ...inside.flatMap(descendants)];
}

function elements(node: PathNode & { kind: 'index' }, value: Json): readonly Json[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new EvaluationError(`${goType(value)} is not array or slice`);
  const { from, to } = bounds(node, value.length);
  if (from === to) return [];
  checkBounds(from, to, value.length);
  const { step = 1 } = node;
  if (step <= 0) throw new EvaluationError('step must be > 0');
  return value.slice(from, to).filter((_, at) => at % step === 0);
}

/** Negative numbers count from the end. */
function bounds(
  node: PathNode & { kind: 'index' },
  length: number,
): { readonly from: number; readonly to: number } {
  const counted = (index: number): number => (index < 0 ? index + length : index);
  const from = counted(node.from ?? 0);
  return { from, to: node.single ? from + 1 : counted(node.to ?? length) };
}

function checkBounds(from: number, to: number, length: number): void {
  if (from >= length || from < 0) throw outOfBounds(from, length);
  if (to > length || to < 0) throw outOfBounds(to - 1, length);
  if (from > to) throw new EvaluationError(`starting index ${from} is greater than ending index ${to}`);
}

function outOfBounds(index: number, length: number): EvaluationError {
  return new EvaluationError(`array index out of bounds: index ${index}, length ${length}`);
}

function filtered(node: PathNode & { kind: 'filter' }, value: Json, missing: MissingKeys): readonly Json[] {
  if (!Array.isArray(value)) {
    throw new EvaluationError(`${goText(value)} is not array or slice and cannot be filtered`);
  }
  return value.filter((item: Json) => {
    const lefts = walk(node.left, [item], node.operator === 'exists' ? 'allowed' : missing);
    if (node.operator === 'exists') return lefts.length > 0;
    const rights = lefts.length === 0 ? [] : walk(node.right, [item], missing);
    if (lefts.length > 1 || rights.length > 1) {
      throw new EvaluationError('can only compare one element at a time');
    }
    const [left] = lefts;
    const [right] = rights;
    return left !== undefined && right !== undefined && compare(node.operator, left, right);
  });
}

const ORDERED = new Map<string, (order: number) => boolean>([
  ['<', (order) => order < 0],
  ['>', (order) => order > 0],
  ['<=', (order) => order <= 0],
  ['>=', (order) => order >= 0],
  ['==', (order) => order === 0],
  ['!=', (order) => order !== 0],
]);

function compare(operator: string, left: Json, right: Json): boolean {
  const judge = ORDERED.get(operator);
  if (!judge) throw new EvaluationError(`unrecognized filter operator ${operator}`);
  const comparable = (value: Json): boolean => value !== null && typeof value !== 'object';
  if (!comparable(left) || !comparable(right)) throw new EvaluationError('invalid type for comparison');
  if (typeof left !== typeof right) throw new EvaluationError('incompatible types for comparison');
  if (typeof left === 'boolean' && operator !== '==' && operator !== '!=') {
    throw new EvaluationError('invalid type for comparison');
  }
  return judge(left === right ? 0 : (left ?? 0) < (right ?? 0) ? -1 : 1);
}

function goType(value: Json): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return 'map[string]interface {}';
}

/** Go's `%v`. */
export function goText(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map((item: Json) => goText(item)).join(' ')}]`;
  if (!isJsonObject(value)) return String(value);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${key}:${goText(value[key] ?? null)}`);
  return `map[${members.join(' ')}]`;
}
