/** The container in which the node image's own kubectl speaks to the API. */
import type { Cluster } from '../cluster/cluster.ts';

export interface Head {
  readonly container: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function headOf({ nodes, topology }: Pick<Cluster, 'nodes' | 'topology'>): Head {
  const head = topology.nodes.find(({ role }) => role === 'control-plane');
  const container = head && nodes.get(head.name);
  if (container === undefined) throw new Error('a topology without a control plane');
  return { container, environment: { KUBECONFIG: '/etc/kubernetes/admin.conf' } };
}
