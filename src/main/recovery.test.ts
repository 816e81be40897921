import { describe, expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { FakeElectron, FakeEvent } from '../../test/support/fake-electron.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function desktopThatAnswers(words?: string) {
  const electron = new FakeElectron();
  electron.answer = () => words;
  const desktop = await openDesktop({ electron });
  const { webContents } = electron.window;
  return {
    ...desktop,
    electron,
    webContents,
    die: async (reason: string) => {
      webContents.emit('render-process-gone', new FakeEvent(), { reason });
      await turn();
    },
  };
}

describe('a page that died', () => {
  test('is reloaded when the person wants it', async () => {
    const { electron, webContents, die, logged } = await desktopThatAnswers('Reload');
    await die('crashed');
    expect(electron.boxes).toMatchObject([
      {
        type: 'error',
        message: 'The page of this window ended unexpectedly.',
        detail: expect.stringContaining('(crashed)') as unknown,
        buttons: ['Reload', 'Quit'],
      },
    ]);
    expect(webContents.did).toEqual(['reload']);
    expect(logged).toEqual(['the page ended: crashed']);
  });

  test('ends Underlay when they want that', async () => {
    const { electron, webContents, die } = await desktopThatAnswers('Quit');
    await die('oom');
    expect(webContents.did).toEqual([]);
    expect(electron.app.did).toContain('quit put off');
  });

  test('is not reloaded by itself, however often it dies', async () => {
    const { electron, webContents, die } = await desktopThatAnswers();
    await die('crashed');
    await die('crashed');
    await die('launch-failed');
    expect(webContents.did).toEqual([]);
    // Each question takes the one before away.
    expect(electron.boxes.map(({ signal }) => signal?.aborted)).toEqual([true, true, false]);
  });

  test('because it was meant to is nothing', async () => {
    const { electron, die } = await desktopThatAnswers('Reload');
    await die('clean-exit');
    expect(electron.boxes).toEqual([]);
  });

  test('leaves the lab as it was', async () => {
    const { services, port, die } = await desktopThatAnswers();
    const page = port();
    await services.labs.open('small', 'sim');
    const closed = new Promise((resolve) => page.inner.once('close', resolve));
    await die('crashed');
    await closed;
    expect(services.labs.running()).toEqual([{ lab: 'small', engine: 'sim' }]);
  });
});

describe('a page that hangs', () => {
  test('is waited for', async () => {
    const { electron, webContents } = await desktopThatAnswers('Wait');
    electron.window.emit('unresponsive');
    await turn();
    expect(electron.boxes).toMatchObject([{ type: 'warning', buttons: ['Wait', 'Reload'], cancelId: 0 }]);
    expect(webContents.did).toEqual([]);
  });

  test('is ended and reloaded, without a further question', async () => {
    const { electron, webContents } = await desktopThatAnswers('Reload');
    electron.window.emit('unresponsive');
    await turn();
    expect(webContents.did).toEqual(['crash', 'reload']);
    expect(electron.boxes).toHaveLength(1);
  });

  test('is asked about once, and not any more when it answers again', async () => {
    const { electron, webContents } = await desktopThatAnswers();
    electron.window.emit('unresponsive');
    electron.window.emit('unresponsive');
    expect(electron.boxes).toHaveLength(1);
    electron.window.emit('responsive');
    await turn();
    expect(electron.boxes[0]?.signal?.aborted).toBe(true);
    expect(webContents.did).toEqual([]);
    electron.window.emit('unresponsive');
    expect(electron.boxes).toHaveLength(2);
  });
});

test('a preload that fails is logged', async () => {
  const { electron, logged } = await openDesktop();
  electron.window.webContents.emit('preload-error', new FakeEvent(), '/p.cjs', new Error('no port'));
  expect(logged).toEqual(['the preload failed: Error: no port']);
});
