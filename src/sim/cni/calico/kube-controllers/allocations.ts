/**
 * Allocations as the garbage collector judges them: a pod's address is valid as long as the pod is there and shows it, a
 * tunnel's as long as the node is there.
 * Source: kube-controllers/pkg/controllers/node/{ipam,ipam_allocation}.go (allocationIsValid, isPodIP), Calico v3.32.1.
 */
import type { Ip } from '../../../../model/ip.ts';
import { parseIp } from '../../../../model/ip-family.ts';
import { listAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { addressOf, attributesOf, sequenceOf, type Attributes, type Block } from '../ipam/block.ts';
import type { Release } from '../ipam/ipam.ts';
import { NODES, PODS, annotation } from '../kinds.ts';

export interface Allocation {
  readonly address: Ip;
  readonly handle: string;
  readonly sequence: number;
  readonly secondary: Attributes['secondary'];
}

/** Those of a block that have a handle; without one they cannot be collected. */
export const allocationsOf = (block: Block): readonly Allocation[] =>
  block.allocations.flatMap((_, ordinal) => {
    const attributes = attributesOf(block, ordinal);
    if (attributes?.handle_id === undefined) return [];
    return {
      address: addressOf(block, ordinal),
      handle: attributes.handle_id,
      sequence: sequenceOf(block, ordinal),
      secondary: attributes.secondary,
    };
  });

export const releaseOf = ({ address, handle, sequence }: Allocation): Release => ({
  address,
  handle,
  sequence,
});

export const isPodAddress = ({ secondary }: Pick<Allocation, 'secondary'>): boolean =>
  Boolean(secondary['namespace']) && Boolean(secondary['pod']);

const TUNNELS = ['ipip', 'vxlan', 'vxlanV6', 'wireguard', 'wireguardV6'].map(
  (kind) => `${kind}TunnelAddress`,
);

export const isTunnelAddress = ({ secondary }: Allocation): boolean =>
  TUNNELS.includes(secondary['type'] ?? '');

/** Whether the pod of an allocation still uses the address. */
export function isPodValid(tx: ClusterTransaction, { address, secondary }: Allocation): boolean {
  const pod = tx.get(PODS, secondary['namespace'], secondary['pod'] ?? '');
  if (!pod) return false;
  const node = textAt(pod.spec, 'nodeName');
  const hasNode = tx.get(NODES, undefined, secondary['node'] ?? '') !== undefined;
  if (node !== '' && hasNode && node !== secondary['node']) return false;
  const shown = shownAddresses(pod);
  if (shown.length === 0) return true;
  return !isFinished(pod) && shown.includes(address);
}

const shownAddresses = ({ status }: KubeObject): readonly Ip[] =>
  listAt(status, 'podIPs').flatMap((each) => parseIp(textAt(each, 'ip')) ?? []);

/** A pod that has ended, or that leaves and lost its network already, has no address any more. */
export function isFinished(pod: KubeObject): boolean {
  const phase = textAt(pod.status, 'phase');
  if (phase === 'Failed' || phase === 'Succeeded') return true;
  return (
    pod.metadata.deletionTimestamp !== undefined && annotation(pod, 'cni.projectcalico.org/podIP') === ''
  );
}
