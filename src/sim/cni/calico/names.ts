/**
 * The names Calico gives things: interfaces, tunnel addresses of a kind, IPAM objects, workload endpoints, profiles.
 * Sources: libcalico-go/lib/names, libcalico-go/lib/backend/k8s/resources, felix/calc/vxlan_resolver.go, Calico v3.32.1.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../../base/bytes.ts';
import type { Ipv4 } from '../../../model/ip.ts';
import { formatIpCidr, isCidr6, type IpCidr, type IpFamily } from '../../../model/ip-family.ts';
import { macFromBytes, type Mac } from '../../../model/mac.ts';
import { base64url } from './base64url.ts';

/** The MAC of every host end of a pod's veth pair. */
export const HOST_MAC = 'ee:ee:ee:ee:ee:ee' as Mac;
export const VXLAN_DEVICE = 'vxlan.calico';
export const VXLAN6_DEVICE = 'vxlan-v6.calico';
export const vxlanDevice = (family: IpFamily): string => (family === 6 ? VXLAN6_DEVICE : VXLAN_DEVICE);
export const IPIP_DEVICE = 'tunl0';
export const WORKLOAD_PREFIX = 'cali';

/** The node's end of a pod's veth pair: `cali0d7763386da` for default/web-0. */
export function hostInterface(namespace: string, pod: string): string {
  return `${WORKLOAD_PREFIX}${hex(sha1(utf8(`${namespace}.${pod}`))).slice(0, 11)}`;
}

/** The MAC of a node's VXLAN device: `66:` and five bytes of a hash of the node's name, for IPv6 with `-v6`. */
export function vtepMac(node: string, family: IpFamily = 4): Mac {
  const name = family === 6 ? `${node}-v6` : node;
  return macFromBytes(Uint8Array.of(0x66, ...sha1(utf8(name)).subarray(0, 5)));
}

/** A pod's eth0 here (a real kernel draws it at random): `7a:00:` and the address. */
export function podMac(address: Ipv4): Mac {
  const pair = (shift: number): string => PAIRS[(address >>> shift) & 255] ?? '';
  return `7a:00:${pair(24)}:${pair(16)}:${pair(8)}:${pair(0)}` as Mac;
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** `10-244-166-128-26`, `fd00-10-244--40-122` */
export function blockName(block: IpCidr): string {
  if (isCidr6(block)) return formatIpCidr(block).replaceAll(/[.:/]/g, '-');
  const { base, length } = block;
  return `${base >>> 24}-${(base >>> 16) & 255}-${(base >>> 8) & 255}-${base & 255}-${length}`;
}

/** `node1-10-244-166-128-26`; a name over the API's limit is cut and gets a hash. */
export function affinityName(node: string, block: IpCidr): string {
  const cidrName = blockName(block);
  const name = `${node}-${cidrName}`;
  if (name.length < 253) return name;
  const digest = hex(sha256(utf8(`${node}+${cidrName}`))).slice(0, 11);
  return `${node.slice(0, 252 - cidrName.length - 13)}-${cidrName}-${digest}`;
}

/** The object name of an IPAM handle. */
export const handleName = (handle: string): string => handle.toLowerCase();

/** `k8s-pod-network.<container id>`: the CNI network's name and the sandbox. */
export const podHandle = (containerId: string): string => `k8s-pod-network.${containerId}`;

/** `node1-k8s-web--0-eth0` */
export function workloadEndpointName(node: string, pod: string): string {
  return [node, 'k8s', pod, 'eth0'].map((part) => part.replaceAll('-', '--')).join('-');
}

const CHAIN_NAME_LIMIT = 28;

/** An iptables chain for something with a long name: prefix and name, or prefix, `_` and a hash of the name. */
export function chainName(prefix: string, name: string): string {
  const whole = `${prefix}${name}`;
  if (whole.length < CHAIN_NAME_LIMIT || (whole.length === CHAIN_NAME_LIMIT && !name.startsWith('_')))
    return whole;
  return `${prefix}_${base64url(sha256(utf8(name)))}`.slice(0, CHAIN_NAME_LIMIT);
}

/** `<prefix>:` and a hash of prefix and content, as IP sets and groups of policies are called. */
export const uniqueId = (prefix: string, content: string): string =>
  `${prefix}:${base64url(sha224(utf8(`${prefix}:${content}`)))}`;
