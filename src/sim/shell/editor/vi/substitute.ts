/** `:s/pattern/text/flags` (change.txt of Vim 9.0): & and \1 in the text, flags g, i, I, n and e. */
import { lineAt } from '../text.ts';
import type { ExOrder } from './ex.ts';
import { compilePattern } from './pattern.ts';
import { firstNonBlank, type ViState } from './state.ts';

interface Substitution {
  readonly pattern: string;
  readonly text: string;
  readonly flags: string;
}

/** `:s/a/b/|2d`: what stands behind a bar is the next command. */
export const BAR = /^([^|]*)\|(.*)$/;

const remembered = new WeakMap<ViState, Substitution>();

export function substitute(state: ViState, { argument, range, next }: ExOrder): void {
  const parsed = parse(state, argument);
  if (parsed === undefined) {
    state.fail('E35: No previous regular expression');
    return;
  }
  const [, flags = parsed.flags, rest] = BAR.exec(parsed.flags) ?? [];
  const wanted = { ...parsed, flags: flags.trim() };
  const odd = /[^gciIne&]/.exec(wanted.flags)?.[0];
  if (odd !== undefined) {
    state.fail(`E488: Trailing characters: ${wanted.flags.slice(wanted.flags.indexOf(odd))}`);
    return;
  }
  if (wanted.flags.includes('c')) {
    state.fail('The flag c (ask each time) is not simulated: leave it out, or use n and .');
    return;
  }
  remembered.set(state, wanted);
  state.search = { pattern: wanted.pattern, forward: true };
  const rows = range ?? { from: state.cursor.row, to: state.cursor.row };
  const cased = /I/.test(wanted.flags) ? '\\C' : wanted.flags.includes('i') ? '\\c' : '';
  const expression = compilePattern(wanted.pattern + cased, state.options);
  if (expression === undefined) state.fail(`E486: Pattern not found: ${wanted.pattern}`);
  else state.change(() => replaceRows(state, expression, wanted, rows));
  if (rest !== undefined) next(rest);
}

function parse(state: ViState, argument: string): Substitution | undefined {
  const last = remembered.get(state);
  const [, delimiter = '', rest = ''] = /^([^\w\s"|\\])([\s\S]*)$/.exec(argument) ?? [];
  if (delimiter === '') return last === undefined ? undefined : { ...last, flags: argument.trim() };
  const [typed = '', text = '', flags = ''] = split(rest, delimiter);
  const pattern = typed === '' ? state.search?.pattern : typed;
  return pattern === undefined ? undefined : { pattern, text, flags: flags.trim() };
}

/** Pattern, text and flags; a delimiter behind a backslash stands for itself. */
function split(rest: string, delimiter: string): readonly string[] {
  const parts: string[] = [''];
  for (const [piece] of rest.matchAll(/\\[\s\S]|[\s\S]/g)) {
    const inFlags = parts.length > 2;
    if (piece === delimiter && !inFlags) parts.push('');
    else parts[parts.length - 1] += piece === `\\${delimiter}` && !inFlags ? delimiter : piece;
  }
  return parts;
}

function replaceRows(
  state: ViState,
  expression: RegExp,
  { pattern, text, flags }: Substitution,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  let [count, touched, last] = [0, 0, -1];
  const result: string[] = [];
  for (let row = from; row <= to; row += 1) {
    const line = lineAt(state.lines, row);
    let here = 0;
    const changed = line.replace(expression, (...found: unknown[]) => {
      here += 1;
      return here > 1 && !flags.includes('g') ? String(found[0]) : expanded(text, found);
    });
    const hits = flags.includes('g') ? here : Math.min(here, 1);
    count += hits;
    touched += hits > 0 ? 1 : 0;
    const rows = (flags.includes('n') ? line : changed).split('\n');
    result.push(...rows);
    if (hits > 0) last = from + result.length - 1;
  }
  if (count === 0) {
    if (!flags.includes('e')) state.fail(`E486: Pattern not found: ${pattern}`);
    return;
  }
  const lines = `${touched} line${touched === 1 ? '' : 's'}`;
  if (flags.includes('n')) {
    state.say(`${count} match${count === 1 ? '' : 'es'} on ${lines}`);
    return;
  }
  state.lines = [...state.lines.slice(0, from), ...result, ...state.lines.slice(to + 1)];
  state.go({ row: last, offset: firstNonBlank(lineAt(state.lines, last)) });
  if (count > 2) state.say(`${count} substitutions on ${lines}`);
}

/** `&` and `\0` are the match, `\1` a group, `\r` a new line. */
function expanded(text: string, found: readonly unknown[]): string {
  return text.replace(/\\([\s\S])|&/g, (all, char: string | undefined) => {
    if (char === undefined) return String(found[0]);
    if (/\d/.test(char)) {
      const group = found[Number(char)];
      return typeof group === 'string' ? group : '';
    }
    if (char === 'r' || char === 'n') return '\n';
    return char === 't' ? '\t' : all.slice(1);
  });
}
