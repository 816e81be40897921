/**
 * A cluster whose Calico was installed by tigera-operator: what stands there, what comes back, and what follows from the
 * Installation. Objects, messages and defaults: tigera/operator v1.42.3 and the manifests of Calico v3.32.1; how long things take is
 * the simulator's own.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { Simulator } from '../../src/sim/index.ts';
import { worldHash } from '../../src/sim/world-hash.ts';
import { podBody, TOPOLOGY } from './cluster.ts';
import {
  ALL_AVAILABLE,
  INSTALLATION,
  OperatorCluster,
  POOL,
  SHOWN_POOLS,
  STORED_POOLS,
} from './operator-cluster.ts';

const API_SERVER = '/apis/operator.tigera.io/v1/apiservers/default';

let lab: OperatorCluster;
beforeEach(() => {
  lab = OperatorCluster.made();
});

describe('an install', () => {
  test('runs everything in calico-system and says so', () => {
    expect(lab.pods('tigera-operator')).toEqual(['tigera-operator']);
    expect(new Set(lab.pods('calico-system'))).toEqual(
      new Set([
        'calico-apiserver',
        'calico-kube-controllers',
        'calico-node',
        'calico-typha',
        'csi-node-driver',
        'goldmane',
        'whisker',
      ]),
    );
    expect(lab.pods('kube-system').filter((name) => name.startsWith('calico'))).toEqual([]);
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
    expect(lab.birds()).toEqual(TOPOLOGY.nodes.map(({ name }) => name));
  });

  test('fills the Installation in', () => {
    expect(lab.ask('GET', INSTALLATION).body).toMatchObject({
      metadata: {
        finalizers: [
          'operator.tigera.io/installation-controller',
          'tigera.io/operator-cleanup',
          'operator.tigera.io/apiserver-controller',
          'operator.tigera.io/whisker-controller',
          'operator.tigera.io/goldmane-controller',
        ],
      },
      spec: {
        calicoNetwork: {
          bgp: 'Enabled',
          hostPorts: 'Enabled',
          ipPools: [
            {
              allowedUses: ['Workload', 'Tunnel'],
              assignmentMode: 'Automatic',
              blockSize: 26,
              cidr: '10.244.0.0/16',
              disableBGPExport: false,
              disableNewAllocations: false,
              encapsulation: 'VXLANCrossSubnet',
              name: POOL,
              natOutgoing: 'Enabled',
              nodeSelector: 'all()',
            },
          ],
          linuxDataplane: 'Iptables',
          linuxPolicySetupTimeoutSeconds: 0,
          multiInterfaceMode: 'None',
          nodeAddressAutodetectionV4: { firstFound: true },
          windowsDataplane: 'Disabled',
        },
        cni: { binDir: '/opt/cni/bin', confDir: '/etc/cni/net.d', ipam: { type: 'Calico' }, type: 'Calico' },
        controlPlaneReplicas: 2,
        flexVolumePath: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
        kubeletVolumePluginPath: '/var/lib/kubelet',
        kubernetesProvider: 'Kind',
        nodeUpdateStrategy: { rollingUpdate: { maxUnavailable: 1 }, type: 'RollingUpdate' },
        variant: 'Calico',
      },
      status: { calicoVersion: 'v3.32.1', mtu: 1450, variant: 'Calico', computed: { variant: 'Calico' } },
    });
  });

  test('without pools waits for somebody to make one', () => {
    lab = OperatorCluster.made(false);
    expect(lab.statuses()['calico']).toBe('waiting for enabled IP pools to be created');
    expect(lab.pods('calico-system')).not.toContain('calico-node');
    const body = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'mine' },
      spec: { cidr: '10.244.0.0/16', vxlanMode: 'Always' },
    };
    lab.post(STORED_POOLS, body);
    lab.rest();
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
    expect(lab.pods('calico-system').filter((name) => name === 'calico-node')).toHaveLength(4);
  });

  test('is part of what a snapshot keeps, and two of them are the same', () => {
    const { topology } = lab.simulator.world;
    const read = new Simulator({ topology, seed: 2, epoch: 0, defaultPool: true }).decode(
      JSON.parse(JSON.stringify(lab.simulator.encode())) as unknown,
    );
    if (!read.ok) throw new Error(read.error.detail);
    expect(worldHash(read.value)).toBe(worldHash(lab.simulator.world));
    expect(worldHash(OperatorCluster.made().simulator.world)).toBe(worldHash(lab.simulator.world));
    lab = OperatorCluster.over(read.value);
    lab.patch(`${STORED_POOLS}/${POOL}`, { spec: { natOutgoing: false } });
    lab.rest();
    expect(lab.pools()[0]?.spec['natOutgoing']).toBe(true);
  });
});

describe('what somebody changes by hand in calico-system', () => {
  const DAEMON_SETS = '/apis/apps/v1/namespaces/calico-system/daemonsets';

  test('is put back, but for labels and annotations of others', () => {
    const before = lab.ask('GET', `${DAEMON_SETS}/calico-node`).body['spec'];
    lab.patch(`${DAEMON_SETS}/calico-node`, {
      metadata: { labels: { mine: 'yes' } },
      spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 3 } } },
    });
    lab.rest();
    const after = lab.ask('GET', `${DAEMON_SETS}/calico-node`).body;
    expect(after['spec']).toEqual(before);
    expect(after).toMatchObject({ metadata: { labels: { mine: 'yes' } } });
  });

  test('comes back when it is deleted', () => {
    lab.ask('DELETE', `${DAEMON_SETS}/csi-node-driver`);
    lab.rest();
    expect(lab.pods('calico-system').filter((name) => name === 'csi-node-driver')).toHaveLength(4);
  });

  test('stays when it is marked as ignored', () => {
    lab.patch(`${DAEMON_SETS}/csi-node-driver`, {
      metadata: { annotations: { 'unsupported.operator.tigera.io/ignore': 'true' } },
      spec: { template: { spec: { nodeSelector: { nowhere: 'yes' } } } },
    });
    lab.rest();
    expect(lab.pods('calico-system')).not.toContain('csi-node-driver');
  });
});

describe('the network of an Installation', () => {
  test('without BGP leaves VXLAN to Felix and runs no BIRD', () => {
    lab.network({
      bgp: 'Disabled',
      ipPools: lab.listed().map((pool) => ({ ...pool, encapsulation: 'VXLAN' })),
    });
    lab.rest();
    expect(lab.birds()).toEqual([]);
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
    const [container] = (
      lab.ask('GET', '/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node').body as unknown as {
        spec: { template: { spec: { containers: readonly JsonObject[] } } };
      }
    ).spec.template.spec.containers;
    expect(container).toMatchObject({
      readinessProbe: { exec: { command: ['/bin/calico-node', '-felix-ready'] } },
    });
    expect(container?.['env']).toContainEqual({ name: 'CALICO_NETWORKING_BACKEND', value: 'vxlan' });
    const routes = lab.simulator.networkView().netns('node/node1')?.routes ?? [];
    expect(routes.filter(({ device }) => device === 'vxlan.calico').length).toBeGreaterThan(0);
    expect(routes.filter(({ protocol }) => protocol === 'bird')).toEqual([]);
  });

  test('gives pods its MTU, and lets them pass packets on', () => {
    lab.network({ mtu: 1400, containerIPForwarding: 'Enabled' });
    lab.rest();
    const path = '/api/v1/namespaces/default/pods';
    lab.post(path, podBody('late', 'node1'));
    lab.rest();
    const pod = lab.simulator.networkView().netns('pod/default/late');
    expect(pod?.devices.map(({ name, mtu }) => `${name} ${mtu}`)).toEqual(['lo 65536', 'eth0 1400']);
    expect(pod?.ipForward).toBe(true);
    const node = lab.simulator.networkView().netns('node/node1');
    expect(node?.devices.find(({ name }) => name === 'vxlan.calico')?.mtu).toBe(1400);
    expect(lab.ask('GET', INSTALLATION).body).toMatchObject({ status: { mtu: 1400 } });
  });

  test('says where the nodes find their address', () => {
    const env = (): unknown =>
      (
        lab.ask('GET', '/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node').body as unknown as {
          spec: { template: { spec: { containers: readonly { env: readonly JsonObject[] }[] } } };
        }
      ).spec.template.spec.containers[0]?.env.filter(({ name }) => String(name).startsWith('IP'));
    lab.network({ nodeAddressAutodetectionV4: { firstFound: null, cidrs: ['10.0.1.0/24', '10.0.0.0/24'] } });
    expect(env()).toEqual([
      { name: 'IP', value: 'autodetect' },
      { name: 'IP_AUTODETECTION_METHOD', value: 'cidr=10.0.1.0/24,10.0.0.0/24' },
      { name: 'IP6', value: 'none' },
    ]);
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
  });
});

describe('TigeraStatus', () => {
  const condition = (component: string, type: string): JsonObject | undefined =>
    (
      lab.ask('GET', `/apis/operator.tigera.io/v1/tigerastatuses/${component}`).body as unknown as {
        status: { conditions: readonly JsonObject[] };
      }
    ).status.conditions.find((each) => each['type'] === type);

  test('names a container that does not stay up', () => {
    const change = { kind: 'process', name: 'calico-node', works: false } as const;
    lab.simulator.apply({ kind: 'machine', machine: 'node/node1', change });
    lab.simulator.advanceTo(lab.simulator.now + 60_000);
    expect(lab.statuses()['calico']).toMatch(
      /^Pod calico-system\/calico-node-\w{5} has crash looping container: calico-node \(Error, exit code 1\)$/,
    );
    expect(condition('calico', 'Degraded')).toMatchObject({ reason: 'PodFailure', status: 'True' });
    lab.simulator.apply({ kind: 'machine', machine: 'node/node1', change: { ...change, works: true } });
    lab.simulator.advanceTo(lab.simulator.now + 400_000);
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
  });

  test('tells how far a rollout is', () => {
    // Elsewhere a pod that runs unready is a fault, and no look of the operator need fall before it runs: here the rollout waits.
    const power = (on: boolean): void => {
      lab.simulator.apply({ kind: 'machine', machine: 'node/node1', change: { kind: 'power', on } });
    };
    power(false);
    lab.patch(INSTALLATION, { spec: { nodeMetricsPort: 9091 } });
    const told = new Set<string>();
    for (let seconds = 0; seconds < 40; seconds += 5) {
      lab.simulator.advanceTo(lab.simulator.now + 5_000);
      const { message, status } = condition('calico', 'Progressing') ?? {};
      if (status === 'True') told.add(String(message));
    }
    expect(told.size).toBeGreaterThan(0);
    for (const message of told) {
      expect(message).toMatch(
        /^DaemonSet "calico-system\/calico-node" (update is rolling out \(\d out of 4 updated\)|is not available \(awaiting 1 nodes\))$/,
      );
    }
    power(true);
    lab.simulator.advanceTo(lab.simulator.now + 120_000);
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
  });

  test('is written anew by an operator that has started again, and goes with its resource', () => {
    const [pod] = lab.simulator.world.cluster.store.list('pods', 'tigera-operator');
    lab.ask('DELETE', `/api/v1/namespaces/tigera-operator/pods/${pod?.metadata.name ?? ''}`);
    lab.ask('DELETE', '/apis/operator.tigera.io/v1/whiskers/default');
    lab.simulator.advanceTo(lab.simulator.now + 90_000);
    expect(Object.keys(lab.statuses())).toEqual(['apiserver', 'calico', 'goldmane', 'ippools', 'tiers']);
    expect(lab.pods('calico-system')).not.toContain('whisker');
  });
});

describe('projectcalico.org/v3', () => {
  const plural = (group: string): readonly unknown[] => {
    const { body } = lab.ask('GET', `/apis/${group}`);
    const resources = body['resources'] as unknown as readonly { name: string }[] | undefined;
    return resources?.map(({ name }) => name) ?? [];
  };

  test('is there as long as the APIServer is', () => {
    expect(plural('projectcalico.org/v3')).toContain('ippools');
    expect(lab.simulator.resourceType('ippools')?.group).toBe('projectcalico.org');
    lab.ask('DELETE', API_SERVER);
    lab.rest();
    expect(plural('projectcalico.org/v3')).toEqual([]);
    expect(lab.ask('GET', SHOWN_POOLS)).toMatchObject({
      code: 404,
      body: { message: 'the server could not find the requested resource' },
    });
    expect(lab.simulator.resourceType('ippools')?.group).toBe('crd.projectcalico.org');
    expect(lab.pods('calico-system')).not.toContain('calico-apiserver');
    expect(lab.statuses()).toEqual({
      calico: 'Available',
      goldmane: 'Available',
      ippools: 'Available',
      tiers: 'Waiting for Tigera API server to be ready',
      whisker: 'Available',
    });
    lab.patch(`${STORED_POOLS}/${POOL}`, { spec: { natOutgoing: false } });
    lab.rest();
    expect(lab.statuses()['ippools']).toBe(
      'Unable to modify IP pools while Calico API server is unavailable',
    );
    const body = {
      apiVersion: 'operator.tigera.io/v1',
      kind: 'APIServer',
      metadata: { name: 'default' },
      spec: {},
    };
    lab.post('/apis/operator.tigera.io/v1/apiservers', body);
    lab.rest();
    lab.rest();
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
    expect(lab.pools()[0]?.spec['natOutgoing']).toBe(true);
  });

  test('does not answer while nobody stands behind its service', () => {
    lab.patch('/apis/apps/v1/namespaces/tigera-operator/deployments/tigera-operator', {
      spec: { replicas: 0 },
    });
    lab.patch('/apis/apps/v1/namespaces/calico-system/deployments/calico-apiserver', {
      spec: { replicas: 0 },
    });
    lab.rest();
    expect(lab.ask('GET', SHOWN_POOLS)).toMatchObject({
      code: 503,
      body: {
        reason: 'ServiceUnavailable',
        message: 'the server is currently unable to handle the request (get ippools.projectcalico.org)',
      },
    });
    expect(
      lab.ask('GET', '/apis/apiregistration.k8s.io/v1/apiservices/v3.projectcalico.org').body,
    ).toMatchObject({
      status: {
        conditions: [
          {
            message:
              'endpoints for service/calico-api in "calico-system" have no addresses with port name "apiserver"',
            reason: 'MissingEndpoints',
            status: 'False',
            type: 'Available',
          },
        ],
      },
    });
  });

  test('is watched as it is written by either group', async () => {
    const ending = new AbortController();
    const query = { watch: 'true', resourceVersion: String(lab.simulator.world.cluster.store.revision) };
    const events = lab.simulator.cluster.watch({ method: 'GET', path: SHOWN_POOLS, query }, ending.signal);
    const pool = (apiVersion: string, name: string, cidr: string): JsonObject => ({
      apiVersion,
      kind: 'IPPool',
      metadata: { name },
      spec: { cidr },
    });
    lab.post(STORED_POOLS, pool('crd.projectcalico.org/v1', 'one', '10.250.0.0/24'));
    lab.post(SHOWN_POOLS, pool('projectcalico.org/v3', 'two', '10.250.1.0/24'));
    lab.ask('DELETE', `${STORED_POOLS}/one`);
    ending.abort();
    const seen: string[] = [];
    for await (const { type, object } of events) {
      const { apiVersion, metadata } = object as unknown as {
        apiVersion: string;
        metadata: { name: string };
      };
      seen.push(`${type} ${apiVersion} ${metadata.name}`);
    }
    expect(seen).toEqual([
      'ADDED projectcalico.org/v3 one',
      'ADDED projectcalico.org/v3 two',
      'DELETED projectcalico.org/v3 one',
    ]);
  });

  test('has the tier of Calico itself, which shuts its pods', () => {
    const path = '/apis/projectcalico.org/v3/namespaces/calico-system/networkpolicies';
    const items = lab.ask('GET', path).body['items'] as unknown as readonly { metadata: { name: string } }[];
    expect(items.map(({ metadata }) => metadata.name)).toEqual(
      ['apiserver-access', 'default-deny', 'goldmane', 'kube-controller-access', 'whisker'].map(
        (name) => `calico-system.${name}`,
      ),
    );
    const tier = lab.ask('GET', '/apis/projectcalico.org/v3/tiers/calico-system').body;
    expect(tier).toMatchObject({
      metadata: { labels: { 'projectcalico.org/system-tier': 'true' } },
      spec: { order: 100, defaultAction: 'Deny' },
    });
  });
});

test('everything goes with the Installation but its pools and the operator', () => {
  lab.ask('DELETE', INSTALLATION);
  lab.rest();
  expect(lab.ask('GET', INSTALLATION).code).toBe(404);
  expect(lab.pods('calico-system')).toEqual([]);
  expect(lab.pods('tigera-operator')).toEqual(['tigera-operator']);
  expect(lab.pools(STORED_POOLS).map(({ name }) => name)).toEqual([POOL]);
  expect(lab.statuses()['calico']).toBeUndefined();
});
