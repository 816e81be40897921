/** For tests: a bootstrapped cluster with a CNI plugin that hands out addresses in order, driven by domain verbs. */
import type { Json, JsonObject } from '../../base/json.ts';
import { err, ok } from '../../base/result.ts';
import { addressAt, cidr, formatIpv4, ipv4, parseInterfaceAddress } from '../../model/ip.ts';
import { addressAt6, cidr6, ipv6 } from '../../model/ipv6.ts';
import { parseMac, ZERO_MAC } from '../../model/mac.ts';
import type { ClusterNode, Topology } from '../../model/topology.ts';
import { Agenda } from '../core/agenda.ts';
import { seeded } from '../core/random.ts';
import { Table } from '../core/table.ts';
import type { Epoch, Millis } from '../core/time.ts';
import { ACCEPT_TABLE, CONTENT_TYPE, type ApiRequest, type ApiResponse } from './api.ts';
import { bootstrapCluster } from './bootstrap.ts';
import { builtinRegistry } from './builtin-registry.ts';
import type { ClusterState, Controller } from './controller.ts';
import { handle } from './facade.ts';
import { kubeControllers } from './kube-controllers.ts';
import type { KubeObject, ResourceName } from './object.ts';
import { objectPath } from './path.ts';
import type { Registry } from './registry.ts';
import type { CniPlugin } from './sandbox.ts';
import { ObjectStore } from './store.ts';
import { advance, ClusterTransaction } from './transaction.ts';

/** 2026-05-01T10:00:00Z */
export const EPOCH: Epoch = Date.parse('2026-05-01T10:00:00Z');

const node = (
  name: string,
  segment: string,
  address: string,
  role: ClusterNode['role'] = 'worker',
): ClusterNode => ({
  name,
  role,
  segment,
  address: parseInterfaceAddress(`${address}/24`) ?? { address: ipv4(address), length: 24 },
  gateway: ipv4(address.replace(/\d+$/, '1')),
  labels: {},
});

