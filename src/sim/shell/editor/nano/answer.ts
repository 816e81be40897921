/** The line of text that nano asks for at its foot: the keys that edit it. */
import type { Question } from './nano-editor.ts';

interface Line {
  readonly text: string;
  readonly cursor: number;
}

const KEYS: ReadonlyMap<string, (line: Line) => Line> = new Map<string, (line: Line) => Line>([
  ...same(['<backspace>', '<C-h>'], ({ text, cursor }) => cut(text, Math.max(0, cursor - 1), cursor)),
  ...same(['<delete>', '<C-d>'], ({ text, cursor }) => cut(text, cursor, cursor + 1)),
  ...same(['<left>', '<C-b>'], ({ text, cursor }) => ({ text, cursor: Math.max(0, cursor - 1) })),
  ...same(['<right>', '<C-f>'], ({ text, cursor }) => ({ text, cursor: Math.min(text.length, cursor + 1) })),
  ...same(['<home>', '<C-a>'], ({ text }) => ({ text, cursor: 0 })),
  ...same(['<end>', '<C-e>'], ({ text }) => ({ text, cursor: text.length })),
  ...same(['<C-k>', '<C-u>'], () => ({ text: '', cursor: 0 })),
]);

function same(
  names: readonly string[],
  edit: (line: Line) => Line,
): readonly (readonly [string, (line: Line) => Line])[] {
  return names.map((name) => [name, edit] as const);
}

function cut(text: string, from: number, to: number): Line {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

export function editAnswer(question: Question, key: string): void {
  const { answer: text, cursor } = question;
  const edit = KEYS.get(key);
  const typed = { text: text.slice(0, cursor) + key + text.slice(cursor), cursor: cursor + key.length };
  const next = edit?.({ text, cursor }) ?? (/^<.+>$/.test(key) ? { text, cursor } : typed);
  question.answer = next.text;
  question.cursor = next.cursor;
}
