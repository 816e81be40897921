import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeElectron, FakeWindow } from '../../test/support/fake-electron.ts';
import { temporaryFolder } from '../../test/support/fake-services.ts';
import { place, readState, rememberState, type SavedState } from './window-state.ts';

const SAVED: SavedState = {
  bounds: { x: 100, y: 80, width: 1000, height: 700 },
  maximized: false,
  fullScreen: false,
};
const LEFT = { x: 0, y: 0, width: 1920, height: 1040 };
const RIGHT = { x: 1920, y: -200, width: 2560, height: 1400 };

function screenOf(...displays: (typeof LEFT)[]) {
  const electron = new FakeElectron();
  electron.displays = displays;
  return electron.screen;
}

describe('the place of the window', () => {
  test('is read back as it was left', () => {
    const folder = temporaryFolder();
    const window = new FakeWindow(SAVED.bounds);
    window.maximized = true;
    rememberState(window, folder, (cause) => {
      throw cause;
    });
    window.bounds = { x: 99.6, y: 80, width: 1000.4, height: 700 };
    window.emit('close');
    expect(readState(folder)).toEqual({ ...SAVED, maximized: true });
    expect(readdirSync(folder)).toEqual(['window.json']);
  });

  test('that cannot be saved is reported and stops nothing', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'window.json.new'));
    const window = new FakeWindow(SAVED.bounds);
    const failed: unknown[] = [];
    rememberState(window, folder, (cause) => failed.push(cause));
    window.emit('close');
    expect(failed).toHaveLength(1);
    expect(readState(folder)).toBeUndefined();
  });

  test.each([
    ['no file', undefined],
    ['half a file', '{"bounds":{"x":1'],
    ['another shape', '{"x":1,"y":2}'],
    ['words for numbers', JSON.stringify({ ...SAVED, bounds: { ...SAVED.bounds, x: '100' } })],
    ['a size of nothing', JSON.stringify({ ...SAVED, bounds: { ...SAVED.bounds, width: 0 } })],
    ['a size beyond measure', JSON.stringify({ ...SAVED, bounds: { ...SAVED.bounds, width: 1e9 } })],
    ['more than it should have', JSON.stringify({ ...SAVED, webPreferences: { sandbox: false } })],
    ['a prototype', '{"__proto__":{"maximized":true}}'],
  ])('is not believed from %s', (_what, text) => {
    const folder = temporaryFolder();
    if (text !== undefined) writeFileSync(join(folder, 'window.json'), text);
    expect(readState(folder)).toBeUndefined();
    if (text !== undefined) expect(readFileSync(join(folder, 'window.json'), 'utf8')).toBe(text);
  });
});

describe('a saved place', () => {
  const at = (x: number, y: number): SavedState => ({ ...SAVED, bounds: { ...SAVED.bounds, x, y } });

  test('is taken where a display is', () => {
    expect(place(SAVED, screenOf(LEFT))).toEqual(SAVED);
    expect(place(at(2000, -150), screenOf(LEFT, RIGHT))).toEqual(at(2000, -150));
    expect(place(at(-800, 10), screenOf(LEFT)).bounds).toEqual(at(-800, 10).bounds);
  });

  test.each([
    ['the display is gone', at(2000, -150)],
    ['only a sliver would show', at(-900, 10)],
    ['its title bar would be above the screen', at(100, -40)],
    ['it would be below the screen', at(100, 1030)],
  ])('is left to the system when %s', (_why, saved) => {
    const { bounds, ...rest } = place({ ...saved, maximized: true }, screenOf(LEFT));
    expect(bounds).toEqual({ width: 1000, height: 700 });
    expect(rest).toEqual({ maximized: true, fullScreen: false });
  });

  test('is no larger than the display', () => {
    const small = { x: 0, y: 0, width: 800, height: 560 };
    expect(place(at(0, 0), screenOf(small)).bounds).toEqual({ x: 0, y: 0, width: 800, height: 560 });
    expect(place(undefined, screenOf(small)).bounds).toEqual({ width: 800, height: 560 });
  });

  test('is not needed', () => {
    expect(place(undefined, screenOf(LEFT))).toEqual({
      bounds: { width: 1280, height: 860 },
      maximized: false,
      fullScreen: false,
    });
  });
});
