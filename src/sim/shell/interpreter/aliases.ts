/** Alias expansion on text, before a line is parsed for good: bash replaces the first words of simple commands as it reads. */
import { forEachChild, parse } from 'unbash';
import type { SyntaxNode } from 'unbash';

interface Place {
  readonly pos: number;
  readonly end: number;
  readonly name: string;
}

export function expandAliases(
  source: string,
  aliases: ReadonlyMap<string, string>,
  seen: ReadonlySet<string> = new Set(),
): string {
  if (aliases.size === 0) return source;
  const places: Place[] = [];
  collect(parse(source), places);
  let text = source;
  for (const { pos, end, name } of places.sort((a, b) => b.pos - a.pos)) {
    const value = seen.has(name) ? undefined : aliases.get(name);
    if (value === undefined) continue;
    text = text.slice(0, pos) + expandAliases(value, aliases, new Set([...seen, name])) + text.slice(end);
  }
  return text;
}

/** The unquoted first words of the commands; the insides of substitutions are not looked at. */
function collect(node: SyntaxNode, places: Place[]): void {
  if (node.type === 'Word') return;
  if (node.type === 'Command' && node.name !== undefined) {
    const { pos, end, text } = node.name;
    if (/^[\w.-]+$/.test(text)) places.push({ pos, end, name: text });
  }
  forEachChild(node, (child) => {
    collect(child, places);
  });
}
