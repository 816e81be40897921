/** What ^G shows: the keys that work here, in our words. */
export const HELP_TEXT = `
 Type to insert text at the cursor. The top line shows the file's name, with
 a star once the text differs from the file. Messages appear in the third
 line from below, and the two lines at the foot list the most used keys:
 ^ stands for the Ctrl key and M- for Alt (or Esc, pressed before the key).

^G     (F1)      This help
^X     (F2)      Leave nano; a changed text can be saved first
^O     (F3)      Write the text to a file
^S               Write it to the same file without asking
^R     (Ins)     Insert a file at the cursor

^W               Search forward
^Q               Search backward
M-W    M-Q       The next match, the previous match
^\\     (M-R)     Search and replace

^K               Cut the line or the marked text; lines cut in a row add up
M-6              Copy the line or the marked text
^U               Paste what was cut or copied
M-T              Cut everything from the cursor to the end
M-A    (^6)      Begin or end marking
M-U    M-E       Undo, redo

^C               Where the cursor is
^/     (M-G)     Go to a line, or line,column
^Y     ^V        One page up, one page down
M-\\    M-/       To the first line, to the last line
^A     ^E        To the start of the line, to its end
^Left  ^Right    One word back, one word on
M-N              Line numbers on or off`;

/** Rows for each key of the help text; a page counts as many. */
const PAGE = 1000;
const HELP_STEPS: ReadonlyMap<string, number> = new Map([
  ['<C-n>', 1],
  ['<down>', 1],
  ['<C-p>', -1],
  ['<up>', -1],
  ['<C-v>', PAGE],
  ['<pagedown>', PAGE],
  [' ', PAGE],
  ['<C-y>', -PAGE],
  ['<pageup>', -PAGE],
]);
export const HELP_ENDS = new Set(['<C-x>', '<C-c>', 'q', 'Q']);

/** How far a key moves the help text, in rows; undefined when it does not. */
export function helpStep(key: string, page: number): number | undefined {
  const rows = HELP_STEPS.get(key);
  return rows !== undefined && Math.abs(rows) === PAGE ? Math.sign(rows) * page : rows;
}
