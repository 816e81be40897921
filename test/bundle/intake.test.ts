/** What the interface asks for, with the engine's own loading behind it: a stick, and a machine that has nothing yet. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ok } from '../../src/base/result.ts';
import { bundles } from '../../src/engines/kind/bundle/bundles.ts';
import type { LoadWish } from '../../src/lab/bundle-loader.ts';
import type { Progress } from '../../src/lab/ports.ts';
import { BundleIntake } from '../../src/services/bundle-intake.ts';
import { bundleBench, type BundleBench, type Machine } from '../support/bundle-bench.ts';

const { signal } = new AbortController();

let bench: BundleBench;
let from: string;
let fingerprint: string;
beforeEach(async () => {
  bench = await bundleBench();
  from = join(bench.stick, 'underlay.bundle');
  const { docker, ...maker } = await bench.machine();
  const made = await bundles(maker, () => Promise.resolve(ok(docker))).create(
    { file: from, installs: ['manifest'] },
    { signal },
  );
  if (!made.ok) throw new Error(made.error.message);
  fingerprint = made.value.fingerprint;
});
afterEach(() => bench.close());

async function intake(): Promise<{ readonly intake: BundleIntake; readonly taker: Machine }> {
  const taker = await bench.machine({ registry: [] });
  const { docker, ...means } = taker;
  const loader = bundles(means, () => Promise.resolve(ok(docker)));
  return { intake: new BundleIntake({ loader }), taker };
}

test('one that is given up midway goes on with what is missing', async () => {
  const { intake: asked, taker } = await intake();
  const wish: LoadWish = { from, fingerprint: fingerprint.slice(0, 16) };
  let cancelled: Promise<void> | undefined;
  const given = await asked.load(wish, ({ phase }: Progress) => {
    if (phase.startsWith('Putting quay.io/calico/node')) cancelled ??= asked.cancel();
  });
  await cancelled;
  expect(given).toMatchObject({ error: { code: 'bundle-given-up' } });
  const before = taker.docker.images.loaded.length;
  expect(before).toBeGreaterThan(0);
  const told: Progress[] = [];
  const loaded = await asked.load(wish, (progress) => void told.push(progress));
  if (!loaded.ok) throw new Error(loaded.error.message);
  expect(Object.keys(loaded.value)).toEqual(['fingerprint', 'parts']);
  const there = loaded.value.parts.filter(({ wasThere }) => wasThere);
  expect([loaded.value.fingerprint, loaded.value.parts.length]).toEqual([fingerprint, 8]);
  expect(there.map(({ name }) => name)).toContain('quay.io/calico/cni:v3.32.1 for linux/amd64');
  expect(there.length).toBeLessThan(8);
  expect(told.at(-1)).toEqual({ phase: 'The bundle is loaded', fraction: 1 });
});

test('one that is not the one that is meant is refused before anything of it is looked at', async () => {
  const { intake: asked, taker } = await intake();
  expect(await asked.load({ from, fingerprint: '3f1c9a5be07d2464' }, () => undefined)).toMatchObject({
    error: {
      code: 'bundle-other-fingerprint',
      message: `The bundle's fingerprint is ${fingerprint}, not 3f1c9a5be07d2464.`,
    },
  });
  expect(taker.docker.images.loaded).toEqual([]);
});
