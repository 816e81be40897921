import { describe, expect, test } from 'vitest';
import {
  answers,
  refusal,
  refuses,
  settled,
  StageClock,
  StageHost,
} from '../../../test/renderer-harness/stage-host.ts';
import { ok, type Result } from '../../base/result.ts';
import type { ErrorBody } from '../../contract/api.ts';
import type { LoadedBundle } from '../../lab/bundle-loader.ts';
import { Client, RETRY_DELAYS } from '../client.ts';
import { BundleState } from './bundle.svelte.ts';
import { Notices } from './notices.svelte.ts';

const FROM = '/media/stick/underlay.bundle';
const DIGITS = '3f1c9a5be07d2464';
const LOADED: LoadedBundle = {
  fingerprint: DIGITS.repeat(4),
  parts: [{ name: 'kind v0.32.0 for linux-amd64', wasThere: false }],
};

interface Stage {
  readonly host: StageHost;
  readonly clock: StageClock;
  readonly bundle: BundleState;
  readonly notices: Notices;
  /** How often a bundle had been loaded. */
  readonly loaded: () => number;
  /** Ends the loadings that wait. */
  end(answer: Result<LoadedBundle, ErrorBody>): Promise<void>;
}

/** Loadings wait until they are ended, unless the handlers say otherwise. */
function stage(handlers: StageHost['handlers'] = {}): Stage {
  const waiting: ((answer: Result<LoadedBundle, ErrorBody>) => void)[] = [];
  const host = new StageHost({
    'bundle.offer': answers({ chooses: false }),
    'bundle.load': () => new Promise((resolve) => waiting.push(resolve)),
    ...handlers,
  });
  const clock = new StageClock();
  const client = new Client(host.connect, clock);
  const notices = new Notices();
  let loaded = 0;
  const bundle = new BundleState(client, notices, () => (loaded += 1));
  client.start();
  const end = async (answer: Result<LoadedBundle, ErrorBody>): Promise<void> => {
    // What was asked for is on its way first.
    await settled();
    for (const settle of waiting.splice(0)) settle(answer);
    await settled();
  };
  return { host, clock, bundle, notices, loaded: () => loaded, end };
}

describe('loading', () => {
  test('asks for what stands in the fields, and tells how far it is and what came', async () => {
    const { host, bundle, notices, loaded, end } = stage();
    bundle.from = ` ${FROM} `;
    bundle.fingerprint = '3F1C 9a5b e07d 2464';
    const loading = bundle.load();
    await settled();
    expect(host.called('bundle.load')).toEqual([{ from: FROM, fingerprint: '3F1C9a5be07d2464' }]);
    host.feed('bundle.progress', { phase: 'Checking', fraction: 0.4 });
    expect([bundle.task, bundle.progress, notices.announcement]).toEqual([
      'load',
      { phase: 'Checking', fraction: 0.4 },
      'Checking',
    ]);
    await end(ok(LOADED));
    await loading;
    expect([bundle.task, bundle.ending, loaded()]).toEqual([
      undefined,
      { kind: 'loaded', bundle: LOADED },
      1,
    ]);
    expect(notices.announcement).toBe('The bundle is loaded. Labs on real clusters need no network now.');
  });

  test('needs no fingerprint, and is one at a time', async () => {
    const { host, bundle, end } = stage();
    bundle.from = FROM;
    const both = [bundle.load(), bundle.load()];
    await end(ok(LOADED));
    await Promise.all(both);
    expect(host.called('bundle.load')).toEqual([{ from: FROM }]);
  });

  test('is not asked for with a field that cannot be right', async () => {
    const { host, bundle } = stage();
    bundle.from = ' ';
    await bundle.load();
    expect(bundle.problemAt('from')?.message).toBe('Which bundle?');
    bundle.from = FROM;
    bundle.fingerprint = 'whiteboard';
    await bundle.load();
    expect(bundle.problemAt('from')).toBeUndefined();
    expect(bundle.problemAt('fingerprint')?.message).toBe(
      'A fingerprint has 16 to 64 digits, of 0 to 9 and a to f.',
    );
    expect(host.called('bundle.load')).toEqual([]);
  });

  test.each([
    ['no-such-file', 'from'],
    ['not-a-bundle', 'from'],
    ['file-denied', 'from'],
    ['bundle-not-reached', 'from'],
    ['bundle-place', 'from'],
    ['bundle-other-fingerprint', 'fingerprint'],
    ['bundle-on-its-way', 'elsewhere'],
    ['docker-missing', 'elsewhere'],
    ['disk-full', 'elsewhere'],
    ['internal', 'elsewhere'],
  ] as const)('that ends with %s says so at %s, until that is amended', async (code, field) => {
    const { bundle, loaded } = stage({ 'bundle.load': refuses(code) });
    [bundle.from, bundle.fingerprint] = [FROM, DIGITS];
    await bundle.load();
    expect(['from', 'fingerprint', 'elsewhere'].filter((at) => bundle.problemAt(at as typeof field))).toEqual(
      [field],
    );
    expect([bundle.problemAt(field)?.message, loaded()]).toEqual([`It failed with ${code}.`, 0]);
    if (field === 'elsewhere') return;
    bundle[field === 'from' ? 'fingerprint' : 'from'] += '0';
    expect(bundle.problemAt(field)).toBeDefined();
    bundle[field] += '0';
    expect(bundle.problemAt(field)).toBeUndefined();
  });

  test('that fails midway can be gone on with; one that never began cannot', async () => {
    const { host, bundle, end } = stage();
    bundle.from = FROM;
    const first = bundle.load();
    await end(refusal('docker-missing'));
    await first;
    expect(bundle.ending).toMatchObject({ kind: 'refused', begun: false });
    const second = bundle.load();
    await settled();
    host.feed('bundle.progress', { phase: 'Putting kind in place', fraction: 0.6 });
    await end(refusal('disk-full'));
    await second;
    expect(bundle.ending).toMatchObject({ kind: 'refused', at: 'elsewhere', begun: true });
    bundle.fingerprint = 'whiteboard';
    await bundle.load();
    expect(bundle.ending).toMatchObject({ at: 'fingerprint', begun: false });
  });

  test('that is given up says how to go on, and nothing is wrong', async () => {
    const { host, bundle, notices, end } = stage();
    host.handlers['bundle.cancel'] = async () => {
      await end(refusal('bundle-given-up'));
      return ok(null);
    };
    await bundle.giveUp();
    expect(host.called('bundle.cancel')).toEqual([]);
    bundle.from = FROM;
    const loading = bundle.load();
    const givenUp = bundle.giveUp();
    expect(bundle.task).toBe('give-up');
    await Promise.all([givenUp, loading]);
    expect([bundle.task, bundle.ending]).toMatchObject([undefined, { kind: 'stopped' }]);
    expect(notices.announcement).toBe('It failed with bundle-given-up. Try again.');
  });

  test('that cannot be given up goes on', async () => {
    const { bundle, notices, end } = stage({ 'bundle.cancel': refuses('internal') });
    bundle.from = FROM;
    const loading = bundle.load();
    await bundle.giveUp();
    expect([bundle.task, notices.toasts.length]).toEqual(['load', 1]);
    await end(ok(LOADED));
    await loading;
    expect(bundle.ending?.kind).toBe('loaded');
  });
});

