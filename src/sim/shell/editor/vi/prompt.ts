/** The line at the bottom: `:`, `/` and `?`, with its editing keys and its history. */
import type { ViState } from './state.ts';

export function pressPrompt(state: ViState, key: string): 'more' | 'done' | 'cancel' {
  const { prompt } = state;
  if (prompt === undefined) return 'cancel';
  const older = state.past[prompt.lead === ':' ? ':' : '/'];
  switch (key) {
    case '<esc>':
    case '<C-c>':
      return 'cancel';
    case '<enter>':
    case '<C-j>':
    case '<C-m>':
      if (prompt.text !== '' && older.at(-1) !== prompt.text) older.push(prompt.text);
      return 'done';
    case '<backspace>':
    case '<C-h>':
      if (prompt.text === '') return 'cancel';
      cut(prompt, Math.max(0, prompt.cursor - 1), prompt.cursor);
      return 'more';
    case '<up>':
    case '<C-p>':
      recall(prompt, older, -1);
      return 'more';
    case '<down>':
    case '<C-n>':
      recall(prompt, older, 1);
      return 'more';
    default:
      edit(prompt, key);
      return 'more';
  }
}

type Prompt = NonNullable<ViState['prompt']>;

const MOVES: ReadonlyMap<string, (prompt: Prompt) => number> = new Map<string, (prompt: Prompt) => number>([
  ['<left>', ({ cursor }) => Math.max(0, cursor - 1)],
  ['<right>', ({ text, cursor }) => Math.min(text.length, cursor + 1)],
  ['<home>', () => 0],
  ['<C-b>', () => 0],
  ['<end>', ({ text }) => text.length],
  ['<C-e>', ({ text }) => text.length],
]);

function edit(prompt: Prompt, key: string): void {
  const { text, cursor } = prompt;
  const moved = MOVES.get(key);
  if (moved !== undefined) prompt.cursor = moved(prompt);
  else if (key === '<delete>') cut(prompt, cursor, cursor + 1);
  else if (key === '<C-u>') cut(prompt, 0, cursor);
  else if (key === '<C-w>')
    cut(prompt, cursor - (/\S*\s*$/.exec(text.slice(0, cursor))?.[0].length ?? 0), cursor);
  else if (!/^<.+>$/.test(key)) {
    prompt.text = text.slice(0, cursor) + key + text.slice(cursor);
    prompt.cursor = cursor + key.length;
  }
}

function cut(prompt: Prompt, from: number, to: number): void {
  prompt.text = prompt.text.slice(0, from) + prompt.text.slice(to);
  prompt.cursor = from;
}

function recall(prompt: Prompt, older: readonly string[], step: number): void {
  const to = prompt.recalled + step;
  if (to < 0 || to > older.length) return;
  prompt.recalled = to;
  prompt.text = older[to] ?? '';
  prompt.cursor = prompt.text.length;
}
