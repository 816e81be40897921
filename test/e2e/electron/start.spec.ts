/**
 * What `underlay start` does where a window cannot open: the built command line, with a small program in Electron's place.
 * Needs neither Electron nor a display.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const CLI = join(ROOT, 'out', 'main', 'cli.js');

test.skip(
  process.platform !== 'linux',
  'a program in the place of Electron is a script with an interpreter line',
);

let folder: string;
test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-start-'));
});
test.afterEach(() => rm(folder, { recursive: true, force: true }));

interface Started {
  readonly code: number | null;
  readonly said: string;
}

/** Starts Underlay; a browser host is interrupted as soon as it has printed its address. */
async function start(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Started> {
  const rest = Object.entries(process.env).filter(([name]) => !name.endsWith('DISPLAY'));
  const child = spawn(process.execPath, [CLI, 'start', ...args], {
    env: { ...Object.fromEntries(rest), UNDERLAY_DATA: join(folder, 'data'), ...env },
  });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString('utf8');
    if (said.includes('Press Ctrl-C to stop.')) child.kill('SIGINT');
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said: said.replace(/Port \d+ is in use; taking \d+ instead\.\n/, '') };
}

/** A display that is never asked, and a program in Electron's place. */
async function electron(script: string): Promise<NodeJS.ProcessEnv> {
  await writeFile(join(folder, 'electron'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { DISPLAY: ':underlay', ELECTRON_OVERRIDE_DIST_PATH: folder };
}

const BROWSER =
  /Underlay is running\. Open http:\/\/127\.0\.0\.1:\d+\/\?token=\S+\nPress Ctrl-C to stop\.\n$/;

test('without a display, the browser, after one line', async () => {
  const { code, said } = await start([], {});
  expect(code).toBe(0);
  expect(said).toMatch(/^There is no display here for a window\. Underlay runs in your browser instead\.\n/);
  expect(said).toMatch(BROWSER);
});

test('without a display, --desktop fails with its reason and remedy', async () => {
  expect(await start(['--desktop'], {})).toEqual({
    code: 3,
    said: 'There is no display here for a window.\nStart it in a desktop session, or set DISPLAY or WAYLAND_DISPLAY.\n',
  });
});

test('a window that ends at once says why, and the browser follows', async () => {
  const env = await electron(
    'echo "[1:1] Running as root without --no-sandbox is not supported." >&2; exit 1',
  );
  const { code, said } = await start([], env);
  expect(code).toBe(0);
  expect(said).toMatch(
    /^The window could not be opened: it does not run as root\. Underlay runs in your browser instead\.\n/,
  );
  expect(said).toMatch(BROWSER);
  expect(await start(['--desktop'], env)).toEqual({
    code: 3,
    said: 'The window could not be opened: it does not run as root.\nUNDERLAY_DEBUG=1 shows everything that Electron prints.\n',
  });
});

test('Electron is started on this installation, with its sandbox, and not as a Node', async () => {
  const env = await electron('echo "$@" > "$UNDERLAY_DATA/args"; test -z "$ELECTRON_RUN_AS_NODE"');
  await mkdir(join(folder, 'data'));
  expect(await start([], { ...env, ELECTRON_RUN_AS_NODE: '1' })).toEqual({ code: 0, said: '' });
  expect(await readFile(join(folder, 'data', 'args'), 'utf8')).toBe(`${ROOT}\n`);
});
