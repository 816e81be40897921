import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Surroundings } from '../desktop/desktop.ts';
import { dataFolderFinding, diskFinding, nodeFinding } from '../doctor/host-findings.ts';
import { browserFinding, electronFinding } from '../doctor/window-findings.ts';
import { lines } from './doctor.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-doctor-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('Node.js', () => {
  test.each([
    ['20.19.0', 'good'],
    ['20.18.3', 'broken'],
    ['22.1.0', 'good'],
    ['18.20.1', 'broken'],
  ])('%s is %s', (version, state) => {
    expect(nodeFinding(version, '>=20.19').state).toBe(state);
  });

  test('that is too old is told with what is needed', () => {
    expect(lines(nodeFinding('18.20.1', '>=20.19'))).toBe(
      'FAIL  Node.js: Node.js 18.20.1 is too old: 20.19 or newer is needed.\n' +
        '      Install a current LTS release of Node.js.',
    );
  });
});

const window = (
  electron: Partial<Surroundings['electron']>,
  env: NodeJS.ProcessEnv = { DISPLAY: ':0' },
): Surroundings => ({
  platform: 'linux',
  env,
  root: false,
  electron: {
    installed: () => undefined,
    hopeless: () => undefined,
    fetch: () => Promise.reject(new Error('the doctor fetches nothing')),
    ...electron,
  },
  launch: () => Promise.reject(new Error('the doctor opens nothing')),
});

describe('the window', () => {
  test.each([
    [
      'installed',
      window({ installed: () => '/opt/electron' }),
      'good',
      'Electron is installed: /opt/electron.',
    ],
    ['to be fetched', window({}), 'good', 'Electron is fetched at the first start (about 110 MB).'],
    [
      'not to be had',
      window({ hopeless: () => 'the disk is full' }),
      'limited',
      'Electron could not be fetched: the disk is full. The browser is used.',
    ],
    [
      'without a display',
      window({}, {}),
      'limited',
      'There is no display here; a browser elsewhere on this machine can be used.',
    ],
    [
      'of root',
      { ...window({}), root: true },
      'limited',
      'A window is not opened as root, since its sandbox does not run as root; the browser is used.',
    ],
  ] as const)('%s', (_, around, state, says) => {
    expect(electronFinding(around)).toMatchObject({ state, says });
  });
});

test('a browser is opened by xdg-open, where there is one and a display', async () => {
  await writeFile(join(folder, 'xdg-open'), '#!/bin/sh\n', { mode: 0o755 });
  expect(await browserFinding('linux', { PATH: folder, DISPLAY: ':0' })).toMatchObject({
    state: 'good',
    says: `${join(folder, 'xdg-open')} opens your browser.`,
  });
  expect(await browserFinding('linux', { PATH: '/nowhere', DISPLAY: ':0' })).toMatchObject({
    state: 'limited',
    says: 'No browser can be opened from here: there is no xdg-open. The address is printed instead.',
  });
  expect((await browserFinding('linux', { PATH: folder })).says).toContain('there is no display');
});

test.each([
  [100e6, 'broken'],
  [2e9, 'limited'],
  [80e9, 'good'],
])('%d bytes free are %s', async (bytes, state) => {
  expect((await diskFinding('/data', () => Promise.resolve(bytes))).state).toBe(state);
});

test('room is measured on the disk that a folder not yet made will be on', async () => {
  expect(await diskFinding(join(folder, 'not', 'yet'))).toMatchObject({ id: 'disk', title: 'Disk' });
});

test('a data folder is written to, not only looked at', async () => {
  expect(await dataFolderFinding(join(folder, 'new'))).toMatchObject({ state: 'good' });
  await writeFile(join(folder, 'in-the-way'), '');
  expect(await dataFolderFinding(join(folder, 'in-the-way'))).toMatchObject({
    state: 'broken',
    remedy: 'Make it writable, or set UNDERLAY_DATA to a folder that is.',
  });
});
