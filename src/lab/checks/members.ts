/** What checks of API objects share: is the object there, and do its members have the wanted values. */
import { jsonEquals, type Json } from '../../base/json.ts';
import type { Finding } from './kind.ts';

export type WantedMembers = readonly (readonly [path: string, value: Json])[];

/** The finding when existence itself decides; undefined when the members of the object do. */
export function judgePresence(
  exists: boolean,
  absent: boolean,
  words: { readonly object: string; readonly missing: string; readonly why: string },
): Finding | undefined {
  if (exists && !absent) return undefined;
  return {
    passed: !exists && absent,
    expected: absent ? `no ${words.object}` : `the ${words.object}`,
    observed: exists ? `the ${words.object} exists` : words.missing,
    why: exists ? 'It is still in the datastore.' : absent ? 'It is gone.' : words.why,
  };
}

export function judgeMembers(wanted: WantedMembers, read: (path: string) => Json | undefined): Finding {
  const wrong = wanted.filter(([path, value]) => !jsonEquals(read(path), value)).map(([path]) => path);
  const spelt = (value: (path: string, wanted: Json) => Json | undefined): string =>
    wanted.map(([path, json]) => `${path}: ${spell(value(path, json))}`).join(', ') || 'the object exists';
  return {
    passed: wrong.length === 0,
    expected: spelt((_, json) => json),
    observed: spelt(read),
    why:
      wrong.length === 0
        ? 'Every value asked for is there.'
        : `Different from what was asked: ${wrong.join(', ')}.`,
  };
}

/** As YAML would write it: text is quoted only where it would read as something else. */
function spell(value: Json | undefined): string {
  if (value === undefined) return '(unset)';
  return typeof value === 'string' && !readsOtherwise(value) ? value : JSON.stringify(value);
}

const readsOtherwise = (text: string): boolean =>
  text === '' || text.trim() !== text || /^(true|false|null|~|-?\d+(\.\d+)?|[[{"'].*)$/.test(text);
