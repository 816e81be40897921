import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeElectron } from '../../test/support/fake-electron.ts';
import { temporaryFolder } from '../../test/support/fake-services.ts';
import { openWindow, WINDOW_OPTIONS } from './window.ts';
import { place, readState } from './window-state.ts';

test('a window opens as the last one was left, before it is shown', () => {
  const folder = temporaryFolder();
  const bounds = { x: 20, y: 30, width: 900, height: 600 };
  writeFileSync(join(folder, 'window.json'), JSON.stringify({ bounds, maximized: true, fullScreen: true }));
  const electron = new FakeElectron();
  openWindow(electron, place(readState(folder), electron.screen));
  expect(electron.window.options).toEqual({ ...bounds, ...WINDOW_OPTIONS });
  electron.window.emit('ready-to-show');
  expect(electron.window.did).toEqual(['maximize', 'full screen on', 'show']);
});

test('what Electron writes into its options does not reach ours', () => {
  const electron = new FakeElectron();
  openWindow(electron, place(undefined, electron.screen));
  const { webPreferences } = electron.window.options;
  expect(webPreferences).toEqual(WINDOW_OPTIONS.webPreferences);
  expect(webPreferences).not.toBe(WINDOW_OPTIONS.webPreferences);
  expect(Object.isFrozen(webPreferences)).toBe(false);
});
