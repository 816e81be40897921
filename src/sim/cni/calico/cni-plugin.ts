/**
 * The `calico` CNI plugin with `calico-ipam`: gives a pod its address and its veth pair, and takes the address back.
 * What a pod may wish for is read in `pod-wishes.ts`. Errors come as the kubelet receives them from the plugin, without the runtime's
 * own prefix (`plugin type="calico" failed (add): `).
 * Sources: cni-plugin/pkg/{k8s/k8s.go,ipamplugin/ipam_plugin.go}, cni-plugin/internal/pkg/utils, Calico v3.32.1. Left out:
 * hwAddr, and what a plugin cannot do while the API server is away.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { formatIpv4, type Ipv4 } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import { memoize } from '../../core/memo.ts';
import type { Table } from '../../core/table.ts';
import { isBroken, nodeMachine } from '../../kube/machines.ts';
import { lastSeen } from '../../kube/last-seen.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { CniPlugin, PodNetwork } from '../../kube/sandbox.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { transactionDatastore } from './datastore.ts';
import { encapsulations, mtus } from './encapsulation.ts';
import { felixConfiguration } from './felix-configuration.ts';
import { goTimestamp } from './go-time.ts';
import { hostMtu, KNOWN_INTERFACES } from './host-mtu.ts';
import { nextIndex } from './interface-index.ts';
import { host } from './ipam/affinity.ts';
import { Ipam } from './ipam/ipam.ts';
import { readPools, type IpPool } from './ippool.ts';
import {
  CLUSTER_INFORMATIONS,
  FELIX_CONFIGURATIONS,
  IP_POOLS,
  NAMESPACES,
  PODS,
  annotation,
} from './kinds.ts';
import { hostInterface, podHandle, podMac } from './names.ts';
import { readWishes } from './pod-wishes.ts';

export const POD_ANNOTATION = {
  podIp: 'cni.projectcalico.org/podIP',
  podIps: 'cni.projectcalico.org/podIPs',
  containerId: 'cni.projectcalico.org/containerID',
} as const;

export function calicoCni(topology: Topology): CniPlugin {
  return {
    type: 'calico',
    refusal: (tx, node) =>
      isBroken(nodeMachine(tx, node), 'nodename-file')
        ? 'stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/'
        : undefined,
    add: (tx, pod, containerId) => {
      if (!isReady(tx)) return err('Calico is currently not ready to process requests');
      const node = String(pod.spec?.['nodeName'] ?? '');
      const address = assignAddress(tx, { pod, node, containerId });
      if (!address.ok) return address;
      annotatePod(tx, pod, {
        [POD_ANNOTATION.containerId]: containerId,
        ...addressAnnotations(`${formatIpv4(address.value)}/32`),
      });
      return ok(podNetwork(tx, { pod, node, topology }, address.value));
    },
    del: (tx, { namespace, pod: name, containerId }) => {
      const pod = tx.get(PODS, namespace, name);
      // A pod of the same name may have another sandbox already.
      if (pod && annotation(pod, POD_ANNOTATION.containerId) === containerId)
        annotatePod(tx, pod, addressAnnotations(''));
      new Ipam(transactionDatastore(tx)).releaseHandle(podHandle(containerId));
    },
  };
}

/** What `calicoctl datastore migrate lock` takes away. */
const isReady = (tx: ClusterTransaction): boolean =>
  tx.get(CLUSTER_INFORMATIONS, undefined, 'default')?.spec?.['datastoreReady'] !== false;

interface Attachment {
  readonly pod: KubeObject;
  readonly node: string;
  readonly containerId: string;
}

