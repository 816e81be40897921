/**
 * Assembles every network stack of a world when it is looked at: the fabric's part, what the kubelet, Felix and kube-proxy
 * program from the datastore, then what people changed by hand. A pure function of the world, remembered by identity.
 * The hand-made changes that Felix would undo last until its next route refresh (routeRefreshInterval, 90 s by default:
 * felix/config/config_params.go, Calico v3.32.1).
 */
import type { Table } from './core/table.ts';
import { felix } from './cni/calico/felix/felix.ts';
import { fabric, type Fabric } from './fabric/fabric.ts';
import type { ClusterState } from './kube/controller.ts';
import { clusterDns } from './kube/cluster-dns.ts';
import { kubeProxy } from './kube/kube-proxy.ts';
import { podListeners } from './kube/pod-stack.ts';
import type { PodNetwork, PodSandbox } from './kube/sandbox.ts';
import { applyEdit } from './net/apply-edit.ts';
import type { NetnsEdit } from './net/edit.ts';
import type { NetfilterEdit } from './net/edit-netfilter.ts';
import { NO_NETFILTER, type Chain, type Netfilter, type TableName } from './net/netfilter-rules.ts';
import {
  NO_MEMORY,
  type Device,
  type Listener,
  type Netns,
  type NetnsMemory,
  type Network,
  type Programming,
} from './net/netns.ts';
import { BGP_PORT } from '../model/bgp.ts';
import { ipv4 } from '../model/ip.ts';
import { ZERO_MAC } from '../model/mac.ts';
import { kernelRoutes } from './routing/kernel-routes.ts';
import type { RoutingState, Speaker } from './routing/routing-state.ts';
import type { NetnsId } from '../model/trace.ts';
import type { Topology } from '../model/topology.ts';

export interface World {
  readonly topology: Topology;
  readonly cluster: ClusterState;
  /** What the BGP speakers remember. */
  readonly routing: RoutingState;
  /** Hand-made changes by network namespace, oldest first. */
  readonly edits: Table<readonly HandEdit[]>;
  /** What the stacks learnt from traffic, by memory key (see `memoryKey`). */
  readonly memory: Table<NetnsMemory>;
}

export interface HandEdit {
  /** Virtual milliseconds. */
  readonly at: number;
  readonly edit: NetnsEdit;
}

/** Virtual milliseconds between two of Felix's full checks of the kernel's tables. */
export const ROUTE_REFRESH_INTERVAL = 90_000;
/** The same for its iptables chains (iptablesRefreshInterval). A multiple of the above. */
const IPTABLES_REFRESH_INTERVAL = 180_000;

const ETH0_INDEX = 2;
const POD_GATEWAY = ipv4('169.254.1.1');

/** Finds stacks of one world; keeps what it derived until the world it is asked about changes underneath. */
export class Stacks {
  readonly #fabric: Fabric;
  readonly #topology: Topology;
  readonly #kept = new Map<NetnsId, Kept<Netns | undefined>>();
  /** Nodes as the kubelet, Felix and kube-proxy program them. */
  readonly #programmed = new Map<NetnsId, Kept<Netns>>();

  constructor(topology: Topology) {
    this.#topology = topology;
    this.#fabric = fabric(topology);
  }

  /** The network of `world` as one instant's walk sees it. */
  network(world: World): Network {
    const memories = new Map<NetnsId, NetnsMemory>();
    const memory = (id: NetnsId): NetnsMemory => {
      let known = memories.get(id);
      if (!known) {
        known = world.memory.get(memoryKey(world.cluster, id)) ?? NO_MEMORY;
        memories.set(id, known);
      }
      return known;
    };
    return {
      now: world.cluster.now,
      epoch: world.cluster.epoch,
      netns: (id) => this.netns(world, id),
      memory,
      segment: (name) => this.#fabric.segmentPorts(name),
    };
  }

