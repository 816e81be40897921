import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../../base/json.ts';
import { deployment, pod, service, TestCluster } from '../cluster-fixture.ts';
import { at as member, listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';

const settled = (seed = 1): TestCluster => new TestCluster({ seed }).wait(5000);

const phases = (cluster: TestCluster): readonly string[] =>
  cluster.list('pods', 'default').map((item) => textAt(item.status, 'phase'));
const nodes = (items: readonly KubeObject[]): readonly string[] =>
  items.map((item) => textAt(item.spec, 'nodeName')).sort();

// Ours, in the form that kubectl prints for a kubeadm cluster.
test('a fresh cluster looks like one that kubeadm made', () => {
  const cluster = settled();
  expect(cluster.table('nodes')).toBe(
    [
      'NAME            STATUS   ROLES           AGE   VERSION',
      'control-plane   Ready    control-plane   5s    v1.35.5',
      'node1           Ready    <none>          5s    v1.35.5',
      'node2           Ready    <none>          5s    v1.35.5',
      'node3           Ready    <none>          5s    v1.35.5',
    ].join('\n'),
  );
  expect(cluster.table('services')).toBe(
    [
      'NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)                  AGE',
      'kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP                  5s',
      'kube-dns     ClusterIP   10.96.0.10   <none>        53/UDP,53/TCP,9153/TCP   5s',
    ].join('\n'),
  );
  expect(cluster.table('daemonsets.apps')).toBe(
    [
      'NAME         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE',
      'kube-proxy   4         4         4       4            4           kubernetes.io/os=linux   5s',
    ].join('\n'),
  );
  expect(cluster.list('pods').every((item) => textAt(item.status, 'phase') === 'Running')).toBe(true);
});

describe('a Deployment', () => {
  test('of three runs three pods, one a worker', () => {
    const cluster = settled();
    cluster.create(deployment('web', 3));
    cluster.wait(4000);
    expect(cluster.table('deployments.apps', { namespace: 'default' })).toBe(
      ['NAME   READY   UP-TO-DATE   AVAILABLE   AGE', 'web    3/3     3            3           4s'].join(
        '\n',
      ),
    );
    expect(nodes(cluster.list('pods', 'default'))).toEqual(['node1', 'node2', 'node3']);
  });

  test('scales down and up', () => {
    const cluster = settled();
    cluster.create(deployment('web', 3));
    cluster.wait(4000);
    cluster.apply('deployments.apps', 'web', { spec: { replicas: 1 } });
    expect(phases(cluster.wait(4000))).toEqual(['Running']);
    cluster.apply('deployments.apps', 'web', { spec: { replicas: 5 } });
    expect(phases(cluster.wait(4000))).toHaveLength(5);
  });

  test('rolls to a new template without falling below its availability', () => {
    const cluster = settled();
    cluster.create(deployment('web', 4));
    cluster.wait(5000);
    const image = { spec: { template: { spec: { containers: [{ name: 'web', image: 'nginx:1.28' }] } } } };
    cluster.apply('deployments.apps', 'web', image);
    for (let step = 0; step < 100; step += 1) {
      cluster.wait(100);
      const available = Number(
        member(cluster.get('deployments.apps', 'web')?.status, 'availableReplicas') ?? 0,
      );
      expect(available).toBeGreaterThanOrEqual(3);
    }
    const sets = cluster.list('replicasets.apps', 'default');
    expect(
      sets
        .map((set) => [
          set.metadata.annotations?.['deployment.kubernetes.io/revision'],
          set.spec?.['replicas'],
        ])
        .sort(),
    ).toEqual([
      ['1', 0],
      ['2', 4],
    ]);
    const images = cluster
      .list('pods', 'default')
      .map((item) => textAt(listAt(item.spec, 'containers')[0], 'image'));
    expect(new Set(images)).toEqual(new Set(['nginx:1.28']));
  });

  test('takes its ReplicaSets and pods along when it is deleted', () => {
    const cluster = settled();
    cluster.create(deployment('web', 2));
    cluster.wait(4000);
    cluster.delete('deployments.apps', 'web', { propagationPolicy: 'Background' });
    cluster.wait(4000);
    expect([...cluster.list('replicasets.apps', 'default'), ...cluster.list('pods', 'default')]).toEqual([]);
  });

  test('goes last in the foreground, and leaves its ReplicaSet as an orphan', () => {
    const cluster = settled();
    cluster.create(deployment('first', 1));
    cluster.create(deployment('second', 1));
    cluster.wait(4000);
    cluster.delete('deployments.apps', 'first', { propagationPolicy: 'Foreground' });
    cluster.delete('deployments.apps', 'second', { propagationPolicy: 'Orphan' });
    cluster.wait(100);
    expect(cluster.get('deployments.apps', 'first')?.metadata.finalizers).toEqual(['foregroundDeletion']);
    cluster.wait(5000);
    expect(cluster.list('deployments.apps', 'default')).toEqual([]);
    const left = cluster.list('replicasets.apps', 'default');
    expect(left.map((set) => [set.metadata.name.split('-')[0], set.metadata.ownerReferences])).toEqual([
      ['second', undefined],
    ]);
    expect(phases(cluster)).toEqual(['Running']);
  });
});

test('a namespace is emptied before it goes', () => {
  const cluster = settled();
  cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  const inTeam = deployment('web', 2);
  cluster.create({ ...inTeam, metadata: { name: 'web', namespace: 'team' } });
  cluster.wait(4000);
  cluster.delete('namespaces', 'team');
  expect(cluster.table('namespaces')).toContain('team              Terminating   4s');
  cluster.wait(10_000);
  expect(cluster.get('namespaces', 'team')).toBeUndefined();
  expect(
    cluster.registry.types.flatMap((type) => (type.namespaced ? cluster.list(type.name, 'team') : [])),
  ).toEqual([]);
});

describe('the scheduler', () => {
  test('keeps away from taints and says why nothing fits', () => {
    const cluster = settled();
    for (const name of ['node1', 'node2', 'node3']) {
      cluster.apply('nodes', name, { spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] } });
    }
    cluster.create(pod('x'));
    cluster.wait(1000);
    const event = cluster.list('events', 'default').find((item) => item['reason'] === 'FailedScheduling');
    expect(event?.['message']).toBe(
      '0/4 nodes are available: 4 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.',
    );
    cluster.apply('nodes', 'node2', { spec: { taints: null } });
    cluster.wait(4000);
    expect(nodes(cluster.list('pods', 'default'))).toEqual(['node2']);
  });

  test('honours node selectors', () => {
    const cluster = settled();
    cluster.create(pod('x', { nodeSelector: { 'topology.kubernetes.io/zone': 'rack-b' } }));
    cluster.wait(3000);
    expect(nodes(cluster.list('pods', 'default'))).toEqual(['node3']);
  });
});

