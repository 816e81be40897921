/** A package `electron` whose installer does what a test says, as a program of its own, as the real one is. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/fake-services.ts';
import { ElectronPackage, type ElectronPackageOptions } from './electron-binary.ts';

const HOUR = 60 * 60 * 1000;
const UNPACK = `
  const { mkdirSync, writeFileSync } = require('node:fs');
  mkdirSync(__dirname + '/dist', { recursive: true });
  writeFileSync(__dirname + '/dist/version', '45.4.1');
  writeFileSync(__dirname + '/dist/electron', '');
  writeFileSync(__dirname + '/path.txt', 'electron');
`;

function electronPackage(installer: string, options: Partial<ElectronPackageOptions> = {}) {
  const root = temporaryFolder();
  const folder = join(root, 'electron');
  const memory = join(root, '.cache', 'electron-fetch.json');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"name":"electron","version":"45.4.1"}');
  writeFileSync(join(folder, 'install.js'), installer);
  let time = 1_000;
  const electron = new ElectronPackage({
    folder,
    memory,
    env: {},
    now: () => time,
    probe: () => Promise.resolve(true),
    ...options,
  });
  return { electron, folder, memory, pass: (milliseconds: number) => (time += milliseconds) };
}

describe('the program', () => {
  test('is there when it is whole', async () => {
    const { electron, folder } = electronPackage(UNPACK);
    expect(electron.installed()).toBeUndefined();
    expect(await electron.fetch()).toEqual({ ok: true, value: join(folder, 'dist', 'electron') });
    expect(electron.installed()).toBe(join(folder, 'dist', 'electron'));
  });

  test('of another version, or half of it, is none', () => {
    const { electron, folder } = electronPackage('');
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'path.txt'), 'electron');
    writeFileSync(join(folder, 'dist', 'version'), 'v45.4.1');
    expect(electron.installed()).toBeUndefined();
    writeFileSync(join(folder, 'dist', 'electron'), '');
    expect(electron.installed()).toBeDefined();
    writeFileSync(join(folder, 'dist', 'version'), '44.0.0');
    expect(electron.installed()).toBeUndefined();
  });

  test.runIf(process.platform === 'linux')('may be elsewhere', () => {
    const elsewhere = temporaryFolder();
    const { electron } = electronPackage('', { env: { ELECTRON_OVERRIDE_DIST_PATH: elsewhere } });
    expect(electron.installed()).toBeUndefined();
    writeFileSync(join(elsewhere, 'electron'), '');
    expect(electron.installed()).toBe(join(elsewhere, 'electron'));
  });

  test('is looked for where the real package puts it', () => {
    const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
    const installer = readFileSync(join(folder, 'install.js'), 'utf8');
    for (const named of [
      "'dist', 'version'",
      "'path.txt'",
      'ELECTRON_OVERRIDE_DIST_PATH',
      "'checksums.json'",
    ]) {
      expect(installer).toContain(named.replace("'checksums.json'", './checksums.json'));
    }
  });
});

describe('a fetch that fails', () => {
  const REFUSED = `console.error('TypeError: fetch failed\\n    at x (y)\\n  cause: ECONNREFUSED'); process.exit(1)`;

  test('says why, and is not tried again for a day', async () => {
    const { electron, memory, pass } = electronPackage(REFUSED);
    expect(electron.hopeless()).toBeUndefined();
    const reason = 'the server it is fetched from does not answer';
    expect(await electron.fetch()).toEqual({ ok: false, error: reason });
    expect(JSON.parse(readFileSync(memory, 'utf8'))).toEqual({ version: '45.4.1', at: 1_000, reason });
    pass(23 * HOUR);
    expect(electron.hopeless()).toBe(reason);
    pass(HOUR);
    expect(electron.hopeless()).toBeUndefined();
  });

  test('is forgotten for another version, and when a fetch succeeds', async () => {
    const { electron, folder, memory } = electronPackage(REFUSED);
    await electron.fetch();
    writeFileSync(join(folder, 'package.json'), '{"version":"46.0.0"}');
    expect(electron.hopeless()).toBeUndefined();
    writeFileSync(join(folder, 'package.json'), '{"version":"45.4.1"}');
    writeFileSync(join(folder, 'install.js'), UNPACK);
    expect((await electron.fetch()).ok).toBe(true);
    expect(existsSync(memory)).toBe(false);
  });

  test.each([
    ['Error: ENOSPC: no space left on device, write', 'the disk is full'],
    [
      'Error: Generated checksum for "electron.zip" did not match',
      'Error: Generated checksum for "electron.zip" did not match',
    ],
    ['', 'its installer failed without a word'],
  ])('%s', async (said, reason) => {
    const { electron } = electronPackage(`console.error(${JSON.stringify(said)}); process.exit(1)`);
    expect(await electron.fetch()).toEqual({ ok: false, error: reason });
  });

  test('because the installer left nothing is a failure', async () => {
    expect(await electronPackage('').electron.fetch()).toEqual({
      ok: false,
      error: 'the package electron did not install it',
    });
  });

  test('has no use without the package', async () => {
    const electron = new ElectronPackage({
      folder: '/nowhere',
      memory: join(temporaryFolder(), 'm.json'),
      env: {},
    });
    expect(electron.hopeless()).toBe('the package electron is not installed');
    expect(await electron.fetch()).toEqual({ ok: false, error: 'the package electron is not installed' });
  });

  test.each(['{', '[]', '{"version":45}'])('a memory of %s is none', (text) => {
    const { electron, memory } = electronPackage('');
    mkdirSync(dirname(memory));
    writeFileSync(memory, text);
    expect(electron.hopeless()).toBeUndefined();
  });
});

test('a fetch asks the mirror whether it is there, and gives up soon when nobody answers', async () => {
  const asked: string[] = [];
  const { electron } = electronPackage('setInterval(() => 0, 1000)', {
    env: { ELECTRON_MIRROR: 'https://mirror.example/electron/' },
    probe: (host) => Promise.resolve(asked.push(host) === 0),
    limits: { online: 600_000, offline: 1 },
  });
  expect(await electron.fetch()).toEqual({ ok: false, error: 'nobody answered within 0.001 s' });
  expect(asked).toEqual(['mirror.example']);
});

test('a fetch that takes too long is given up', async () => {
  const { electron } = electronPackage('setInterval(() => 0, 1000)', {
    limits: { online: 1, offline: 600_000 },
  });
  expect(await electron.fetch()).toEqual({ ok: false, error: 'it took longer than 0.001 s' });
});
