/**
 * Assembles every network stack of a world when it is looked at: the fabric's part, what the kubelet, Felix and kube-proxy
 * program from the datastore, then what people changed by hand. A pure function of the world, remembered by identity.
 * What Felix owns comes back as it puts it back: see `felix/resync.ts`.
 */
import type { Table } from './core/table.ts';
import { keptCables } from './cni/calico/felix/endpoints.ts';
import { felix } from './cni/calico/felix/felix.ts';
import { cameUp, resynced } from './cni/calico/felix/resync.ts';
import { podNetns } from './cni/calico/pod-netns.ts';
import { fabric, type Fabric } from './fabric/fabric.ts';
import type { ClusterState } from './kube/controller.ts';
import { clusterDns } from './kube/cluster-dns.ts';
import { lastSeen, type LastSeen } from './kube/last-seen.ts';
import { machineAt, MACHINES, nodeMachine } from './kube/machines.ts';
import { kubeProxy } from './kube/proxy/kube-proxy.ts';
import { nodeListeners } from './kube/node-programs.ts';
import { podListeners } from './kube/pod-stack.ts';
import { applyEdit } from './net/apply-edit.ts';
import type { NetnsEdit } from './net/edit.ts';
import { machineOf, namedNetnsOf, newNetns, type NamedNetns } from './net/named-netns.ts';
import { NO_NETFILTER, type Chain, type Netfilter, type TableName } from './net/netfilter-rules.ts';
import {
  NO_MEMORY,
  type Device,
  type Inet6,
  type Listener,
  type Netns,
  type NetnsMemory,
  type Network,
  type Programming,
  type SegmentPort,
} from './net/netns.ts';
import { BGP_PORT } from '../model/bgp.ts';
import type { Ip } from '../model/ip.ts';
import { withKernelRoutes } from './routing/kernel-routes.ts';
import { speakerKey, type RoutingState, type Speaker } from './routing/routing-state.ts';
import type { NetnsId } from '../model/trace.ts';
import type { Topology } from '../model/topology.ts';

export interface World {
  readonly topology: Topology;
  readonly cluster: ClusterState;
  /** What the BGP speakers remember. */
  readonly routing: RoutingState;
  /** Hand-made changes by memory key (see `memoryKey`), oldest first. */
  readonly edits: Table<readonly HandEdit[]>;
  /** What the stacks learnt from traffic, by memory key (see `memoryKey`). */
  readonly memory: Table<NetnsMemory>;
}

export interface HandEdit {
  /** Virtual milliseconds. */
  readonly at: number;
  readonly edit: NetnsEdit;
}

/** Finds stacks of one world; keeps what it derived until the world it is asked about changes underneath. */
export class Stacks {
  readonly #fabric: Fabric;
  readonly #topology: Topology;
  readonly #kept = new Map<NetnsId, Kept<Netns | undefined>>();
  readonly #ports = new Map<string, Kept<readonly SegmentPort[]>>();
  /** Nodes as the kubelet, Felix and kube-proxy program them. */
  readonly #programmed = new Map<NetnsId, Kept<Netns>>();
  /** The network that was last looked at: many may ask one world. */
  #seen: { readonly world: World; readonly network: Network } | undefined;

  constructor(topology: Topology) {
    this.#topology = topology;
    this.#fabric = fabric(topology);
  }

  /** The network of `world` as one instant's walk sees it. */
  network(world: World): Network {
    if (this.#seen?.world !== world) this.#seen = { world, network: this.#networkOf(world) };
    return this.#seen.network;
  }

  #networkOf(world: World): Network {
    return {
      now: world.cluster.now,
      epoch: world.cluster.epoch,
      netns: lookedUpOnce((id) => this.netns(world, id)),
      memory: lookedUpOnce((id) => world.memory.get(memoryKey(world.cluster, id)) ?? NO_MEMORY),
      segment: (name) => this.#segmentPorts(world, name),
    };
  }

