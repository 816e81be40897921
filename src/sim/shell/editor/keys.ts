/** Keys as the editors' tables name them: printable characters by themselves, the others as `<left>`, `<C-r>`, `<esc>`. */
import type { Key } from '../terminal/keys.ts';

/** Text gives a name for each character; a paste gives none, as it is text and no command. */
export function keyNames(key: Key): readonly string[] {
  if (key.kind === 'text') return [...key.text];
  if (key.kind === 'paste') return [];
  if (key.name === 'escape') return ['<esc>'];
  return [`<${key.name}>`];
}

/** The same for an editor without Alt keys: ESC and then the key, which a fast typist sends as one. */
export function keyNamesWithoutMeta(key: Key): readonly string[] {
  if (key.kind !== 'key' || !key.name.startsWith('M-')) return keyNames(key);
  const rest = key.name.slice(2);
  return ['<esc>', [...rest].length === 1 ? (CONTROL[rest] ?? rest) : `<${rest}>`];
}

const CONTROL: Readonly<Record<string, string>> = { '\r': '<enter>', '\n': '<enter>', '\t': '<tab>' };
