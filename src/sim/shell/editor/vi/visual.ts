/** Visual mode (visual.txt of Vim 9.0): what is selected, and the commands that are no operators. */
import { lineAt, ordered, textIn } from '../text.ts';
import type { NormalCommand } from './grammar.ts';
import type { ViHost } from './normal.ts';
import { including } from './objects.ts';
import { joinRows, put, type Stretch } from './operators.ts';
import type { ViState } from './state.ts';

export function visualStretch(state: ViState, { register }: Pick<NormalCommand, 'register'>): Stretch {
  const range = ordered(state.anchor, state.cursor);
  if (state.mode === 'visual') return { range: including(state, range), linewise: false, register };
  const { from, to } = range;
  const whole = {
    from: { row: from.row, offset: 0 },
    to: { row: to.row, offset: lineAt(state.lines, to.row).length },
  };
  return { range: whole, linewise: true, register };
}

/** True when the command was one of these. */
export function runVisual(host: ViHost, command: NormalCommand): boolean {
  const { state } = host;
  const { range, linewise } = visualStretch(state, command);
  switch (command.key) {
    case 'v':
    case 'V':
      switchMode(state, command.key === 'v' ? 'visual' : 'visual-line');
      return true;
    case 'o':
    case 'O':
      [state.anchor, state.cursor] = [state.cursor, state.anchor];
      return true;
    case 'J':
      state.mode = 'normal';
      state.change(() =>
        joinRows(state, range.from.row, Math.max(2, range.to.row - range.from.row + 1), true),
      );
      return true;
    case 'r':
      state.mode = 'normal';
      state.change(() => fill(state, { range, linewise, register: undefined }, command.arg));
      return true;
    case 'p':
    case 'P':
      state.mode = 'normal';
      state.change(() => putOver(state, { range, linewise, register: command.register }));
      return true;
    default:
      return false;
  }
}

function switchMode(state: ViState, mode: 'visual' | 'visual-line'): void {
  if (state.mode !== mode) {
    state.mode = mode;
    return;
  }
  state.mode = 'normal';
  state.go(state.cursor);
}

function fill(state: ViState, { range }: Stretch, char: string): void {
  const { from, to } = range;
  for (let row = from.row; row <= to.row; row += 1) {
    const line = lineAt(state.lines, row);
    const start = row === from.row ? from.offset : 0;
    const end = row === to.row ? to.offset : line.length;
    const text = char.repeat([...line.slice(start, end)].length);
    state.replace({ from: { row, offset: start }, to: { row, offset: end } }, text);
  }
  state.go(from);
}

/** The selection goes to the register, and what was there comes in its place. */
function putOver(state: ViState, { range, linewise, register }: Stretch): void {
  const name = (register ?? '"').toLowerCase();
  const old = state.registers.get(name);
  const text = state.lines.slice(range.from.row, range.to.row + 1).join('\n');
  if (linewise) {
    state.deleteRows(range.from.row, range.to.row);
    state.cursor = { row: Math.min(range.from.row, state.lines.length - 1), offset: 0 };
    if (old !== undefined)
      put(state, { name: register, behind: range.from.row >= state.lines.length, count: 1 });
    state.registers.set('"', { text: `${text}\n`, linewise: true });
    return;
  }
  const taken = textIn(state.lines, range);
  state.cursor = state.replace(range, '');
  if (old !== undefined) put(state, { name: register, behind: false, count: 1 });
  state.registers.set('"', { text: taken, linewise: false });
}