  netns(world: World, id: NetnsId): Netns | undefined {
    return keptFor(this.#kept, id, inputsOf(world, id), () => this.#derive(world, id));
  }

  #derive(world: World, id: NetnsId): Netns | undefined {
    const [kind, ...names] = id.split('/');
    const base = kind === 'pod' ? podNetns(world.cluster, names) : this.#fabric.netns.get(id);
    if (!base) return undefined;
    const programs = kind === 'node' ? nodeProgramming(world.cluster, this.#topology, names[0] ?? '') : [];
    const whole =
      programs.length === 0
        ? base
        : keptFor(this.#programmed, id, [base, ...programs], () => programs.reduce(withProgramming, base));
    const { now } = world.cluster;
    const standing = (world.edits.get(id) ?? []).filter((made) => !repaired(made, whole, base, now));
    const edited = standing.reduce(withEdit, whole);
    const speaker = world.routing.speakers.get(id);
    return speaker ? withSpeaker(edited, speaker, standing.filter(isUnscanned(now))) : edited;
  }
}

interface Kept<T> {
  readonly inputs: readonly unknown[];
  readonly value: T;
}

/** What was derived from the same inputs before, or is derived now. */
function keptFor<T>(
  kept: Map<NetnsId, Kept<T>>,
  id: NetnsId,
  inputs: readonly unknown[],
  derive: () => T,
): T {
  const known = kept.get(id);
  if (
    known?.inputs.length === inputs.length &&
    known.inputs.every((input, at) => Object.is(input, inputs[at]))
  )
    return known.value;
  const value = derive();
  kept.set(id, { inputs, value });
  return value;
}

function withEdit(netns: Netns, { edit }: HandEdit): Netns {
  const after = applyEdit(netns, edit);
  return after.ok ? after.value : netns;
}

/** Virtual milliseconds between two of BIRD's looks at the kernel's routes (`scan time 2`). */
const SCAN_INTERVAL = 2_000;

/** Routes that somebody took out of the kernel come back with BIRD's next scan. */
const isUnscanned =
  (now: number) =>
  ({ at, edit }: HandEdit): boolean =>
    edit.kind === 'delete-route' && Math.floor(at / SCAN_INTERVAL) === Math.floor(now / SCAN_INTERVAL);

/** BIRD keeps its routes in line with what it sees of the stack, whoever changed that. */
function withSpeaker(stack: Netns, speaker: Speaker, unscanned: readonly HandEdit[]): Netns {
  const routes = [...stack.routes, ...kernelRoutes(speaker, stack)];
  const listeners = speaker.running ? [...stack.listeners, BGP_LISTENER] : stack.listeners;
  return unscanned.reduce(withEdit, { ...stack, routes, listeners });
}

const BGP_LISTENER: Listener = { protocol: 'tcp', port: BGP_PORT, serves: { kind: 'bgp' } };

/** Everything a stack is derived from, to be compared by identity. */
function inputsOf(world: World, id: NetnsId): readonly unknown[] {
  const edits = world.edits.get(id);
  const refresh = edits ? Math.floor(world.cluster.now / SCAN_INTERVAL) : 0;
  const { store, sandboxes } = world.cluster;
  return [world.topology, store, sandboxes, world.routing.speakers.get(id), edits, refresh];
}

function nodeProgramming(cluster: ClusterState, topology: Topology, node: string): readonly Programming[] {
  if (!cluster.store.get('nodes', undefined, node)) return [];
  return [felix(cluster, topology, node), kubeProxy(cluster, node)];
}

function withProgramming(netns: Netns, added: Programming): Netns {
  return {
    ...netns,
    devices: [...netns.devices, ...added.devices].sort((a, b) => a.index - b.index),
    routes: [...netns.routes, ...added.routes],
    neighbours: [...netns.neighbours, ...added.neighbours],
    fdb: [...netns.fdb, ...added.fdb],
    netfilter: mergeNetfilter(netns.netfilter, added.netfilter),
  };
}

/** Rules of several programs in one table: chains of the same name are concatenated in the order of the programs. */
function mergeNetfilter(first: Netfilter, second: Netfilter): Netfilter {
  const tables: Partial<Record<TableName, readonly Chain[]>> = { ...first.tables };
  for (const [name, chains] of Object.entries(second.tables) as [TableName, readonly Chain[]][]) {
    const known = tables[name] ?? [];
    const joined = known.map((chain) => {
      const more = chains.find((other) => other.name === chain.name);
      return more ? { ...chain, ...more, ...chain, rules: [...chain.rules, ...more.rules] } : chain;
    });
    tables[name] = [
      ...joined,
      ...chains.filter((chain) => !known.some((other) => other.name === chain.name)),
    ];
  }
  return { tables, ipsets: new Map([...first.ipsets, ...second.ipsets]) };
}

/** True once Felix has looked again after a change to something it owns. */
function repaired(made: HandEdit, programmed: Netns, base: Netns, now: number): boolean {
  const interval = made.edit.kind === 'netfilter' ? IPTABLES_REFRESH_INTERVAL : ROUTE_REFRESH_INTERVAL;
  const refreshedSince = Math.floor(now / interval) > Math.floor(made.at / interval);
  return refreshedSince && ownedByFelix(made.edit, programmed, base);
}

function ownedByFelix(edit: NetnsEdit, programmed: Netns, base: Netns): boolean {
  const tunnelOrPod = (device: string | undefined): boolean =>
    device !== undefined && !base.devices.some((known) => known.name === device);
  switch (edit.kind) {
    case 'add-route':
    case 'delete-route': {
      const prefix = edit.kind === 'add-route' ? edit.route.prefix : edit.prefix;
      const device = edit.kind === 'add-route' ? edit.route.device : edit.device;
      const same = (route: { readonly prefix: typeof prefix }): boolean =>
        route.prefix.base === prefix.base && route.prefix.length === prefix.length;
      return tunnelOrPod(device) || (programmed.routes.some(same) && !base.routes.some(same));
    }
    case 'add-neighbour':
      return tunnelOrPod(edit.neighbour.device);
    case 'add-fdb':
      return tunnelOrPod(edit.entry.device);
    case 'netfilter':
      return touchesFelix(edit);
    case 'open-socket':
    case 'close-socket':
    case 'forget-connections':
      return false;
    default:
      return tunnelOrPod(edit.device);
  }
}

/** Felix keeps its own chains as they were, and its own rules in the others; what it did not write it leaves alone. */
function touchesFelix({ change }: NetfilterEdit): boolean {
  if (change.chain?.startsWith('cali-') ?? change.op === 'flush') return true;
  return change.op === 'delete' && change.rule.comment?.startsWith('cali:') === true;
}

/** A pod's memory ends with its sandbox: a new pod of the same name starts cold. */
export function memoryKey(cluster: ClusterState, id: NetnsId): string {
  const [kind, namespace = '', name = ''] = id.split('/');
  if (kind !== 'pod') return id;
  const uid = cluster.store.get('pods', namespace, name)?.metadata.uid ?? '';
  return `${id}#${cluster.sandboxes.get(uid)?.containerId ?? ''}`;
}

/** The namespace a pod's processes run in: its own, or the node's with hostNetwork; undefined before it has a sandbox. */
export function podNetnsId(cluster: ClusterState, namespace: string, name: string): NetnsId | undefined {
  const uid = cluster.store.get('pods', namespace, name)?.metadata.uid ?? '';
  const sandbox = cluster.sandboxes.get(uid);
  if (!sandbox) return undefined;
  return sandbox.network ? `pod/${namespace}/${name}` : `node/${sandbox.node}`;
}

function podNetns(cluster: ClusterState, [namespace = '', name = '']: readonly string[]): Netns | undefined {
  const pod = cluster.store.get('pods', namespace, name);
  const sandbox = cluster.sandboxes.get(pod?.metadata.uid ?? '');
  if (!pod || !sandbox?.network) return undefined;
  const listeners = podListeners(pod, () => clusterDns(cluster.store));
  return podStack(sandbox, sandbox.network, listeners);
}

/**
 * What the CNI plugin leaves in a pod: a /32 address and a default route through 169.254.1.1, which the node's proxy ARP
 * answers for (cni-plugin/pkg/dataplane/linux/dataplane_linux.go, Calico v3.32.1).
 */
function podStack(sandbox: PodSandbox, network: PodNetwork, listeners: readonly Listener[]): Netns {
  const device = 'eth0';
  const eth0: Device = {
    index: ETH0_INDEX,
    name: device,
    kind: { type: 'veth' },
    mac: network.mac,
    mtu: network.mtu,
    up: true,
    addresses: [{ address: network.address, length: 32, scope: 'global' }],
    proxyArp: false,
    link: {
      kind: 'peer',
      netns: `node/${sandbox.node}`,
      device: network.hostInterface,
      index: network.hostIndex,
    },
  };
  return {
    id: `pod/${sandbox.namespace}/${sandbox.pod}`,
    hostname: sandbox.pod,
    devices: [LOOPBACK, eth0],
    routes: [
      {
        prefix: { base: ipv4('0.0.0.0'), length: 0 },
        type: 'unicast',
        via: POD_GATEWAY,
        device,
        protocol: 'boot',
        scope: 'global',
      },
      { prefix: { base: POD_GATEWAY, length: 32 }, type: 'unicast', device, protocol: 'boot', scope: 'link' },
    ],
    neighbours: [],
    fdb: [],
    netfilter: NO_NETFILTER,
    ipForward: false,
    listeners,
  };
}

const LOOPBACK: Device = {
  index: 1,
  name: 'lo',
  kind: { type: 'loopback' },
  mac: ZERO_MAC,
  mtu: 65536,
  up: true,
  addresses: [{ address: ipv4('127.0.0.1'), length: 8, scope: 'host' }],
  proxyArp: false,
};
