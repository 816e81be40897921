/**
 * The conditions and counts of a Deployment, look by look. The order once complete, Progressing's kept transition and
 * `terminatingReplicas: 0`: the transcript of a cluster of Kubernetes 1.35.4. What lies between follows
 * pkg/controller/deployment/{deployment_controller,sync,progress}.go; the times are the simulator's own.
 */
import { expect, test } from 'vitest';
import { deployment, TestCluster } from '../cluster-fixture.ts';
import { listAt, numberAt, objectAt, textAt } from '../fields.ts';

const WEB = ['deployments.apps', 'web'] as const;

const settled = (): TestCluster => new TestCluster({ seed: 1 }).wait(5000);
const statusOf = (cluster: TestCluster) => cluster.get(...WEB)?.status;
const conditionsOf = (cluster: TestCluster): readonly string[] =>
  listAt(statusOf(cluster), 'conditions').map(
    (each) => `${textAt(each, 'type')} ${textAt(each, 'status')} ${textAt(each, 'reason')}`,
  );

/** Each state once, in their order. */
function told<T>(cluster: TestCluster, millis: number, look: (cluster: TestCluster) => T): readonly T[] {
  const all: T[] = [];
  for (let passed = 0; passed < millis; passed += 5) {
    cluster.wait(5);
    const now = look(cluster);
    if (JSON.stringify(all.at(-1)) !== JSON.stringify(now)) all.push(now);
  }
  return all;
}

const ENOUGH = 'Available True MinimumReplicasAvailable';
const TOO_FEW = 'Available False MinimumReplicasUnavailable';
const CREATED = 'Progressing True NewReplicaSetCreated';
const UPDATED = 'Progressing True ReplicaSetUpdated';
const DONE = 'Progressing True NewReplicaSetAvailable';

test('what a Deployment says last stands last', () => {
  const cluster = settled().wait(900);
  cluster.create(deployment('web', 1));
  expect(told(cluster, 4000, conditionsOf)).toEqual([
    [],
    [CREATED, TOO_FEW],
    [TOO_FEW, UPDATED],
    [ENOUGH, DONE],
  ]);
  const { conditions, ...counts } = objectAt(statusOf(cluster));
  expect(counts).toEqual({
    availableReplicas: 1,
    observedGeneration: 1,
    readyReplicas: 1,
    replicas: 1,
    terminatingReplicas: 0,
    updatedReplicas: 1,
  });
  expect(conditions).toEqual([
    {
      lastTransitionTime: '2026-05-01T10:00:06Z',
      lastUpdateTime: '2026-05-01T10:00:06Z',
      message: 'Deployment has minimum availability.',
      reason: 'MinimumReplicasAvailable',
      status: 'True',
      type: 'Available',
    },
    {
      lastTransitionTime: '2026-05-01T10:00:05Z',
      lastUpdateTime: '2026-05-01T10:00:06Z',
      message: expect.stringMatching(/^ReplicaSet "web-\w+" has successfully progressed\.$/) as unknown,
      reason: 'NewReplicaSetAvailable',
      status: 'True',
      type: 'Progressing',
    },
  ]);
});

test('more replicas are no rollout: Progressing stays as it was, and Available moves behind it', () => {
  const cluster = settled();
  cluster.create(deployment('web', 1));
  cluster.wait(4000);
  const before = listAt(statusOf(cluster), 'conditions')[1];
  cluster.apply(...WEB, { spec: { replicas: 3 } });
  expect(told(cluster, 4000, conditionsOf)).toEqual([
    [ENOUGH, DONE],
    [DONE, TOO_FEW],
    [DONE, ENOUGH],
  ]);
  expect(listAt(statusOf(cluster), 'conditions')[0]).toEqual(before);
});

test('a rollout keeps the time since when there is progress', () => {
  const cluster = settled();
  cluster.create(deployment('web', 2));
  cluster.wait(60_000);
  cluster.apply(...WEB, {
    spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:1.28' }] } } },
  });
  expect(told(cluster, 8000, conditionsOf)).toEqual([
    [ENOUGH, DONE],
    [ENOUGH, CREATED],
    [ENOUGH, UPDATED],
    [ENOUGH, DONE],
  ]);
  expect(listAt(statusOf(cluster), 'conditions')[1]).toMatchObject({
    lastTransitionTime: '2026-05-01T10:00:05Z',
    lastUpdateTime: '2026-05-01T10:01:06Z',
  });
});

test('says that it pauses and that it goes on', () => {
  const cluster = settled();
  cluster.create(deployment('web', 1));
  cluster.wait(4000);
  cluster.apply(...WEB, { spec: { paused: true } });
  cluster.wait(1000);
  expect(conditionsOf(cluster)).toEqual([ENOUGH, 'Progressing Unknown DeploymentPaused']);
  cluster.apply(...WEB, { spec: { paused: null } });
  expect(told(cluster, 1000, conditionsOf).at(-1)).toEqual([ENOUGH, DONE]);
});

test('a rollout that takes too long has failed once its time is up, and says so once', () => {
  const cluster = settled();
  cluster.create(deployment('web', 1));
  cluster.wait(4000);
  cluster.apply(...WEB, {
    spec: {
      progressDeadlineSeconds: 30,
      template: { spec: { nodeSelector: { nowhere: 'yes' } } },
    },
  });
  cluster.wait(28_000);
  expect(conditionsOf(cluster)).toEqual([ENOUGH, UPDATED]);
  cluster.wait(6000);
  const failed = [ENOUGH, 'Progressing False ProgressDeadlineExceeded'];
  expect(conditionsOf(cluster)).toEqual(failed);
  const { resourceVersion } = cluster.get(...WEB)?.metadata ?? {};
  cluster.wait(60_000);
  expect(conditionsOf(cluster)).toEqual(failed);
  expect(cluster.get(...WEB)?.metadata.resourceVersion).toBe(resourceVersion);
});

test('pods on their way out are counted until they are gone', () => {
  const cluster = settled();
  cluster.create(deployment('web', 2));
  cluster.wait(4000);
  cluster.apply(...WEB, { spec: { replicas: 0 } });
  const set = cluster.list('replicasets.apps', 'default')[0]?.metadata.name ?? '';
  const counts = (): readonly number[] => [
    cluster.list('pods', 'default').length,
    numberAt(cluster.get('replicasets.apps', set)?.status, 'terminatingReplicas'),
    numberAt(statusOf(cluster), 'terminatingReplicas'),
  ];
  const seen = told(cluster, 60_000, counts);
  expect(seen[0]).toEqual([2, 0, 0]);
  expect(seen).toContainEqual([2, 2, 2]);
  expect(seen.at(-1)).toEqual([0, 0, 0]);
  expect(statusOf(cluster)).toMatchObject({ terminatingReplicas: 0 });
});
