/**
 * What Felix and BIRD know of every node: the annotations that calico-node wrote on the Node objects. An annotation that
 * cannot be read counts as absent.
 * Source: libcalico-go/lib/backend/k8s/resources/node.go, Calico v3.32.1.
 */
import {
  parseInterfaceAddress,
  parseIpv4,
  cidrContains,
  cidrOf,
  type InterfaceAddress,
  type Ipv4,
} from '../../../../model/ip.ts';
import { parseMac, type Mac } from '../../../../model/mac.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { NODE_ANNOTATION, annotation } from '../kinds.ts';
import { vtepMac } from '../names.ts';
import { stableList } from '../stable.ts';

export interface CalicoHost {
  readonly name: string;
  /** With the mask that decides what is "the same subnet". */
  readonly address: InterfaceAddress | undefined;
  readonly vxlanTunnel: Ipv4 | undefined;
  readonly vxlanMac: Mac;
  readonly ipipTunnel: Ipv4 | undefined;
}

export type Hosts = ReadonlyMap<string, CalicoHost>;

const read = new WeakMap<KubeObject, CalicoHost>();
const keep = stableList<CalicoHost>(jsonEqual);
const byName = memoize(
  (hosts: readonly CalicoHost[]): Hosts => new Map(hosts.map((host) => [host.name, host])),
  2,
);

/** The same map while no annotation changed, whatever else the nodes report. */
export const readHosts = memoize((nodes: Table<KubeObject> | undefined): Hosts => {
  const hosts = [...(nodes?.values() ?? [])].map((node) => {
    const host = read.get(node) ?? readHost(node);
    read.set(node, host);
    return host;
  });
  return byName(keep(hosts));
}, 2);

function jsonEqual(a: CalicoHost, b: CalicoHost): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function readHost(node: KubeObject): CalicoHost {
  const { name } = node.metadata;
  const text = (key: string): string => annotation(node, key) ?? '';
  const address = text(NODE_ANNOTATION.address);
  const bare = parseIpv4(address);
  return {
    name,
    address: bare === undefined ? parseInterfaceAddress(address) : { address: bare, length: 32 },
    vxlanTunnel: parseIpv4(text(NODE_ANNOTATION.vxlanTunnel)),
    vxlanMac: parseMac(text(NODE_ANNOTATION.vxlanMac)) ?? vtepMac(name),
    ipipTunnel: parseIpv4(text(NODE_ANNOTATION.ipipTunnel)),
  };
}

/** Whether `remote` lies in the subnet that the local node's annotation spans. */
export function sameSubnet(local: CalicoHost, remote: CalicoHost): boolean {
  if (!local.address || !remote.address) return false;
  return cidrContains(cidrOf(local.address.address, local.address.length), remote.address.address);
}
