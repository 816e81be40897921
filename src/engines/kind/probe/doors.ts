/**
 * Doors into network namespaces: which container to enter, and what to put before a program, so that it runs in the
 * namespace of a node, a router, a host or a pod with the tools of our own image, whatever the pod's image has. A pod's
 * namespace is that of its sandbox, whose process is known to the node's container runtime (crictl, from cri-tools).
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { formatPlace, type Place } from '../../../model/place.ts';
import type { NetnsId } from '../../../model/trace.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ownContainer } from '../names.ts';
import { notMeasured, placeNotRunning } from './errors.ts';
import type { PodState } from './kubernetes.ts';

export interface Door {
  readonly at: NetnsId;
  readonly container: string;
  /** Before every argv. */
  readonly prefix: readonly string[];
}

/** Seconds that the container runtime may take to answer. */
const PATIENCE = 10;

/** $1 is the pod's uid. */
const SANDBOX = `id=$(crictl pods --quiet --state ready --label "io.kubernetes.pod.uid=$1" | head -n 1)
[ -n "$id" ] && exec crictl inspectp --output go-template --template '{{.info.pid}}' "$id"`;

export type Machine = Extract<Place, { readonly kind: 'node' | 'router' | 'host' | 'workstation' }>;

/** The container that a place's programs run in; a node's is its sidecar, which shares its network and its processes. */
export function containerOf({ name: cluster }: Pick<Cluster, 'name'>, place: Machine): string {
  switch (place.kind) {
    case 'workstation':
      return ownContainer(cluster, 'workstation');
    case 'node':
      return ownContainer(cluster, 'sidecar', place.name);
    default:
      return ownContainer(cluster, place.kind, place.name);
  }
}

export const machineDoor = (cluster: Pick<Cluster, 'name'>, place: Machine): Door => ({
  at: formatPlace(place),
  container: containerOf(cluster, place),
  prefix: [],
});

export async function podDoor(
  cluster: Cluster,
  pod: PodState,
  signal: AbortSignal,
): Promise<Result<Door, LabError>> {
  const at = `pod/${pod.namespace}/${pod.name}`;
  const node = pod.node === undefined ? undefined : cluster.nodes.get(pod.node);
  if (pod.node === undefined || node === undefined || pod.phase !== 'Running')
    return err(placeNotRunning(formatPlace({ kind: 'pod', ...pod })));
  const outside = machineDoor(cluster, { kind: 'node', name: pod.node });
  if (pod.hostNetwork) return ok({ ...outside, at });
  const asked = await cluster.docker.containers.exec(node, ['sh', '-c', SANDBOX, 'sh', pod.uid], {
    signal,
    seconds: PATIENCE,
  });
  if (!asked.ok) return asked;
  const process = /^\d+$/m.exec(asked.value.stdout)?.[0];
  if (process === undefined || process === '0') {
    const says = asked.value.stderr.trim() || 'the container runtime knows no sandbox of it';
    return err(notMeasured(`the network namespace of ${at} was not found: ${says}`));
  }
  return ok({ ...outside, at, prefix: ['nsenter', `--net=/proc/${process}/ns/net`, '--'] });
}
