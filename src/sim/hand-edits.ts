/**
 * What people change on machines by hand becomes part of the world: one edit of one stack, or a plan for several. What a
 * stack had learnt and the change ends is forgotten in the same instant.
 */
import { err, ok, type Result } from '../base/result.ts';
import type { NetnsId } from '../model/trace.ts';
import { noteInterfaces } from './cni/calico/host-mtu.ts';
import { nextDeviceIndex, reserveIndexes } from './cni/calico/interface-index.ts';
import type { Controller } from './kube/controller.ts';
import { ClusterTransaction } from './kube/transaction.ts';
import { applyEdit } from './net/apply-edit.ts';
import type { NetnsEdit } from './net/edit.ts';
import { planLinkChange, type LinkChange, type StackEdit } from './net/link-change.ts';
import { forgetConnections, forgetNeighbours } from './net/memory.ts';
import { forgetStations, learnByHand } from './net/memory-edits.ts';
import { namedNetnsId } from './net/named-netns.ts';
import { NO_MEMORY, type Netns, type NetnsMemory } from './net/netns.ts';
import { withoutCounters } from './net/rule-counters.ts';
import { memoryKey, type HandEdit, type Stacks, type World } from './stacks.ts';

interface Machines {
  readonly controllers: readonly Controller[];
  readonly stacks: Stacks;
}

/** The world with one stack changed, or what the kernel says instead. */
export function changeByHand(
  world: World,
  { controllers, stacks }: Machines,
  { netns, edit }: StackEdit,
): Result<World, string> {
  const stack = stacks.netns(world, netns);
  if (!stack) return err(`Cannot open network namespace "${netns}": No such file or directory`);
  const forgetful = withMemory(world, netns, edit);
  const after = applyEdit(stack, edit);
  if (!after.ok) {
    // A neighbour that was only learnt is in no configured table; forgetting it is the whole of its deletion.
    return edit.kind === 'delete-neighbour' && forgetful !== world ? ok(forgetful) : err(after.error);
  }
  const key = memoryKey(world.cluster, netns);
  const before = world.edits.get(key) ?? [];
  const made = withEdit(before, { at: world.cluster.now, edit });
  if (made === before) return ok(forgetful);
  const changed = { ...forgetful, edits: world.edits.set(key, made) };
  return ok(withNoted(changed, controllers, { netns, before: stack.devices, after: after.value.devices }));
}

/** A node's Felix takes the MTU of its tunnels from the interfaces it finds. */
function withNoted(
  world: World,
  controllers: readonly Controller[],
  { netns, ...devices }: { readonly netns: NetnsId; readonly before: Devices; readonly after: Devices },
): World {
  const [, node] = /^node\/([^/]+)$/.exec(netns) ?? [];
  if (node === undefined || devices.before === devices.after) return world;
  const tx = new ClusterTransaction(world.cluster, controllers);
  noteInterfaces(tx, node, devices);
  return tx.state === world.cluster ? world : { ...world, cluster: tx.state };
}

type Devices = Netns['devices'];

/** All of a plan, or nothing. */
export function changeLinks(
  world: World,
  machines: Machines,
  { netns, change }: { readonly netns: NetnsId; readonly change: LinkChange },
): Result<World, string> {
  const { controllers, stacks } = machines;
  const view = {
    netns: (id: NetnsId) => stacks.netns(world, id),
    nextIndex: (id: NetnsId) => nextIndex(world, stacks, id),
  };
  const plan = planLinkChange(view, netns, change);
  if (!plan.ok) return plan;
  let at = world;
  for (const each of plan.value) {
    const next = changeByHand(at, machines, each);
    if (!next.ok) return next;
    at = next.value;
  }
  if (change.kind === 'delete-namespace') at = withoutStack(at, namedNetnsId(netns, change.name));
  return ok(withReserved(at, controllers, plan.value));
}

/** The kernel counts up in every stack; on a node the CNI plugin draws from the same numbers. */
function nextIndex(world: World, stacks: Stacks, id: NetnsId): number {
  const edits = world.edits.get(memoryKey(world.cluster, id)) ?? [];
  const given = edits.flatMap(({ edit }) => (edit.kind === 'add-device' ? [edit.added.index] : []));
  const present = stacks.netns(world, id)?.devices.map(({ index }) => index) ?? [];
  const [kind, name = ''] = id.split('/');
  const drawn = kind === 'node' ? nextDeviceIndex(world.cluster.store, name) : 2;
  return Math.max(drawn, ...given.map((index) => index + 1), ...present.map((index) => index + 1));
}

/** Later pods of a node get later numbers. */
function withReserved(world: World, controllers: readonly Controller[], plan: readonly StackEdit[]): World {
  const tx = new ClusterTransaction(world.cluster, controllers);
  for (const { netns, edit } of plan) {
    const [, node] = /^node\/([^/]+)$/.exec(netns) ?? [];
    if (node !== undefined && edit.kind === 'add-device') reserveIndexes(tx, node, edit.added.index);
  }
  return tx.state === world.cluster ? world : { ...world, cluster: tx.state };
}

function withoutStack(world: World, id: NetnsId): World {
  return { ...world, edits: world.edits.delete(id), memory: world.memory.delete(id) };
}

/** What is over with the moment it is made leaves no trace: a forgotten connection, a socket that is closed again. */
function withEdit(made: readonly HandEdit[], next: HandEdit): readonly HandEdit[] {
  const { edit } = next;
  if (MOMENTARY.has(edit.kind)) return made;
  if (edit.kind !== 'close-socket') return [...made, next];
  const { protocol, port, address } = edit.listener;
  return made.filter(
    ({ edit: earlier }) =>
      earlier.kind !== 'open-socket' ||
      earlier.listener.protocol !== protocol ||
      earlier.listener.port !== port ||
      earlier.listener.address !== address,
  );
}

/** They change what a stack remembers, not how it is configured. */
const MOMENTARY: ReadonlySet<NetnsEdit['kind']> = new Set([
  'forget-connections',
  'learn-neighbour',
  'zero-counters',
]);

function withMemory(world: World, netns: NetnsId, edit: NetnsEdit): World {
  const key = memoryKey(world.cluster, netns);
  const memory = world.memory.get(key) ?? NO_MEMORY;
  const next = remembered(memory, edit);
  return next === memory ? world : { ...world, memory: world.memory.set(key, next) };
}

/** What a stack still remembers after the change. */
export function remembered(memory: NetnsMemory, edit: NetnsEdit): NetnsMemory {
  switch (edit.kind) {
    case 'delete-neighbour':
      return forgetNeighbours(memory, edit.device, edit.address);
    case 'add-neighbour':
      return forgetNeighbours(memory, edit.neighbour.device, edit.neighbour.address);
    case 'learn-neighbour':
      return learnByHand(memory, edit.neighbour);
    case 'set-link':
      return edit.up === false || edit.master !== undefined
        ? forgetStations(forgetNeighbours(memory, edit.device), edit.device)
        : memory;
    case 'remove-device':
      return forgetStations(forgetNeighbours(memory, edit.device), edit.device);
    case 'forget-connections':
      return forgetConnections(memory, edit.connections);
    case 'zero-counters':
    case 'netfilter':
      return withoutCounters(memory, edit);
    default:
      return memory;
  }
}
