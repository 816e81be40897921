/**
 * What Felix and calico-node's start know of a node's own interfaces. Felix takes the MTU of its tunnels and of new pods from them. It looks when it
 * starts, and every 30 s whether the answer is another one now: then it starts anew. Without a record the interfaces are those
 * the lab gave the node. Source: felix/dataplane/linux/int_dataplane.go (findHostMTU, monitorHostMTU), Calico v3.32.1.
 */
import { jsonEquals, type Json } from '../../../base/json.ts';
import type { InterfaceAddress } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { IPIP_DEVICE, VXLAN6_DEVICE, VXLAN_DEVICE, WORKLOAD_PREFIX } from './names.ts';

/** By node: the interfaces as they are, and as its Felix has found them. Tables of the store that no API serves. */
export const HOST_INTERFACES = 'hostinterfaces.simulator';
export const KNOWN_INTERFACES = 'knowninterfaces.simulator';

/** Virtual milliseconds between two looks at the host's MTU. */
export const MTU_CHECK_INTERVAL = 30_000;

export interface HostInterface {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly InterfaceAddress[];
}

/** When nothing matches the pattern. */
const UNKNOWN_MTU = 1460;
const DEFAULT_PATTERN = '^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)';

/** Where the lab plugs a node in. */
const PORT = 'eth0';

/** The least MTU of the interfaces that are up and match; `known` is the node's record of `KNOWN_INTERFACES`. */
export function hostMtu(
  topology: Topology,
  node: string,
  { pattern, known }: { readonly pattern: string | undefined; readonly known: KubeObject | undefined },
): number {
  return leastMtu(interfacesIn(known) ?? plugged(topology, node), pattern);
}

function plugged(topology: Topology, node: string): readonly HostInterface[] {
  const machine = topology.nodes.find((each) => each.name === node);
  const mtu = topology.segments.find((segment) => segment.name === machine?.segment)?.mtu;
  return !machine || mtu === undefined ? [] : [{ name: PORT, mtu, up: true, addresses: [machine.address] }];
}

/** A node's interfaces as they are, in the order of their indexes; the first is where the lab plugs it in. */
export const hostInterfaces = (
  tx: ClusterTransaction,
  topology: Topology,
  node: string,
): readonly HostInterface[] =>
  interfacesIn(tx.get(HOST_INTERFACES, undefined, node)) ?? plugged(topology, node);

/** The interface of a node's default route. */
export const UPLINK = PORT;

const interfacesIn = (record: KubeObject | undefined): readonly HostInterface[] | undefined =>
  record?.spec?.['interfaces'] as unknown as readonly HostInterface[] | undefined;

function leastMtu(interfaces: readonly HostInterface[], pattern: string | undefined): number {
  const matching = matcher(pattern ?? DEFAULT_PATTERN);
  const mtus = interfaces.filter(({ name, up }) => up && matching(name)).map(({ mtu }) => mtu);
  return mtus.length === 0 ? UNKNOWN_MTU : Math.min(...mtus);
}

const matchers = new Map<string, (name: string) => boolean>();

/** What is no pattern matches nothing: Felix refuses the parameter and keeps to the default. */
function matcher(pattern: string): (name: string) => boolean {
  const known = matchers.get(pattern);
  if (known) return known;
  let compiled: RegExp;
  try {
    compiled = new RegExp(pattern);
  } catch {
    compiled = new RegExp(DEFAULT_PATTERN);
  }
  const made = (name: string): boolean => compiled.test(name);
  matchers.set(pattern, made);
  return made;
}

/** Whether Felix would find another MTU than the one it started with. */
export function isMtuMoved(tx: ClusterTransaction, node: string, pattern: string | undefined): boolean {
  const known = interfacesIn(tx.get(KNOWN_INTERFACES, undefined, node));
  const present = interfacesIn(tx.get(HOST_INTERFACES, undefined, node));
  return (
    known !== undefined && present !== undefined && leastMtu(known, pattern) !== leastMtu(present, pattern)
  );
}

/** Felix has looked at its host. */
export function knowInterfaces(tx: ClusterTransaction, node: string): void {
  const present = interfacesIn(tx.get(HOST_INTERFACES, undefined, node));
  if (present) record(tx, KNOWN_INTERFACES, node, present);
}

/** Somebody changed interfaces of a node by hand. */
export function noteInterfaces(
  tx: ClusterTransaction,
  node: string,
  { before, after }: { readonly before: readonly HostInterface[]; readonly after: readonly HostInterface[] },
): void {
  const [old, now] = [before, after].map((devices) => devices.filter(isHosts).map(factsOf));
  if (!old || !now || jsonEquals(old as unknown as Json, now as unknown as Json)) return;
  if (!tx.get(KNOWN_INTERFACES, undefined, node)) record(tx, KNOWN_INTERFACES, node, old);
  record(tx, HOST_INTERFACES, node, now);
}

const factsOf = ({ name, mtu, up, addresses }: HostInterface): HostInterface => ({
  name,
  mtu,
  up,
  addresses: addresses.map(({ address, length }) => ({ address, length })),
});

const isHosts = ({ name }: HostInterface): boolean =>
  name !== VXLAN_DEVICE &&
  name !== VXLAN6_DEVICE &&
  name !== IPIP_DEVICE &&
  !name.startsWith(WORKLOAD_PREFIX);

function record(
  tx: ClusterTransaction,
  resource: string,
  node: string,
  interfaces: readonly HostInterface[],
): void {
  const spec = { interfaces: interfaces as unknown as Json };
  if (jsonEquals(tx.get(resource, undefined, node)?.spec, spec)) return;
  tx.put(resource, { apiVersion: 'simulator/v1', kind: 'Interfaces', metadata: { name: node }, spec });
}
