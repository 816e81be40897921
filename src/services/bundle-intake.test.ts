import { describe, expect, test } from 'vitest';
import { PlayedLoader } from '../../test/support/played-loader.ts';
import { ok } from '../base/result.ts';
import type { LoadWish } from '../lab/bundle-loader.ts';
import type { Progress } from '../lab/ports.ts';
import { BundleIntake } from './bundle-intake.ts';

const WISH: LoadWish = { from: '/media/stick/underlay.bundle', fingerprint: '3f1c9a5be07d2464' };
const silent = (): void => undefined;

function stage(): { readonly intake: BundleIntake; readonly loader: PlayedLoader } {
  const loader = new PlayedLoader();
  return { intake: new BundleIntake({ loader }), loader };
}

describe('a bundle', () => {
  test('is loaded, and what was loaded is told without the rest of what the engine knows', async () => {
    const { intake, loader } = stage();
    const loading = intake.load(WISH, silent);
    await loader.isAsked();
    expect([loader.wishes, intake.offer]).toEqual([[WISH], { chooses: false, loading: WISH }]);
    loader.arrive();
    expect(await loading).toEqual(ok(PlayedLoader.LOADED));
    expect(intake.offer).toEqual({ chooses: false });
  });

  test('that is no whole path and no address is refused before anything is asked', async () => {
    const { intake, loader } = stage();
    expect(await intake.load({ from: 'underlay.bundle' }, silent)).toMatchObject({
      error: {
        code: 'bundle-place',
        message: 'underlay.bundle is neither the whole path of a file nor an address.',
      },
    });
    expect([loader.wishes, intake.offer]).toEqual([[], { chooses: false }]);
  });

  test('that the engine refuses is refused in its words, and another can be loaded', async () => {
    const { intake, loader } = stage();
    const refused = intake.load(WISH, silent);
    await loader.isAsked();
    loader.refuse();
    expect(await refused).toMatchObject({ error: { code: 'not-a-bundle' } });
    const again = intake.load({ from: '~/other.bundle' }, silent);
    await loader.isAsked();
    loader.arrive();
    expect((await again).ok).toBe(true);
  });

  test('whose loading throws is a bug that is told to all, and no hindrance afterwards', async () => {
    const { intake, loader } = stage();
    const both = [intake.load(WISH, silent), intake.load(WISH, silent)];
    await loader.isAsked();
    loader.break();
    const ends = await Promise.allSettled(both);
    expect([ends.map(({ status }) => status), intake.offer]).toEqual([
      ['rejected', 'rejected'],
      { chooses: false },
    ]);
  });
});

describe('one at a time', () => {
  test('who asks for the same waits for the same, and is told at once how far it is', async () => {
    const { intake, loader } = stage();
    const told: (readonly [string, Progress])[] = [];
    const first = intake.load(WISH, (progress) => void told.push(['first', progress]));
    await loader.isAsked();
    loader.tell({ phase: 'Fetching the bundle', fraction: 0.1 });
    const second = intake.load(
      { ...WISH, fingerprint: '3F1C9A5BE07D2464' },
      (progress) => void told.push(['second', progress]),
    );
    loader.tell({ phase: 'Checking', fraction: 0.4 });
    loader.arrive();
    expect(await Promise.all([first, second])).toEqual([ok(PlayedLoader.LOADED), ok(PlayedLoader.LOADED)]);
    expect(loader.wishes).toHaveLength(1);
    expect(told).toEqual([
      ['first', { phase: 'Fetching the bundle', fraction: 0.1 }],
      ['second', { phase: 'Fetching the bundle', fraction: 0.1 }],
      ['first', { phase: 'Checking', fraction: 0.4 }],
      ['second', { phase: 'Checking', fraction: 0.4 }],
    ]);
  });

  test('another waits until the first is loaded or given up; so does the same with another fingerprint', async () => {
    const { intake, loader } = stage();
    const first = intake.load(WISH, silent);
    await loader.isAsked();
    for (const other of [{ from: '/other.bundle' }, { from: WISH.from }])
      expect(await intake.load(other, silent)).toMatchObject({
        error: {
          code: 'bundle-on-its-way',
          message: 'Another bundle is being loaded: /media/stick/underlay.bundle.',
        },
      });
    loader.arrive();
    expect((await first).ok).toBe(true);
  });

  test('a person is told when they would see a difference, not of every piece', async () => {
    const { intake, loader } = stage();
    const told: Progress[] = [];
    const loading = intake.load(WISH, (progress) => void told.push(progress));
    await loader.isAsked();
    const phase = 'Putting kind in place';
    for (const fraction of [0.5, 0.5004, 0.5099, 0.51]) loader.tell({ phase, fraction });
    loader.tell({ phase, fraction: 0.511, detail: '3 of 9 MB' });
    loader.tell({ phase });
    loader.arrive();
    await loading;
    expect(told).toEqual([
      { phase, fraction: 0.5 },
      { phase, fraction: 0.51 },
      { phase, fraction: 0.511, detail: '3 of 9 MB' },
      { phase },
    ]);
  });
});

