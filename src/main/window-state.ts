/**
 * Where the window was, for the next start: bounds, maximised, full screen, in `window.json` of the data folder. What is
 * read back is not believed: it must have the shape, and fall on a display that is there now.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Rectangle, Screen, Window } from './electron.ts';

export interface Placement {
  /** Without x and y the system chooses, which is the middle of the main display. */
  readonly bounds: { readonly width: number; readonly height: number } | Rectangle;
  readonly maximized: boolean;
  readonly fullScreen: boolean;
}

const DEFAULT_SIZE = { width: 1280, height: 860 };

/** At least so much of the window must be on a display, at its top edge, where it is moved by. */
const GRIP = { width: 120, height: 32 };

const pixels = z.number().int().min(-32_768).max(32_767);
const extent = z.number().int().min(200).max(32_767);
const savedState = z.strictObject({
  bounds: z.strictObject({ x: pixels, y: pixels, width: extent, height: extent }),
  maximized: z.boolean(),
  fullScreen: z.boolean(),
});
export type SavedState = z.infer<typeof savedState>;

const fileOf = (folder: string): string => join(folder, 'window.json');

/** The state that was saved last; undefined when there is none, or none that can be believed. */
export function readState(folder: string): SavedState | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(folder), 'utf8');
  } catch {
    return undefined; // the first start
  }
  const parsed = savedState.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : undefined;
}

/** Fits a saved state to the displays of now. */
export function place(saved: SavedState | undefined, screen: Screen): Placement {
  const largest = screen.getPrimaryDisplay().workArea;
  if (saved === undefined) {
    return { bounds: within(DEFAULT_SIZE, largest), maximized: false, fullScreen: false };
  }
  const { bounds, maximized, fullScreen } = saved;
  const home = screen.getAllDisplays().find(({ workArea }) => canBeGrippedIn(workArea, bounds));
  if (home === undefined) return { bounds: within(bounds, largest), maximized, fullScreen };
  return { bounds: { ...bounds, ...within(bounds, home.workArea) }, maximized, fullScreen };
}

/** Saves the state whenever the window closes. A state that cannot be saved costs the next start its place, no more. */
export function rememberState(window: Window, folder: string, failed: (cause: unknown) => void): void {
  window.on('close', () => {
    const state: SavedState = {
      bounds: rounded(window.getNormalBounds()),
      maximized: window.isMaximized(),
      fullScreen: window.isFullScreen(),
    };
    try {
      const draft = `${fileOf(folder)}.new`;
      writeFileSync(draft, JSON.stringify(state));
      renameSync(draft, fileOf(folder));
    } catch (cause) {
      failed(cause);
    }
  });
}

function within({ width, height }: { readonly width: number; readonly height: number }, area: Rectangle) {
  return { width: Math.min(width, area.width), height: Math.min(height, area.height) };
}

function canBeGrippedIn(area: Rectangle, { x, y, width }: Rectangle): boolean {
  const left = Math.max(x, area.x);
  const right = Math.min(x + width, area.x + area.width);
  return right - left >= GRIP.width && y >= area.y && y + GRIP.height <= area.y + area.height;
}

const rounded = ({ x, y, width, height }: Rectangle): Rectangle => ({
  x: Math.round(x),
  y: Math.round(y),
  width: Math.round(width),
  height: Math.round(height),
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
