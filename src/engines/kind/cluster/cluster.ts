/** A kind cluster of ours: which containers it is made of, and how its API is spoken to. */
import type { Result } from '../../../base/result.ts';
import type { ExecResult, LabError } from '../../../lab/ports.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Docker } from '../docker/docker.ts';
import type { ClusterFolder } from '../data-folder.ts';

export interface Cluster {
  readonly name: string;
  /** The lab it was made for. */
  readonly lab: string;
  readonly topology: Topology;
  readonly docker: Docker;
  /** The container of each node, by node name. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly folder: ClusterFolder;
}

export interface KubectlOptions {
  readonly signal: AbortSignal;
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Seconds until it is killed inside the container. */
  readonly seconds?: number;
}

/** The node image's own kubectl in the control plane's container, as cluster-admin: it is always of the cluster's version. */
export type Kubectl = (
  argv: readonly string[],
  options: KubectlOptions,
) => Promise<Result<ExecResult, LabError>>;

export function kubectlOf({
  docker,
  nodes,
  topology,
}: Pick<Cluster, 'docker' | 'nodes' | 'topology'>): Kubectl {
  const head = topology.nodes.find(({ role }) => role === 'control-plane');
  const container = head && nodes.get(head.name);
  if (container === undefined) throw new Error('a topology without a control plane');
  return (argv, options) =>
    docker.containers.exec(container, ['kubectl', ...argv], {
      ...options,
      environment: { KUBECONFIG: '/etc/kubernetes/admin.conf' },
    });
}