/** The labs' usual topology; `workers` replaces its three workers by so many in one rack. */
export function twoRacks(workers?: number): Topology {
  const controlPlane = node('control-plane', 'rack-a', '10.0.0.10', 'control-plane');
  const usual = [
    node('node1', 'rack-a', '10.0.0.11'),
    node('node2', 'rack-a', '10.0.0.12'),
    node('node3', 'rack-b', '10.0.1.13'),
  ];
  const many = Array.from({ length: workers ?? 0 }, (_, index) => {
    const address = addressAt(cidr('10.8.0.0/16'), index + 10);
    return node(`node${String(index + 1).padStart(4, '0')}`, `rack-${index % 10}`, formatIpv4(address));
  });
  return {
    name: 'two-racks',
    segments: [
      { name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
      { name: 'rack-b', subnet: cidr('10.0.1.0/24'), mtu: 1500 },
    ],
    routers: [],
    nodes: [controlPlane, ...(workers === undefined ? usual : many)],
    hosts: [],
    podCidr: cidr('10.244.0.0/16'),
    serviceCidr: cidr('10.96.0.0/16'),
  };
}

/** The same with IPv6 beside IPv4: fd00:a::10 beside 10.0.0.10, and so on. */
export function dualStack(): Topology {
  const topology = twoRacks();
  const rackOf = (segment: string): string => `fd00:${segment.slice(-1)}::`;
  return {
    ...topology,
    name: 'dual-stack',
    podCidr6: cidr6('fd00:10:244::/56'),
    serviceCidr6: cidr6('fd00:10:96::/112'),
    segments: topology.segments.map((segment) => ({
      ...segment,
      subnet6: cidr6(`${rackOf(segment.name)}/64`),
    })),
    nodes: topology.nodes.map((each) => {
      const last = formatIpv4(each.address.address).split('.').at(-1) ?? '';
      return {
        ...each,
        address6: { address: ipv6(rackOf(each.segment) + last), length: 64 },
        gateway6: ipv6(`${rackOf(each.segment)}1`),
      };
    }),
  };
}

/** Addresses 10.244.0.1, .2, ... by how many sandboxes have a network; fails while a pod is named `no-network`. */
export const countingCni: CniPlugin = {
  type: 'counting',
  add: (tx, pod) => {
    if (pod.metadata.name === 'no-network') return err('no addresses left');
    const used = new Set(
      [...tx.state.sandboxes.values()].flatMap((sandbox) => sandbox.network?.address ?? []),
    );
    let address = addressAt(cidr('10.244.0.0/16'), 1 + used.size);
    while (used.has(address)) address = addressAt({ base: address, length: 32 }, 1);
    return ok({
      address,
      mac: parseMac('7a:00:00:00:00:01') ?? ZERO_MAC,
      mtu: 1450,
      hostInterface: 'cali0',
      hostIndex: 4,
    });
  },
  del: () => undefined,
};

/** As `countingCni`, with fd00:10:244::5 beside 10.244.0.5. */
export const dualStackCni: CniPlugin = {
  ...countingCni,
  add: (...given) => {
    const network = countingCni.add(...given);
    if (!network.ok) return network;
    const address6 = addressAt6(cidr6('fd00:10:244::/64'), network.value.address & 0xffff);
    return ok({ ...network.value, address6 });
  },
};

export interface TestClusterOptions {
  readonly seed?: number;
  readonly topology?: Topology;
  readonly cni?: CniPlugin;
}

export class TestCluster {
  readonly registry: Registry;
  readonly controllers: readonly Controller[];
  state: ClusterState;

  constructor(options: TestClusterOptions = {}) {
    const topology = options.topology ?? twoRacks();
    this.registry = builtinRegistry(topology);
    const cni = options.cni ?? (topology.podCidr6 ? dualStackCni : countingCni);
    this.controllers = kubeControllers({ cni, registry: this.registry });
    this.state = {
      now: 0,
      epoch: EPOCH,
      random: seeded(options.seed ?? 1),
      store: ObjectStore.empty(),
      agenda: Agenda.empty(),
      sandboxes: Table.empty(),
    };
    this.change((tx) => bootstrapCluster(tx, topology));
  }

  change<T>(make: (tx: ClusterTransaction) => T): T {
    const tx = new ClusterTransaction(this.state, this.controllers);
    const result = make(tx);
    this.state = tx.state;
    return result;
  }

  request(request: ApiRequest): ApiResponse {
    return this.change((tx) => handle(tx, this.registry, request));
  }

  /** Lets this much virtual time pass. */
  wait(milliseconds: Millis): this {
    this.state = advance(this.state, this.state.now + milliseconds, this.controllers);
    return this;
  }

  create(object: JsonObject, query: Readonly<Record<string, string>> = {}): ApiResponse {
    return this.request({ method: 'POST', path: this.collectionOf(object), body: object, query });
  }

  apply(
    resource: ResourceName,
    name: string,
    patch: Json,
    contentType: string = CONTENT_TYPE.strategicMergePatch,
  ): ApiResponse {
    return this.request({ method: 'PATCH', path: this.path(resource, name), body: patch, contentType });
  }

  delete(resource: ResourceName, name: string, body: JsonObject = {}): ApiResponse {
    return this.request({ method: 'DELETE', path: this.path(resource, name), body });
  }

  get(resource: ResourceName, name: string, namespace = 'default'): KubeObject | undefined {
    const type = this.registry.byName(resource);
    return this.state.store.get(resource, type?.namespaced ? namespace : undefined, name);
  }

  list(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    return this.state.store.list(resource, namespace);
  }

  /** `namespace` undefined means all. */
  table(
    resource: ResourceName,
    options: { readonly namespace?: string; readonly wide?: boolean } = {},
  ): string {
    const type = this.registry.byName(resource);
    if (!type) throw new Error(`unknown resource ${resource}`);
    const path = objectPath(type, options.namespace);
    return printTable(
      this.request({ method: 'GET', path, accept: ACCEPT_TABLE }).body,
      options.wide ?? false,
    );
  }

  path(resource: ResourceName, name: string, namespace = 'default'): string {
    const type = this.registry.byName(resource);
    if (!type) throw new Error(`unknown resource ${resource}`);
    return objectPath(type, namespace, name);
  }

  collectionOf(object: JsonObject): string {
    const type = this.registry.byKind(String(object['apiVersion']), String(object['kind']));
    if (!type) throw new Error(`unknown kind ${String(object['kind'])}`);
    const { namespace } = (object['metadata'] ?? {}) as { namespace?: string };
    return objectPath(type, namespace ?? 'default');
  }
}

/** As kubectl aligns a server-side table: capitals, three spaces between columns. */
export function printTable(body: JsonObject, wide: boolean): string {
  const columns = body['columnDefinitions'] as unknown as readonly { name: string; priority: number }[];
  const shown = columns
    .map((column, index) => ({ ...column, index }))
    .filter((column) => wide || column.priority === 0);
  const rows = (body['rows'] as unknown as readonly { cells: readonly Json[] }[]).map(({ cells }) =>
    shown.map(({ index }) => String(cells[index] ?? '')),
  );
  const lines = [shown.map((column) => column.name.toUpperCase()), ...rows];
  const widths = shown.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, at) => (at === line.length - 1 ? cell : cell.padEnd((widths[at] ?? 0) + 3))).join(''),
    )
    .join('\n');
}

/** A Deployment of one agnhost container that serves on 8080. */
export const deployment = (name: string, replicas: number, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
            args: ['netexec'],
            ports: [{ containerPort: 8080 }],
          },
        ],
      },
    },
    ...spec,
  },
});

export const pod = (
  name: string,
  spec: JsonObject = {},
  labels: Readonly<Record<string, string>> = { app: name },
): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { containers: [{ name: 'main', image: 'nginx:1.27' }], ...spec },
});

export const service = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
});
