/**
 * What confd knows of every node: address, AS number and cluster id from its annotations, and the labels that selectors of
 * BGPPeers look at: Kubernetes' and those that calicoctl set.
 * Source: libcalico-go/lib/backend/k8s/resources/node.go, confd/pkg/backends/calico/node_labels.go, Calico v3.32.1.
 */
import { isJsonObject } from '../../../../base/json.ts';
import { addressBits, type IpFamily } from '../../../../model/ip-family.ts';
import {
  parseInterfaceAddress,
  parseIpv4,
  type InterfaceAddress,
  type Ip,
  type Ipv4,
  type Ipv6,
} from '../../../../model/ip.ts';
import { parseInterfaceAddress6, parseIpv6 } from '../../../../model/ipv6.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { NODE_ANNOTATION, annotation } from '../kinds.ts';
import { parseSelector, evaluate, type Labels } from '../selector.ts';
import { stableList } from '../stable.ts';
import { asNumber } from './scalars.ts';

export interface BgpNode {
  readonly name: string;
  /** With the mask that decides what CrossSubnet takes for the same subnet. */
  readonly address: InterfaceAddress | undefined;
  readonly address6: InterfaceAddress<Ipv6> | undefined;
  /** Of its own; most nodes have the cluster's. */
  readonly asNumber: number | undefined;
  /** Makes the node a route reflector. */
  readonly clusterId: Ipv4 | undefined;
  readonly labels: Labels;
}

/** Where a node speaks in a family. */
export const addressIn = (
  { address, address6 }: BgpNode,
  family: IpFamily,
): InterfaceAddress<Ip> | undefined => (family === 4 ? address : address6);

/** In name order. */
export type BgpNodes = readonly BgpNode[];

const read = new WeakMap<KubeObject, BgpNode>();
const keep = stableList<BgpNode>((a, b) => a === b || JSON.stringify(a) === JSON.stringify(b));

/** The same list while nothing moved that BGP looks at, whatever else the nodes report. */
export const readBgpNodes = memoize(
  (nodes: Table<KubeObject> | undefined): BgpNodes =>
    keep(
      [...(nodes?.values() ?? [])].map((object) => {
        const node = read.get(object) ?? readNode(object);
        read.set(object, node);
        return node;
      }),
    ),
  2,
);

/** Whether a change of a node concerns BGP. */
export function nodeMoved(before: KubeObject | undefined, after: KubeObject | undefined): boolean {
  if (!before || !after) return before !== after;
  if (FACTS.some((name) => annotation(before, name) !== annotation(after, name))) return true;
  const [old, now] = [before.metadata.labels, after.metadata.labels];
  return old !== now && JSON.stringify(old) !== JSON.stringify(now);
}

const FACTS = [
  NODE_ANNOTATION.address,
  NODE_ANNOTATION.address6,
  NODE_ANNOTATION.asNumber,
  NODE_ANNOTATION.reflector,
  NODE_ANNOTATION.labels,
  // Felix has routes to nodes with one, and BIRD learns them.
  NODE_ANNOTATION.vxlanTunnel,
  NODE_ANNOTATION.vxlanTunnel6,
];

function readNode(node: KubeObject): BgpNode {
  const text = (key: string): string => annotation(node, key) ?? '';
  return {
    name: node.metadata.name,
    address: hostAddress(text(NODE_ANNOTATION.address), {
      parseBare: parseIpv4,
      parse: parseInterfaceAddress,
    }),
    address6: hostAddress(text(NODE_ANNOTATION.address6), {
      parseBare: parseIpv6,
      parse: parseInterfaceAddress6,
    }),
    asNumber: asNumber(text(NODE_ANNOTATION.asNumber)),
    clusterId: parseIpv4(text(NODE_ANNOTATION.reflector)),
    labels: { ...ownLabels(text(NODE_ANNOTATION.labels)), ...node.metadata.labels },
  };
}

interface Notation<Address extends Ip> {
  readonly parseBare: (text: string) => Address | undefined;
  readonly parse: (text: string) => InterfaceAddress<Address> | undefined;
}

/** Without a length it is a network of its own. */
function hostAddress<Address extends Ip>(
  text: string,
  { parseBare, parse }: Notation<Address>,
): InterfaceAddress<Address> | undefined {
  const address = parseBare(text);
  return address === undefined ? parse(text) : { address, length: addressBits(address) };
}

function ownLabels(text: string): Labels {
  if (text === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isJsonObject(parsed)) return {};
    return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
  } catch {
    return {};
  }
}

/** None when the selector cannot be read. */
export function nodesMatching(nodes: BgpNodes, selector: string): BgpNodes {
  const parsed = parseSelector(selector);
  return parsed.ok ? nodes.filter(({ labels }) => evaluate(parsed.value, labels)) : [];
}