describe('the kubelet', () => {
  const statusOf = (cluster: TestCluster, name: string): string =>
    cluster
      .table('pods', { namespace: 'default' })
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.split(/ {2,}/)[2] ?? '';

  test('starts a pod and removes it', () => {
    const cluster = settled();
    cluster.create(pod('x'));
    expect(statusOf(cluster.wait(100), 'x')).toBe('ContainerCreating');
    expect(statusOf(cluster.wait(3000), 'x')).toBe('Running');
    cluster.delete('pods', 'x');
    expect(statusOf(cluster.wait(100), 'x')).toBe('Terminating');
    cluster.wait(3000);
    expect(cluster.get('pods', 'x')).toBeUndefined();
    expect([...cluster.state.sandboxes.values()].filter((sandbox) => sandbox.pod === 'x')).toEqual([]);
  });

  test('tells what the CNI plugin said, and tries again', () => {
    const cluster = settled();
    cluster.create(pod('no-network'));
    cluster.wait(30_000);
    const failures = cluster
      .list('events', 'default')
      .filter((item) => item['reason'] === 'FailedCreatePodSandBox');
    expect(failures.length).toBeGreaterThan(1);
    expect(String(failures[0]?.['message'])).toMatch(
      /^Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "[0-9a-f]{64}": plugin type="counting" failed \(add\): no addresses left$/,
    );
    expect(statusOf(cluster, 'no-network')).toBe('ContainerCreating');
  });

  test('lets programs end: completed, or restarted with a back-off', () => {
    const cluster = settled();
    const shell = (command: readonly string[]) => ({
      containers: [{ name: 'c', image: 'busybox:1.37', command }],
    });
    cluster.create(pod('job', { ...shell(['sleep', '2']), restartPolicy: 'Never' }));
    cluster.create(pod('crash', shell(['false'])));
    cluster.wait(10_000);
    expect(statusOf(cluster, 'job')).toBe('Completed');
    expect(statusOf(cluster, 'crash')).toBe('CrashLoopBackOff');
  });
});

test('a service follows its pods', () => {
  const cluster = settled();
  cluster.create(service('web'));
  cluster.create(deployment('web', 2));
  cluster.wait(4000);
  const addresses = cluster
    .list('pods', 'default')
    .map((item) => textAt(item.status, 'podIP'))
    .sort();
  expect(cluster.table('endpoints', { namespace: 'default' })).toContain(
    `web          ${addresses.map((ip) => `${ip}:8080`).join(',')}`,
  );
  cluster.apply('deployments.apps', 'web', { spec: { replicas: 0 } });
  cluster.wait(4000);
  expect(cluster.table('endpointslices.discovery.k8s.io', { namespace: 'default' })).toMatch(
    /^web-\w{5}\s+IPv4\s+<unset>\s+<unset>/m,
  );
  cluster.delete('services', 'web');
  cluster.wait(500);
  expect(cluster.list('endpoints', 'default').map((item) => item.metadata.name)).toEqual(['kubernetes']);
  expect(
    cluster.list('endpointslices.discovery.k8s.io', 'default').map((item) => item.metadata.name),
  ).toEqual(['kubernetes']);
});

test('a StatefulSet starts its pods in order', () => {
  const cluster = settled();
  const { spec } = deployment('db', 2) as { spec: object };
  cluster.create({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { ...spec, serviceName: 'db' },
  });
  cluster.wait(500);
  expect(cluster.list('pods', 'default').map((item) => item.metadata.name)).toEqual(['db-0']);
  cluster.wait(5000);
  expect(cluster.table('statefulsets.apps')).toBe('NAME   READY   AGE\ndb     2/2     5s');
});

describe('determinism', () => {
  const story = (seed: number): string => {
    const cluster = settled(seed);
    cluster.create(deployment('web', 3));
    cluster.create(service('web'));
    cluster.wait(6000);
    return canonicalJson(
      cluster.registry.types.flatMap((type) => cluster.list(type.name)) as unknown as Json,
    );
  };

  test('the same seed gives the same state', () => expect(story(7)).toBe(story(7)));
  test('another seed gives other names', () => expect(story(7)).not.toBe(story(8)));

  test('waiting in one step or in many comes to the same', () => {
    const make = (steps: number): string => {
      const cluster = settled();
      cluster.create(deployment('web', 3));
      for (let step = 0; step < steps; step += 1) cluster.wait(6000 / steps);
      return canonicalJson(cluster.list('pods') as unknown as Json);
    };
    expect(make(60)).toBe(make(1));
  });
});
