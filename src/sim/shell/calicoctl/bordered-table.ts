/**
 * Tables with borders as olekukonko/tablewriter v0.0.5 draws them: headings centred and in capitals, numbers to the right, all
 * else to the left, and cells of several words wrapped once they are longer than thirty characters.
 */
const NUMBER = /^-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?$/;

const LONGEST_LINE = 30;

export function borderedTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const wrapped = rows.map((row) => row.map(wrap));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...wrapped.map((row) => row[column]?.width ?? 0)),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = line(headings.map((heading, column) => centred(heading.toUpperCase(), widths[column] ?? 0)));
  const body = wrapped.flatMap((row) =>
    Array.from({ length: Math.max(...row.map(({ lines }) => lines.length)) }, (_, at) =>
      line(row.map(({ lines }, column) => aligned(lines[at] ?? '', widths[column] ?? 0))),
    ),
  );
  return [rule, head, rule, ...body, rule, ''].join('\n');
}

interface Wrapped {
  readonly lines: readonly string[];
  /** What the cell claims: the whole limit once it is wrapped, though its lines are shorter. */
  readonly width: number;
}

/** Lines as full as can be: for two lines the same as the real tool's least ragged ones. */
function wrap(text: string): Wrapped {
  if (text.length <= LONGEST_LINE) return { lines: [text], width: text.length };
  const words = text.split(' ');
  const limit = Math.max(LONGEST_LINE, ...words.map((word) => word.length));
  const lines = words.reduce<readonly string[]>((before, word) => {
    const last = before.at(-1);
    if (last === undefined) return [word];
    const longer = `${last} ${word}`;
    return longer.length <= limit ? [...before.slice(0, -1), longer] : [...before, word];
  }, []);
  return { lines, width: Math.max(LONGEST_LINE, ...lines.map((line) => line.length)) };
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return ' '.repeat(left) + text.padEnd(width - left);
}

const aligned = (text: string, width: number): string =>
  NUMBER.test(text) ? text.padStart(width) : text.padEnd(width);
