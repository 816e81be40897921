/**
 * What the kubelet hears when it probes calico-node, and what it does then. Texts: node/pkg/health and its BIRD client, Calico
 * v3.32.1; pkg/kubelet/prober, Kubernetes 1.35; client-go tools/record for events that are told as one.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseTopology } from '../../src/lab/topology.ts';
import { Simulator } from '../../src/sim/index.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { at, listAt, numberAt, textAt } from '../../src/sim/kube/fields.ts';
import { restartsOf, summarize } from '../../src/sim/kube/kinds/pod-status.ts';
import type { Breakage } from '../../src/sim/kube/machines.ts';
import type { KubeObject } from '../../src/sim/kube/object.ts';
import { create, patch, perform, settled } from './cluster.ts';
import { keyboardOf, type Typed } from './keyboard.ts';

const NODES = ['control-plane', 'node1', 'node2', 'node3'];

const wait = (cluster: Simulator, seconds: number): void => cluster.advanceTo(cluster.now + seconds * 1000);

const breakage = (cluster: Simulator, node: string, name: Breakage, works: boolean): unknown =>
  perform(cluster, { kind: 'machine', machine: `node/${node}`, change: { kind: 'process', name, works } });

function calicoNode(cluster: Simulator, node: string): KubeObject {
  const pods = cluster.world.cluster.store.list('pods', 'kube-system');
  const found = pods.find(
    ({ metadata, spec }) => metadata.labels?.['k8s-app'] === 'calico-node' && spec?.['nodeName'] === node,
  );
  if (!found) throw new Error(`no calico-node on ${node}`);
  return found;
}

/** As `kubectl get pods` sums it up, without how long ago. */
function line(cluster: Simulator, node: string): string {
  const { epoch, now } = cluster.world.cluster;
  const pod = calicoNode(cluster, node);
  const { ready, reason } = summarize(pod);
  return `${ready} ${reason} ${restartsOf(pod, epoch + now).replace(/ \(.*/, '')}`;
}

function conditions(cluster: Simulator, node: string): readonly string[] {
  return listAt(calicoNode(cluster, node).status, 'conditions')
    .filter(({ type }) => type === 'Ready' || type === 'ContainersReady')
    .map((condition: JsonObject) =>
      ['type', 'status', 'reason', 'message']
        .map((member) => textAt(condition, member))
        .join(' ')
        .trim(),
    );
}

interface Complaint {
  readonly said: string;
  readonly count: number;
}

/** What the events say of a calico-node for one reason; dates and process numbers as DATE. */
function complaints(cluster: Simulator, node: string, reason = 'Unhealthy'): readonly Complaint[] {
  const { name } = calicoNode(cluster, node).metadata;
  return cluster.world.cluster.store
    .list('events', 'kube-system')
    .filter((event) => event['reason'] === reason && textAt(event['involvedObject'], 'name') === name)
    .map((event) => ({
      said: String(event['message']).replace(/\d{4}-\d\d-\d\d [\d:.]+ \[INFO\]\[\d+\]/, 'DATE'),
      count: numberAt(event, 'count'),
    }));
}

const BIRD_REFUSED =
  'Readiness probe failed: calico/node is not ready: BIRD is not ready: error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused\n';
const BIRD_NOT_LIVE =
  'Liveness probe failed: calico/node is not ready: bird/confd is not live: service bird is not running. Output << down: /etc/service/enabled/bird: 1s, normally up, want up >>\n';
const LOGGED = 'DATE node/health.go 207: Number of node(s) with BGP peering established = 3\n';
const felix = (what: string, path: string): string =>
  `calico/node is not ready: ${what}: Get "http://localhost:9099/${path}": dial tcp 127.0.0.1:9099: connect: connection refused\n`;

