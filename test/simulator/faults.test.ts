/**
 * What fails, what lives on, what one sees of it, and what heals: every fault of the library on the two racks. Times: kubelet and
 * node lifecycle defaults of Kubernetes 1.35, BIRD's hold and restart times as Calico sets them; texts as the real tools print them.
 */
import { describe, expect, test } from 'vitest';
import { isJsonObject, type JsonObject } from '../../src/base/json.ts';
import { FAULTS, worldHash, type Simulator } from '../../src/sim/index.ts';
import { hashOf } from '../../src/sim/core/hash.ts';
import { addressOf, create, perform, ping, podBody, run, settled, shared } from './cluster.ts';

const NODES = ['control-plane', 'node1', 'node2', 'node3'];

const power = (cluster: Simulator, machine: string, on: boolean): unknown =>
  perform(cluster, { kind: 'machine', machine, change: { kind: 'power', on } });
const cable = (cluster: Simulator, machine: string, plugged: boolean): unknown =>
  perform(cluster, { kind: 'machine', machine, change: { kind: 'cable', device: 'eth0', plugged } });
const breakage = (
  cluster: Simulator,
  node: string,
  name: 'bird' | 'felix' | 'calico-node',
  works: boolean,
): unknown =>
  perform(cluster, { kind: 'machine', machine: `node/${node}`, change: { kind: 'process', name, works } });

const wait = (cluster: Simulator, seconds: number): void => cluster.advanceTo(cluster.now + seconds * 1000);
const arrives = (cluster: Simulator, from: string, to: string): boolean =>
  ping(cluster, `pod/default/${from}`, addressOf(cluster, to)).reply.kind === 'reply';

