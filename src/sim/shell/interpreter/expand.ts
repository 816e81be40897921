/**
 * Word expansion in bash's order (bash(1), "EXPANSION"): braces, tilde, parameters, commands and arithmetic from left to
 * right, field splitting, pathnames, quote removal. Left out: extended globs and `>( )`.
 */
import type { HereDocBody, ParsedScript, ParameterExpansionPart, Word, WordPart } from 'unbash';
import type { FileSystem } from '../files.ts';
import { expandBraces } from './brace.ts';
import { glob } from './glob.ts';
import { operate } from './operation.ts';
import { arithmetic, lookUp, ShellError, type Parameter } from './parameter.ts';
import { parseQuotedText, parseWord } from './parse.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { FieldSink, PatternSink, RegexpSink, TextSink, type Field, type Sink } from './sinks.ts';
import type { ShellState } from './state.ts';

export interface Expansion {
  readonly state: ShellState;
  readonly files: FileSystem;
  /** The output of `$( )`, without trailing newlines. */
  substitute(script: ParsedScript): Promise<string>;
  /** The path that stands for `<( )`. */
  substitutePath(script: ParsedScript): Promise<string>;
}

const DEFAULT_IFS = ' \t\n';

/** Words to arguments: everything, with splitting and pathnames. */
export async function expandFields(words: readonly Word[], on: Expansion): Promise<readonly string[]> {
  const all: string[] = [];
  for (const word of words) {
    for (const one of braceWords(word)) {
      for (const field of await fieldsOf(one, on)) all.push(...pathnames(field, on));
    }
  }
  return all;
}

/** One word to one text, without splitting: values, here-strings, `case` words. */
export async function expandText(word: Word, on: Expansion, { assignment = false } = {}): Promise<string> {
  const sink = new TextSink();
  await emitWord(word, sink, { on, quoted: false, assignment });
  return sink.text;
}

/** The text of a regular expression: what was quoted stands for itself. */
export async function expandRegexp(word: Word, on: Expansion): Promise<string> {
  const sink = new RegexpSink();
  await emitWord(word, sink, { on, quoted: false, assignment: false });
  return sink.text;
}

export async function expandPatternText(word: Word, on: Expansion): Promise<string> {
  const sink = new PatternSink();
  await emitWord(word, sink, { on, quoted: false, assignment: false });
  return sink.text;
}

export async function expandPattern(word: Word, on: Expansion): Promise<Pattern> {
  return compilePattern(await expandPatternText(word, on));
}

export async function expandHereDoc(body: HereDocBody, on: Expansion, tabs = false): Promise<string> {
  if (body.parts === undefined) return unescapeDouble(withoutTabs(body.text, tabs), '');
  const sink = new TextSink();
  const context: Context = { on, quoted: true, assignment: false };
  for (const [at, part] of body.parts.entries()) {
    if (part.type === 'Literal') sink.quoted(unescapeDouble(withoutTabs(part.text, tabs, at === 0), ''));
    else await emitPart(part, sink, context);
  }
  return sink.text;
}

/** `<<-` drops the tabs that begin lines. */
export function withoutTabs(text: string, tabs: boolean, atLineStart = true): string {
  if (!tabs) return text;
  return (atLineStart ? text.replace(/^\t+/, '') : text).replace(/\n\t+/g, '\n');
}

/** The text of `$(( ))` or `(( ))`, expanded and evaluated. */
export async function expandArithmetic(text: string, on: Expansion): Promise<bigint> {
  return arithmetic(on.state, await expandArithmeticText(text, on));
}

