import { describe, expect, test } from 'vitest';
import { spoken } from '../../../test/support/spoken.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { start, startWindow } from '../commands/start.ts';
import { PATHS } from '../paths.ts';
import { openDesktop, type Surroundings } from './desktop.ts';
import type { Ended, LaunchOptions } from './launch.ts';

const PROGRAM = '/opt/electron/electron';

interface Plan {
  readonly platform?: NodeJS.Platform;
  readonly env?: NodeJS.ProcessEnv;
  readonly root?: boolean;
  readonly installed?: boolean;
  readonly hopeless?: string;
  readonly fetched?: Result<string, string>;
  readonly ended?: Result<Ended, string>;
}

/** A desktop session with Electron in it, unless the plan says otherwise; and what was done there. */
function around(
  plan: Plan = {},
): Surroundings & { readonly did: string[]; readonly launched: LaunchOptions[] } {
  const { installed = true, fetched = ok(PROGRAM), ended = ok({ fault: undefined }) } = plan;
  const did: string[] = [];
  const launched: LaunchOptions[] = [];
  return {
    platform: plan.platform ?? 'linux',
    env: plan.env ?? { DISPLAY: ':0' },
    root: plan.root ?? false,
    electron: {
      installed: () => (installed ? PROGRAM : undefined),
      hopeless: () => plan.hopeless,
      fetch: () => {
        did.push('fetch');
        return Promise.resolve(fetched);
      },
    },
    launch: (options) => {
      did.push('launch');
      launched.push(options);
      return Promise.resolve(ended);
    },
    did,
    launched,
  };
}

const opening = async (plan: Plan, insist = false) => {
  const place = around(plan);
  const { code: outcome, out } = await spoken(() => openDesktop({ insist }, place));
  return { outcome, out, did: place.did, launched: place.launched };
};

describe('the window', () => {
  test('opens with the program that is installed, on this installation, and with its sandbox', async () => {
    const { outcome, launched } = await opening({});
    expect(outcome).toEqual({ ok: true, value: { fault: undefined } });
    expect(launched.map(({ program, args, env }) => [program, args, env])).toEqual([
      [PROGRAM, [PATHS.root], { DISPLAY: ':0' }],
    ]);
  });

  test.each<[NodeJS.Platform, NodeJS.ProcessEnv, boolean]>([
    ['linux', {}, false],
    ['linux', { DISPLAY: '' }, false],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
    ['darwin', {}, true],
    ['win32', {}, true],
  ])('on %s with %j', async (platform, env, opens) => {
    const { did, outcome } = await opening({ platform, env });
    expect(did).toEqual(opens ? ['launch'] : []);
    if (!opens)
      expect(outcome).toMatchObject({ error: { reason: 'There is no display here for a window.' } });
  });

  test('fetches Electron when it is missing, and not without a display', async () => {
    expect((await opening({ installed: false })).did).toEqual(['fetch', 'launch']);
    expect((await opening({ installed: false, env: {} })).did).toEqual([]);
  });

  test('does not fetch again what failed lately, unless insisted on', async () => {
    const plan = { installed: false, hopeless: 'the disk is full', fetched: err('the disk is still full') };
    const lately = await opening(plan);
    expect([lately.did, lately.out]).toEqual([[], '']);
    expect(lately.outcome).toMatchObject({
      error: { reason: 'The window needs Electron, which could not be fetched: the disk is full.' },
    });
    const insisted = await opening(plan, true);
    expect(insisted.did).toEqual(['fetch']);
    expect(insisted.outcome).toMatchObject({
      error: { reason: 'Electron could not be fetched: the disk is still full.' },
    });
  });

  test('as root is tried where Electron is there, but nothing is fetched for it', async () => {
    expect((await opening({ root: true })).did).toEqual(['launch']);
    const { did, outcome } = await opening({ root: true, installed: false });
    expect(did).toEqual([]);
    expect(outcome).toMatchObject({ error: { remedy: 'Start Underlay as an ordinary user.' } });
  });
});

describe('npm start', () => {
  const starting = (plan: Plan, insist = false) => spoken(() => startWindow({ insist }, around(plan)));

  test('ends with the window', async () => {
    expect((await starting({})).code).toBe(0);
    expect(await starting({ ended: ok({ fault: 'by signal SIGSEGV, without a word' }) })).toMatchObject({
      code: 3,
      err: 'The window ended unexpectedly: by signal SIGSEGV, without a word.\n',
    });
  });

  test('goes on in the browser, in one line, when there is no window', async () => {
    expect(await starting({ env: {} })).toEqual({
      code: undefined,
      out: 'There is no display here for a window. Underlay runs in your browser instead.\n',
      err: '',
    });
    expect((await starting({ ended: err('the system library libnss3.so is missing') })).out).toBe(
      'The window could not be opened: the system library libnss3.so is missing. Underlay runs in your browser instead.\n',
    );
  });

  test('with --desktop fails instead, with a remedy', async () => {
    expect(await starting({ env: {} }, true)).toEqual({
      code: 3,
      out: '',
      err: 'There is no display here for a window.\nStart it in a desktop session, or set DISPLAY or WAYLAND_DISPLAY.\n',
    });
  });

  test.each(['browser', 'port', 'no-open'])('--desktop and --%s exclude each other', async (flag) => {
    const flags = new Map([
      ['desktop', ''],
      [flag, '0'],
    ]);
    expect(await spoken(() => start.run({ words: [], flags }))).toEqual({
      code: 2,
      out: '',
      err: `--${flag} and --desktop exclude each other.\n`,
    });
  });
});
