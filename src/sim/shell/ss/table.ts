/**
 * The columns of `ss`: as wide as their widest word, then the line is filled evenly to the terminal's width; into a pipe they
 * stay as they are. Source: iproute2 6.1 misc/ss.c (render_calc_width), compared with the real tool.
 */
export interface Column {
  readonly title: string;
  /** Stands before the column, once the line has begun. */
  readonly gap: string;
  readonly right?: boolean;
}

/** Rows of words, one for each column, under their titles. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { head, screen }: { readonly head: boolean; readonly screen: number | undefined },
): readonly string[] {
  const all = head ? [columns.map(({ title }) => title), ...rows] : rows;
  const widths = columns.map(({ gap }, at) => {
    const longest = Math.max(0, ...all.map((row) => (row[at] ?? '').length));
    return longest === 0 ? 0 : longest + (at === 0 ? 0 : gap.length);
  });
  const wide = screen === undefined ? widths : spread(widths, screen);
  return all.map((row) => rowText(columns, row, wide));
}

/** What is left of the line goes to its columns in equal parts, the rest to the last ones. */
function spread(widths: readonly number[], screen: number): readonly number[] {
  const used = widths.reduce((sum, width) => sum + width, 0);
  const shown = widths.filter((width) => width > 0).length;
  if (used >= screen || shown === 0) return widths;
  const each = Math.floor((screen - used) / shown);
  let rest = (screen - used) % shown;
  return widths
    .toReversed()
    .map((width) => (width === 0 ? 0 : width + each + (rest-- > 0 ? 1 : 0)))
    .toReversed();
}

function rowText(columns: readonly Column[], row: readonly string[], widths: readonly number[]): string {
  return columns
    .map(({ gap, right }, at) => {
      const width = widths[at] ?? 0;
      const lead = at === 0 ? '' : gap;
      const word = row[at] ?? '';
      if (width === 0) return lead + word;
      return right === true
        ? lead + ' '.repeat(Math.max(0, width - word.length - lead.length)) + word
        : (lead + word).padEnd(width);
    })
    .join('');
}
