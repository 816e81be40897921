/**
 * Executes Go templates over JSON for `-o go-template`: a missing key prints `<no value>` unless it is refused. Functions: the comparisons,
 * and, or, not, len, index, slice, print, printf, println, and kubectl's own exists and base64decode.
 * Source: text/template; k8s.io/cli-runtime/pkg/printers/template.go v0.35.
 */
import { isJsonObject, type Json } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { goText, type MissingKeys } from './jsonpath.ts';
import { TEMPLATE_FUNCTIONS, TemplateFailure, truth, type Value } from './template-functions.ts';
import {
  parseTemplate,
  type Command,
  type Operand,
  type Pipe,
  type TemplateBody,
} from './template-syntax.ts';

export { parseTemplate };
export type { TemplateBody };

/** The error is the sentence that follows `error executing template "...": `. */
export function renderTemplate(
  template: TemplateBody,
  data: Json,
  missing: MissingKeys = 'allowed',
): Result<string, string> {
  try {
    return ok(new Execution(data, missing).body(template, data, new Map([['$', data]])));
  } catch (error) {
    if (error instanceof TemplateFailure) return err(error.message);
    throw error;
  }
}

type Scope = Map<string, Value>;

class Execution {
  readonly #root: Json;
  readonly #missing: MissingKeys;

  constructor(root: Json, missing: MissingKeys) {
    this.#root = root;
    this.#missing = missing;
  }

  body(nodes: TemplateBody, dot: Value, scope: Scope): string {
    let text = '';
    for (const node of nodes) {
      if (node.kind === 'text') text += node.text;
      else if (node.kind === 'print') text += this.#printed(node.pipe, dot, scope);
      else if (node.kind === 'range') text += this.#range(node, dot, scope);
      else {
        const inner: Scope = new Map(scope);
        const value = this.#pipe(node.pipe, dot, inner);
        const holds = truth(value);
        text += holds
          ? this.body(node.body, node.kind === 'with' ? value : dot, inner)
          : this.body(node.otherwise, dot, inner);
      }
    }
    return text;
  }

  #printed(pipe: Pipe, dot: Value, scope: Scope): string {
    const value = this.#pipe(pipe, dot, scope);
    if (pipe.declares.length > 0) return '';
    return value === undefined || value === null ? '<no value>' : goText(value);
  }

  #range(
    node: { readonly pipe: Pipe; readonly body: TemplateBody; readonly otherwise: TemplateBody },
    dot: Value,
    scope: Scope,
  ): string {
    const { declares } = node.pipe;
    const over = this.#pipe({ ...node.pipe, declares: [] }, dot, scope);
    const entries = entriesOf(over);
    if (entries.length === 0) return this.body(node.otherwise, dot, new Map(scope));
    return entries
      .map(([key, value]) => {
        const inner: Scope = new Map(scope);
        const [first, second] = declares;
        if (first !== undefined && second !== undefined) inner.set(first, key).set(second, value);
        else if (first !== undefined) inner.set(first, value);
        return this.body(node.body, value, inner);
      })
      .join('');
  }

  #pipe(pipe: Pipe, dot: Value, scope: Scope): Value {
    let value: Value;
    pipe.commands.forEach((command, at) => {
      value = this.#command(command, dot, { scope, piped: at === 0 ? [] : [value] });
    });
    for (const name of pipe.declares) scope.set(name, value);
    return value;
  }

  #command(
    command: Command,
    dot: Value,
    from: { readonly scope: Scope; readonly piped: readonly Value[] },
  ): Value {
    const [head, ...rest] = command;
    if (!head) return undefined;
    if (head.kind !== 'function') {
      if (rest.length + from.piped.length > 0) {
        throw new TemplateFailure(`can't give argument to non-function ${goText(this.#shown(head))}`);
      }
      return this.#operand(head, dot, from.scope);
    }
    return this.#call(head.name, [
      ...rest.map((operand) => this.#operand(operand, dot, from.scope)),
      ...from.piped,
    ]);
  }

  #call(name: string, args: readonly Value[]): Value {
    const called = TEMPLATE_FUNCTIONS.get(name);
    if (!called) throw new TemplateFailure(`function ${JSON.stringify(name)} not defined`);
    return called(args);
  }

  #operand(operand: Operand, dot: Value, scope: Scope): Value {
    if (operand.kind === 'constant') return operand.value;
    if (operand.kind === 'function') return this.#call(operand.name, []);
    const base =
      typeof operand.base === 'string'
        ? this.#named(operand.base, dot, scope)
        : this.#pipe(operand.base, dot, scope);
    return operand.path.reduce<Value>((value, name) => member(value, name, this.#missing), base);
  }

  #named(base: string, dot: Value, scope: Scope): Value {
    if (base === 'dot') return dot;
    if (base === '$') return this.#root;
    if (!scope.has(base)) throw new TemplateFailure(`undefined variable ${JSON.stringify(base)}`);
    return scope.get(base);
  }

  #shown(operand: Operand): Json {
    return operand.kind === 'constant'
      ? operand.value
      : operand.kind === 'function'
        ? operand.name
        : `.${operand.path.join('.')}`;
  }
}

function member(value: Value, name: string, missing: MissingKeys): Value {
  if (value === undefined || value === null) return undefined;
  if (isJsonObject(value)) {
    if (value[name] === undefined && missing === 'refused')
      throw new TemplateFailure(`map has no entry for key ${JSON.stringify(name)}`);
    return value[name];
  }
  const type = Array.isArray(value)
    ? '[]interface {}'
    : typeof value === 'string'
      ? 'string'
      : typeof value === 'boolean'
        ? 'bool'
        : 'int64';
  throw new TemplateFailure(
    `can't evaluate field ${name} in type ${type === '[]interface {}' ? 'interface {}' : type}`,
  );
}

function entriesOf(value: Value): readonly (readonly [Json, Json])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item: Json, at) => [at, item] as const);
  if (isJsonObject(value)) {
    return Object.keys(value)
      .sort()
      .map((key) => [key, value[key] ?? null] as const);
  }
  if (typeof value === 'number') return Array.from({ length: value }, (_, at) => [at, at] as const);
  throw new TemplateFailure(`range can't iterate over ${goText(value)}`);
}
