import { expect, test } from 'vitest';
import { ok } from '../base/result.ts';
import type { EngineCare, Leftover } from '../lab/care.ts';
import { MachineCare } from './machine-care.ts';

const LEFT: Leftover = { name: 'underlay-a1b2c3-small-00ff', kind: 'idle', containers: 4, size: 3e9 };

function caring(): { readonly care: MachineCare; readonly cleaned: string[][] } {
  const cleaned: string[][] = [];
  const engine = {
    leftovers: () => Promise.resolve(ok(cleaned.length === 0 ? [LEFT] : [])),
    clean(names: readonly string[]) {
      cleaned.push([...names]);
      return Promise.resolve(ok(undefined));
    },
  } satisfies Pick<EngineCare, 'leftovers' | 'clean'>;
  return { care: new MachineCare(() => Promise.resolve([]), engine as unknown as EngineCare), cleaned };
}

test('what is left behind is listed and cleaned by name', async () => {
  const { care, cleaned } = caring();
  expect(await care.leftovers()).toEqual(ok([LEFT]));
  expect(await care.clean([LEFT.name])).toEqual(ok(null));
  expect([cleaned, await care.leftovers()]).toEqual([[[LEFT.name]], ok([])]);
});

test('a host without real clusters has nothing left and cleans nothing', async () => {
  const care = new MachineCare(() => Promise.resolve([]), undefined);
  expect(await care.leftovers()).toEqual(ok([]));
  expect(await care.clean([LEFT.name])).toMatchObject({ error: { code: 'nothing-to-care-for' } });
});
