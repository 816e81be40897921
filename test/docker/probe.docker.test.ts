/** The prober and the captures in real containers, before any cluster is. */
import { expect, test } from 'vitest';
import { send } from '../../src/engines/kind/probe/attempt.ts';
import { openWatch } from '../../src/engines/kind/probe/watch.ts';
import { must, onEngine } from './support/engine.ts';

const signal = new AbortController().signal;

onEngine('a probe in a container', ({ docker, sleeper }) => {
  test('is sent, refused, and seen with the number it was given', async () => {
    const { name } = await sleeper({ capabilities: ['NET_ADMIN'] });
    const door = { at: 'node/alone', container: name, prefix: [] };
    const asked = { docker: await docker(), marker: 0x12345678, signal };
    const watch = must(await openWatch(door, asked));
    const report = must(
      await send({
        ...asked,
        from: door,
        address: '127.0.0.1',
        flow: { protocol: 'tcp', port: 9 },
        patience: 500,
        more: 'hops and MTU',
      }),
    );
    await watch.until(({ way }) => way === 'back', 500);
    must(await watch.end());
    expect(report).toEqual({ outcome: 'refused', errors: [], hops: [], pathMtu: 65_535 });
    // Of what crosses loopback, a capture of all devices shows the arrivals.
    expect(watch.sightings.map(({ way, direction }) => [way, direction])).toEqual([
      ['there', 'in'],
      ['back', 'in'],
    ]);
  });

  test('says what it lacks', async () => {
    const { name } = await sleeper();
    const door = { at: 'node/alone', container: name, prefix: [] };
    const sent = await send({
      ...{ docker: await docker(), marker: 1, signal, from: door, address: '127.0.0.1' },
      ...{ flow: { protocol: 'tcp', port: 9 }, patience: 500, more: 'nothing' },
    });
    expect(sent).toMatchObject({ ok: false, error: { code: 'not-measured' } });
    const without = await openWatch(
      { ...door, prefix: ['env', 'PATH=/nowhere'] },
      { docker: await docker(), marker: 1, signal },
    );
    expect(without).toMatchObject({ ok: false, error: { code: 'not-measured' } });
  });
});