describe('calico-node', () => {
  test('is ready when Felix answers and every session is up, and then nobody asks any more', () => {
    const cluster = settled();
    for (const node of NODES) expect(line(cluster, node)).toBe('1/1 Running 0');
    wait(cluster, 60);
    expect(cluster.world.cluster.agenda.size).toBe(
      [...cluster.world.cluster.agenda].filter(({ key }) => !key.startsWith('calico-node-prober')).length,
    );
  });

  test('whose BIRD does not run fails three probes, is unready, and is restarted after six', () => {
    const cluster = settled();
    wait(cluster, 60);
    breakage(cluster, 'node2', 'bird', false);
    wait(cluster, 19);
    expect(line(cluster, 'node2')).toBe('1/1 Running 0');
    wait(cluster, 12);
    expect(line(cluster, 'node2')).toBe('0/1 Running 0');
    expect(conditions(cluster, 'node2')).toEqual([
      'Ready False ContainersNotReady containers with unready status: [calico-node]',
      'ContainersReady False ContainersNotReady containers with unready status: [calico-node]',
    ]);
    expect(complaints(cluster, 'node2')).toEqual([
      { said: BIRD_NOT_LIVE, count: 3 },
      { said: BIRD_REFUSED, count: 3 },
    ]);
    wait(cluster, 30);
    expect(complaints(cluster, 'node2', 'Killing')).toEqual([
      { said: 'Container calico-node failed liveness probe, will be restarted', count: 1 },
    ]);
    expect(line(cluster, 'node2')).toBe('0/1 Running 1');
    const [status] = listAt(calicoNode(cluster, 'node2').status, 'containerStatuses');
    expect(at(status, 'lastState', 'terminated', 'exitCode')).toBe(137);
    breakage(cluster, 'node2', 'bird', true);
    wait(cluster, 30);
    expect(line(cluster, 'node2')).toBe('1/1 Running 1');
    for (const node of ['node1', 'node3']) expect(line(cluster, node)).toBe('1/1 Running 0');
  });

  test('whose Felix does not run says so, on either probe', () => {
    const cluster = settled();
    wait(cluster, 60);
    breakage(cluster, 'node1', 'felix', false);
    wait(cluster, 31);
    expect(line(cluster, 'node1')).toBe('0/1 Running 0');
    const readiness = `Readiness probe failed: ${LOGGED}${felix('felix is not ready', 'readiness')}`;
    expect(complaints(cluster, 'node1')).toEqual([
      { said: `Liveness probe failed: ${felix('Felix is not live', 'liveness')}`, count: 3 },
      ...Array.from({ length: 3 }, () => ({ said: readiness, count: 1 })),
    ]);
    breakage(cluster, 'node1', 'felix', true);
    wait(cluster, 11);
    expect(line(cluster, 'node1')).toBe('1/1 Running 0');
  });

  test('that lost its sessions long after its start is unready only when none is left', () => {
    const cluster = settled();
    wait(cluster, 60);
    breakage(cluster, 'node2', 'bird', false);
    wait(cluster, 200);
    expect(line(cluster, 'node1')).toBe('1/1 Running 0');
    const peer = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'BGPPeer',
      metadata: { name: 'nobody' },
      spec: { node: 'node1', peerIP: '10.0.0.99', asNumber: 64512 },
    };
    expect(create(cluster, '/apis/crd.projectcalico.org/v1/bgppeers', peer).code).toBe(201);
    patch(cluster, '/apis/crd.projectcalico.org/v1/bgpconfigurations/default', {
      nodeToNodeMeshEnabled: false,
    });
    wait(cluster, 35);
    expect(line(cluster, 'node1')).toBe('0/1 Running 0');
    expect(complaints(cluster, 'node1').at(-1)?.said).toBe(
      'Readiness probe failed: DATE node/health.go 207: Number of node(s) with BGP peering established = 0\ncalico/node is not ready: BIRD is not ready: BGP not established with 10.0.0.99\n',
    );
    // A BIRD without neighbours is content.
    expect(line(cluster, 'node3')).toBe('1/1 Running 0');
    wait(cluster, 200);
    const said = complaints(cluster, 'node1');
    expect(said).toHaveLength(10);
    expect(said.map(({ count }) => count).slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 1));
    expect(said.at(-1)?.count).toBeGreaterThan(10);
    expect(said.at(-1)?.said).toMatch(
      /^\(combined from similar events\): Readiness probe failed: DATE node\/health\.go 207: /,
    );
  });

  test('without its nodename file cannot say when it started', () => {
    const cluster = settled();
    wait(cluster, 60);
    breakage(cluster, 'node1', 'nodename-file', false);
    wait(cluster, 31);
    expect(line(cluster, 'node1')).toBe('0/1 Running 0');
    expect(complaints(cluster, 'node1').map(({ said }) => said)).toEqual([
      'Readiness probe failed: calico/node is not ready: BIRD is not ready: failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory\n',
    ]);
  });

  test('of a node that nobody hears of is not probed', () => {
    const cluster = settled();
    wait(cluster, 60);
    perform(cluster, { kind: 'machine', machine: 'node/node1', change: { kind: 'power', on: false } });
    wait(cluster, 30);
    expect(complaints(cluster, 'node1')).toEqual([]);
    perform(cluster, { kind: 'machine', machine: 'node/node1', change: { kind: 'power', on: true } });
    wait(cluster, 60);
    expect(line(cluster, 'node1')).toBe('1/1 Running 1');
  });
});

