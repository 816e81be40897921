import { describe, expect, test } from 'vitest';
import { ok } from '../base/result.ts';
import type { Handlers } from '../contract/api.ts';
import { Dispatcher } from './dispatcher.ts';

/** Handlers that answer with what they were given; 'progress.get' is broken. */
function dispatcher(): { readonly dispatcher: Dispatcher; readonly logged: unknown[][] } {
  const logged: unknown[][] = [];
  const echo = (input: unknown) => Promise.resolve(ok(input));
  const broken = () => Promise.reject(new Error('secret inside'));
  const handlers = new Proxy({} as Handlers, {
    get: (_, method) => (method === 'progress.get' ? broken : echo),
  });
  return { dispatcher: new Dispatcher(handlers, { error: (...told) => void logged.push(told) }), logged };
}

describe('a call', () => {
  test('reaches its handler with its parsed input', async () => {
    const call = await dispatcher().dispatcher.call('lesson.get', { lesson: 'first-overlay' });
    expect(call).toEqual({ ok: true, value: { lesson: 'first-overlay' } });
  });

  test.each([
    'nothing',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    7,
    null,
    undefined,
    {},
  ])('of %s is no method', async (method) => {
    const { dispatcher: host, logged } = dispatcher();
    expect(await host.call(method, {})).toMatchObject({ ok: false, error: { code: 'unknown-method' } });
    expect(logged).toEqual([]);
  });

  test.each([
    ['lesson.get', undefined],
    ['lesson.get', {}],
    ['lesson.get', { lesson: '../etc' }],
    ['lesson.get', { lesson: 7 }],
    ['lesson.get', { lesson: 'a', more: 1 }],
    ['lesson.get', JSON.parse('{ "lesson": "a", "__proto__": {} }')],
    ['terminal.open', { session: 'ab', place: 'workstation', columns: 0, rows: 24 }],
    ['terminal.resize', { terminal: 1.5, columns: 80, rows: 24 }],
    ['file.read', { session: 'ab', place: 'workstation', path: 'x'.repeat(5000) }],
    ['settings.set', { theme: 'pink' }],
    ['lab.open', { lab: 'small', engine: 'docker' }],
    ['bundle.load', {}],
    ['bundle.load', { from: '' }],
    ['bundle.load', { from: 'x'.repeat(4097) }],
    ['bundle.load', { from: '/a', fingerprint: '3f1c' }],
    ['bundle.load', { from: '/a', fingerprint: undefined }],
    ['bundle.load', { from: '/a', fingerprint: '3f1c9a5be07d2464\n' }],
    ['bundle.load', { from: '/a', fingerprint: 'a'.repeat(65) }],
    ['bundle.choose', { folder: '/etc' }],
  ])('%s of %j is refused before its handler sees it', async (method, input) => {
    expect(await dispatcher().dispatcher.call(method, input)).toMatchObject({
      ok: false,
      error: { code: 'bad-input', remedy: 'Reload the page.' },
    });
  });

  test('whose handler throws is told as internal, and logged with its cause', async () => {
    const { dispatcher: host, logged } = dispatcher();
    const answer = await host.call('progress.get', {});
    expect(answer).toMatchObject({ ok: false, error: { code: 'internal' } });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(logged).toEqual([['progress.get failed', new Error('secret inside')]]);
  });
});
