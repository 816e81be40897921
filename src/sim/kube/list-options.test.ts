/** Wordings: k8s.io/apimachinery pkg/apis/meta/internalversion/validation, k8s.io/apiserver pkg/storage, Kubernetes 1.35. */
import { describe, expect, test } from 'vitest';
import { pod, TestCluster } from './cluster-fixture.ts';
import { watchFrom } from './watch.ts';

const PODS = '/api/v1/namespaces/default/pods';

interface Asked {
  readonly code: number;
  readonly said: string;
  readonly names: readonly string[];
  readonly version: string | undefined;
}

interface Body {
  readonly message?: string;
  readonly items?: readonly {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
  }[];
  readonly metadata?: { readonly resourceVersion?: string };
}

function ask(at: TestCluster, query: Readonly<Record<string, string>>): Asked {
  const { code, body } = at.request({ method: 'GET', path: PODS, query });
  const { message = '', items = [], metadata } = body as Body;
  return {
    code,
    said: message,
    names: items.map((item) => `${item.metadata.name}@${item.metadata.resourceVersion}`),
    version: metadata?.resourceVersion,
  };
}

const NEITHER = 'resourceVersionMatch is forbidden unless resourceVersion is provided';

describe('options that make no sense', () => {
  test.each([
    [{ resourceVersionMatch: 'Exact' }, `resourceVersionMatch: Forbidden: ${NEITHER}`],
    [
      { resourceVersionMatch: 'Exact', resourceVersion: '0' },
      'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      { resourceVersionMatch: 'Newest' },
      `[resourceVersionMatch: Forbidden: ${NEITHER}, resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""]`,
    ],
    [
      { resourceVersionMatch: 'NotOlderThan', resourceVersion: '1', continue: 'v1.x' },
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
    ],
    [{ sendInitialEvents: 'true' }, 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
    [
      { watch: 'true', sendInitialEvents: 'true' },
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      { watch: 'true', resourceVersionMatch: 'Exact' },
      '[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
    ],
  ])('%j', (query, said) => {
    expect(ask(new TestCluster(), query)).toMatchObject({
      code: 422,
      said: `ListOptions.meta.k8s.io "" is invalid: ${said}`,
    });
  });

  test.each([
    ['abc', 'invalid syntax'],
    ['-1', 'invalid syntax'],
    ['99999999999999999999', 'value out of range'],
  ])('a version %s that is no number', (resourceVersion, problem) => {
    const told = `resourceVersion: Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": ${problem}`;
    const at = new TestCluster();
    expect(ask(at, { resourceVersion })).toMatchObject({
      code: 400,
      said: `invalid resource version: ${told}`,
    });
    expect(ask(at, { watch: 'true', resourceVersion })).toMatchObject({ code: 500, said: told });
  });

  test('a version and a token', () => {
    expect(ask(new TestCluster(), { resourceVersion: '3', continue: 'v1.x' })).toMatchObject({
      code: 400,
      said: 'specifying resource version is not allowed when using continue',
    });
  });
});

describe('a list', () => {
  function history() {
    const at = new TestCluster();
    at.create(pod('a'));
    at.create(pod('b'));
    const then = String(at.state.store.revision);
    const before = ask(at, {});
    at.apply('pods', 'a', { metadata: { labels: { new: 'yes' } } });
    at.delete('pods', 'b', { gracePeriodSeconds: 0 });
    at.create(pod('c'));
    return { at, then, before };
  }

  test('of exactly a version is as it was, versions of objects included', () => {
    const { at, then, before } = history();
    expect(before.names.map((name) => name.replace(/@.*/, ''))).toEqual(['a', 'b']);
    expect(ask(at, { resourceVersion: then, resourceVersionMatch: 'Exact' })).toEqual(before);
    expect(ask(at, { resourceVersion: then, limit: '500' })).toEqual(before);
  });

  test('not older than a version, or of any, is of now', () => {
    const { at, then } = history();
    const now = ask(at, {});
    expect(now.version).toBe(String(at.state.store.revision));
    for (const query of [
      { resourceVersion: then },
      { resourceVersion: then, resourceVersionMatch: 'NotOlderThan' },
      { resourceVersion: '0', limit: '500' },
    ])
      expect(ask(at, query)).toEqual(now);
  });

  test('of a version that nobody has heard of is to be asked for again', () => {
    const { at } = history();
    const current = at.state.store.revision;
    const wanted = { resourceVersion: '999999' };
    const body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `Timeout: Too large resource version: 999999, current: ${current}`,
      reason: 'Timeout',
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
      code: 504,
    };
    expect(at.request({ method: 'GET', path: PODS, query: wanted })).toEqual({ code: 504, body });
    expect(at.request({ method: 'GET', path: `${PODS}/a`, query: wanted })).toEqual({ code: 504, body });
  });

  test('of exactly a version that is forgotten cannot be had', () => {
    const at = new TestCluster();
    for (let index = 0; index < 4100; index += 1)
      at.apply('nodes', 'node1', { metadata: { labels: { n: String(index) } } });
    expect(ask(at, { resourceVersion: '5', resourceVersionMatch: 'Exact' })).toMatchObject({
      code: 410,
      said: 'The resourceVersion for the provided list is too old.',
    });
    const batch = watchFrom(at.state, at.registry, { method: 'GET', path: PODS }, 5);
    const oldest = at.state.store.rememberedFrom;
    expect(batch.ok && batch.value.events).toMatchObject([
      { type: 'ERROR', object: { code: 410, message: `too old resource version: 5 (${oldest})` } },
    ]);
    expect(watchFrom(at.state, at.registry, { method: 'GET', path: PODS }, oldest)).toMatchObject({
      ok: true,
    });
  });
});

test('a watch from a version to come tells nothing of what happens before it', () => {
  const at = new TestCluster();
  const from = at.state.store.revision + 1;
  const request = { method: 'GET', path: PODS } as const;
  expect(watchFrom(at.state, at.registry, request, from)).toEqual({
    ok: true,
    value: { events: [], revision: from },
  });
  at.create(pod('a'));
  at.create(pod('b'));
  const batch = watchFrom(at.state, at.registry, request, from);
  const names = batch.ok
    ? batch.value.events.map(({ object }) => (object['metadata'] as { name: string }).name)
    : [];
  expect(names.at(-1)).toBe('b');
});
