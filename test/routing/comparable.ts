/** What two runs of the same network have in common: everything but times, counters and the order in which things came. */

export function comparable(line: string, text: string): readonly string[] {
  const timeless = text
    .replaceAll(/\d\d:\d\d:\d\d\.\d{3}/g, 'TIME')
    .replaceAll(/(timer: +)[\d.]+\/(\d+)/g, '$1N/$2')
    .replaceAll(/((?:Import|Export) (?:updates|withdraws):).*/g, '$1 COUNTS');
  const lines = timeless.trimEnd().split('\n');
  return line.startsWith('show route') ? byPrefix(lines) : lines;
}

/** Table by table: an empty line stands between two. */
function byPrefix([banner = '', ...rest]: readonly string[]): readonly string[] {
  const tables: string[][] = [[]];
  for (const line of rest) {
    if (line === '') tables.push([]);
    else tables.at(-1)?.push(line);
  }
  return [banner, ...tables.flatMap((table, at) => [...(at === 0 ? [] : ['']), ...sorted(table)])];
}

/** Routes by prefix; the best path stays first, the others come in the order of their text. */
function sorted([table = '', ...rest]: readonly string[]): readonly string[] {
  const prefixes: string[][][] = [];
  for (const line of rest) {
    if (/^[\da-f:]/.test(line)) prefixes.push([[line]]);
    else if (line.startsWith(' ')) prefixes.at(-1)?.push([line]);
    else prefixes.at(-1)?.at(-1)?.push(line);
  }
  const texts = prefixes.map(([best = [], ...others]) => [
    best.join('\n'),
    ...others.map((path) => path.join('\n')).sort(),
  ]);
  return [table, ...texts.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)).flat()].flatMap((each) =>
    each.split('\n'),
  );
}
