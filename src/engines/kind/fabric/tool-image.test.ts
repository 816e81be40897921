/** When the tool image is built, and what is told of it. The engine is a fake; test/docker builds it for real. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDocker } from '../../../../test/support/fake-docker.ts';
import type { Progress } from '../../../lab/ports.ts';
import { toolImage, toolImageOf } from './tool-image.ts';

const { signal } = new AbortController();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-tool-image-'));
  await cp(join(import.meta.dirname, '../../../../resources/tool-image'), folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const told = (docker: FakeDocker): readonly string[] => docker.calls.filter((call) => !/inspect/.test(call));

test('is built once, and again when what it is built from has changed', async () => {
  const docker = new FakeDocker();
  const phases: Progress[] = [];
  const onProgress = (progress: Progress): void => void phases.push(progress);
  const first = await toolImage(docker, { signal, folder, env: {}, onProgress });
  expect(first).toEqual({ ok: true, value: await toolImageOf(folder) });
  const once = told(docker).length;
  expect(once).toBeGreaterThan(0);
  expect(await toolImage(docker, { signal, folder, env: {} })).toEqual(first);
  expect(told(docker)).toHaveLength(once);
  await writeFile(join(folder, 'profile.sh'), '# another\n');
  const second = await toolImage(docker, { signal, folder, env: {} });
  expect(second).not.toEqual(first);
  expect(told(docker).length).toBeGreaterThan(once);
});

test('one that is named is taken as it is, or missed by name', async () => {
  const docker = new FakeDocker({ images: ['classroom/tools:1'] });
  const named = (image: string): ReturnType<typeof toolImage> =>
    toolImage(docker, { signal, folder, env: { UNDERLAY_TOOL_IMAGE: image } });
  expect(await named('classroom/tools:1')).toEqual({ ok: true, value: 'classroom/tools:1' });
  expect(await named('classroom/tools:2')).toMatchObject({
    ok: false,
    error: { code: 'tool-image-missing' },
  });
  expect(told(docker)).toEqual([]);
});

test('a build that fails says so with a remedy, and one that is given up is no failure', async () => {
  const docker = new FakeDocker();
  docker.failOn('images.build', { code: 'docker-refused', message: 'The step failed.', remedy: '' });
  expect(await toolImage(docker, { signal, folder, env: {} })).toMatchObject({
    ok: false,
    error: {
      code: 'tool-image-not-built',
      message: "Underlay's tool image could not be built: The step failed.",
    },
  });
  const given = await toolImage(docker, { signal: AbortSignal.abort(), folder, env: {} });
  expect(given).toMatchObject({ ok: false, error: { code: 'interrupted' } });
});
