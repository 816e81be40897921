/** The two lines of keys at nano's foot, for each thing it can be doing (GNU nano 7.2, global.c and winio.c). */
import { fitted, reverse } from '../../screen/cells.ts';

export type Entry = readonly [key: string, what: string];

/** Pairs: the upper and the lower line of each column. */
type Bar = readonly (readonly [Entry | undefined, Entry | undefined])[];

const HELP: Entry = ['^G', 'Help'];
const CANCEL: Entry = ['^C', 'Cancel'];

export const MAIN: Bar = [
  [HELP, ['^X', 'Exit']],
  [
    ['^O', 'Write Out'],
    ['^R', 'Read File'],
  ],
  [
    ['^W', 'Where Is'],
    ['^\\', 'Replace'],
  ],
  [
    ['^K', 'Cut'],
    ['^U', 'Paste'],
  ],
  [
    ['^T', 'Execute'],
    ['^J', 'Justify'],
  ],
  [
    ['^C', 'Location'],
    ['^/', 'Go To Line'],
  ],
  [
    ['M-U', 'Undo'],
    ['M-E', 'Redo'],
  ],
  [
    ['M-A', 'Set Mark'],
    ['M-6', 'Copy'],
  ],
  [
    ['M-]', 'To Bracket'],
    ['^Q', 'Where Was'],
  ],
  [
    ['M-Q', 'Previous'],
    ['M-W', 'Next'],
  ],
];

export const WRITE: Bar = [
  [HELP, CANCEL],
  [
    ['M-D', 'DOS Format'],
    ['M-M', 'Mac Format'],
  ],
  [
    ['M-A', 'Append'],
    ['M-P', 'Prepend'],
  ],
  [
    ['M-B', 'Backup File'],
    ['^T', 'Browse'],
  ],
];

export const SEARCH: Bar = [
  [HELP, CANCEL],
  [
    ['M-C', 'Case Sens'],
    ['M-R', 'Reg.exp.'],
  ],
  [
    ['M-B', 'Backwards'],
    ['^R', 'Replace'],
  ],
  [
    ['^P', 'Older'],
    ['^N', 'Newer'],
  ],
  [['^T', 'Go To Line'], undefined],
];

export const REPLACE: Bar = [
  [HELP, CANCEL],
  [
    ['M-C', 'Case Sens'],
    ['M-R', 'Reg.exp.'],
  ],
  [
    ['M-B', 'Backwards'],
    ['^R', 'No Replace'],
  ],
  [
    ['^P', 'Older'],
    ['^N', 'Newer'],
  ],
];

export const REPLACE_WITH: Bar = [
  [HELP, CANCEL],
  [undefined, undefined],
  [
    ['^P', 'Older'],
    ['^N', 'Newer'],
  ],
  [undefined, undefined],
];

export const GO_TO: Bar = [
  [HELP, CANCEL],
  [
    ['^W', 'Begin of Paragr.'],
    ['^O', 'End of Paragraph'],
  ],
  [
    ['^Y', 'First Line'],
    ['^V', 'Last Line'],
  ],
  [['^T', 'Go To Text'], undefined],
];

export const INSERT: Bar = [
  [HELP, CANCEL],
  [
    ['M-F', 'New Buffer'],
    ['M-N', 'No Conversion'],
  ],
  [
    ['^X', 'Execute Command'],
    ['^T', 'Browse'],
  ],
];

export const HELP_VIEW: Bar = [
  [
    ['^L', 'Refresh'],
    ['^X', 'Close'],
  ],
  [
    ['^W', 'Where Is'],
    ['^Q', 'Where Was'],
  ],
  [
    ['M-Q', 'Previous'],
    ['M-W', 'Next'],
  ],
  [
    ['^P', 'Prev Line'],
    ['^N', 'Next Line'],
  ],
  [
    ['^Y', 'Prev Page'],
    ['^V', 'Next Page'],
  ],
  [
    ['M-\\', 'First Line'],
    ['M-/', 'Last Line'],
  ],
];

/** `all` adds the third choice, which replacing offers. */
export const yesNo = (all: boolean): Bar => [
  [
    [' Y', 'Yes'],
    [' N', 'No'],
  ],
  [all ? [' A', 'All'] : undefined, CANCEL],
];

export function barRows(bar: Bar, columns: number): readonly [string, string] {
  const question = bar[0]?.[0]?.[0] === ' Y';
  const shown = bar.slice(0, Math.max(2, Math.floor((columns + 40) / 20)));
  const width = question ? 16 : Math.floor(columns / shown.length);
  const row = (which: 0 | 1): string =>
    shown
      .map((pair) => entryText(pair[which], width))
      .join('')
      .trimEnd();
  return [row(0), row(1)];
}

function entryText(entry: Entry | undefined, width: number): string {
  if (entry === undefined) return ' '.repeat(width);
  const [key, what] = entry;
  return reverse(key) + fitted(` ${what}`, Math.max(0, width - key.length));
}
