import { describe, expect, test } from 'vitest';
import { FakeSession, SIGNAL, type Script } from '../../test/support/fake-session.ts';
import { labWith } from '../../test/support/lab-text.ts';
import { answerOf } from './prediction.ts';

const CHOICES = {
  encapsulation: '[none, vxlan]',
  delivered: "['yes', 'no']",
  source: '[a, b]',
  hops: '[1, 2]',
  mtu: '[1450, 1480]',
};

function answer(
  measure: keyof typeof CHOICES,
  script: Script,
  choices = CHOICES[measure],
): ReturnType<typeof answerOf> {
  const predict = `{ ask: Q, from: '${measure}(pod/a, pod/b)', choices: ${choices} }`;
  const prediction = labWith({ predict }).steps[0]?.predict;
  if (!prediction) throw new Error('no prediction');
  return answerOf(prediction, new FakeSession(script), SIGNAL);
}

describe('the cluster answers', () => {
  test.each([
    ['encapsulation', { encapsulation: 'vxlan' }, 'vxlan'],
    ['delivered', { delivered: true }, 'yes'],
    ['delivered', { delivered: false }, 'no'],
    ['source', { sourceSeen: '10.0.0.11' }, '10.0.0.11'],
    ['hops', { hops: ['10.0.0.11', '10.244.2.0'] }, '2'],
    ['mtu', { pathMtu: 1450 }, '1450'],
  ] as const)('%s from %j with %s', async (measure, report, wanted) => {
    expect(await answer(measure, { reach: () => report })).toEqual({ ok: true, value: wanted });
  });

  test('with the choice that leaves out what differs from cluster to cluster, unless another says it all', async () => {
    const choices = '[10.0.0.11, 10.244.166.…, 10.244.166.7]';
    const seen = (address: string): ReturnType<typeof answer> =>
      answer('source', { reach: () => ({ sourceSeen: address }) }, choices);
    expect(await seen('10.244.166.130')).toEqual({ ok: true, value: '10.244.166.…' });
    expect(await seen('10.244.166.7')).toEqual({ ok: true, value: '10.244.166.7' });
    expect(await seen('10.244.104.2')).toEqual({ ok: true, value: '10.244.104.2' });
  });

  test('nothing when the flow shows nothing', async () => {
    expect(await answer('source', { reach: () => ({ delivered: false, reason: 'No route.' }) })).toEqual({
      ok: false,
      error: {
        code: 'prediction-unanswered',
        message: 'The cluster gives no source for this flow: No route.',
        remedy: 'Check the step again once the flow arrives.',
      },
    });
  });

  test("the engine's failure when it is down", async () => {
    expect(await answer('hops', { reach: () => undefined })).toMatchObject({
      ok: false,
      error: { code: 'down' },
    });
  });
});
