/** What `npm run package` will make, as far as its configuration says: valid by electron-builder's own schema, and ours. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PATHS } from '../cli/paths.ts';

interface Configuration {
  readonly files: readonly string[];
  readonly asar: boolean;
  readonly npmRebuild: boolean;
  readonly publish: unknown;
  readonly electronFuses: Readonly<Record<string, boolean>>;
  readonly linux: {
    readonly target: readonly string[];
    readonly executableArgs: readonly string[];
    readonly icon: string;
  };
  readonly mac: Readonly<Record<string, unknown>> & { readonly entitlements: string; readonly icon: string };
  readonly win: { readonly target: readonly string[]; readonly icon: string };
}

const read = (name: string): string => readFileSync(join(PATHS.root, name), 'utf8');
const configuration = parse(read('electron-builder.yml')) as Configuration;

/** electron-builder's own judge; it is not a package of ours, so it is found from electron-builder. */
type Validate = (configuration: unknown, log: { readonly isEnabled: false }) => Promise<void>;
const fromBuilder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));
const { validateConfiguration } = fromBuilder('app-builder-lib/out/util/config/config') as {
  readonly validateConfiguration: Validate;
};
const validate = (judged: unknown): Promise<void> => validateConfiguration(judged, { isEnabled: false });

test('electron-builder takes the configuration, and refuses another', async () => {
  await validate(configuration);
  await expect(validate({ ...configuration, electronFuse: {} })).rejects.toThrow(/electronFuse/);
  await expect(validate({ ...configuration, asar: 'yes' })).rejects.toThrow(/asar/);
});

describe('the fuses', () => {
  test.each([
    ['runAsNode', false],
    ['enableNodeOptionsEnvironmentVariable', false],
    ['enableNodeCliInspectArguments', false],
    ['onlyLoadAppFromAsar', true],
    ['enableEmbeddedAsarIntegrityValidation', true],
    ['enableCookieEncryption', true],
    ['grantFileProtocolExtraPrivileges', false],
    ['loadBrowserProcessSpecificV8Snapshot', false],
  ])('%s is %s', (fuse, on) => {
    expect(configuration.electronFuses[fuse]).toBe(on);
  });

  test('are all decided', () => {
    const { FuseV1Options } = fromBuilder('@electron/fuses') as {
      readonly FuseV1Options: Readonly<Record<string, unknown>>;
    };
    const known = Object.keys(FuseV1Options).filter((name) => Number.isNaN(Number(name)));
    expect(Object.keys(configuration.electronFuses)).toHaveLength(known.length);
  });
});

describe('the package', () => {
  test('is made for three systems, signed by nobody here, published nowhere', () => {
    const { linux, mac, win, publish } = configuration;
    expect([linux.target, mac['target'], win.target]).toEqual([['AppImage', 'deb'], ['dmg'], ['nsis']]);
    expect(publish).toBeNull();
  });

  test('never starts without its sandbox', () => {
    // electron-builder's own default for an AppImage is --no-sandbox.
    expect(configuration.linux.executableArgs).toEqual([]);
    expect(read('electron-builder.yml')).not.toContain('no-sandbox');
  });

  test('on macOS has the hardened runtime with one exception', () => {
    const { mac } = configuration;
    expect([mac['hardenedRuntime'], mac['entitlementsInherit']]).toEqual([true, mac.entitlements]);
    const entitlements = [...read(mac.entitlements).matchAll(/<key>(.*?)<\/key>/g)].map(([, key]) => key);
    expect(entitlements).toEqual(['com.apple.security.cs.allow-jit']);
  });

  test('holds what was built, and nothing native or under the LGPL', () => {
    const { files, asar, npmRebuild } = configuration;
    expect([asar, npmRebuild]).toEqual([true, false]);
    const taken = files.filter((pattern) => !pattern.startsWith('!'));
    expect(taken).toEqual([
      'package.json',
      'LICENSE',
      'NOTICE',
      'out/main/index.js',
      'out/main/sim-worker.js',
      'out/main/chunks/**',
      'out/preload/**',
      'out/renderer/**',
      'out/content/course.json',
      'resources/tool-image/**',
    ]);
    expect(existsSync(join(PATHS.toolImage, 'Dockerfile'))).toBe(true);
    expect(files.filter((pattern) => pattern.includes('node-liblzma'))).toHaveLength(1);
  });

  test('has everything that the lock file puts under the LGPL or GPL left out', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      readonly packages: Readonly<Record<string, { readonly license?: string; readonly dev?: boolean }>>;
    };
    const copyleft = Object.entries(packages)
      .filter(([, { license = '', dev }]) => dev !== true && /GPL/.test(license))
      .map(([path]) => path);
    expect(copyleft).toEqual(['node_modules/node-liblzma']);
  });

  test('has its icons', () => {
    const { linux, mac, win } = configuration;
    for (const { icon } of [linux, mac, win]) {
      expect(existsSync(join(PATHS.root, icon)), icon).toBe(true);
      // Width in a PNG's header; macOS asks for 512 at least.
      expect(readFileSync(join(PATHS.root, icon)).readUInt32BE(16)).toBeGreaterThanOrEqual(512);
    }
  });
});
