/**
 * calico-node's look at its host's address: at each start of the container the address with its mask is written to the Node,
 * whatever somebody had put there. The check every minute compares with what the process itself wrote, so an annotation that
 * is changed by hand stays until the next start. Source: node/pkg/lifecycle/startup/startup.go,
 * MonitorIPAddressSubnets (a later version reads the Node anew each time). Left out: methods of autodetection other than
 * first-found, and addresses that are changed by hand.
 */
import { formatIpv4 } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import { isCalicoNode } from './bgp/daemon-config.ts';
import type { Controller } from '../../kube/controller.ts';
import { at, listAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { NODES, NODE_ANNOTATION, PODS, annotation } from './kinds.ts';
import { withNetworkUp } from './node-agent.ts';

export function nodeAddress(topology: Topology): Controller {
  return {
    name: 'calico-node-address',
    watches: [PODS],
    react: ({ before, after }) => {
      const container = isCalicoNode(after) ? runningContainer(after) : undefined;
      const isNew = container !== undefined && container !== runningContainer(before);
      return isNew ? [{ key: textAt(after?.spec, 'nodeName'), after: 0 }] : [];
    },
    reconcile: (tx, node) => writeAddress(tx, topology, node),
  };
}

function runningContainer(pod: KubeObject | undefined): string | undefined {
  const status = listAt(pod?.status, 'containerStatuses').find(({ name }) => name === 'calico-node');
  return at(status, 'state', 'running') === undefined ? undefined : textAt(status, 'containerID');
}

/** What autodetection finds: the address of the node's port, with its mask. */
export function writeAddress(tx: ClusterTransaction, topology: Topology, name: string): void {
  const address = topology.nodes.find((each) => each.name === name)?.address;
  const node = tx.get(NODES, undefined, name);
  if (!address || !node) return;
  const found = `${formatIpv4(address.address)}/${address.length}`;
  if (annotation(node, NODE_ANNOTATION.address) === found) return;
  const annotations = { ...node.metadata.annotations, [NODE_ANNOTATION.address]: found };
  // The same start says that the node has a network.
  const status = { ...node.status, conditions: withNetworkUp(tx, node) };
  tx.put(NODES, { ...node, metadata: { ...node.metadata, annotations }, status });
}