  /** Ports that work; nobody hears from a machine that is off, or through a cable that is out. */
  #segmentPorts({ cluster: { store } }: World, name: string): readonly SegmentPort[] {
    const ports = this.#fabric.segmentPorts(name);
    const machines = store.table(MACHINES);
    if (machines === undefined || machines.size === 0) return ports;
    return keptFor(this.#ports, name, [machines], () =>
      ports.filter(({ netns, device }) => {
        const { off, unplugged = [] } = machineAt(store, netns);
        return off !== true && !unplugged.includes(device);
      }),
    );
  }

  netns(world: World, id: NetnsId): Netns | undefined {
    return keptFor(this.#kept, id, inputsOf(world, id), () => this.#derive(world, id));
  }

  #derive(world: World, id: NetnsId): Netns | undefined {
    const [kind, ...names] = id.split('/');
    const named = namedNetnsOf(id);
    const base = named ? this.#named(world, id, named) : this.#base(world, id, [kind ?? '', ...names]);
    if (!base) return undefined;
    const isNode = kind === 'node' && !named;
    const node = names[0] ?? '';
    const programs = isNode ? nodeProgramming(world.cluster, this.#topology, node) : [];
    const own = isNode ? nodeListeners(world.cluster, this.#topology, node) : NO_LISTENERS;
    const whole =
      programs.length === 0
        ? base
        : keptFor(this.#programmed, id, [base, own, ...programs], () =>
            programs.reduce(withProgramming, { ...base, listeners: own }),
          );
    const made = world.edits.get(memoryKey(world.cluster, id)) ?? [];
    const { now } = world.cluster;
    const watched = programs[0] && { felix: programs[0], now: repairedUntil(world.cluster, node) };
    const edited = replayed(whole, made, watched);
    const unscanned = made.filter(isUnscanned(now));
    return speakersAt(world, id).reduce(
      (stack, speaker) => (speaker ? withSpeaker(stack, speaker, unscanned) : stack),
      edited,
    );
  }

  #base(world: World, id: NetnsId, [kind, ...names]: readonly string[]): Netns | undefined {
    if (kind === 'pod') return podStack(world.cluster, names);
    const base = this.#fabric.netns.get(id);
    const { off, unplugged } = machineAt(world.cluster.store, id);
    if (!base || off === true) return undefined;
    return unplugged ? withoutCables(base, unplugged) : base;
  }

  /** What somebody made with `ip netns add`, while the machine still has it. */
  #named(world: World, id: NetnsId, { machine, name }: NamedNetns): Netns | undefined {
    const owner = this.netns(world, machine);
    const namespace = owner?.namespaces?.find((each) => each.name === name);
    return owner && namespace && newNetns(id, owner, namespace.ipForward);
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

/** The changes by hand in their order; on a node, with what Felix did about them meanwhile. */
function replayed(
  whole: Netns,
  made: readonly HandEdit[],
  node: { readonly felix: Programming; readonly now: number } | undefined,
): Netns {
  let stack = whole;
  let from = made[0]?.at ?? 0;
  for (const each of made) {
    const { at, edit } = each;
    if (node) stack = resynced(stack, node.felix, { from, to: Math.min(at, node.now) });
    stack = withEdit(stack, each);
    if (node && at <= node.now && edit.kind === 'set-link' && edit.up)
      stack = cameUp(stack, node.felix, edit.device);
    from = at;
  }
  return node && made.length > 0 ? resynced(stack, node.felix, { from, to: node.now }) : stack;
}

/** Until when Felix has put right what others change: until now, unless its process is gone. */
function repairedUntil(cluster: ClusterState, node: string): number {
  const seen = seenByFelix(cluster, node);
  return seen && !seen.alive ? seen.at : cluster.now;
}

function withoutCables(netns: Netns, unplugged: readonly string[]): Netns {
  const devices = netns.devices.map((device): Device => {
    if (!unplugged.includes(device.name)) return device;
    const { link: _, ...rest } = device;
    return rest;
  });
  return { ...netns, devices };
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

/** The daemons of a machine, those of IPv6 only where there is IPv6. */
function speakersAt({ routing, topology }: World, netns: NetnsId): readonly (Speaker | undefined)[] {
  const { speakers } = routing;
  const first = speakers.get(netns);
  if (topology.podCidr6 === undefined) return [first];
  return [first, speakers.get(speakerKey({ netns, daemon: 'bird6' }))];
}

/** BIRD keeps its routes in line with what it sees of the stack, whoever changed that. */
function withSpeaker(stack: Netns, speaker: Speaker, unscanned: readonly HandEdit[]): Netns {
  const listeners = speaker.running ? [...stack.listeners, bgpListener(speaker)] : stack.listeners;
  return unscanned.reduce(withEdit, { ...withKernelRoutes(stack, speaker), listeners });
}

const bgpListener = ({ config: { listenPort = BGP_PORT, listenAddress } }: Speaker): Listener => ({
  protocol: 'tcp',
  port: listenPort,
  ...(listenAddress !== undefined && { address: listenAddress }),
  serves: { kind: 'bgp' },
});

function lookedUpOnce<T>(lookUp: (id: NetnsId) => T): (id: NetnsId) => T {
  const known = new Map<NetnsId, T>();
  return (id) => {
    let found = known.get(id);
    if (found === undefined) known.set(id, (found = lookUp(id)));
    return found;
  };
}

/** Everything a stack is derived from, to be compared by identity. */
function inputsOf(world: World, id: NetnsId): readonly unknown[] {
  const machine = machineOf(id);
  if (machine !== id) return [world.edits.get(id), ...inputsOf(world, machine)];
  const edits = world.edits.get(memoryKey(world.cluster, id));
  const refresh = edits ? Math.floor(world.cluster.now / SCAN_INTERVAL) : 0;
  const { store, sandboxes, frozen } = world.cluster;
  const read: readonly unknown[] = [world.topology, store, sandboxes, frozen, edits, refresh];
  return read.concat(speakersAt(world, id));
}

function nodeProgramming(cluster: ClusterState, topology: Topology, node: string): readonly Programming[] {
  if (!cluster.store.get('nodes', undefined, node)) return [];
  return [felixOf(cluster, topology, node), kubeProxyOf(cluster, node)];
}

/** All of calico-node may be gone, or Felix alone is on its way to start anew. */
const seenByFelix = (cluster: ClusterState, node: string): LastSeen | undefined =>
  lastSeen(cluster, 'calico-node', node) ?? lastSeen(cluster, 'felix', node);

/** From what Felix sees, or saw last; the cables of pods that came or went since are the CNI plugin's work. */
function felixOf(cluster: ClusterState, topology: Topology, node: string): Programming {
  const seen = seenByFelix(cluster, node);
  if (!seen) return felix(cluster, topology, node);
  if (seen.blank) return NO_PROGRAMMING;
  return keptCables(
    seen.sandboxes,
    cluster.sandboxes,
    node,
  )(felix({ ...cluster, store: seen.store, sandboxes: seen.sandboxes }, topology, node));
}

function kubeProxyOf(cluster: ClusterState, node: string): Programming {
  const seen = lastSeen(cluster, 'kube-proxy', node);
  if (!seen) return kubeProxy(cluster, node);
  return seen.blank ? NO_PROGRAMMING : kubeProxy({ ...cluster, store: seen.store }, node);
}

const NO_LISTENERS: readonly Listener[] = [];

const NO_PROGRAMMING: Programming = {
  devices: [],
  routes: [],
  neighbours: [],
  fdb: [],
  netfilter: NO_NETFILTER,
};

function withProgramming(netns: Netns, added: Programming): Netns {
  return {
    ...netns,
    devices: joined(netns.devices, added.devices).toSorted((a, b) => a.index - b.index),
    routes: joined(netns.routes, added.routes),
    neighbours: joined(netns.neighbours, added.neighbours),
    fdb: joined(netns.fdb, added.fdb),
    netfilter: mergeNetfilter(netns.netfilter, added.netfilter),
    listeners: joined(netns.listeners, added.listeners ?? []),
    ...(netns.inet6 && added.inet6 && { inet6: withProgramming6(netns.inet6, added.inet6) }),
  };
}

const withProgramming6 = (inet6: Inet6, added: NonNullable<Programming['inet6']>): Inet6 => ({
  ...inet6,
  ...(added.withoutLinkLocal && { withoutLinkLocal: added.withoutLinkLocal }),
  addresses: new Map([...inet6.addresses, ...added.addresses]),
  routes: joined(inet6.routes, added.routes),
  neighbours: joined(inet6.neighbours, added.neighbours),
  netfilter: mergeNetfilter(inet6.netfilter, added.netfilter),
});

/** A list that something is put together with nothing is that list: those of a large cluster name every node. */
function joined<T>(some: readonly T[], more: readonly T[]): readonly T[] {
  if (some.length === 0) return more;
  return more.length === 0 ? some : some.concat(more);
}

/** Rules of several programs in one table: chains of the same name are concatenated in the order of the programs. */
function mergeNetfilter<Address extends Ip>(
  first: Netfilter<Address>,
  second: Netfilter<Address>,
): Netfilter<Address> {
  const tables: Partial<Record<TableName, readonly Chain<Address>[]>> = { ...first.tables };
  for (const [name, chains] of Object.entries(second.tables) as [TableName, readonly Chain<Address>[]][])
    tables[name] = mergeChains(tables[name] ?? [], chains);
  return { tables, ipsets: joinedSets(first.ipsets, second.ipsets) };
}

function joinedSets<Address extends Ip>(
  some: Netfilter<Address>['ipsets'],
  more: Netfilter<Address>['ipsets'],
): Netfilter<Address>['ipsets'] {
  if (some.size === 0) return more;
  return more.size === 0 ? some : new Map([...some, ...more]);
}

function mergeChains<Address extends Ip>(
  known: readonly Chain<Address>[],
  chains: readonly Chain<Address>[],
): readonly Chain<Address>[] {
  if (known.length === 0 || chains.length === 0) return joined(known, chains);
  const whole = known.map((chain) => {
    const more = chains.find((other) => other.name === chain.name);
    return more ? { ...chain, ...more, ...chain, rules: joined(chain.rules, more.rules) } : chain;
  });
  return joined(
    whole,
    chains.filter((chain) => !known.some((other) => other.name === chain.name)),
  );
}

/** A pod's memory ends with its sandbox: a new pod of the same name starts cold. */
export function memoryKey(cluster: ClusterState, id: NetnsId): string {
  if (!id.startsWith('pod/')) return id;
  const [, namespace = '', name = ''] = id.split('/');
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

function podStack(cluster: ClusterState, [namespace = '', name = '']: readonly string[]): Netns | undefined {
  const pod = cluster.store.get('pods', namespace, name);
  const sandbox = cluster.sandboxes.get(pod?.metadata.uid ?? '');
  if (!pod || !sandbox?.network) return undefined;
  const { off, rebooted } = nodeMachine(cluster.store, sandbox.node);
  if (off === true || rebooted === true) return undefined;
  const listeners = podListeners(pod, () => clusterDns(cluster.store));
  return podNetns(sandbox, sandbox.network, listeners);
}