const object = (cluster: Simulator, resource: string, name: string, namespace?: string): JsonObject => {
  const found: unknown = cluster.world.cluster.store.get(resource, namespace, name);
  if (!isJsonObject(found)) throw new Error(`no ${resource} ${name}`);
  return found;
};
const conditions = (cluster: Simulator, node: string): Readonly<Record<string, string>> => {
  const { conditions: all } = object(cluster, 'nodes', node)['status'] as {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
  return Object.fromEntries(all.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
};
const taints = (cluster: Simulator, node: string): readonly string[] => {
  const { taints: all = [] } = object(cluster, 'nodes', node)['spec'] as {
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
  };
  return all.map(({ key, effect }) => `${key}:${effect}`);
};
const events = (cluster: Simulator, about: string): readonly string[] =>
  cluster.world.cluster.store
    .list('events')
    .filter((event) => (event['involvedObject'] as { readonly name: string }).name === about)
    .map((event) => `${String(event['reason'])}: ${String(event['message'])}`);
const birdRoutes = (cluster: Simulator, node: string): number =>
  (cluster.network.netns(`node/${node}`)?.routes ?? []).filter(
    ({ protocol, type }) => protocol === 'bird' && type === 'unicast',
  ).length;
const calicoPod = (cluster: Simulator, node: string): string => {
  const pods = cluster.world.cluster.store.list('pods', 'kube-system');
  const found = pods.find(
    ({ metadata, spec }) => metadata.labels?.['k8s-app'] === 'calico-node' && spec?.['nodeName'] === node,
  );
  if (!found) throw new Error(`no calico-node on ${node}`);
  return found.metadata.name;
};

/** What the kernels hold, without the numbers that count on. */
const tables = (cluster: Simulator): unknown =>
  NODES.map((node) => {
    const stack = cluster.network.netns(`node/${node}`);
    return (
      stack &&
      hashOf([
        stack.routes,
        stack.neighbours,
        stack.fdb,
        JSON.stringify(stack.netfilter.tables),
        [...stack.netfilter.ipsets],
      ])
    );
  });

const withPods = shared((pods: Readonly<Record<string, string>>) => {
  const cluster = settled();
  for (const [name, node] of Object.entries(pods)) run(cluster, name, node);
  wait(cluster, 30);
  return cluster;
});

describe('a node that is switched off', () => {
  test('is silent at once, NotReady within a minute, and its pods are evicted after five', () => {
    const cluster = withPods({ left: 'node1', right: 'node2' });
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    expect(power(cluster, 'node/node2', false)).toEqual({ ok: true, value: undefined });
    expect(arrives(cluster, 'left', 'right')).toBe(false);
    expect(conditions(cluster, 'node2')['Ready']).toBe('True KubeletReady');
    wait(cluster, 51);
    expect(conditions(cluster, 'node2')).toEqual({
      NetworkUnavailable: 'False CalicoIsUp',
      MemoryPressure: 'Unknown NodeStatusUnknown',
      DiskPressure: 'Unknown NodeStatusUnknown',
      PIDPressure: 'Unknown NodeStatusUnknown',
      Ready: 'Unknown NodeStatusUnknown',
    });
    expect(taints(cluster, 'node2')).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(events(cluster, 'node2')).toContain('NodeNotReady: Node node2 status is now: NodeNotReady');
    expect(events(cluster, 'right')).toContain('NodeNotReady: Node is not ready');
    wait(cluster, 301);
    expect(events(cluster, 'right')).toContain(
      'TaintManagerEviction: Marking for deletion Pod default/right',
    );
    wait(cluster, 600);
    // Nobody is there to end it.
    expect(
      cluster.world.cluster.store.get('pods', 'default', 'right')?.metadata.deletionTimestamp,
    ).toBeDefined();
    expect(
      cluster.world.cluster.store.get('pods', 'kube-system', calicoPod(cluster, 'node2'))?.metadata
        .deletionTimestamp,
    ).toBeUndefined();

    power(cluster, 'node/node2', true);
    wait(cluster, 60);
    expect(conditions(cluster, 'node2')['Ready']).toBe('True KubeletReady');
    expect(taints(cluster, 'node2')).toEqual([]);
    expect(cluster.world.cluster.store.get('pods', 'default', 'right')).toBeUndefined();
    expect(events(cluster, 'node2')).toContain('NodeReady: Node node2 status is now: NodeReady');
    run(cluster, 'again', 'node2');
    expect(arrives(cluster, 'left', 'again')).toBe(true);
  });

  test('that comes back soon restarts its pods with new addresses and has forgotten what was made by hand', () => {
    const cluster = withPods({ left: 'node1', right: 'node2' });
    const before = addressOf(cluster, 'right');
    const key = 'net.ipv4.ip_forward';
    perform(cluster, { kind: 'edit', netns: 'node/node2', edit: { kind: 'set-sysctl', key, value: '0' } });
    power(cluster, 'node/node2', false);
    expect(cluster.network.netns('node/node2')).toBeUndefined();
    wait(cluster, 10);
    power(cluster, 'node/node2', true);
    expect(cluster.network.netns('node/node2')?.netfilter.tables).toEqual({});
    expect(cluster.network.netns('pod/default/right')).toBeUndefined();
    wait(cluster, 30);
    expect(addressOf(cluster, 'right')).not.toBe(before);
    expect(events(cluster, 'right')).toContain(
      'SandboxChanged: Pod sandbox changed, it will be killed and re-created.',
    );
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    expect(conditions(cluster, 'node2')['Ready']).toBe('True KubeletReady');
  });
});

describe('a cable that is out', () => {
  test('cuts the node off, whose own pods reach each other; it heals without a restart', () => {
    const cluster = withPods({ left: 'node1', a: 'node2', b: 'node2' });
    const sound = tables(cluster);
    const address = addressOf(cluster, 'a');
    cable(cluster, 'node/node2', false);
    expect(arrives(cluster, 'a', 'b')).toBe(true);
    expect(arrives(cluster, 'left', 'a')).toBe(false);
    wait(cluster, 60);
    expect(conditions(cluster, 'node2')['Ready']).toBe('Unknown NodeStatusUnknown');
    cable(cluster, 'node/node2', true);
    wait(cluster, 60);
    expect(conditions(cluster, 'node2')['Ready']).toBe('True KubeletReady');
    expect(addressOf(cluster, 'a')).toBe(address);
    expect(arrives(cluster, 'left', 'a')).toBe(true);
    expect(tables(cluster)).toEqual(sound);
  });

  test('withdraws the node’s routes when the hold time is over, not before', () => {
    const cluster = withPods({ left: 'node1', a: 'node2' });
    const before = birdRoutes(cluster, 'node1');
    expect(before).toBeGreaterThan(0);
    cable(cluster, 'node/node2', false);
    wait(cluster, 120);
    expect(birdRoutes(cluster, 'node1')).toBe(before);
    wait(cluster, 130);
    expect(birdRoutes(cluster, 'node1')).toBe(before - 1);
    cable(cluster, 'node/node2', true);
    wait(cluster, 120);
    expect(birdRoutes(cluster, 'node1')).toBe(before);
  });
});

describe('the API server', () => {
  test('that does not run is refused; what runs runs on, and what waited is done when it is back', () => {
    const cluster = withPods({ left: 'node1', right: 'node3' });
    const process = (works: boolean): unknown =>
      perform(cluster, {
        kind: 'machine',
        machine: 'node/control-plane',
        change: { kind: 'process', name: 'kube-apiserver', works },
      });
    create(cluster, '/api/v1/namespaces/default/pods', podBody('late', 'node1'));
    process(false);
    expect(create(cluster, '/api/v1/namespaces/default/pods', podBody('never', 'node1'))).toMatchObject({
      code: 503,
      fault: { why: 'connection refused', server: '10.0.0.10:6443' },
    });
    cluster.settle(60_000);
    wait(cluster, 60);
    expect(cluster.world.cluster.store.get('pods', 'default', 'late')?.status?.['phase']).toBe('Pending');
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    process(true);
    wait(cluster, 30);
    expect(arrives(cluster, 'left', 'late')).toBe(true);
    expect(NODES.map((node) => conditions(cluster, node)['Ready'])).toEqual(
      NODES.map(() => 'True KubeletReady'),
    );
  });

  test('of a control plane that is off is not there at all', () => {
    const cluster = withPods({ left: 'node1', right: 'node3' });
    power(cluster, 'node/control-plane', false);
    expect(cluster.cluster.request({ method: 'GET', path: '/api/v1/nodes' })).toMatchObject({
      code: 503,
      fault: { why: 'no route to host' },
    });
    wait(cluster, 600);
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    power(cluster, 'node/control-plane', true);
    wait(cluster, 60);
    expect(cluster.cluster.request({ method: 'GET', path: '/api/v1/nodes' }).code).toBe(200);
    expect(conditions(cluster, 'control-plane')['Ready']).toBe('True KubeletReady');
  });
});

describe('calico-node', () => {
  test('that is gone leaves everything as it was, says that the node has no network, and comes back', () => {
    const cluster = withPods({ left: 'node1', right: 'node2' });
    const sound = tables(cluster);
    const path = '/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node';
    const { spec, metadata } = object(cluster, 'daemonsets.apps', 'calico-node', 'kube-system');
    cluster.cluster.request({ method: 'DELETE', path });
    wait(cluster, 10);
    expect(conditions(cluster, 'node1')['NetworkUnavailable']).toBe('True CalicoIsDown');
    expect(taints(cluster, 'node1')).toEqual(['node.kubernetes.io/network-unavailable:NoSchedule']);
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    // BIRD went with it: peers keep its routes as long as it may take to start again.
    wait(cluster, 60);
    expect(birdRoutes(cluster, 'node1')).toBeGreaterThan(0);
    // The plugin gives a new pod its cable and its address, and nobody its chains.
    run(cluster, 'new', 'node1');
    expect(arrives(cluster, 'new', 'left')).toBe(false);
    create(cluster, '/apis/apps/v1/namespaces/kube-system/daemonsets', {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: {
        name: 'calico-node',
        namespace: 'kube-system',
        labels: (metadata as JsonObject)['labels'] ?? {},
      },
      spec: spec ?? {},
    });
    wait(cluster, 60);
    expect(conditions(cluster, 'node1')['NetworkUnavailable']).toBe('False CalicoIsUp');
    expect(taints(cluster, 'node1')).toEqual([]);
    expect(arrives(cluster, 'new', 'right')).toBe(true);
    cluster.cluster.request({
      method: 'DELETE',
      path: '/api/v1/namespaces/default/pods/new',
      query: { gracePeriodSeconds: '0' },
    });
    wait(cluster, 60);
    expect(tables(cluster)).toEqual(sound);
  });

  test('that crashes is restarted after ever longer waits', () => {
    const cluster = withPods({ left: 'node1', right: 'node2' });
    breakage(cluster, 'node2', 'calico-node', false);
    wait(cluster, 200);
    const pod = object(cluster, 'pods', calicoPod(cluster, 'node2'), 'kube-system');
    expect(JSON.stringify(pod['status'])).toContain('"reason":"CrashLoopBackOff"');
    // BIRD went with it, and the time to come back is over.
    expect(arrives(cluster, 'left', 'right')).toBe(false);
    breakage(cluster, 'node2', 'calico-node', true);
    wait(cluster, 400);
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    expect(cluster.world.cluster.frozen).toBeUndefined();
  });

  test('without BIRD keeps its routes at its peers for the restart time', () => {
    const cluster = withPods({ left: 'node1', right: 'node2' });
    const before = birdRoutes(cluster, 'node1');
    breakage(cluster, 'node2', 'bird', false);
    wait(cluster, 110);
    expect(birdRoutes(cluster, 'node1')).toBe(before);
    wait(cluster, 20);
    expect(birdRoutes(cluster, 'node1')).toBe(before - 1);
    breakage(cluster, 'node2', 'bird', true);
    wait(cluster, 60);
    expect(birdRoutes(cluster, 'node1')).toBe(before);
  });
});

describe('a Node object without a machine', () => {
  test('is never heard of, runs nothing, and disturbs nobody', () => {
    const cluster = withPods({ left: 'node1', right: 'node2' });
    const sound = tables(cluster);
    const labels = { 'kubernetes.io/os': 'linux' };
    create(cluster, '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'ghost', labels } });
    wait(cluster, 5);
    expect(taints(cluster, 'ghost')).toEqual(['node.kubernetes.io/not-ready:NoSchedule']);
    wait(cluster, 60);
    expect(conditions(cluster, 'ghost')['Ready']).toBe('Unknown NodeStatusNeverUpdated');
    const there = object(cluster, 'pods', calicoPod(cluster, 'ghost'), 'kube-system');
    expect((there['status'] as JsonObject)['phase']).toBe('Pending');
    expect(cluster.network.netns('node/ghost')).toBeUndefined();
    expect(arrives(cluster, 'left', 'right')).toBe(true);
    expect(tables(cluster)).toEqual(sound);
  });
});

/** Pods or tunnels have other addresses afterwards, as in life. */
const MOVES_ADDRESSES = new Set(['node-down', 'dns-down', 'kube-controllers-down', 'pool-disabled']);

function overVxlan(cluster: Simulator): void {
  cluster.cluster.request({
    method: 'PATCH',
    path: '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool',
    contentType: 'application/merge-patch+json',
    body: { spec: { ipipMode: 'Never', vxlanMode: 'Always' } },
  });
  wait(cluster, 60);
}

describe('the library', () => {
  test('names each fault once, and refuses what it does not know', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    const cluster = settled();
    const before = cluster.world;
    expect(perform(cluster, { kind: 'fault', name: 'gremlins', seed: 1 })).toEqual({
      ok: false,
      error: 'there is no fault gremlins',
    });
    expect(perform(cluster, { kind: 'heal', name: 'node-down' })).toEqual({
      ok: false,
      error: 'there is no fault node-down to clear',
    });
    expect(cluster.world).toBe(before);
  });

  test.each(FAULTS.map(({ name }) => name))(
    '%s comes by its seed, survives a snapshot, and heals',
    (name) => {
      const broken = [1, 2].map(() => {
        const cluster = withPods({ left: 'node1', right: 'node3' });
        if (name === 'fdb-deleted') overVxlan(cluster);
        const sound = tables(cluster);
        const told = perform(cluster, { kind: 'fault', name, seed: 7 });
        expect(told).toMatchObject({ ok: true });
        wait(cluster, 20);
        return { cluster, sound, told };
      });
      const [first, second] = broken;
      if (!first || !second) throw new Error('two clusters');
      expect(second.told).toEqual(first.told);
      expect(worldHash(second.cluster.world)).toBe(worldHash(first.cluster.world));

      const { cluster, sound } = first;
      const read = second.cluster.decode(JSON.parse(JSON.stringify(cluster.encode())));
      if (!read.ok) throw new Error(read.error.detail);
      expect(worldHash(read.value)).toBe(worldHash(cluster.world));
      expect(perform(cluster, { kind: 'fault', name, seed: 7 })).toMatchObject({ ok: false });
      expect(perform(cluster, { kind: 'heal', name })).toEqual({ ok: true, value: undefined });
      wait(cluster, 300);
      expect(cluster.world.cluster.frozen).toBeUndefined();
      expect(arrives(cluster, 'left', 'right')).toBe(true);
      if (!MOVES_ADDRESSES.has(name)) expect(tables(cluster)).toEqual(sound);
    },
  );
});
