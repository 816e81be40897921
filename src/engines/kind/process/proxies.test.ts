import { expect, test } from 'vitest';
import { isOnLoopback, proxiesForContainers } from './proxies.ts';

test.each([
  ['http://127.0.0.1:3128', true],
  ['http://me:secret@localhost:3128', true],
  ['localhost:3128', true],
  ['http://[::1]:3128', true],
  ['http://proxy.example:3128', false],
  ['http://127.example:3128', false],
  ['[', false],
])('%s on loopback: %s', (proxy, loopback) => {
  expect(isOnLoopback(proxy)).toBe(loopback);
});

test('containers go straight to what is in the lab, and to proxies that are there for them', () => {
  const env = {
    https_proxy: 'http://proxy.example:3128',
    HTTP_PROXY: 'http://127.0.0.1:3128',
    NO_PROXY: '.lan',
  };
  expect(proxiesForContainers(env, ['10.0.0.0/24', '10.0.1.0/24'])).toEqual({
    HTTP_PROXY: '',
    http_proxy: '',
    HTTPS_PROXY: 'http://proxy.example:3128',
    https_proxy: 'http://proxy.example:3128',
    NO_PROXY: '.lan,10.0.0.0/24,10.0.1.0/24',
    no_proxy: '.lan,10.0.0.0/24,10.0.1.0/24',
  });
  expect(proxiesForContainers({ NO_PROXY: '.lan' }, ['10.0.0.0/24'])).toEqual({});
});
