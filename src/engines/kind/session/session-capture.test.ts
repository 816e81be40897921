import { expect, test } from 'vitest';
import { FakeDocker } from '../../../../test/support/fake-docker.ts';
import { ok } from '../../../base/result.ts';
import { smallEnvironment } from '../../small-lab.contract.ts';
import { kindFolder } from '../data-folder.ts';
import type { ExecOptions } from '../docker/docker.ts';
import { nodeContainers } from '../names.ts';
import { SessionCapture } from './session-capture.ts';

const { signal } = new AbortController();

/** A tcpdump that listens until its input is closed. */
function captures(): SessionCapture {
  const docker = new FakeDocker();
  docker.containers.exec = async (_container, _argv, { stdin, onOutput }: ExecOptions) => {
    onOutput?.(Buffer.from('tcpdump: listening on eth0, link-type EN10MB\n'), 'stderr');
    for await (const _ of stdin as AsyncIterable<Uint8Array>);
    return ok({ exitCode: 0, stdout: '', stderr: '' });
  };
  const { topology } = smallEnvironment();
  const name = 'underlay-abc123-small-0001';
  const folder = kindFolder('/nowhere').cluster(name);
  const cluster = { name, lab: 'small', topology, docker, nodes: nodeContainers(name, topology), folder };
  return new SessionCapture({ cluster, kubectl: () => Promise.reject(new Error('not asked')) });
}

test('so many captures and no more, until one is stopped', async () => {
  const capture = captures();
  const start = (): ReturnType<SessionCapture['start']> =>
    capture.start({ place: { kind: 'router', name: 'router' }, device: 'eth0' }, signal);
  const ids: number[] = [];
  for (let started = await start(); started.ok; started = await start()) ids.push(started.value);
  expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await start()).toMatchObject({ error: { code: 'too-many-captures', remedy: 'Stop one of them.' } });
  expect(await capture.stop(3)).toMatchObject({ ok: true, value: { packets: 0, full: false } });
  expect(await capture.stop(3)).toMatchObject({ ok: false });
  expect(await start()).toEqual({ ok: true, value: 9 });
  await capture.dispose();
});
