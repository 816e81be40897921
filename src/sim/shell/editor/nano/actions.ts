/** What each key does in nano's text (GNU nano 7.2, its default bindings). */
import { endOf } from '../text.ts';
import type { Nano } from './nano-editor.ts';

type Action = (nano: Nano) => void;

const same = (names: readonly string[], action: Action): readonly (readonly [string, Action])[] =>
  names.map((name) => [name, action] as const);

export const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ...same(['<C-g>', '<f1>'], (nano) => (nano.help = true)),
  ...same(['<C-x>', '<f2>'], (nano) => nano.exit()),
  ...same(['<C-o>', '<f3>'], (nano) => nano.writeOut(false)),
  ...same(['<C-s>'], (nano) => (nano.name === '' ? nano.writeOut(false) : nano.saveAtOnce())),
  ...same(['<C-r>', '<insert>'], (nano) => nano.insertFile()),
  ...same(['<C-w>'], (nano) => nano.search(false)),
  ...same(['<C-q>'], (nano) => nano.search(true)),
  ...same(['<M-w>'], (nano) => nano.searchAgain(false)),
  ...same(['<M-q>'], (nano) => nano.searchAgain(true)),
  ...same(['<C-\\>', '<M-r>'], (nano) => nano.replaceAll()),
  ...same(['<C-k>'], (nano) => nano.change(() => void nano.cutText(false))),
  ...same(['<M-6>', '<M-^>'], (nano) => nano.cutText(true)),
  ...same(['<M-t>'], (nano) => nano.change(() => nano.document.cutToEnd())),
  ...same(['<C-u>'], (nano) => nano.change(() => nano.pasteText())),
  ...same(['<C-c>'], (nano) => nano.location()),
  ...same(['<C-_>', '<M-g>'], (nano) => nano.goToLine()),
  ...same(['<M-u>'], (nano) => nano.change(() => nano.undo())),
  ...same(['<M-e>'], (nano) => nano.change(() => nano.redo())),
  ...same(['<M-a>', '<C-^>'], (nano) => nano.toggleMark()),
  ...same(['<M-n>'], (nano) => nano.toggleNumbers()),
  ...same(['<C-t>'], (nano) => nano.notSimulated('Executing a command')),
  ...same(['<C-j>'], (nano) => nano.notSimulated('Justifying')),
  ...same(['<M-]>'], (nano) => nano.notSimulated('Jumping to a bracket')),
  ...same(['<enter>', '<C-m>'], (nano) => nano.change(() => nano.enter())),
  ...same(['<tab>', '<C-i>'], (nano) => nano.change(() => nano.tab())),
  ...same(['<backspace>', '<C-h>'], (nano) => nano.change(() => nano.document.backspace())),
  ...same(['<delete>', '<C-d>'], (nano) => nano.change(() => nano.document.delete())),
  ...same(['<left>', '<C-b>'], (nano) => nano.document.step(-1)),
  ...same(['<right>', '<C-f>'], (nano) => nano.document.step(1)),
  ...same(['<up>', '<C-p>'], (nano) => nano.document.moveRows(-1)),
  ...same(['<down>', '<C-n>'], (nano) => nano.document.moveRows(1)),
  ...same(['<home>', '<C-a>'], (nano) => nano.document.moveTo({ row: nano.document.cursor.row, offset: 0 })),
  ...same(['<end>', '<C-e>'], (nano) => nano.endOfLine()),
  ...same(['<pageup>', '<C-y>'], (nano) => nano.pages(-1)),
  ...same(['<pagedown>', '<C-v>'], (nano) => nano.pages(1)),
  ...same(['<C-right>', '<M- >'], (nano) => nano.document.wordForward()),
  ...same(['<C-left>'], (nano) => nano.document.wordBackward()),
  ...same(['<M-\\>', '<M-|>', '<C-home>'], (nano) => nano.document.moveTo({ row: 0, offset: 0 })),
  ...same(['<M-/>', '<M-?>', '<C-end>'], (nano) => nano.document.moveTo(endOf(nano.document.lines))),
  ...same(['<C-l>', '<esc>'], () => undefined),
]);
