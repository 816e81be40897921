/**
 * The window: its options, frozen, and the only `new BrowserWindow` of the program (lint allows no other). Whoever changes
 * `webPreferences` weakens or strengthens every wall between the page and this machine.
 */
import { PATHS } from '../cli/paths.ts';
import type { Electron, Window } from './electron.ts';
import { strings } from './strings.ts';
import type { Placement } from './window-state.ts';

export const WINDOW_OPTIONS = Object.freeze({
  title: strings.product,
  minWidth: 480,
  minHeight: 360,
  // Shown when the page has painted, so that no empty frame flashes.
  show: false,
  webPreferences: Object.freeze({
    preload: PATHS.preload,
    sandbox: true,
    contextIsolation: true,
    webSecurity: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    navigateOnDragDrop: false,
    // Its dictionaries would be fetched from the network.
    spellcheck: false,
  }),
});

export function openWindow(
  { BrowserWindow }: Electron,
  { bounds, maximized, fullScreen }: Placement,
): Window {
  // Electron writes into what it is given, hence copies; the frozen options come last, so that nothing overrides them.
  const { webPreferences, ...options } = WINDOW_OPTIONS;
  const window = new BrowserWindow({ ...bounds, ...options, webPreferences: { ...webPreferences } });
  window.once('ready-to-show', () => {
    if (maximized) window.maximize();
    if (fullScreen) window.setFullScreen(true);
    window.show();
  });
  return window;
}

/** Brings a window to the front, wherever it hides. */
export function bringForward(window: Window): void {
  if (window.isDestroyed()) return;
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
