/** Where a flow goes: the address asked, and the doors of those who may receive it. */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, ReachFlow } from '../../../lab/ports.ts';
import { formatIp, ipCidrContains, parseIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { formatPlace } from '../../../model/place.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Cluster, Kubectl } from '../cluster/cluster.ts';
import { machineDoor, podDoor, type Door, type Machine } from './doors.ts';
import { listAt, objectsOf, podOf, podState, textAt, type PodState } from './kubernetes.ts';

export interface Target {
  readonly address: string;
  /** Who may receive it, as far as it is known: all backends of a service. */
  readonly ends: readonly Door[];
  /** Others answer for the address, so that nothing but the port asked for does. */
  readonly isService: boolean;
}

export interface Measured {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
}

/** A service with more backends is watched at these; the answer tells of the rest. */
const MOST_ENDS = 12;

type Found = Result<Target | undefined, LabError>;

/** Undefined for what has no address. */
export function targetOf(measured: Measured, to: ReachFlow['to'], signal: AbortSignal): Promise<Found> {
  switch (to.kind) {
    case 'pod':
      return podTarget(measured, to, signal);
    case 'service':
      return serviceTarget(measured, to, signal);
    case 'address':
      return addressTarget(measured, to.address, signal);
    case 'workstation':
      return Promise.resolve(ok(undefined));
    default:
      return Promise.resolve(ok(machineTarget(measured.cluster, to)));
  }
}

export const nameOfTarget = (to: ReachFlow['to']): string =>
  to.kind === 'service' ? `service/${to.name}` : to.kind === 'address' ? to.address : formatPlace(to);

async function podTarget(
  { cluster, kubectl }: Measured,
  to: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Found> {
  const pod = await podOf(kubectl, to, signal);
  if (!pod.ok) return pod;
  const [address] = pod.value?.addresses ?? [];
  if (!pod.value || address === undefined) return ok(undefined);
  return withEnds(cluster, { address, pods: [pod.value], isService: false }, signal);
}

async function withEnds(
  cluster: Cluster,
  {
    address,
    pods,
    isService,
  }: { readonly address: string; readonly pods: readonly PodState[]; readonly isService: boolean },
  signal: AbortSignal,
): Promise<Found> {
  const running = pods.filter(({ phase }) => phase === 'Running').slice(0, MOST_ENDS);
  const doors = await Promise.all(running.map((pod) => podDoor(cluster, pod, signal)));
  const ends: Door[] = [];
  for (const door of doors) {
    if (!door.ok) return door;
    ends.push(door.value);
  }
  return ok({ address, ends, isService });
}

async function serviceTarget(
  measured: Measured,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Found> {
  const found = await objectsOf(measured.kubectl, { resource: 'services', namespace, name }, signal);
  return found.ok ? backends(measured, found.value[0], signal) : found;
}

async function backends(
  { cluster, kubectl }: Measured,
  service: JsonObject | undefined,
  signal: AbortSignal,
): Promise<Found> {
  const spec = service?.['spec'];
  const metadata = service?.['metadata'];
  const address = isJsonObject(spec) ? textAt(spec, 'clusterIP') : undefined;
  if (!isJsonObject(metadata) || address === undefined || parseIp(address) === undefined)
    return ok(undefined);
  const namespace = textAt(metadata, 'namespace') ?? 'default';
  const [slices, pods] = await Promise.all([
    objectsOf(
      kubectl,
      {
        resource: 'endpointslices.discovery.k8s.io',
        namespace,
        labelSelector: `kubernetes.io/service-name=${textAt(metadata, 'name') ?? ''}`,
      },
      signal,
    ),
    objectsOf(kubectl, { resource: 'pods', namespace }, signal),
  ]);
  if (!slices.ok) return slices;
  if (!pods.ok) return pods;
  const targets = new Set(
    slices.value
      .flatMap((slice) => listAt(slice, 'endpoints'))
      .flatMap(({ targetRef }) => (isJsonObject(targetRef) ? (textAt(targetRef, 'name') ?? []) : [])),
  );
  const chosen = pods.value.map(podState).filter(({ name }) => targets.has(name));
  return withEnds(cluster, { address, pods: chosen, isService: true }, signal);
}

async function addressTarget(measured: Measured, text: string, signal: AbortSignal): Promise<Found> {
  const { cluster, kubectl } = measured;
  const address = parseIp(text);
  if (address === undefined) return ok(undefined);
  const machine = machineWith(cluster.topology, address);
  if (machine) return ok({ address: text, ends: [machineDoor(cluster, machine)], isService: false });
  const { podCidr, podCidr6, serviceCidr, serviceCidr6 } = cluster.topology;
  const within = (...prefixes: readonly (Parameters<typeof ipCidrContains>[0] | undefined)[]): boolean =>
    prefixes.some((prefix) => prefix !== undefined && ipCidrContains(prefix, address));
  if (within(serviceCidr, serviceCidr6)) {
    const services = await objectsOf(kubectl, { resource: 'services' }, signal);
    if (!services.ok) return services;
    const holder = services.value.find(({ spec }) => isJsonObject(spec) && spec['clusterIP'] === text);
    const found = await backends(measured, holder, signal);
    return found.ok ? ok(found.value ?? { address: text, ends: [], isService: true }) : found;
  }
  if (!within(podCidr, podCidr6)) return ok({ address: text, ends: [], isService: false });
  const pods = await objectsOf(kubectl, { resource: 'pods' }, signal);
  if (!pods.ok) return pods;
  const holders = pods.value
    .map(podState)
    .filter(({ addresses, hostNetwork }) => !hostNetwork && addresses.includes(text));
  return withEnds(cluster, { address: text, pods: holders, isService: false }, signal);
}

function machineTarget(cluster: Cluster, to: Exclude<Machine, { kind: 'workstation' }>): Target | undefined {
  const address = machineAddress(cluster.topology, to);
  if (address === undefined) return undefined;
  return { address: formatIp(address), ends: [machineDoor(cluster, to)], isService: false };
}

function machineAddress(
  { nodes, hosts, routers }: Topology,
  { kind, name }: Exclude<Machine, { kind: 'workstation' }>,
): Ip | undefined {
  const named = (each: { readonly name: string }): boolean => each.name === name;
  switch (kind) {
    case 'node':
      return nodes.find(named)?.address.address;
    case 'host':
      return hosts.find(named)?.address.address;
    case 'router':
      return routers.find(named)?.ports[0]?.address.address;
  }
}

function machineWith({ nodes, hosts, routers }: Topology, wanted: Ip): Machine | undefined {
  const has = ({
    address,
    address6,
  }: {
    readonly address: { readonly address: Ip };
    readonly address6?: { readonly address: Ip };
  }): boolean => address.address === wanted || address6?.address === wanted;
  const node = nodes.find(has);
  if (node) return { kind: 'node', name: node.name };
  const host = hosts.find(has);
  if (host) return { kind: 'host', name: host.name };
  const router = routers.find(({ ports }) => ports.some(has));
  return router && { kind: 'router', name: router.name };
}

/** The pod a flow starts in must run; other places always do. */
export async function senderOf(
  { cluster, kubectl }: Measured,
  from: ReachFlow['from'],
  absent: LabError,
  signal: AbortSignal,
): Promise<Result<Sender, LabError>> {
  if (from.kind !== 'pod') {
    const door = machineDoor(cluster, from);
    return ok({ door, machine: door });
  }
  const pod = await podOf(kubectl, from, signal);
  if (!pod.ok) return pod;
  if (pod.value?.phase !== 'Running' || pod.value.node === undefined) return err(absent);
  const door = await podDoor(cluster, pod.value, signal);
  if (!door.ok) return door;
  return ok({ door: door.value, machine: machineDoor(cluster, { kind: 'node', name: pod.value.node }) });
}

export interface Sender {
  readonly door: Door;
  /** The node of a pod, or the place itself: what leaves it is on the wire. */
  readonly machine: Door;
}
