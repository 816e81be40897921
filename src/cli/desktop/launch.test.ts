/** Real programs in the place of Electron: what they print and how they end is what decides. */
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { spoken } from '../../../test/support/spoken.ts';
import { launch, type LaunchOptions } from './launch.ts';

const never = (): Promise<void> => new Promise(() => undefined);
const atOnce = (): Promise<void> => Promise.resolve();

/** Runs a script as the window. */
async function window(script: string, options: Partial<LaunchOptions> = {}) {
  let opened = 0;
  const { code: ended, err } = await spoken(() =>
    launch({
      program: process.execPath,
      args: ['-e', script],
      grace: never,
      opened: () => (opened += 1),
      ...options,
    }),
  );
  return { ended, opened, err };
}

describe('a window that ends early', () => {
  test('says why', async () => {
    const script = `console.error('[1:1] Running as root without --no-sandbox is not supported.'); process.exit(1)`;
    expect(await window(script)).toEqual({
      ended: { ok: false, error: 'it does not run as root' },
      opened: 0,
      err: '',
    });
  });

  test('by a signal says so', async () => {
    const { ended } = await window('process.kill(process.pid, "SIGKILL")');
    expect(ended).toEqual({ ok: false, error: 'by signal SIGKILL, without a word' });
  });

  test('because it cannot be run at all says so', async () => {
    const { ended } = await window('', { program: '/nowhere/electron' });
    expect(ended).toEqual({
      ok: false,
      error: expect.stringMatching(/^with code null: spawn \/nowhere\/electron ENOENT$/) as unknown,
    });
  });

  test('without a fault has handed over to a window that was open', async () => {
    expect(await window('')).toEqual({
      ended: { ok: true, value: { fault: undefined } },
      opened: 0,
      err: '',
    });
  });
});

test.each(['SIGINT', 'SIGTERM'])('a person who interrupts it by %s wants no browser', async (signal) => {
  const { ended } = await window(`process.kill(process.pid, '${signal}')`);
  expect(ended).toEqual({ ok: true, value: { fault: undefined } });
});

describe('a window that has opened', () => {
  test('is waited for until a person closes it', async () => {
    expect(await window('setTimeout(() => 0, 50)', { grace: atOnce })).toEqual({
      ended: { ok: true, value: { fault: undefined } },
      opened: 1,
      err: '',
    });
  });

  test('and ends by a fault is no failure to open', async () => {
    const script = `setTimeout(() => { console.error('underlay: a fault'); process.exit(1) }, 50)`;
    expect(await window(script, { grace: atOnce })).toEqual({
      ended: { ok: true, value: { fault: 'a fault' } },
      opened: 1,
      err: 'underlay: a fault\n',
    });
  });
});

test('only what the host says is shown, and with UNDERLAY_DEBUG everything', async () => {
  const script = `process.stderr.write('[1:1] GPU noise\\nunder'); process.stderr.write('lay: the page ended\\n')`;
  expect((await window(script)).err).toBe('underlay: the page ended\n');
  const env = { ...process.env, UNDERLAY_DEBUG: '1' };
  expect((await window(script, { env })).err).toBe('[1:1] GPU noise\nunderlay: the page ended\n');
});

test('Electron is never made a plain Node, and its sandbox stays', async () => {
  const script = `process.exit(process.env.ELECTRON_RUN_AS_NODE === undefined ? 0 : 9)`;
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  expect((await window(script, { env })).ended).toEqual({ ok: true, value: { fault: undefined } });
});
