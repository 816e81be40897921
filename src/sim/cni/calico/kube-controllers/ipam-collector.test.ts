import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../../model/ip.ts';
import { transactionDatastore } from '../datastore.ts';
import { Ipam } from '../ipam/ipam.ts';
import { audit } from '../ipam/ipam-audit.contract.ts';
import {
  BLOCK_AFFINITIES,
  CLUSTER_INFORMATIONS,
  IPAM_BLOCKS,
  IPAM_HANDLES,
  KUBE_CONTROLLERS_CONFIGURATIONS,
  NODES,
  PODS,
} from '../kinds.ts';
import { TestCluster } from '../two-racks.contract.ts';

const MINUTE = 60_000;

const cluster = (blockSize = 26): TestCluster =>
  new TestCluster()
    .withCalico('none')
    .withPool('pool', { cidr: '10.244.0.0/16', blockSize, vxlanMode: 'Always' });

/** As after `kubectl delete pod --force` of a pod whose machine is away. */
function lose(tested: TestCluster, pod: string): void {
  tested.change((tx) => {
    const sandbox = [...tx.state.sandboxes.values()].find((each) => each.pod === pod);
    if (sandbox) tx.removeSandbox(sandbox.uid);
    tx.delete(PODS, 'default', pod);
  });
  tested.wait(0);
}

const removeNode = (tested: TestCluster, name: string): void => {
  tested.change((tx) => {
    tx.delete(NODES, undefined, name);
  });
  tested.wait(0);
};

const podHandles = (tested: TestCluster): number =>
  tested.names(IPAM_HANDLES).filter((name) => name.startsWith('k8s-pod-network.')).length;

const configure = (tested: TestCluster, leakGracePeriod: string): void => {
  tested.change((tx) => {
    const object = tx.get(KUBE_CONTROLLERS_CONFIGURATIONS, undefined, 'default');
    const spec = { ...object?.spec, controllers: { node: { leakGracePeriod } } };
    if (object) tx.put(KUBE_CONTROLLERS_CONFIGURATIONS, { ...object, spec });
  });
  tested.wait(0);
};

describe('an address whose pod is gone', () => {
  test('is given back at the first look after fifteen minutes; looks come every seven and a half', () => {
    const tested = cluster();
    tested.addPod('web', 'node1');
    tested.wait(MINUTE);
    lose(tested, 'web');
    expect(podHandles(tested.wait(21 * MINUTE))).toBe(1);
    expect(podHandles(tested.wait(0.5 * MINUTE))).toBe(0);
    expect(audit(tested.state)).toEqual([]);
  });

  test('stays when a pod of that name shows it by then', () => {
    const tested = cluster();
    tested.addPod('web', 'node1');
    lose(tested, 'web');
    tested.change((tx) =>
      tx.put(PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace: 'default' },
        spec: { nodeName: 'node1' },
        status: { podIPs: [{ ip: '10.244.166.129' }] },
      }),
    );
    expect(podHandles(tested.wait(60 * MINUTE))).toBe(1);
  });

  test('is given back although a pod of that name has come, with another address', () => {
    const tested = cluster();
    tested.addPod('web', 'node1');
    lose(tested, 'web');
    tested.addPod('web', 'node1');
    tested.change((tx) => {
      const pod = tx.get(PODS, 'default', 'web');
      if (pod) tx.put(PODS, { ...pod, status: { podIPs: [{ ip: '10.244.166.130' }] } });
    });
    tested.wait(60 * MINUTE);
    expect(podHandles(tested)).toBe(1);
    const holder = (address: string): unknown =>
      tested.change((tx) => new Ipam(transactionDatastore(tx)).holder(ipv4(address)));
    expect(holder('10.244.166.129')).toBeUndefined();
    expect(holder('10.244.166.130')).toBeDefined();
  });

  test('waits for the datastore to be unlocked', () => {
    const tested = cluster();
    tested.addPod('web', 'node1');
    lose(tested, 'web');
    const lock = (datastoreReady: boolean): void =>
      tested.change((tx) => {
        const object = tx.get(CLUSTER_INFORMATIONS, undefined, 'default');
        if (object) tx.put(CLUSTER_INFORMATIONS, { ...object, spec: { ...object.spec, datastoreReady } });
      });
    lock(false);
    expect(podHandles(tested.wait(60 * MINUTE))).toBe(1);
    lock(true);
    expect(podHandles(tested.wait(5 * MINUTE))).toBe(0);
  });

  test('goes sooner with a shorter grace period, and never with 0', () => {
    const tested = cluster();
    configure(tested, '1m0s');
    tested.addPod('web', 'node1');
    lose(tested, 'web');
    expect(podHandles(tested.wait(1.5 * MINUTE))).toBe(0);
    configure(tested, '0s');
    tested.addPod('web', 'node1');
    lose(tested, 'web');
    expect(podHandles(tested.wait(120 * MINUTE))).toBe(1);
  });

  test('is noticed too when it was written for a pod that never was', () => {
    const tested = cluster();
    tested.change((tx) =>
      new Ipam(transactionDatastore(tx)).autoAssign({
        owner: { type: 'host', name: 'node1' },
        handle: 'k8s-pod-network.0',
        secondary: { namespace: 'default', node: 'node1', pod: 'ghost' },
        use: 'Workload',
      }),
    );
    expect(podHandles(tested.wait(30 * MINUTE))).toBe(0);
  });
});

