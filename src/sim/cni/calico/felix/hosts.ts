/**
 * What Felix and BIRD know of every node: the annotations that calico-node wrote on the Node objects. An annotation that
 * cannot be read counts as absent.
 * Source: libcalico-go/lib/backend/k8s/resources/node.go, Calico v3.32.1.
 */
import type { InterfaceAddress, Ip, Ipv4, Ipv6 } from '../../../../model/ip.ts';
import {
  addressBits,
  familyOf,
  ipCidrContains,
  ipCidrOf,
  parseIp,
  parseIpInterfaceAddress,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import { parseMac, type Mac } from '../../../../model/mac.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { NODE_ANNOTATION, annotation } from '../kinds.ts';
import { vtepMac } from '../names.ts';
import { stableList } from '../stable.ts';

/** A node as one address family sees it. */
export interface CalicoHost<Address extends Ip = Ipv4> {
  readonly name: string;
  /** With the mask that decides what is "the same subnet". */
  readonly address: InterfaceAddress<Address> | undefined;
  readonly vxlanTunnel: Address | undefined;
  readonly vxlanMac: Mac;
  /** IPIP carries IPv4 only. */
  readonly ipipTunnel: Address | undefined;
}

export type Hosts<Address extends Ip = Ipv4> = ReadonlyMap<string, CalicoHost<Address>>;

/** Of a family. */
export type HostsOf<Family extends IpFamily> = Family extends 4 ? Hosts : Hosts<Ipv6>;

/** The same map while no annotation changed, whatever else the nodes report. */
export function readHosts<Family extends IpFamily = 4>(
  nodes: Table<KubeObject> | undefined,
  family: Family = 4 as Family,
): HostsOf<Family> {
  return HOSTS[family](nodes) as HostsOf<Family>;
}

type AnyHost = CalicoHost<Ip>;

const hostsOf = (family: IpFamily) => {
  const read = new WeakMap<KubeObject, AnyHost>();
  const keep = stableList<AnyHost>(jsonEqual);
  const byName = memoize(
    (hosts: readonly AnyHost[]): Hosts<Ip> => new Map(hosts.map((host) => [host.name, host])),
    2,
  );
  return memoize((nodes: Table<KubeObject> | undefined): Hosts<Ip> => {
    const hosts = [...(nodes?.values() ?? [])].map((node) => {
      const host = read.get(node) ?? readHost(node, family);
      read.set(node, host);
      return host;
    });
    return byName(keep(hosts));
  }, 2);
};

const HOSTS = { 4: hostsOf(4), 6: hostsOf(6) } as const;

function jsonEqual(a: AnyHost, b: AnyHost): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const ANNOTATIONS = {
  4: {
    address: NODE_ANNOTATION.address,
    vxlanTunnel: NODE_ANNOTATION.vxlanTunnel,
    vxlanMac: NODE_ANNOTATION.vxlanMac,
    ipipTunnel: NODE_ANNOTATION.ipipTunnel,
  },
  6: {
    address: NODE_ANNOTATION.address6,
    vxlanTunnel: NODE_ANNOTATION.vxlanTunnel6,
    vxlanMac: NODE_ANNOTATION.vxlanMac6,
    ipipTunnel: undefined,
  },
} as const;

function readHost(node: KubeObject, family: IpFamily): AnyHost {
  const { name } = node.metadata;
  const { address, vxlanTunnel, vxlanMac, ipipTunnel } = ANNOTATIONS[family];
  const text = (key: string | undefined): string => (key === undefined ? '' : (annotation(node, key) ?? ''));
  const ipOf = (written: string): Ip | undefined => {
    const parsed = parseIp(written);
    return parsed !== undefined && familyOf(parsed) === family ? parsed : undefined;
  };
  return {
    name,
    address: interfaceAddress(text(address), family),
    vxlanTunnel: ipOf(text(vxlanTunnel)),
    vxlanMac: parseMac(text(vxlanMac)) ?? vtepMac(name, family),
    ipipTunnel: ipOf(text(ipipTunnel)),
  };
}

/** A bare address is a network of its own. */
export function interfaceAddress(text: string, family: IpFamily): InterfaceAddress<Ip> | undefined {
  const bare = parseIp(text);
  const parsed =
    bare === undefined ? parseIpInterfaceAddress(text) : { address: bare, length: addressBits(bare) };
  return parsed && familyOf(parsed.address) === family ? parsed : undefined;
}

/** Whether `remote` lies in the subnet that the local node's annotation spans. */
export function sameSubnet<Address extends Ip>(
  local: CalicoHost<Address>,
  remote: CalicoHost<Address>,
): boolean {
  if (!local.address || !remote.address) return false;
  return ipCidrContains(ipCidrOf(local.address.address, local.address.length), remote.address.address);
}
