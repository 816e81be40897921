/** The editors' text against the simplest model there is: one long string. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { History } from './history.ts';
import {
  after,
  backward,
  before,
  endOf,
  forward,
  linesOf,
  ordered,
  replaceRange,
  textIn,
  type Lines,
  type Position,
} from './text.ts';

const CHARS = fc.constantFrom('a', 'b', ' ', '\t', '\n', 'é', 'e\u0301', '漢', '🐳', '#');
const TEXT = fc.array(CHARS, { maxLength: 40 }).map((chars) => chars.join(''));

function positions(lines: Lines): readonly Position[] {
  return lines.flatMap((line, row) => {
    const offsets = [0];
    while ((offsets.at(-1) ?? 0) < line.length) offsets.push(after(line, offsets.at(-1) ?? 0));
    return offsets.map((offset) => ({ row, offset }));
  });
}

const flat = (lines: Lines, { row, offset }: Position): number =>
  lines.slice(0, row).reduce((sum, line) => sum + line.length + 1, 0) + offset;

describe('replacing a range', () => {
  test('is what slicing one string would do, and says where the new text ends', () => {
    fc.assert(
      fc.property(TEXT, TEXT, fc.nat(), fc.nat(), (text, added, a, b) => {
        const lines = linesOf(text);
        const all = positions(lines);
        const pick = (at: number): Position => all[at % all.length] ?? { row: 0, offset: 0 };
        const range = ordered(pick(a), pick(b));
        const [from, to] = [flat(lines, range.from), flat(lines, range.to)];
        expect(textIn(lines, range)).toBe(text.slice(from, to));
        const { lines: next, end } = replaceRange(lines, range, added);
        expect(next.join('\n')).toBe(text.slice(0, from) + added + text.slice(to));
        expect(flat(next, end)).toBe(from + added.length);
      }),
    );
  });

  test('can be taken back: undo and redo walk through every text there was', () => {
    fc.assert(
      fc.property(fc.array(TEXT, { minLength: 1, maxLength: 12 }), (texts) => {
        const history = new History<number>();
        const cursor = { row: 0, offset: 0 };
        const seen: string[] = [''];
        let lines = linesOf('');
        for (const [note, text] of texts.entries()) {
          const next = replaceRange(lines, { from: endOf(lines), to: endOf(lines) }, text).lines;
          history.add({ before: { lines, cursor }, after: { lines: next, cursor }, note });
          lines = next;
          seen.push(lines.join('\n'));
        }
        for (const text of seen.slice(0, -1).reverse())
          expect(history.undo()?.before.lines.join('\n')).toBe(text);
        expect(history.undo()).toBeUndefined();
        for (const text of seen.slice(1)) expect(history.redo()?.after.lines.join('\n')).toBe(text);
        expect(history.redo()).toBeUndefined();
      }),
    );
  });
});

describe('stepping', () => {
  test('forward visits every character once and backward the same ones', () => {
    fc.assert(
      fc.property(TEXT, (text) => {
        const lines = linesOf(text);
        const all = positions(lines);
        let at: Position = { row: 0, offset: 0 };
        for (const expected of all) {
          expect(at).toEqual(expected);
          at = forward(lines, at);
        }
        expect(at).toEqual(endOf(lines));
        for (const expected of all.toReversed()) {
          expect(at).toEqual(expected);
          at = backward(lines, at);
        }
      }),
    );
  });

  test('keeps a letter and its accents together', () => {
    const line = 'xe\u0301🐳';
    expect(after(line, 1)).toBe(3);
    expect(before(line, 3)).toBe(1);
    expect(after(line, 3)).toBe(5);
    expect(before(line, 5)).toBe(3);
  });
});
