/** `u` and `Ctrl-R`, with Vim's report of what they changed (undo.c of Vim 9.0, u_undo_end). */
import type { Lines } from '../text.ts';
import { strftime } from '../../builtins/strftime.ts';
import type { ViState } from './state.ts';

export function undo(state: ViState, count: number): void {
  for (let times = 0; times < count; times += 1) {
    const step = state.history.undo();
    if (step === undefined) {
      state.say('Already at oldest change');
      return;
    }
    const { lines } = state;
    state.lines = step.before.lines;
    state.go(placeOfChange(lines, state));
    state.say(report(lines, state, `before #${step.note.number}`, step.note.at));
  }
}

export function redo(state: ViState, count: number): void {
  for (let times = 0; times < count; times += 1) {
    const step = state.history.redo();
    if (step === undefined) {
      state.say('Already at newest change');
      return;
    }
    const { lines } = state;
    state.lines = step.after.lines;
    state.go(placeOfChange(lines, state));
    state.say(report(lines, state, `after #${step.note.number}`, step.note.at));
  }
}

/** The first line that differs. */
function placeOfChange(before: Lines, state: ViState): { readonly row: number; readonly offset: number } {
  let row = 0;
  while (row < state.lines.length - 1 && before[row] === state.lines[row]) row += 1;
  const old = before[row] ?? '';
  const line = state.lines[row] ?? '';
  let offset = 0;
  while (offset < line.length && line[offset] === old[offset]) offset += 1;
  return { row, offset: old === line || before.length !== state.lines.length ? 0 : offset };
}

function report(before: Lines, state: ViState, which: string, at: number): string {
  const more = state.lines.length - before.length;
  const changed = state.lines.filter((line, row) => line !== before[row]).length;
  const what =
    more === 0
      ? `${changed} change${changed === 1 ? '' : 's'}`
      : more > 0
        ? `${more} more line${more === 1 ? '' : 's'}`
        : more === -1
          ? '1 line less'
          : `${-more} fewer lines`;
  return `${what}; ${which}  ${ago(state.files.now(), at)}`;
}

function ago(now: number, at: number): string {
  const seconds = Math.floor((now - at) / 1000);
  return seconds >= 100 ? strftime('%H:%M:%S', at) : `${seconds} second${seconds === 1 ? '' : 's'} ago`;
}
