/**
 * The `calico` CNI plugin with `calico-ipam`: gives a pod its address and its veth pair, and takes the address back.
 * Pod annotations beat the namespace's. Errors come as the kubelet receives them from the plugin, without the runtime's
 * own prefix (`plugin type="calico" failed (add): `).
 * Sources: cni-plugin/pkg/{k8s/k8s.go,ipamplugin/ipam_plugin.go}, cni-plugin/internal/pkg/utils, Calico v3.32.1. Left out:
 * IPv6, ipAddrsNoIpam, floating IPs, hwAddr.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { formatIpv4, parseCidr, parseIpv4, type Cidr, type Ipv4 } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { CniPlugin, PodNetwork } from '../../kube/sandbox.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { transactionDatastore } from './datastore.ts';
import { encapsulations, hostMtu, mtus } from './encapsulation.ts';
import { felixConfiguration } from './felix-configuration.ts';
import { nextIndex } from './interface-index.ts';
import { Ipam } from './ipam/ipam.ts';
import {
  CLUSTER_INFORMATIONS,
  FELIX_CONFIGURATIONS,
  IP_POOLS,
  NAMESPACES,
  PODS,
  annotation,
} from './kinds.ts';
import { hostInterface, podHandle, podMac } from './names.ts';

export const POD_ANNOTATION = {
  pools: 'cni.projectcalico.org/ipv4pools',
  addresses: 'cni.projectcalico.org/ipAddrs',
  withoutIpam: 'cni.projectcalico.org/ipAddrsNoIpam',
  floating: 'cni.projectcalico.org/floatingIPs',
  podIp: 'cni.projectcalico.org/podIP',
  podIps: 'cni.projectcalico.org/podIPs',
  containerId: 'cni.projectcalico.org/containerID',
} as const;

export function calicoCni(topology: Topology): CniPlugin {
  return {
    type: 'calico',
    add: (tx, pod, containerId) => {
      if (tx.get(CLUSTER_INFORMATIONS, undefined, 'default')?.spec?.['datastoreReady'] === false)
        return err('Calico is currently not ready to process requests');
      const node = String(pod.spec?.['nodeName'] ?? '');
      const address = assignAddress(tx, { pod, node, containerId });
      if (!address.ok) return address;
      annotatePod(tx, pod, address.value, containerId);
      return ok(podNetwork(tx, { pod, node, topology }, address.value));
    },
    del: (tx, { containerId }) => {
      new Ipam(transactionDatastore(tx)).releaseHandle(podHandle(containerId));
    },
  };
}

interface Attachment {
  readonly pod: KubeObject;
  readonly node: string;
  readonly containerId: string;
}

function assignAddress(tx: ClusterTransaction, { pod, node, containerId }: Attachment): Result<Ipv4, string> {
  const refused = refusal(pod);
  if (refused !== undefined) return err(refused);
  const { name, namespace = 'default' } = pod.metadata;
  const home = tx.get(NAMESPACES, undefined, namespace);
  const ipam = new Ipam(transactionDatastore(tx));
  const request = {
    node,
    handle: podHandle(containerId),
    secondary: { namespace, node, pod: name, timestamp: goTimestamp(tx.state.epoch + tx.now) },
  };
  const wanted = annotation(pod, POD_ANNOTATION.addresses);
  if (wanted !== undefined) {
    const address = requestedAddress(wanted);
    if (!address.ok) return address;
    const assigned = ipam.assign(address.value, request);
    return assigned.ok ? assigned : err(`error getting IP from IPAM: ${assigned.error}`);
  }
  const pools = requestedPools(
    tx,
    annotation(pod, POD_ANNOTATION.pools) ?? annotation(home, POD_ANNOTATION.pools),
  );
  if (!pools.ok) return pools;
  const assigned = ipam.autoAssign({
    ...request,
    use: 'Workload',
    namespaceLabels: home?.metadata.labels ?? {},
    requested: pools.value,
  });
  if (assigned.ok || !assigned.error.startsWith('Assigned ')) return assigned;
  return err(`failed to request IPv4 addresses: ${assigned.error}`);
}

function refusal(pod: KubeObject): string | undefined {
  const has = (name: string): boolean => annotation(pod, name) !== undefined;
  if (has(POD_ANNOTATION.addresses) && has(POD_ANNOTATION.withoutIpam)) {
    return "can't have both annotations: 'ipAddrs' and 'ipAddrsNoIpam' in use at the same time";
  }
  if (has(POD_ANNOTATION.withoutIpam)) return 'requested feature is not enabled: ip_addrs_no_ipam';
  return has(POD_ANNOTATION.floating) ? 'requested feature is not enabled: floating_ips' : undefined;
}

function jsonStrings(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

function requestedAddress(text: string): Result<Ipv4, string> {
  const addresses = jsonStrings(text);
  const label = `annotation "${POD_ANNOTATION.addresses}"`;
  if (!addresses) return err(`failed to parse IPs ${text} for ${label}: failed to parse '${text}' as JSON`);
  const [first, second] = addresses;
  if (first === undefined) return err(`${label} specified but empty`);
  const address = parseIpv4(first);
  if (address === undefined) return err(`invalid IP format: ${first}`);
  if (second !== undefined)
    return err(`cannot have more than one IPv4 address for "${POD_ANNOTATION.addresses}" annotation`);
  return ok(address);
}

/** Pools by name or CIDR. */
function requestedPools(tx: ClusterTransaction, text: string | undefined): Result<readonly Cidr[], string> {
  if (text === undefined) return ok([]);
  const names = jsonStrings(text);
  if (!names) return err(`failed to parse '${text}' as JSON`);
  const found: Cidr[] = [];
  for (const name of names) {
    const named = tx.get(IP_POOLS, undefined, name)?.spec?.['cidr'];
    const cidr = parseCidr(name) ?? parseCidr(String(named ?? ''));
    if (!cidr) return err(`error parsing pool "${name}": invalid CIDR address: ${name}`);
    found.push(cidr);
  }
  return ok(found);
}

/** As Go's time.String prints UTC: `2026-05-01 10:00:00.123 +0000 UTC`. */
function goTimestamp(clock: number): string {
  const iso = new Date(clock).toISOString();
  const fraction = iso.slice(19, 23).replace(/\.?0+$/, '');
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction} +0000 UTC`;
}

function annotatePod(tx: ClusterTransaction, pod: KubeObject, address: Ipv4, containerId: string): void {
  const { name, namespace } = pod.metadata;
  const stored = tx.get(PODS, namespace, name) ?? pod;
  const annotations = {
    ...stored.metadata.annotations,
    [POD_ANNOTATION.containerId]: containerId,
    [POD_ANNOTATION.podIp]: `${formatIpv4(address)}/32`,
    [POD_ANNOTATION.podIps]: `${formatIpv4(address)}/32`,
  };
  tx.put(PODS, { ...stored, metadata: { ...stored.metadata, annotations } });
}

interface Attached {
  readonly pod: KubeObject;
  readonly node: string;
  readonly topology: Topology;
}

function podNetwork(tx: ClusterTransaction, { pod, node, topology }: Attached, address: Ipv4): PodNetwork {
  const felix = felixConfiguration(tx.state.store.table(FELIX_CONFIGURATIONS), node);
  const enabled = encapsulations(new Ipam(transactionDatastore(tx)).pools(), felix);
  return {
    address,
    mac: podMac(address),
    mtu: mtus(hostMtu(topology, node), felix, enabled).pod,
    hostInterface: hostInterface(pod.metadata.namespace ?? 'default', pod.metadata.name),
    hostIndex: nextIndex(tx, node),
  };
}
