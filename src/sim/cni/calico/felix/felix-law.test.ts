import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Table } from '../../../core/table.ts';
import type { ClusterState } from '../../../kube/controller.ts';
import { ObjectStore } from '../../../kube/store.ts';
import type { JsonObject } from '../../../../base/json.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import {
  BGP_CONFIGURATIONS,
  FELIX_CONFIGURATIONS,
  GLOBAL_NETWORK_POLICIES,
  HOST_ENDPOINTS,
  IPAM_BLOCKS,
  IP_POOLS,
  KUBERNETES_NETWORK_POLICIES,
  NODES,
} from '../kinds.ts';
import { INTERFACE_INDEXES } from '../interface-index.ts';
import { NODE_ENVIRONMENTS } from '../node-environment.ts';
import { DUAL_STACK, TestCluster, TWO_RACKS } from '../two-racks.contract.ts';
import { felix } from './felix.ts';

const WATCHED = [
  NODES,
  IP_POOLS,
  IPAM_BLOCKS,
  FELIX_CONFIGURATIONS,
  BGP_CONFIGURATIONS,
  INTERFACE_INDEXES,
  NODE_ENVIRONMENTS,
  'namespaces',
  'serviceaccounts',
  'pods',
  KUBERNETES_NETWORK_POLICIES,
  GLOBAL_NETWORK_POLICIES,
  HOST_ENDPOINTS,
];

function busyCluster(topology = TWO_RACKS): TestCluster {
  const cluster = new TestCluster(topology)
    .withCalico('none')
    .withPool('overlay', {
      cidr: '10.244.0.0/27',
      blockSize: 29,
      vxlanMode: 'CrossSubnet',
      natOutgoing: true,
    })
    .withPool('plain', { cidr: '10.245.0.0/28', blockSize: 30 });
  if (topology.podCidr6)
    cluster
      .withPool('overlay6', {
        cidr: 'fd00:10:244::/123',
        blockSize: 125,
        vxlanMode: 'CrossSubnet',
        natOutgoing: true,
      })
      .withPool('plain6', { cidr: 'fd00:10:245::/124', blockSize: 126 });
  // Four blocks a pool and three nodes: the last ones borrow.
  for (let at = 0; at < 40; at += 1) cluster.addPod(`web-${at}`, `node${(at % 2) + 1}`);
  cluster.addPod('far', 'node3');
  cluster.change(putPolicies);
  return cluster;
}

function putPolicies(tx: ClusterTransaction): void {
  const put = (resource: string, kind: string, name: string, spec: JsonObject): void =>
    void tx.put(resource, {
      apiVersion: 'v1',
      kind,
      metadata: { name, labels: { host: 'yes' }, ...(kind === 'NetworkPolicy' && { namespace: 'default' }) },
      spec,
    });
  put(KUBERNETES_NETWORK_POLICIES, 'NetworkPolicy', 'web', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }],
  });
  put(KUBERNETES_NETWORK_POLICIES, 'NetworkPolicy', 'deny', { podSelector: {}, policyTypes: ['Ingress'] });
  put(GLOBAL_NETWORK_POLICIES, 'GlobalNetworkPolicy', 'host', {
    selector: 'has(host)',
    types: ['Ingress'],
    ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [10250] } }],
  });
  put(HOST_ENDPOINTS, 'HostEndpoint', 'node1-eth0', { node: 'node1', interfaceName: 'eth0' });
  put(HOST_ENDPOINTS, 'HostEndpoint', 'node1-any', { node: 'node1', interfaceName: '*' });
}

describe("Felix's law", () => {
  test.each([TWO_RACKS, DUAL_STACK])(
    'the order in which a datastore was filled does not show in what is programmed ($name)',
    (lab) => {
      const { state, topology } = busyCluster(lab);
      const objects = WATCHED.flatMap((resource) =>
        state.store.list(resource).map((object) => ({ resource, object })),
      );
      const sandboxes = [...state.sandboxes.entries()];
      const expected = topology.nodes.map(({ name }) => felix(state, topology, name));
      expect(expected[0]?.routes.length).toBeGreaterThan(20);
      expect(expected[0]?.inet6?.routes.length ?? 0).toBeGreaterThan(lab.podCidr6 ? 20 : -1);
      const names = expected[0]?.netfilter.tables.filter?.map(({ name }) => name) ?? [];
      expect(names).toContain('cali-th-eth0');
      expect(names.some((name) => name.startsWith('cali-gi-'))).toBe(true);
      fc.assert(
        fc.property(
          fc.shuffledSubarray(objects, { minLength: objects.length }),
          fc.shuffledSubarray(sandboxes, { minLength: sandboxes.length }),
          (shuffled, pods) => {
            const store = shuffled.reduce(
              (filled, { resource, object }) => filled.put(resource, object).store,
              ObjectStore.empty(),
            );
            const refilled: ClusterState = { ...state, store, sandboxes: Table.of(pods) };
            expect(topology.nodes.map(({ name }) => felix(refilled, topology, name))).toEqual(expected);
          },
        ),
        { numRuns: 10 },
      );
    },
  );

  test.each([TWO_RACKS, DUAL_STACK])(
    'nothing is derived again while nothing it depends on has changed ($name)',
    (lab) => {
      const cluster = busyCluster(lab);
      const before = felix(cluster.state, cluster.topology, 'node1');
      cluster.change((tx) =>
        tx.put('services', {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web', namespace: 'default' },
        }),
      );
      expect(felix(cluster.state, cluster.topology, 'node1')).toBe(before);
    },
  );
});