export async function expandArithmeticText(text: string, on: Expansion): Promise<string> {
  if (!/[$`\\"']/.test(text)) return text;
  const body = parseQuotedText(text.replaceAll('"', ''));
  if (body === undefined) return text;
  return (await expandHereDoc(body, on)).replace(/\n$/, '');
}

interface Context {
  readonly on: Expansion;
  /** Inside double quotes. */
  readonly quoted: boolean;
  /** In `name=value`, where `~` counts after each colon too. */
  readonly assignment: boolean;
}

function braceWords(word: Word): readonly Word[] {
  if (word.parts?.some((part) => part.type === 'BraceExpansion') !== true) return [word];
  const texts = expandBraces(word.text);
  if (texts === undefined) throw new ShellError('brace expansion: cannot allocate memory');
  return texts.flatMap((text) => (text === '' ? [] : (parseWord(text) ?? [])));
}

async function fieldsOf(word: Word, on: Expansion): Promise<readonly Field[]> {
  const sink = new FieldSink(on.state.variables.text('IFS') ?? DEFAULT_IFS);
  await emitWord(word, sink, { on, quoted: false, assignment: false });
  return sink.finish();
}

function pathnames(field: Field, { state, files }: Expansion): readonly string[] {
  if (state.options.noglob || !compilePattern(field.pattern).special) return [field.text];
  const found = glob(field.pattern, state.cwd, files);
  return found.length === 0 ? [field.text] : found;
}

async function emitWord(word: Word, sink: Sink, context: Context): Promise<void> {
  const { parts } = word;
  if (parts === undefined) {
    emitLiteral(word.text, sink, context, true);
    return;
  }
  for (const [at, part] of parts.entries()) {
    if (part.type === 'Literal')
      emitLiteral(part.text, sink, context, at === 0 ? parts.length === 1 || 'start' : false);
    else await emitPart(part, sink, context);
  }
}

/** Raw source text outside quotes: backslashes quote, a leading tilde is a home. */
function emitLiteral(text: string, sink: Sink, context: Context, first: boolean | 'start'): void {
  if (context.quoted) {
    sink.quoted(unescapeDouble(text, '"'));
    return;
  }
  const rest = first === false ? text : emitTilde(text, sink, context, first === 'start');
  for (const [piece] of rest.matchAll(/\\[\s\S]|[^\\]+|\\$/g)) {
    if (!piece.startsWith('\\')) emitColons(piece, sink, context);
    else if (piece !== '\\\n') sink.quoted(piece.length === 1 ? piece : piece.slice(1));
  }
}

function emitColons(text: string, sink: Sink, context: Context): void {
  const replaced = context.assignment
    ? text.replace(/:~(?=[/:]|$)/g, `:${homeOf('', context.on.state) ?? '~'}`)
    : text;
  sink.literal(replaced);
}

function emitTilde(text: string, sink: Sink, { on, assignment }: Context, moreFollows: boolean): string {
  const assigned = assignment ? null : /^[A-Za-z_]\w*=(?=~)/.exec(text);
  if (assigned !== null) {
    sink.literal(assigned[0]);
    return emitTilde(
      text.slice(assigned[0].length),
      sink,
      { on, assignment: true, quoted: false },
      moreFollows,
    );
  }
  const match = (assignment ? /^~([^/:\\]*)(?=[/:]|$)/ : /^~([^/\\]*)(?=\/|$)/).exec(text);
  if (match === null || (moreFollows && match[0].length === text.length)) return text;
  const home = homeOf(match[1] ?? '', on.state);
  if (home === undefined) return text;
  sink.quoted(home);
  return text.slice(match[0].length);
}

const HOMES: Readonly<Record<string, string>> = { root: '/root', learner: '/home/learner' };

function homeOf(user: string, state: ShellState): string | undefined {
  if (user === '') return state.variables.text('HOME');
  if (user === '+') return state.cwd;
  if (user === '-') return state.variables.text('OLDPWD');
  return HOMES[user];
}

/** In double quotes a backslash quotes only `$`, backtick, backslash, newline and the given quote. */
function unescapeDouble(text: string, quote: string): string {
  return text.replace(/\\([\s\S])/g, (all, char: string) => {
    if (char === '\n') return '';
    return char === '$' || char === '`' || char === '\\' || char === quote ? char : all;
  });
}