describe('a page', () => {
  test('hears whether bundles are taken in here', async () => {
    const { host, bundle } = stage({ 'bundle.offer': answers(null) });
    await bundle.look();
    expect(bundle.offer).toBeNull();
    host.handlers['bundle.offer'] = answers({ chooses: true });
    await bundle.look();
    expect(bundle.offer).toEqual({ chooses: true });
  });

  test('that was reloaded goes on with what is on its way', async () => {
    const wish = { from: FROM, fingerprint: DIGITS };
    const { host, bundle, loaded, end } = stage({
      'bundle.offer': answers({ chooses: false, loading: wish }),
    });
    const looking = bundle.look();
    await settled();
    expect([bundle.from, bundle.fingerprint, bundle.task, host.called('bundle.load')]).toEqual([
      FROM,
      DIGITS,
      'load',
      [wish],
    ]);
    // Going to another page and back is no second asking.
    await bundle.look();
    await end(ok(LOADED));
    await looking;
    expect([host.called('bundle.load').length, loaded()]).toEqual([1, 1]);
  });

  test('takes the file that was chosen, unless one is on its way', async () => {
    const { host, bundle, end } = stage({ 'bundle.choose': answers({ file: FROM }) });
    await bundle.choose();
    expect(bundle.from).toBe(FROM);
    host.handlers['bundle.choose'] = answers(null);
    await bundle.choose();
    expect(bundle.from).toBe(FROM);
    host.handlers['bundle.choose'] = answers({ file: '/other' });
    const loading = bundle.load();
    await bundle.choose();
    expect(bundle.from).toBe(FROM);
    await end(ok(LOADED));
    await loading;
  });
});

describe('a connection that breaks while one is on its way', () => {
  async function broken(): Promise<Stage> {
    const staged = stage();
    staged.bundle.from = FROM;
    const loading = staged.bundle.load();
    await settled();
    staged.host.drop();
    await loading;
    expect(staged.bundle.problemAt('elsewhere')?.message).toBe('The connection to the lab host is gone.');
    return staged;
  }

  test('and comes back goes on with it', async () => {
    const { host, clock, bundle, end } = await broken();
    host.handlers['bundle.offer'] = answers({ chooses: false, loading: { from: FROM } });
    clock.elapse(RETRY_DELAYS[0] ?? 0);
    await settled();
    expect([bundle.task, bundle.ending]).toEqual(['load', undefined]);
    await end(ok(LOADED));
    expect(bundle.ending?.kind).toBe('loaded');
  });

  test('and finds it gone says how to go on', async () => {
    const { host, clock, bundle } = await broken();
    clock.elapse(RETRY_DELAYS[0] ?? 0);
    await settled();
    expect(bundle.ending).toEqual({
      kind: 'stopped',
      problem: {
        message: 'The connection was lost while the bundle was being loaded.',
        remedy: 'Load it again: what is in place stays, and the rest is loaded.',
      },
    });
    expect(host.called('bundle.load')).toHaveLength(1);
  });
});
