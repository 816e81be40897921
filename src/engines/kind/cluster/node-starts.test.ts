/** What becomes of a creation whose nodes end and start again while they are laid. */
import { expect, test } from 'vitest';
import { FakeDocker } from '../../../../test/support/fake-docker.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { KIND_CLUSTER_LABEL } from '../names.ts';
import { NodeStarts } from './node-starts.ts';

const { signal } = new AbortController();
const NODE = 'c-worker';
const STOPPED: LabError = { code: 'container-stopped', message: 'It does not run.', remedy: '' };
const OTHER: LabError = { code: 'network-too-narrow', message: 'It is narrow.', remedy: '' };

/** A node that starts twice; each answer to being told of it in turn. */
async function told(...answers: readonly Result<void, LabError>[]): Promise<{
  readonly times: number;
  readonly outcome: Result<void, LabError>;
}> {
  const docker = new FakeDocker({ images: ['node'] });
  let times = 0;
  const onNode = (): Promise<Result<void, LabError>> => Promise.resolve(answers[times++] ?? ok(undefined));
  const starts = new NodeStarts(new Map([['node1', NODE]]), { signal, onNode }, () => undefined);
  starts.watch(docker, `${KIND_CLUSTER_LABEL}=c`);
  const labels = { [KIND_CLUSTER_LABEL]: 'c' };
  await docker.containers.run({ name: NODE, image: 'node', labels, network: 'none' }, signal);
  await docker.containers.restart(NODE, signal);
  const outcome = await starts.complete(await docker.containers.list(labels, signal));
  await starts.end();
  return { times, outcome };
}

test('a node that ended while it was laid is laid when it has started again', async () => {
  expect(await told(err(STOPPED))).toEqual({ times: 2, outcome: ok(undefined) });
});

test('one that ended each time is laid when kind is done with it', async () => {
  expect(await told(err(STOPPED), err(STOPPED))).toEqual({ times: 3, outcome: ok(undefined) });
});

test('one that does not run although kind is done with it is an error', async () => {
  expect(await told(err(STOPPED), err(STOPPED), err(STOPPED))).toEqual({ times: 3, outcome: err(STOPPED) });
});

test('any other error ends the creation, and nobody is told of anything more', async () => {
  expect(await told(err(OTHER))).toEqual({ times: 1, outcome: err(OTHER) });
});