/** An address given to a pod that is refused afterwards goes back into the queue. */
function assignAddress(tx: ClusterTransaction, { pod, node, containerId }: Attachment): Result<Ipv4, string> {
  const { name, namespace = 'default' } = pod.metadata;
  const home = tx.get(NAMESPACES, undefined, namespace);
  const ipam = new Ipam(transactionDatastore(tx));
  const wishes = readWishes(pod, home, ipam.pools());
  if (!wishes.ok) return wishes;
  const request = {
    owner: host(node),
    handle: podHandle(containerId),
    secondary: { namespace, node, pod: name, timestamp: goTimestamp(tx) },
  };
  const { address, pools, problem } = wishes.value;
  const assigned =
    address === undefined
      ? ipam.autoAssign({
          ...request,
          use: 'Workload',
          namespaceLabels: home?.metadata.labels ?? {},
          requested: pools,
        })
      : ipam.assign(address, request);
  if (!assigned.ok) return err(address === undefined ? asked(assigned.error) : fromIpam(assigned.error));
  if (problem === undefined) return assigned;
  ipam.releaseHandle(request.handle);
  return err(problem);
}

const asked = (error: string): string =>
  error.startsWith('Assigned ') ? `failed to request IPv4 addresses: ${error}` : error;

const fromIpam = (error: string): string => `error getting IP from IPAM: ${error}`;

/** Empty when the plugin has taken the network away: so the pod's endpoint loses its address at once. */
const addressAnnotations = (address: string): Readonly<Record<string, string>> => ({
  [POD_ANNOTATION.podIp]: address,
  [POD_ANNOTATION.podIps]: address,
});

function annotatePod(
  tx: ClusterTransaction,
  pod: KubeObject,
  values: Readonly<Record<string, string>>,
): void {
  const { name, namespace } = pod.metadata;
  const stored = tx.get(PODS, namespace, name) ?? pod;
  const annotations = { ...stored.metadata.annotations, ...values };
  tx.put(PODS, { ...stored, metadata: { ...stored.metadata, annotations } });
}

interface Attached {
  readonly pod: KubeObject;
  readonly node: string;
  readonly topology: Topology;
}

function podNetwork(tx: ClusterTransaction, { pod, node, topology }: Attached, address: Ipv4): PodNetwork {
  const pools = new Ipam(transactionDatastore(tx)).pools();
  return {
    address,
    mac: podMac(address),
    mtu: podMtu(tx, { topology, node, pools }),
    hostInterface: hostInterface(pod.metadata.namespace ?? 'default', pod.metadata.name),
    hostIndex: nextIndex(tx, node),
  };
}

interface MtuFacts {
  readonly topology: Topology;
  readonly node: string;
  readonly pools: readonly IpPool[];
}

/** What the node's Felix wrote to /var/lib/calico/mtu when it last started. */
function podMtu(tx: ClusterTransaction, { topology, node, pools }: MtuFacts): number {
  const seen = lastSeen(tx.state, 'felix', node)?.store;
  const known = (seen ?? tx).get(KNOWN_INTERFACES, undefined, node);
  const configurations = (seen ?? tx).table(FELIX_CONFIGURATIONS);
  const seenPools = seen ? readPools(seen.table(IP_POOLS)?.values() ?? []) : pools;
  if (known || seen) return readMtu({ topology, node, pools: seenPools }, configurations, known);
  return podMtus(topology, configurations, pools)(node);
}

function readMtu(
  { topology, node, pools }: MtuFacts,
  configurations: Table<KubeObject> | undefined,
  known: KubeObject | undefined,
): number {
  const felix = felixConfiguration(configurations, node);
  const host = hostMtu(topology, node, { pattern: felix.mtuIfacePattern, known });
  return mtus(host, felix, encapsulations(pools, felix)).pod;
}

/** By node, where nobody changed an interface by hand. */
const podMtus = memoize(
  (topology: Topology, configurations: Table<KubeObject> | undefined, pools: readonly IpPool[]) => {
    const read = new Map<string, number>();
    return (node: string): number => {
      const mtu = read.get(node) ?? readMtu({ topology, node, pools }, configurations, undefined);
      read.set(node, mtu);
      return mtu;
    };
  },
);
