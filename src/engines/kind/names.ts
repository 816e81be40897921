/**
 * Names and labels by which everything of ours on a Docker Engine is known again. kind's nodes can carry no label of ours
 * (kind v0.32.0 pkg/cluster/internal/providers/docker/provision.go gives only its own two), so a cluster's name says whose
 * it is; containers and networks that we make ourselves carry labels too.
 */
import type { ClusterNode, Topology } from '../../model/topology.ts';

/** kind's own labels (kind v0.32.0 pkg/cluster/constants, providers/docker/constants.go). */
export const KIND_CLUSTER_LABEL = 'io.x-k8s.kind.cluster';
export const KIND_ROLE_LABEL = 'io.x-k8s.kind.role';

/** Ours, on networks, routers, hosts, sidecars, workstations and probes. */
export const LABELS = {
  /** The cluster that it belongs to, by name. */
  cluster: 'underlay.cluster',
  /** `network`, `router`, `host`, `sidecar`, `workstation` or `probe`. */
  role: 'underlay.role',
  /** The place as labs spell it: `router/router`, `node/node1`. */
  place: 'underlay.place',
} as const;

export type OwnRole = 'network' | 'router' | 'host' | 'sidecar' | 'workstation' | 'probe';

/** Every cluster of ours begins so; the installation's own follows, so that two installations share one engine in peace. */
const PREFIX = 'underlay';

/** kind warns above 50 characters, since a node's name may have 64 (kind v0.32.0 pkg/cluster/internal/create/create.go). */
const LONGEST = 50;

const HEX = /^[0-9a-f]+$/;

/**
 * `underlay-<installation>-<lab>-<run>`: unique for each creation.
 * @param installation 6 hex digits, kept in the data folder
 * @param run 4 hex digits, new for each cluster
 */
export function clusterName(installation: string, lab: string, run: string): string {
  if (!HEX.test(installation) || !HEX.test(run)) throw new Error(`not hex: ${installation} ${run}`);
  const room = LONGEST - `${PREFIX}-${installation}--${run}`.length;
  const slug = lab
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, room)
    .replaceAll(/^-+|-+$/g, '');
  return `${PREFIX}-${installation}-${slug || 'lab'}-${run}`;
}

/** Whether a cluster was made by this installation, whatever its journal says. */
export const isOurs = (cluster: string, installation: string): boolean =>
  cluster.startsWith(`${PREFIX}-${installation}-`);

/**
 * The container of each node, by node name. kind counts within a role and leaves the first one's number out (kind v0.32.0
 * pkg/cluster/internal/providers/common/namer.go); the order is the config's.
 */
export function nodeContainers(cluster: string, topology: Topology): ReadonlyMap<string, string> {
  const counts = new Map<ClusterNode['role'], number>();
  return new Map(
    topology.nodes.map(({ name, role }) => {
      const count = (counts.get(role) ?? 0) + 1;
      counts.set(role, count);
      return [name, `${cluster}-${role}${count === 1 ? '' : count}`];
    }),
  );
}

/** The container of something of ours: `<cluster>-router-router`, `<cluster>-sidecar-node1`, `<cluster>-workstation`. */
export const ownContainer = (cluster: string, role: Exclude<OwnRole, 'network'>, name?: string): string =>
  name === undefined ? `${cluster}-${role}` : `${cluster}-${role}-${name}`;

/** The Docker network that all of a cluster's containers share. */
export const networkName = (cluster: string): string => cluster;
