/**
 * What is wrong with the machines of a lab: one that is switched off, a port whose cable is out, a process that does not
 * stay up. A machine that is sound has no record. The records live in a table of the store that no API serves, so that
 * controllers see them change and snapshots keep them. What follows from them is the business of those who ask.
 */
import { jsonEquals, type Json, type JsonObject } from '../../base/json.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { KubeObject } from './object.ts';
import type { ObjectStore } from './store.ts';
import type { ClusterTransaction } from './transaction.ts';

export const MACHINES = 'machines.simulator';

/**
 * What can break on a node while its machine runs: a process inside calico-node (`bird`, `felix`), a container that ends
 * whenever it is started, or the file from which the CNI plugin knows that calico-node has been there.
 */
export const BREAKAGES = [
  'bird',
  'felix',
  'calico-node',
  'kube-proxy',
  'kube-apiserver',
  'nodename-file',
] as const;
export type Breakage = (typeof BREAKAGES)[number];

export interface Machine {
  readonly off?: true;
  /** It has been switched on again and its kubelet has not looked after its pods yet. */
  readonly rebooted?: true;
  /** No way leads from it to the control plane. */
  readonly cutOff?: true;
  /** Since when its kubelet is not heard of, in virtual milliseconds. */
  readonly silentSince?: number;
  /** Devices without a cable. */
  readonly unplugged?: readonly string[];
  readonly broken?: readonly Breakage[];
}

/** Members that are undefined go. */
export type MachineUpdate = { readonly [M in keyof Machine]: Machine[M] | undefined };

const SOUND: Machine = {};

/** `id` as stacks are named: `node/<name>`, `router/<name>`, `host/<name>`. */
export function machineAt(store: Pick<ObjectStore, 'get'>, id: NetnsId): Machine {
  const record = store.get(MACHINES, undefined, id);
  return record ? machineIn(record) : SOUND;
}

export const machineIn = (record: KubeObject | undefined): Machine =>
  (record?.spec as Machine | undefined) ?? SOUND;

export const nodeMachine = (store: Pick<ObjectStore, 'get'>, node: string): Machine =>
  machineAt(store, `node/${node}`);

/** The node of a record; undefined for routers and hosts. */
export const nodeOfRecord = (record: KubeObject | undefined): string | undefined =>
  /^node\/(.+)$/.exec(record?.metadata.name ?? '')?.[1];

/** Its kubelet does not hear from the API server, nor the API server from it. */
export const isSilent = ({ off, rebooted, cutOff }: Machine): boolean =>
  off === true || rebooted === true || cutOff === true;

export const isBroken = ({ broken = [] }: Machine, what: Breakage): boolean => broken.includes(what);

/** Members that are undefined in `change` go; a machine with nothing wrong has no record. */
export function setMachine(tx: ClusterTransaction, id: NetnsId, change: MachineUpdate): void {
  const before = machineAt(tx, id);
  const members = Object.entries({ ...before, ...change }).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  const spec = Object.fromEntries(members) as JsonObject;
  if (jsonEquals(before as Json, spec)) return;
  if (members.length === 0) tx.delete(MACHINES, undefined, id);
  else tx.put(MACHINES, { apiVersion: 'simulator/v1', kind: 'Machine', metadata: { name: id }, spec });
}
