/**
 * Something happens to a machine of the lab: its power, a cable, one of its processes. What a machine held in memory only is
 * gone with its power: hand-made changes, neighbours, connections, its BGP daemon without a farewell.
 */
import { err, ok, type Result } from '../base/result.ts';
import { formatIpv4 } from '../model/ip.ts';
import type { NetnsId } from '../model/trace.ts';
import type { Table } from './core/table.ts';
import type { Millis } from './core/time.ts';
import { routerSpeakers } from './fabric/router-speakers.ts';
import { cutOffNodes } from './fabric/reachability.ts';
import type { ApiServerFault } from './kube/api.ts';
import type { Controller } from './kube/controller.ts';
import {
  isBroken,
  machineAt,
  nodeMachine,
  setMachine,
  type Breakage,
  type Machine,
  type MachineUpdate,
} from './kube/machines.ts';
import { ClusterTransaction } from './kube/transaction.ts';
import { startDaemons } from './routing/reconfigure.ts';
import { vanished } from './routing/vanish.ts';
import type { Stacks, World } from './stacks.ts';

export type MachineChange =
  | { readonly kind: 'power'; readonly on: boolean }
  /** Of a port of an L2 segment. */
  | { readonly kind: 'cable'; readonly device: string; readonly plugged: boolean }
  | { readonly kind: 'process'; readonly name: Breakage; readonly works: boolean };

interface Machines {
  readonly controllers: readonly Controller[];
  readonly stacks: Stacks;
}

/** `machine` as stacks are named. The same world when it is so already. */
export function changeMachine(
  world: World,
  { controllers, stacks }: Machines,
  { machine, change }: { readonly machine: NetnsId; readonly change: MachineChange },
): Result<World, string> {
  const problem = problemWith(world, machine, change);
  if (problem !== undefined) return err(problem);
  const { off } = machineAt(world.cluster.store, machine);
  const ends = change.kind === 'power' && !change.on && off !== true;
  const lived = ends ? withoutMemory(world, machine) : world;
  const tx = new ClusterTransaction(lived.cluster, controllers);
  write(tx, machine, change);
  tendReachability(tx, world);
  if (tx.state === lived.cluster) return ok(lived);
  const next = { ...lived, cluster: tx.state };
  const starts = change.kind === 'power' && change.on && off === true;
  return ok(starts ? withRouterDaemon(next, stacks, machine) : next);
}

function problemWith({ topology }: World, machine: NetnsId, change: MachineChange): string | undefined {
  const [kind = '', name = ''] = machine.split('/');
  const ports = portsOf(topology, kind, name);
  if (!ports) return `there is no machine ${machine} in this lab`;
  if (change.kind === 'cable' && !ports.includes(change.device))
    return `${machine} has no port ${change.device}`;
  if (change.kind === 'process' && kind !== 'node') return `${machine} is no node of the cluster`;
  return undefined;
}

function portsOf(
  { nodes, routers, hosts }: World['topology'],
  kind: string,
  name: string,
): readonly string[] | undefined {
  if (kind === 'router') return routers.find((each) => each.name === name)?.ports.map((_, at) => `eth${at}`);
  const machines = kind === 'node' ? nodes : kind === 'host' ? hosts : [];
  return machines.some((each) => each.name === name) ? ['eth0'] : undefined;
}

function write(tx: ClusterTransaction, machine: NetnsId, change: MachineChange): void {
  const before = machineAt(tx, machine);
  switch (change.kind) {
    case 'power':
      setMachine(tx, machine, change.on ? poweredOn(before, machine) : poweredOff(before, machine, tx.now));
      return;
    case 'cable':
      setMachine(tx, machine, { unplugged: listed(before.unplugged, change.device, !change.plugged) });
      return;
    case 'process':
      setMachine(tx, machine, { broken: listed(before.broken, change.name, !change.works) });
  }
}

const isNode = (machine: NetnsId): boolean => machine.startsWith('node/');

