import { describe, expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';

describe('the network', () => {
  test.each([
    'app://underlay/',
    'app://underlay/assets/app.js',
    'blob:app://underlay/1',
    'data:image/png;base64,',
  ])('%s needs none', async (url) => {
    expect((await openDesktop()).electron.sessionFake.allows(url)).toBe(true);
  });

  test.each([
    'https://kubernetes.io/',
    'http://127.0.0.1:7340/',
    'ws://127.0.0.1:5173/',
    'wss://evil.example/',
    'file:///etc/passwd',
    'ftp://evil.example/',
    'app://other/',
    'nonsense',
  ])('%s is cancelled', async (url) => {
    expect((await openDesktop()).electron.sessionFake.allows(url)).toBe(false);
  });
});
