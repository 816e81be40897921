/**
 * calico-node's look at its host's address: at each start of the container the address with its mask is written to the Node,
 * whatever somebody had put there. The check every minute compares with what the process itself wrote, so an annotation that
 * is changed by hand stays until the next start. Source: node/pkg/lifecycle/startup/startup.go,
 * MonitorIPAddressSubnets (a later version reads the Node anew each time). Left out: the exit of a calico-node that finds no
 * address, and addresses that are changed by hand while it runs.
 */
import type { Ip } from '../../../model/ip.ts';
import { formatIp, isIpv4, isIpv6, parseIp } from '../../../model/ip-family.ts';
import type { Topology } from '../../../model/topology.ts';
import { portMac } from '../../fabric/fabric.ts';
import type { Controller } from '../../kube/controller.ts';
import { listAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { detectAddress, knownInterfaces, localCidr, type HostNetwork } from './autodetection.ts';
import { linkLocalOf } from '../../net/inet6.ts';
import { hostInterfaces, UPLINK } from './host-mtu.ts';
import { NODES, NODE_ANNOTATION, PODS, annotation } from './kinds.ts';
import { withNetworkUp } from './node-agent.ts';
import {
  isCalicoNode,
  keepEnvironment,
  NODE_ENVIRONMENTS,
  nodeEnvironment,
  readEnvironment,
  runningContainer,
  runningPod,
  type NodeEnvironment,
} from './node-environment.ts';

export function nodeAddress(topology: Topology): Controller {
  return {
    name: 'calico-node-address',
    watches: [PODS],
    react: ({ before, after }) => {
      const container = isCalicoNode(after) ? runningContainer(after) : undefined;
      const isNew = container !== undefined && container !== runningContainer(before);
      return isNew ? [{ key: textAt(after?.spec, 'nodeName'), after: 0 }] : [];
    },
    reconcile: (tx, node) => {
      const pod = runningPod(tx, node);
      if (!pod) return;
      const environment = readEnvironment(tx, pod.metadata.namespace ?? '', pod.spec);
      keepEnvironment(tx, node, { process: runningContainer(pod) ?? '', environment });
      writeAddress(tx, topology, node);
    },
  };
}

/** What the environment says or autodetection finds; a backend of `none` writes nothing. */
export function writeAddress(tx: ClusterTransaction, topology: Topology, name: string): void {
  const node = tx.get(NODES, undefined, name);
  const environment = nodeEnvironment(tx.get(NODE_ENVIRONMENTS, undefined, name));
  if (!node || environment.backend === 'none') return;
  const [host, host6] = [hostNetwork(tx, topology, node), hostNetwork6(topology, node)];
  const found = [
    [NODE_ANNOTATION.address, inetAddress(environment, host, node)],
    [NODE_ANNOTATION.address6, inet6Address(environment, host6)],
    [NODE_ANNOTATION.interfaces, interfacesText(environment, host, host6)],
  ] as const;
  const moved = found.flatMap(([key, address]) =>
    address === undefined || address === annotation(node, key) ? [] : [[key, address] as const],
  );
  if (moved.length === 0) return;
  const annotations = { ...node.metadata.annotations, ...Object.fromEntries(moved) };
  // The same start says that the node has a network.
  const status = { ...node.status, conditions: withNetworkUp(tx, node) };
  tx.put(NODES, { ...node, metadata: { ...node.metadata, annotations }, status });
}

/** Undefined leaves the Node as it is. */
function inetAddress(
  { ip, ipMethod }: NodeEnvironment,
  host: HostNetwork,
  node: KubeObject,
): string | undefined {
  const before = annotation(node, NODE_ANNOTATION.address);
  if (ip === 'autodetect' || (ip === '' && before === undefined)) return detectAddress(ipMethod, host);
  return ip === '' || ip === 'none' ? undefined : localCidr(ip, host);
}

/** IPv6 is looked for only where somebody asks for it. */
function inet6Address({ ip6, ip6Method }: NodeEnvironment, host: HostNetwork): string | undefined {
  if (ip6 === 'autodetect') return detectAddress(ip6Method, host);
  return ip6 === '' || ip6 === 'none' ? undefined : localCidr(ip6, host);
}

/** What the host has besides, in the families that are looked for; a link-local address is one of its addresses too. */
function interfacesText(
  { ip, ip6 }: NodeEnvironment,
  host: HostNetwork,
  host6: HostNetwork,
): string | undefined {
  const isWanted = (setting: string): boolean => setting !== '' && setting !== 'none';
  if (!isWanted(ip) && !isWanted(ip6)) return undefined;
  const names = knownInterfaces(isWanted(ip) ? host.interfaces : host6.interfaces).map(({ name }) => name);
  const addressesIn = ({ interfaces }: HostNetwork, wanted: string): readonly Ip[] =>
    interfaces
      .filter(({ name }) => name === wanted)
      .flatMap(({ addresses }) => addresses.map(({ address }) => address));
  return JSON.stringify(
    names.map((name) => ({
      name,
      addresses: [
        ...(isWanted(ip) ? addressesIn(host, name) : []),
        ...(isWanted(ip6) ? addressesIn(host6, name) : []),
      ].map(formatIp),
    })),
  );
}

const hostNetwork = (tx: ClusterTransaction, topology: Topology, node: KubeObject): HostNetwork => ({
  interfaces: hostInterfaces(tx, topology, node.metadata.name),
  internalIp: internalIps(node).find(isIpv4),
  uplink: UPLINK,
});

/** As the lab made it: what somebody changes of it by hand is left out. */
function hostNetwork6({ nodes }: Topology, node: KubeObject): HostNetwork {
  const machine = nodes.find(({ name }) => name === node.metadata.name);
  const own = machine?.address6;
  return {
    interfaces: own
      ? [
          {
            name: UPLINK,
            addresses: [own, { address: linkLocalOf(portMac(machine.address.address)), length: 64 }],
          },
        ]
      : [],
    internalIp: internalIps(node).find(isIpv6),
    uplink: UPLINK,
  };
}

const internalIps = ({ status }: KubeObject): readonly Ip[] =>
  listAt(status, 'addresses')
    .filter(({ type }) => type === 'InternalIP')
    .flatMap((each) => parseIp(textAt(each, 'address')) ?? []);