/** The flags stand in no manifest of v3.32.1: somebody adds them to the DaemonSet. */
describe('calico-node whose probes ask for bird6 too', () => {
  function probing(cluster: Simulator): Simulator {
    const probe = (state: 'live' | 'ready'): JsonObject => ({
      exec: { command: ['/bin/calico-node', `-felix-${state}`, `-bird-${state}`, `-bird6-${state}`] },
    });
    const { code } = cluster.cluster.request({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/kube-system/daemonsets/calico-node',
      contentType: 'application/strategic-merge-patch+json',
      body: {
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'calico-node', livenessProbe: probe('live'), readinessProbe: probe('ready') },
              ],
            },
          },
        },
      },
    });
    expect(code).toBe(200);
    cluster.settle(300_000);
    wait(cluster, 200);
    return cluster;
  }

  function dualStack(): Simulator {
    const file = 'labs/topologies/dual-stack.yaml';
    const topology = parseTopology(file, readFileSync(file, 'utf8'));
    if (!topology.ok) throw new Error(JSON.stringify(topology.error));
    const epoch = Date.parse('2026-05-01T10:00:00Z');
    const cluster = new Simulator({ topology: topology.value, seed: 1, epoch, defaultPool: true });
    cluster.settle(60_000);
    return cluster;
  }

  test('is ready while its sessions of IPv6 are up, and says which are not', () => {
    const cluster = probing(dualStack());
    for (const node of NODES) expect(line(cluster, node)).toMatch(/^1\/1 Running/);
    const peer = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'BGPPeer',
      metadata: { name: 'nobody' },
      spec: { node: 'node1', peerIP: 'fd00:a::99', asNumber: 64512 },
    };
    expect(create(cluster, '/apis/crd.projectcalico.org/v1/bgppeers', peer).code).toBe(201);
    patch(cluster, '/apis/crd.projectcalico.org/v1/bgpconfigurations/default', {
      nodeToNodeMeshEnabled: false,
    });
    wait(cluster, 35);
    expect(line(cluster, 'node1')).toMatch(/^0\/1 Running/);
    const logged = 'DATE node/health.go 207: Number of node(s) with BGP peering established = 0\n';
    expect(
      complaints(cluster, 'node1')
        .at(-1)
        ?.said.replace(/DATE|\d{4}-\d\d-\d\d [\d:.]+ \[INFO\]\[\d+\]/g, 'DATE'),
    ).toBe(
      `Readiness probe failed: ${logged}${logged}calico/node is not ready: BIRD6 is not ready: BGP not established with fd00:a::99\n`,
    );
    expect(line(cluster, 'node3')).toMatch(/^1\/1 Running/);
  });

  test('is ready in a cluster without IPv6, where bird6 has nobody to speak to', () => {
    const cluster = probing(settled());
    for (const node of NODES) expect(line(cluster, node)).toMatch(/^1\/1 Running/);
  });
});

describe('the program calico-node, run by hand in its container', () => {
  const asked = async (cluster: Simulator, node: string, line: string): Promise<Typed> => {
    const { namespace, name } = calicoNode(cluster, node).metadata;
    const typed = await keyboardOf(cluster).type(`pod/${String(namespace)}/${name}`, line);
    return { ...typed, stdout: typed.stdout.replace(/\d{4}-\d\d-\d\d [\d:.]+ \[INFO\]\[\d+\]/, 'DATE') };
  };

  test('answers what the probes are told', async () => {
    const cluster = settled();
    expect(await asked(cluster, 'node1', '/bin/calico-node -felix-ready -bird-ready')).toEqual({
      status: 0,
      stdout: LOGGED,
      stderr: '',
    });
    expect(await asked(cluster, 'node1', 'calico-node --felix-live=true')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    breakage(cluster, 'node1', 'felix', false);
    expect(await asked(cluster, 'node1', 'calico-node -felix-ready')).toEqual({
      status: 1,
      stdout: felix('felix is not ready', 'readiness'),
      stderr: '',
    });
    breakage(cluster, 'node2', 'bird', false);
    wait(cluster, 1);
    expect(await asked(cluster, 'node2', 'calico-node -bird-live')).toMatchObject({
      status: 1,
      stdout: BIRD_NOT_LIVE.replace('Liveness probe failed: ', ''),
    });
  });

  test('says what it does not do', async () => {
    const cluster = settled();
    expect(await asked(cluster, 'node1', 'calico-node -ready')).toMatchObject({
      status: 1,
      stdout: 'flag provided but not defined: -ready\n',
    });
    expect((await asked(cluster, 'node1', 'calico-node')).stdout).toMatch(/^No valid options provided/);
    expect((await asked(cluster, 'node1', 'calico-node -felix')).stderr).toMatch(
      /^calico-node: -felix is not/,
    );
  });
});