function poweredOn({ off, rebooted }: Machine, machine: NetnsId): MachineUpdate {
  const boots = off === true && isNode(machine);
  return { off: undefined, rebooted: boots || rebooted === true ? true : undefined };
}

const poweredOff = ({ silentSince }: Machine, machine: NetnsId, now: Millis): MachineUpdate => ({
  off: true,
  rebooted: undefined,
  ...(isNode(machine) && { silentSince: silentSince ?? now }),
});

/** The list, in order, with the name or without it. */
function listed<T extends string>(names: readonly T[] = [], name: T, wanted: boolean): readonly T[] {
  const others = names.filter((each) => each !== name);
  return wanted ? [...others, name].toSorted() : others;
}

/** Whom the control plane no longer hears of, or hears of again. */
function tendReachability(tx: ClusterTransaction, { topology }: World): void {
  const works = (machine: NetnsId, device: string): boolean => {
    const { off, unplugged = [] } = machineAt(tx, machine);
    return off !== true && !unplugged.includes(device);
  };
  const cut = cutOffNodes(topology, works);
  for (const { name } of topology.nodes) {
    const { cutOff, silentSince, off, rebooted } = nodeMachine(tx, name);
    const isCut = cut.has(name) && off !== true;
    if (isCut === (cutOff === true)) continue;
    setMachine(tx, `node/${name}`, {
      cutOff: isCut ? true : undefined,
      // It stays silent until its kubelet reports.
      silentSince: isCut || off === true || rebooted === true ? (silentSince ?? tx.now) : silentSince,
    });
  }
}

/** The machine's stack, its named namespaces, and those of its pods. */
function withoutMemory(world: World, machine: NetnsId): World {
  const { sandboxes } = world.cluster;
  const node = machine.startsWith('node/') ? machine.slice('node/'.length) : undefined;
  const pods = [...sandboxes.values()]
    .filter((sandbox) => sandbox.network && sandbox.node === node)
    .map(({ namespace, pod, containerId }) => `pod/${namespace}/${pod}#${containerId}`);
  return {
    ...world,
    routing: vanished(world.routing, machine),
    edits: withoutKeys(world.edits, machine, pods),
    memory: withoutKeys(world.memory, machine, pods),
  };
}

function withoutKeys<V>(table: Table<V>, machine: NetnsId, others: readonly string[]): Table<V> {
  const own = table.withPrefix(`${machine}/`).length > 0;
  const keys = [...table.keys()].filter(
    (key) => key === machine || (own && key.startsWith(`${machine}/`)) || others.includes(key),
  );
  return keys.reduce((left, key) => left.delete(key), table);
}

/** A router's daemon starts with its machine; a node's starts when calico-node does. */
function withRouterDaemon(world: World, stacks: Stacks, machine: NetnsId): World {
  const own = routerSpeakers(world.topology).filter(({ netns }) => netns === machine);
  if (own.length === 0) return world;
  return { ...world, routing: startDaemons(stacks.network(world), world.routing, own) };
}

const API_PORT = 6443;

/** Why nobody gets an answer of the API server; undefined when it answers. */
export function apiServerFault({ topology, cluster }: World): ApiServerFault | undefined {
  const home = topology.nodes.find(({ role }) => role === 'control-plane');
  const machine = home && nodeMachine(cluster.store, home.name);
  if (!machine) return undefined;
  const server = `${formatIpv4(home.address.address)}:${API_PORT}`;
  if (machine.off === true || machine.unplugged?.includes('eth0') === true)
    return { why: 'no route to host', server };
  return isBroken(machine, 'kube-apiserver') ? { why: 'connection refused', server } : undefined;
}

/** Without it no controller and no kubelet moves anything. */
export function isApiServerDown({ topology, cluster }: World): boolean {
  const home = topology.nodes.find(({ role }) => role === 'control-plane');
  const machine = home && nodeMachine(cluster.store, home.name);
  return machine !== undefined && (machine.off === true || isBroken(machine, 'kube-apiserver'));
}