describe('giving up', () => {
  test('ends when the engine has ended, and says that what is in place stays', async () => {
    const { intake, loader } = stage();
    const loading = intake.load(WISH, silent);
    await loader.isAsked();
    const ended: string[] = [];
    const cancelled = intake.cancel().then(() => ended.push('given up'));
    expect([loader.signal?.aborted, intake.offer, ended]).toEqual([true, { chooses: false }, []]);
    loader.giveUp();
    await cancelled;
    expect(await loading).toMatchObject({ error: { code: 'bundle-given-up' } });
  });

  test('lets the next one begin when nothing is written any more', async () => {
    const { intake, loader } = stage();
    const first = intake.load(WISH, silent);
    await loader.isAsked();
    const cancelled = intake.cancel();
    const others = [intake.load(WISH, silent), intake.load(WISH, silent)];
    expect(loader.wishes).toHaveLength(1);
    loader.giveUp();
    await Promise.all([first, cancelled]);
    await loader.isAsked();
    loader.arrive();
    expect(await Promise.all(others)).toEqual([ok(PlayedLoader.LOADED), ok(PlayedLoader.LOADED)]);
    expect(loader.wishes).toHaveLength(2);
  });

  test('one that arrives all the same has arrived', async () => {
    const { intake, loader } = stage();
    const loading = intake.load(WISH, silent);
    await loader.isAsked();
    const cancelled = intake.cancel();
    loader.arrive();
    await cancelled;
    expect((await loading).ok).toBe(true);
  });

  test('of what is not on its way is nothing', async () => {
    const { intake } = stage();
    await intake.cancel();
    expect(intake.offer).toEqual({ chooses: false });
  });

  test('is what the end of the host does, and nothing begins after it', async () => {
    const { intake, loader } = stage();
    const loading = intake.load(WISH, silent);
    await loader.isAsked();
    const disposed = intake.dispose();
    const late = intake.load(WISH, silent);
    loader.giveUp();
    await disposed;
    expect(await loading).toMatchObject({ error: { code: 'bundle-given-up' } });
    expect(await late).toMatchObject({ error: { code: 'bundle-given-up' } });
    expect(loader.wishes).toHaveLength(1);
  });
});

describe('a host', () => {
  test('without real clusters takes in none', async () => {
    const intake = new BundleIntake({});
    expect(intake.offer).toBeNull();
    expect(await intake.load(WISH, silent)).toMatchObject({ error: { code: 'nothing-to-load-for' } });
  });

  test('with a window asks for a file', async () => {
    const files = ['/media/stick/underlay.bundle', undefined];
    const chooseFile = () => Promise.resolve(files.shift());
    const intake = new BundleIntake({ loader: new PlayedLoader(), chooseFile });
    expect(intake.offer).toEqual({ chooses: true });
    expect(await intake.choose()).toEqual({ file: '/media/stick/underlay.bundle' });
    expect(await intake.choose()).toBeNull();
    expect(await stage().intake.choose()).toBeNull();
  });
});