describe('a deleted node', () => {
  test('gives back everything at once when its pods are gone', () => {
    const tested = cluster();
    tested.addPod('web', 'node3');
    lose(tested, 'web');
    removeNode(tested, 'node3');
    expect(tested.names(BLOCK_AFFINITIES)).toEqual(['node1-10-244-166-128-26', 'node2-10-244-104-0-26']);
    expect(tested.names(IPAM_HANDLES)).toEqual(['vxlan-tunnel-addr-node1', 'vxlan-tunnel-addr-node2']);
  });

  test('keeps its block while a pod of it is in the API, and loses it with the pod', () => {
    const tested = cluster();
    tested.addPod('web', 'node3');
    removeNode(tested, 'node3');
    expect(tested.names(BLOCK_AFFINITIES)).toHaveLength(3);
    lose(tested, 'web');
    expect(tested.names(BLOCK_AFFINITIES)).toHaveLength(2);
    expect(tested.names(IPAM_HANDLES)).toHaveLength(2);
  });

  test('keeps a block from which others borrowed until they give back', () => {
    const tested = new TestCluster()
      .withCalico('none')
      .withPool('pool', { cidr: '10.244.0.0/29', blockSize: 29 });
    tested.addPod('own', 'node3');
    tested.addPod('borrower', 'node1');
    lose(tested, 'own');
    removeNode(tested, 'node3');
    expect(tested.get(IPAM_BLOCKS, '10-244-0-0-29')?.spec?.['affinity']).toBe('host:node3');
    tested.deletePod('borrower');
    expect(tested.wait(0).names(IPAM_BLOCKS)).toEqual([]);
    expect(audit(tested.state)).toEqual([]);
  });
});

test('a node keeps its last block, used or not', () => {
  const tested = cluster(31);
  for (const pod of ['a', 'b', 'c']) tested.addPod(pod, 'node1');
  const own = (): number => tested.names(BLOCK_AFFINITIES).filter((name) => name.startsWith('node1-')).length;
  expect(own()).toBe(2);
  for (const pod of ['a', 'b', 'c']) tested.deletePod(pod);
  tested.change((tx) => new Ipam(transactionDatastore(tx)).releaseHandle('vxlan-tunnel-addr-node1'));
  tested.wait(60 * MINUTE);
  expect(own()).toBe(1);
});

test('the configuration comes back when it is deleted, and its status says what runs', () => {
  const tested = cluster();
  tested.change((tx) => {
    tx.delete(KUBE_CONTROLLERS_CONFIGURATIONS, undefined, 'default');
  });
  const object = tested.wait(0).get(KUBE_CONTROLLERS_CONFIGURATIONS, 'default');
  expect(object?.status).toEqual({
    environmentVars: { DATASTORE_TYPE: 'kubernetes', ENABLED_CONTROLLERS: 'node,loadbalancer' },
    runningConfig: {
      controllers: {
        loadBalancer: { assignIPs: 'AllServices' },
        node: {
          hostEndpoint: { autoCreate: 'Disabled', createDefaultHostEndpoint: 'Enabled' },
          leakGracePeriod: '15m0s',
          syncLabels: 'Disabled',
        },
        policyMigration: { enabled: 'Enabled' },
      },
      etcdV3CompactionPeriod: '10m0s',
      healthChecks: 'Enabled',
      logSeverityScreen: 'Info',
    },
  });
});
