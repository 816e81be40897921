/** The lab that most tests stand in: two racks behind a router, as in the recorded transcripts. */
import { cidr, ipv4, type Cidr } from '../../../model/ip.ts';
import { cidr6, parseInterfaceAddress6 } from '../../../model/ipv6.ts';
import type { Topology } from '../../../model/topology.ts';
import { Agenda } from '../../core/agenda.ts';
import { seeded } from '../../core/random.ts';
import { Table } from '../../core/table.ts';
import { advance, ClusterTransaction } from '../../kube/transaction.ts';
import type { ClusterState } from '../../kube/controller.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { PodSandbox } from '../../kube/sandbox.ts';
import { ObjectStore } from '../../kube/store.ts';
import { calicoCni } from './cni-plugin.ts';
import { calicoControllers, installCalico } from './install.ts';
import { withPoolDefaults } from './ippool.ts';
import { API_VERSION, IP_POOLS } from './kinds.ts';

export const EPOCH = Date.parse('2026-05-01T10:00:00Z');

const segments = [
  { name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
  { name: 'rack-b', subnet: cidr('10.0.1.0/24'), mtu: 1500 },
];

const worker = (
  name: string,
  segment: string,
  address: string,
  gateway: string,
): Topology['nodes'][number] => ({
  name,
  role: 'worker',
  segment,
  address: { address: ipv4(address), length: 24 },
  gateway: ipv4(gateway),
  labels: {},
});

export const TWO_RACKS: Topology = {
  name: 'two-racks',
  segments,
  routers: [
    {
      name: 'router',
      ports: [
        { segment: 'rack-a', address: { address: ipv4('10.0.0.1'), length: 24 } },
        { segment: 'rack-b', address: { address: ipv4('10.0.1.1'), length: 24 } },
      ],
      routes: [],
    },
  ],
  nodes: [
    worker('node1', 'rack-a', '10.0.0.11', '10.0.0.1'),
    worker('node2', 'rack-a', '10.0.0.12', '10.0.0.1'),
    worker('node3', 'rack-b', '10.0.1.13', '10.0.1.1'),
  ],
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

const NODE_ADDRESSES = new Map([
  ['node1', 'fd00:a::11/64'],
  ['node2', 'fd00:a::12/64'],
  ['node3', 'fd00:b::13/64'],
]);

/** The same with IPv6 beside IPv4. */
export const DUAL_STACK: Topology = {
  ...TWO_RACKS,
  name: 'dual-stack',
  podCidr6: cidr6('fd00:10:244::/56'),
  serviceCidr6: cidr6('fd00:10:96::/112'),
  nodes: TWO_RACKS.nodes.map((node) => {
    const address6 = parseInterfaceAddress6(NODE_ADDRESSES.get(node.name) ?? '');
    return { ...node, ...(address6 && { address6 }) };
  }),
};

/** A cluster with Calico and its controllers, driven by the verbs of a domain. */
export class TestCluster {
  readonly topology: Topology;
  state: ClusterState;
  readonly cni;

  constructor(topology: Topology = TWO_RACKS) {
    this.topology = topology;
    this.cni = calicoCni(topology);
    this.state = {
      now: 0,
      epoch: EPOCH,
      random: seeded(7),
      store: ObjectStore.empty(),
      agenda: Agenda.empty(),
      sandboxes: Table.empty(),
    };
    this.change((tx) => {
      for (const name of ['default', 'kube-system']) {
        tx.put(
          'namespaces',
          object('v1', 'Namespace', { name, labels: { 'kubernetes.io/metadata.name': name } }),
        );
      }
      for (const { name, labels } of topology.nodes) {
        tx.put(
          'nodes',
          object('v1', 'Node', { name, labels: { 'kubernetes.io/hostname': name, ...labels } }),
        );
      }
    });
  }

  change<T>(work: (tx: ClusterTransaction) => T): T {
    const tx = new ClusterTransaction(this.state, calicoControllers);
    const result = work(tx);
    this.state = tx.state;
    return result;
  }

  /** Lets controllers work off what is due within `milliseconds`. */
  wait(milliseconds: number): this {
    this.state = advance(this.state, this.state.now + milliseconds, calicoControllers);
    return this;
  }

  withCalico(pools: 'default' | 'none' = 'none', backend: 'bird' | 'vxlan' = 'bird'): this {
    this.change((tx) => installCalico(tx, { topology: this.topology, pools, backend }));
    return this.wait(0);
  }

  withPool(name: string, spec: JsonObject): this {
    this.change((tx) => tx.put(IP_POOLS, pool(name, spec)));
    return this.wait(0);
  }

  /** The addresses, or the plugin's error. */
  addPod(name: string, node: string, annotations: Readonly<Record<string, string>> = {}): string {
    return this.change((tx) => {
      const uid = tx.uid();
      const pod = tx.put('pods', {
        ...object('v1', 'Pod', { name, namespace: 'default', uid, annotations }),
        spec: { nodeName: node },
      });
      const containerId = tx.hex(64);
      const added = this.cni.add(tx, pod, containerId);
      if (!added.ok) return added.error;
      const sandbox: PodSandbox = {
        uid,
        namespace: 'default',
        pod: name,
        node,
        containerId,
        network: added.value,
      };
      tx.setSandbox(sandbox);
      return String(tx.get('pods', 'default', name)?.metadata.annotations?.['cni.projectcalico.org/podIPs']);
    });
  }

  deletePod(name: string): void {
    this.change((tx) => {
      const sandbox = [...tx.state.sandboxes.values()].find(({ pod }) => pod === name);
      if (sandbox) {
        this.cni.del(tx, sandbox);
        tx.removeSandbox(sandbox.uid);
      }
      tx.delete('pods', 'default', name);
    });
  }

  names(resource: string): readonly string[] {
    return this.state.store.list(resource).map(({ metadata }) => metadata.name);
  }

  get(resource: string, name: string): KubeObject | undefined {
    return this.state.store.get(resource, undefined, name);
  }
}

const object = (apiVersion: string, kind: string, metadata: KubeObject['metadata']): KubeObject => ({
  apiVersion,
  kind,
  metadata,
});

export const pool = (name: string, spec: JsonObject): KubeObject => ({
  apiVersion: API_VERSION,
  kind: 'IPPool',
  metadata: { name, uid: '00000000-0000-4000-8000-000000000000' },
  spec: withPoolDefaults(spec),
});

/** A topology of many nodes in one rack, named `node-0001` and so on. */
export function oneRack(count: number, podCidr: Cidr = cidr('10.244.0.0/16')): Topology {
  const base = ipv4('10.0.0.10');
  return {
    ...TWO_RACKS,
    segments: [{ name: 'rack-a', subnet: cidr('10.0.0.0/16'), mtu: 1500 }],
    nodes: Array.from({ length: count }, (_, at) => ({
      name: `node-${String(at).padStart(4, '0')}`,
      role: 'worker' as const,
      segment: 'rack-a',
      address: { address: (base + at) as typeof base, length: 16 },
      gateway: ipv4('10.0.0.1'),
      labels: {},
    })),
    podCidr,
  };
}
