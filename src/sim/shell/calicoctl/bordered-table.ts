/**
 * Tables with borders as olekukonko/tablewriter draws them: headings centred and in capitals, numbers to the right, all else
 * to the left.
 */
const NUMBER = /^-?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?$/;

export function borderedTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = line(headings.map((heading, column) => centred(heading.toUpperCase(), widths[column] ?? 0)));
  const body = rows.map((row) => line(row.map((cell, column) => aligned(cell, widths[column] ?? 0))));
  return [rule, head, rule, ...body, rule, ''].join('\n');
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return ' '.repeat(left) + text.padEnd(width - left);
}

const aligned = (text: string, width: number): string =>
  NUMBER.test(text) ? text.padStart(width) : text.padEnd(width);
