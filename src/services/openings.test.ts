import { expect, test } from 'vitest';
import { LAB } from '../../test/renderer-harness/canned-steps.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody, LabView, OpeningView } from '../contract/api.ts';
import type { OpenOptions, Progress } from '../lab/ports.ts';
import { Openings } from './openings.ts';

const GIVEN_UP: ErrorBody = { code: 'interrupted', message: 'It was given up.', remedy: 'Try again.' };

/** An engine in the test's hands: it tells, ends when it is given up, and arrives when it is let. */
class Slow {
  begun = 0;
  #told: ((progress: Progress) => void) | undefined;
  #answered: ((answer: Result<LabView, ErrorBody>) => void) | undefined;

  readonly begin = ({
    signal,
    onProgress,
  }: Pick<OpenOptions, 'signal' | 'onProgress'>): Promise<Result<LabView, ErrorBody>> => {
    this.begun += 1;
    this.#told = onProgress;
    return new Promise((resolve) => {
      this.#answered = resolve;
      signal.addEventListener('abort', () => resolve(err(GIVEN_UP)));
    });
  };

  tell(progress: Progress): void {
    this.#told?.(progress);
  }

  arrive(): void {
    this.#answered?.(ok(LAB));
  }
}

function stage(): { readonly openings: Openings; readonly slow: Slow; readonly told: OpeningView[] } {
  const openings = new Openings();
  const told: OpeningView[] = [];
  openings.onProgress((view) => void told.push(view));
  return { openings, slow: new Slow(), told };
}

test('who opens the same lab waits for the same session', async () => {
  const { openings, slow } = stage();
  const both = [openings.join('small', 'kind', slow.begin), openings.join('small', 'kind', slow.begin)];
  await Promise.resolve();
  expect(openings.list()).toEqual([{ lab: 'small', engine: 'kind' }]);
  slow.arrive();
  expect(await Promise.all(both)).toEqual([ok(LAB), ok(LAB)]);
  expect([slow.begun, openings.list()]).toEqual([1, []]);
});

test('who joins in is told at once how far it is, with all that was printed', async () => {
  const { openings, slow, told } = stage();
  const first = openings.join('small', 'kind', slow.begin);
  await Promise.resolve();
  slow.tell({ phase: 'Preparing nodes', fraction: 0.2, log: ['one'] });
  slow.tell({ phase: 'Starting control-plane', fraction: 0.4, log: ['two', 'three'] });
  told.length = 0;
  const second = openings.join('small', 'kind', slow.begin);
  const progress = { phase: 'Starting control-plane', fraction: 0.4, log: ['one', 'two', 'three'] };
  expect(told).toEqual([{ lab: 'small', engine: 'kind', progress }]);
  slow.arrive();
  await Promise.all([first, second]);
});

test('giving up ends when the engine has, and the same lab can be opened again', async () => {
  const { openings, slow } = stage();
  const opening = openings.join('small', 'kind', slow.begin);
  await Promise.resolve();
  await openings.cancel('small', 'kind');
  expect(await opening).toMatchObject({ ok: false, error: { code: 'opening-cancelled' } });
  const again = openings.join('small', 'kind', slow.begin);
  await Promise.resolve();
  slow.arrive();
  expect(await again).toEqual(ok(LAB));
});

test('what is opened again while it is given up begins when nothing is left of it', async () => {
  const { openings, told } = stage();
  let tidied = (): void => undefined;
  const slow = new Slow();
  const first = openings.join('small', 'kind', ({ signal }) => {
    slow.begun += 1;
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => (tidied = () => resolve(err(GIVEN_UP)))),
    );
  });
  await Promise.resolve();
  const cancelled = openings.cancel('small', 'kind');
  const again = openings.join('small', 'kind', slow.begin);
  expect(told).toEqual([{ lab: 'small', engine: 'kind', progress: { phase: 'Removing what was given up' } }]);
  expect(slow.begun).toBe(1);
  tidied();
  await cancelled;
  expect(await first).toMatchObject({ error: { code: 'opening-cancelled' } });
  expect(openings.list()).toEqual([{ lab: 'small', engine: 'kind' }]);
  slow.arrive();
  expect([await again, slow.begun, openings.size]).toEqual([ok(LAB), 2, 0]);
});

test('and is not begun at all when it is given up as well meanwhile', async () => {
  const { openings, slow } = stage();
  const first = openings.join('small', 'kind', slow.begin);
  await Promise.resolve();
  const cancelled = openings.cancel('small', 'kind');
  const again = openings.join('small', 'kind', slow.begin);
  await Promise.all([cancelled, openings.cancel('small', 'kind')]);
  expect(await again).toMatchObject({ error: { code: 'opening-cancelled' } });
  expect([(await first).ok, slow.begun, openings.size]).toEqual([false, 1, 0]);
});

test('giving up what is not on its way is nothing', async () => {
  const { openings } = stage();
  await openings.cancel('small', 'kind');
  expect(openings.size).toBe(0);
});

test('a failure of the engine is told as it is', async () => {
  const { openings } = stage();
  expect(await openings.join('small', 'kind', () => Promise.resolve(err(GIVEN_UP)))).toEqual(err(GIVEN_UP));
});

test('the end of the host gives everything up', async () => {
  const { openings, slow } = stage();
  const opening = openings.join('small', 'kind', slow.begin);
  await Promise.resolve();
  await openings.dispose();
  expect(await opening).toMatchObject({ error: { code: 'opening-cancelled' } });
});
