/** What stands behind the name in `${name...}`: defaults, lengths, removal, replacement, slices, case, indirection. */
import type { ParameterExpansionPart, ParameterOperation, Word } from 'unbash';
import { arrayKeys, assign, lookUp, ShellError, type Parameter } from './parameter.ts';
import { compilePattern, matches, replacePattern, strip, type Pattern } from './pattern.ts';
import type { ShellState } from './state.ts';

export interface Operands {
  readonly state: ShellState;
  /** As `lookUp`, but unset parameters are errors under `set -u`. */
  lookUp(name: string, index?: string): Parameter;
  text(word: Word): Promise<string>;
  pattern(word: Word): Promise<Pattern>;
  number(text: string): Promise<bigint>;
  subscript(word: Word): Promise<string>;
}

export type Outcome =
  | { readonly kind: 'value'; readonly parameter: Parameter }
  /** The operand itself is to be expanded in the parameter's place. */
  | { readonly kind: 'word'; readonly word: Word };

type Default = Extract<ParameterOperation, { readonly type: 'Default' }>;
type Other = Exclude<ParameterOperation, Default>;

export async function operate(part: ParameterExpansionPart, on: Operands): Promise<Outcome> {
  const { operation } = part;
  const index = part.index === undefined ? undefined : await on.subscript(part.index);
  if (part.prefix === '#') return value(length(on.lookUp(part.parameter, index)));
  if (part.prefix === '!') return indirect(part, index, on);
  if (!/^([A-Za-z_]\w*|\d+|[@*#?$!-])$/.test(part.parameter) || operation?.type === 'Unknown')
    throw new ShellError(`${part.text}: bad substitution`);
  if (operation === undefined) return { kind: 'value', parameter: on.lookUp(part.parameter, index) };
  if (operation.type === 'Default') return orDefault(part.parameter, index, operation, on);
  return { kind: 'value', parameter: await change(part, on.lookUp(part.parameter, index), operation, on) };
}

function value(text: string): Outcome {
  return { kind: 'value', parameter: { items: [text] } };
}

function length({ items, list }: Parameter): string {
  return String(list === undefined ? [...(items?.[0] ?? '')].length : (items?.length ?? 0));
}

function indirect(part: ParameterExpansionPart, index: string | undefined, on: Operands): Outcome {
  if (part.operation?.type === 'Names') {
    const names = on.state.variables.names().filter((name) => name.startsWith(part.parameter));
    return { kind: 'value', parameter: { items: names, list: part.operation.operator } };
  }
  if (index === '@' || index === '*') {
    return { kind: 'value', parameter: { items: arrayKeys(on.state, part.parameter), list: index } };
  }
  const name = on.lookUp(part.parameter, index).items?.[0];
  if (name === undefined || name === '')
    throw new ShellError(`${part.parameter}: invalid indirect expansion`);
  const [, base = name, at] = /^(\w+)\[(.*)\]$/.exec(name) ?? [];
  return { kind: 'value', parameter: on.lookUp(base, at) };
}

async function orDefault(
  name: string,
  index: string | undefined,
  operation: Default,
  on: Operands,
): Promise<Outcome> {
  const parameter = lookUp(on.state, name, index);
  const { operator, operand } = operation;
  const missing = isMissing(parameter, operator.startsWith(':'));
  const kind = operator.replace(':', '');
  if (kind === '+')
    return missing ? { kind: 'value', parameter: { items: undefined } } : { kind: 'word', word: operand };
  if (!missing) return { kind: 'value', parameter };
  if (kind === '-') return { kind: 'word', word: operand };
  const text = await on.text(operand);
  if (kind === '?') {
    const unsaid = operator === ':?' ? 'parameter null or not set' : 'parameter not set';
    throw new ShellError(`${name}: ${text === '' ? unsaid : text}`, 127);
  }
  if (!/^[A-Za-z_]/.test(name)) throw new ShellError(`$${name}: cannot assign in this way`);
  assign(on.state, { name, index }, text);
  return { kind: 'value', parameter: lookUp(on.state, name, index) };
}

function isMissing({ items, list }: Parameter, whenEmpty: boolean): boolean {
  if (items === undefined || (list !== undefined && items.length === 0)) return true;
  return whenEmpty && items.join('') === '';
}

async function change(
  part: ParameterExpansionPart,
  parameter: Parameter,
  operation: Other,
  on: Operands,
): Promise<Parameter> {
  if (operation.type === 'Slice') return slice(part, parameter, operation, on);
  const items = parameter.items;
  if (items === undefined) return parameter;
  const each = await itemChange(part, operation, on);
  return { ...parameter, items: items.map(each) };
}

async function itemChange(
  part: ParameterExpansionPart,
  operation: Other,
  on: Operands,
): Promise<(item: string) => string> {
  switch (operation.type) {
    case 'Remove': {
      const pattern = await on.pattern(operation.operand);
      return (item) => strip(item, pattern, operation.operator);
    }
    case 'Replace': {
      const pattern = await on.pattern(operation.pattern);
      const by = await on.text(operation.replacement);
      if (operation.operator !== '//' && operation.operator !== '/' && pattern.tokens.length === 0) {
        return (item) => (operation.operator === '/#' ? by + item : item + by);
      }
      return (item) => replacePattern(item, pattern, { where: operation.operator, by });
    }
    case 'CaseModification':
      return caseChange(
        operation.operator,
        operation.operand === undefined ? compilePattern('?') : await on.pattern(operation.operand),
      );
    case 'Transform':
      return transform(operation.operand.text, part);
    default:
      throw new ShellError(`${part.text}: bad substitution`);
  }
}

function caseChange(operator: '^' | '^^' | ',' | ',,', pattern: Pattern): (item: string) => string {
  const turn = (char: string): string => (operator.startsWith('^') ? char.toUpperCase() : char.toLowerCase());
  const all = operator.length === 2;
  return (item) =>
    [...item].map((char, at) => ((all || at === 0) && matches(pattern, char) ? turn(char) : char)).join('');
}

function transform(operator: string, part: ParameterExpansionPart): (item: string) => string {
  switch (operator) {
    case 'U':
      return (item) => item.toUpperCase();
    case 'L':
      return (item) => item.toLowerCase();
    case 'u':
      return (item) => item.slice(0, 1).toUpperCase() + item.slice(1);
    case 'Q':
      return (item) => `'${item.replaceAll("'", "'\\''")}'`;
    default:
      throw new ShellError(`${part.text}: bad substitution`);
  }
}

type Slice = Extract<ParameterOperation, { readonly type: 'Slice' }>;

async function slice(
  part: ParameterExpansionPart,
  parameter: Parameter,
  operation: Slice,
  on: Operands,
): Promise<Parameter> {
  const offset = Number(await on.number(operation.offset.text));
  const count = operation.length === undefined ? undefined : Number(await on.number(operation.length.text));
  const { items, list } = parameter;
  if (items === undefined) return parameter;
  if (list === undefined) return { items: [cut([...(items[0] ?? '')], { offset, count }, part).join('')] };
  const positional = part.parameter === '@' || part.parameter === '*';
  const all = positional ? [on.state.name, ...items] : items;
  if (count !== undefined && count < 0)
    throw new ShellError(`${operation.length?.text ?? ''}: substring expression < 0`);
  return { list, items: cut(all, { offset, count }, part) };
}

function cut<T>(
  all: readonly T[],
  { offset, count }: { readonly offset: number; readonly count: number | undefined },
  part: ParameterExpansionPart,
): readonly T[] {
  const from = offset < 0 ? all.length + offset : offset;
  if (from < 0 || from > all.length) return [];
  if (count === undefined) return all.slice(from);
  const to = count < 0 ? all.length + count : from + count;
  const length = part.operation?.type === 'Slice' ? part.operation.length?.text : undefined;
  if (to < from) throw new ShellError(`${length ?? ''}: substring expression < 0`);
  return all.slice(from, to);
}
