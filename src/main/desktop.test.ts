/** The life of the desktop host: start, a second start, failures on the way, the end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { FakeElectron, FakeEvent } from '../../test/support/fake-electron.ts';
import { err } from '../base/result.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a start', () => {
  test('shows the window when it has painted', async () => {
    const { electron, folder } = await openDesktop();
    expect(electron.window.did).toEqual(['load app://underlay/']);
    electron.window.emit('ready-to-show');
    expect(electron.window.did).toEqual(['load app://underlay/', 'show']);
    expect(electron.app.paths['userData']).toBe(join(folder, 'desktop'));
    expect(existsSync(join(folder, 'desktop'))).toBe(true);
  });

  test('that finds another Underlay running leaves the field', async () => {
    const electron = new FakeElectron();
    electron.app.first = false;
    const { services } = await openDesktop({ electron });
    expect(electron.app.did).toEqual(['path userData', 'lock', 'quit']);
    expect([electron.windows, services.labs.running()]).toEqual([[], []]);
  });

  test('is noticed by the one that runs: its window comes forward', async () => {
    const { electron } = await openDesktop();
    electron.app.emit('second-instance');
    electron.window.minimized = true;
    electron.app.emit('second-instance');
    expect(electron.window.did.slice(1)).toEqual(['show', 'focus', 'restore', 'show', 'focus']);
  });

  test('without a course says so and ends', async () => {
    const { electron, logged } = await openDesktop({ open: err('The compiled course is missing.') });
    expect(electron.windows).toEqual([]);
    expect(electron.errorBoxes).toEqual([
      'Underlay cannot go on: Underlay could not be started: The compiled course is missing.',
    ]);
    expect(logged).toEqual(['Underlay could not be started: The compiled course is missing.']);
    expect(electron.app.did.at(-1)).toBe('exit 1');
  });

  test('whose page cannot be loaded shows the window all the same', async () => {
    const electron = new FakeElectron();
    const { BrowserWindow } = electron;
    const { logged } = await openDesktop({
      options: {
        electron: Object.assign(Object.create(electron) as FakeElectron, {
          BrowserWindow: class extends BrowserWindow {
            override loads = () => Promise.reject(new Error('ERR_FAILED'));
          },
        }),
      },
    });
    expect(logged).toEqual(['the page could not be loaded: Error: ERR_FAILED']);
    expect(electron.window.did).toEqual(['load app://underlay/', 'show', 'focus']);
  });
});

describe('a helper process', () => {
  test('that dies is logged, one that ends is not', async () => {
    const { electron, logged } = await openDesktop();
    electron.app.emit('child-process-gone', new FakeEvent(), { type: 'GPU', reason: 'crashed' });
    electron.app.emit('child-process-gone', new FakeEvent(), { type: 'Utility', reason: 'clean-exit' });
    expect(logged).toEqual(['a helper process (GPU) ended: crashed']);
  });
});

describe('the end', () => {
  test('waits until labs are put away, once', async () => {
    const { electron, services, engine, disposals } = await openDesktop();
    await services.labs.open('small', 'sim');
    electron.app.did.length = 0;
    electron.app.emit('window-all-closed');
    electron.app.quit();
    expect(electron.app.did).toEqual(['quit put off', 'quit put off']);
    await turn();
    expect(electron.app.did).toEqual(['quit put off', 'quit put off', 'quit']);
    expect([disposals(), engine.session.status]).toEqual([1, { state: 'disposed' }]);
  });

  test('comes even when a lab cannot be put away', async () => {
    const { electron, services, logged } = await openDesktop();
    services.dispose = () => Promise.reject(new Error('stuck'));
    electron.app.did.length = 0;
    electron.app.quit();
    await turn();
    expect(electron.app.did).toEqual(['quit put off', 'quit']);
    expect(logged).toEqual(['labs could not be put away: Error: stuck']);
  });
});
