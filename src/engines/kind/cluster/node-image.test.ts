import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeDocker, refusal, type FakeDockerScript } from '../../../../test/support/fake-docker.ts';
import { kindFolder } from '../data-folder.ts';
import { ensureNodeImage, NODE_IMAGE_REFERENCE, NODE_IMAGE_TAG } from './node-image.ts';
import { transferDetail, transferFraction } from './transfer-detail.ts';

const NEVER = new AbortController().signal;

async function ensured(
  script: FakeDockerScript,
  env: NodeJS.ProcessEnv = {},
): Promise<{
  readonly result: unknown;
  readonly pulls: readonly string[];
  readonly told: readonly string[];
}> {
  const docker = new FakeDocker(script);
  const told: string[] = [];
  const result = await ensureNodeImage(docker, env, {
    signal: NEVER,
    onProgress: (transfer) => told.push(transferDetail(NODE_IMAGE_REFERENCE, transfer)),
    folder: kindFolder(join(tmpdir(), 'underlay-no-such-folder')),
  });
  return { result, pulls: docker.calls.filter((call) => call.startsWith('images.pull')), told };
}

test('it is pulled by tag and digest, with progress', async () => {
  expect(await ensured({})).toEqual({
    result: { ok: true, value: NODE_IMAGE_REFERENCE },
    pulls: [`images.pull ${NODE_IMAGE_REFERENCE}`],
    told: ['kindest/node:v1.35.5, 1 of 1 MB', 'kindest/node:v1.35.5, 1 of 1 MB'],
  });
});

test('what is there is not pulled again', async () => {
  const { result, pulls } = await ensured({ images: [NODE_IMAGE_REFERENCE] });
  expect({ result, pulls }).toEqual({ result: { ok: true, value: NODE_IMAGE_REFERENCE }, pulls: [] });
});

test('one that came from an archive has its tag alone, and kind is given that', async () => {
  const { result, pulls } = await ensured({ images: [NODE_IMAGE_TAG], registry: [] });
  expect({ result, pulls }).toEqual({ result: { ok: true, value: NODE_IMAGE_TAG }, pulls: [] });
});

test('another image under the same tag does not do, unless nothing else can be had', async () => {
  const other = { reference: NODE_IMAGE_TAG, digests: ['kindest/node@sha256:0000'] };
  expect((await ensured({ images: [other] })).result).toEqual({ ok: true, value: NODE_IMAGE_REFERENCE });
  expect((await ensured({ images: [other], registry: [] })).result).toEqual({
    ok: true,
    value: NODE_IMAGE_TAG,
  });
});

test('no registry and no image: the error of the pull', async () => {
  expect((await ensured({ registry: [] })).result).toEqual({
    ok: false,
    error: refusal(
      { says: `manifest for ${NODE_IMAGE_REFERENCE} not found: manifest unknown` },
      NODE_IMAGE_REFERENCE,
      true,
    ),
  });
});

test('UNDERLAY_NODE_IMAGE is taken as it is, and never pulled', async () => {
  const env = { UNDERLAY_NODE_IMAGE: 'mine:1' };
  expect((await ensured({ images: ['mine:1'] }, env)).result).toEqual({ ok: true, value: 'mine:1' });
  const { result, pulls } = await ensured({}, env);
  expect(result).toMatchObject({ error: { code: 'no-such-image' } });
  expect(pulls).toEqual([]);
});

test.each([
  [{ done: 212_000_000, total: 411_000_000 }, 'x:1, 212 of 411 MB', 212 / 411],
  [{ done: 5_000_000 }, 'x:1, 5 MB', undefined],
  [{ layers: { done: 1, total: 4 } }, 'x:1, 1 of 4 layers', 0.25],
  [{}, 'x:1', undefined],
])('%j', (transfer, detail, fraction) => {
  expect(transferDetail('x:1@sha256:abc', transfer)).toBe(detail);
  expect(transferFraction(transfer)).toBe(fraction);
});
