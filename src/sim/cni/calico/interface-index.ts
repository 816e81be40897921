/**
 * Interface indexes of a node's stack: the kernel counts up and never gives a number twice, so the order in which Felix and
 * the CNI plugin created devices stays visible in `ip link`. The record lives in a table of the store that no API serves.
 * lo is 1 and the underlay port 2; vxlan.calico comes before the first pod on a fresh node, after the pods when a pool asks
 * for VXLAN later.
 */
import { jsonEquals } from '../../../base/json.ts';
import type { ClusterState } from '../../kube/controller.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { IPIP_DEVICE } from './names.ts';

export const INTERFACE_INDEXES = 'interfaceindexes.simulator';
const FIRST = 3;

export interface InterfaceIndexes {
  readonly next: number;
  /** Devices of Felix by name. */
  readonly devices: Readonly<Record<string, number>>;
}

export function readIndexes(record: KubeObject | undefined): InterfaceIndexes {
  const spec = record?.spec;
  return {
    next: Number(spec?.['next'] ?? FIRST),
    devices: (spec?.['devices'] ?? {}) as Readonly<Record<string, number>>,
  };
}

/** The next free index of a node, for a pod's veth. */
export function nextIndex(tx: ClusterTransaction, node: string): number {
  const known = readIndexes(tx.get(INTERFACE_INDEXES, undefined, node));
  write(tx, node, { ...known, next: known.next + 1 });
  return known.next;
}

/** The number that the next device of a node will get. */
export const nextDeviceIndex = (store: ClusterState['store'], node: string): number =>
  readIndexes(store.get(INTERFACE_INDEXES, undefined, node)).next;

/** Somebody made devices by hand, the last of them with this number. */
export function reserveIndexes(tx: ClusterTransaction, node: string, last: number): void {
  const known = readIndexes(tx.get(INTERFACE_INDEXES, undefined, node));
  if (last >= known.next) write(tx, node, { ...known, next: last + 1 });
}

/** Gives devices an index when they appear and forgets it when they go; tunl0 stays. */
export function setDevices(tx: ClusterTransaction, node: string, wanted: readonly string[]): void {
  const known = readIndexes(tx.get(INTERFACE_INDEXES, undefined, node));
  let next = known.next;
  const devices: Record<string, number> = {};
  const kept = known.devices[IPIP_DEVICE] !== undefined && !wanted.includes(IPIP_DEVICE) ? [IPIP_DEVICE] : [];
  for (const name of [...kept, ...wanted]) {
    const index = known.devices[name] ?? next;
    if (index === next) next += 1;
    devices[name] = index;
  }
  if (!jsonEquals(known.devices, devices)) write(tx, node, { next, devices });
}

export function forgetNode(tx: ClusterTransaction, node: string): void {
  tx.delete(INTERFACE_INDEXES, undefined, node);
}

function write(tx: ClusterTransaction, node: string, { next, devices }: InterfaceIndexes): void {
  tx.put(INTERFACE_INDEXES, {
    apiVersion: 'simulator/v1',
    kind: 'InterfaceIndexes',
    metadata: { name: node },
    spec: { next, devices },
  });
}