async function emitPart(part: WordPart, sink: Sink, context: Context): Promise<void> {
  const { on, quoted } = context;
  const result = (text: string): void => {
    if (quoted) sink.quoted(text);
    else sink.expansion(text);
  };
  switch (part.type) {
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      sink.quoted(part.value);
      return;
    case 'DoubleQuoted':
    case 'LocaleString':
      await emitDouble(part.parts, sink, context);
      return;
    case 'SimpleExpansion':
      emitParameter(lookUpBound(on.state, part.text.slice(1)), sink, context);
      return;
    case 'ParameterExpansion':
      await emitExpansion(part, sink, context);
      return;
    case 'CommandExpansion':
      result(part.script === undefined ? '' : await on.substitute(part.script));
      return;
    case 'ArithmeticExpansion':
      result(
        String(
          await expandArithmetic(
            part.text.startsWith('$[') ? part.text.slice(2, -1) : part.text.slice(3, -2),
            on,
          ),
        ),
      );
      return;
    case 'ProcessSubstitution':
      sink.quoted(part.script === undefined ? '' : await on.substitutePath(part.script));
      return;
    default:
      await emitPlain(part, sink, context);
  }
}

type Quoting = 'SingleQuoted' | 'AnsiCQuoted' | 'DoubleQuoted' | 'LocaleString';
type Expanding =
  | 'SimpleExpansion'
  | 'ParameterExpansion'
  | 'CommandExpansion'
  | 'ArithmeticExpansion'
  | 'ProcessSubstitution';
type PlainPart = Exclude<WordPart, { readonly type: Quoting | Expanding }>;

async function emitPlain(part: PlainPart, sink: Sink, context: Context): Promise<void> {
  if (
    part.type !== 'Glob' ||
    part.kind !== 'bracket' ||
    part.parts.every((inner) => inner.type === 'Literal')
  ) {
    emitLiteral(part.text, sink, context, false);
    return;
  }
  sink.literal('[');
  for (const inner of part.parts) await emitPart(inner, sink, context);
  sink.literal(']');
}

async function emitDouble(parts: readonly WordPart[], sink: Sink, context: Context): Promise<void> {
  const inside: Context = { ...context, quoted: true };
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only === undefined || !isList(only)) sink.quoted('');
  for (const part of parts) {
    if (part.type === 'Literal') sink.quoted(unescapeDouble(part.text, '"'));
    else await emitPart(part, sink, inside);
  }
}

/** `"$@"` and `"${a[@]}"` vanish when they are empty. */
function isList(part: WordPart): boolean {
  if (part.type === 'SimpleExpansion') return part.text === '$@';
  if (part.type !== 'ParameterExpansion') return false;
  return part.prefix !== '#' && (part.parameter === '@' || part.index?.text === '@');
}

function lookUpBound(state: ShellState, name: string, index?: string): Parameter {
  const found = lookUp(state, name, index);
  if (found.items === undefined && found.list === undefined && state.options.nounset) {
    throw new ShellError(`${name}: unbound variable`, 127);
  }
  return found;
}

function emitParameter(parameter: Parameter, sink: Sink, { on, quoted }: Context): void {
  const { items, list } = parameter;
  if (items === undefined) return;
  if (quoted && list === '*') {
    const ifs = on.state.variables.text('IFS') ?? DEFAULT_IFS;
    sink.quoted(items.join(ifs.slice(0, 1)));
    return;
  }
  for (const [at, item] of items.entries()) {
    if (at > 0) sink.separator();
    if (quoted) sink.quoted(item);
    else sink.expansion(item);
  }
}

async function emitExpansion(part: ParameterExpansionPart, sink: Sink, context: Context): Promise<void> {
  const { on } = context;
  const outcome = await operate(part, {
    state: on.state,
    lookUp: (name, index) => lookUpBound(on.state, name, index),
    text: (word) => expandText(word, on),
    pattern: (word) => expandPattern(word, on),
    number: (text) => expandArithmetic(text, on),
    subscript: (word) => expandArithmeticText(word.text, on),
  });
  if (outcome.kind === 'value') emitParameter(outcome.parameter, sink, context);
  else await emitWord(outcome.word, operandSink(sink), context);
}

/** The unquoted text of a default value is split like the value that it stands for. */
function operandSink(sink: Sink): Sink {
  const expansion = (text: string): void => {
    sink.expansion(text);
  };
  const quoted = (text: string): void => {
    sink.quoted(text);
  };
  const separator = (): void => {
    sink.separator();
  };
  return { literal: expansion, expansion, quoted, separator };
}
