/**
 * Node: Calico's view of a Kubernetes node, which lives in the node's annotations. Labels that calicoctl sets are kept
 * apart from Kubernetes' own.
 * Source: libcalico-go/lib/backend/k8s/resources/node.go, calicoctl/calicoctl/resourcemgr/node.go, Calico v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok } from '../../../../base/result.ts';
import { NODE_ANNOTATION } from '../../../cni/calico/kinds.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { any, array, integer, map, object, string } from '../../../kube/schema.ts';
import type { Client } from '../client.ts';
import { asJson, identifier, members, unsupported, type Failure, type Outcome } from '../failure.ts';
import { V3, ordered, orderedMetadata } from '../../../cni/calico/apiserver/metadata.ts';
import { listObject, nameOf, specOf } from './custom.ts';
import type { Cell, Identity, ResourceManager } from './manager.ts';

const PATH = '/api/v1/nodes';
/** Kubernetes' labels as they were read, so that a write can tell them from Calico's. */
const KUBE_LABELS = 'projectcalico.org/kube-labels';
const OWN_LABELS = NODE_ANNOTATION.labels;

/** Annotation -> member of spec.bgp. */
const BGP: readonly (readonly [string, string])[] = [
  [NODE_ANNOTATION.asNumber, 'asNumber'],
  [NODE_ANNOTATION.address, 'ipv4Address'],
  [NODE_ANNOTATION.address6, 'ipv6Address'],
  [NODE_ANNOTATION.ipipTunnel, 'ipv4IPIPTunnelAddr'],
  [NODE_ANNOTATION.reflector, 'routeReflectorClusterID'],
];
const SPEC: readonly (readonly [string, string])[] = [
  [NODE_ANNOTATION.vxlanTunnel, 'ipv4VXLANTunnelAddr'],
  [NODE_ANNOTATION.vxlanMac, 'vxlanTunnelMACAddr'],
  [NODE_ANNOTATION.vxlanTunnel6, 'ipv6VXLANTunnelAddr'],
  [NODE_ANNOTATION.vxlanMac6, 'vxlanTunnelMACAddrV6'],
];

function toV3(node: KubeObject): JsonObject {
  const { metadata, spec = {} } = node;
  const annotations = metadata.annotations ?? {};
  const labels = metadata.labels ?? {};
  const bgp = BGP.flatMap(([key, member]): [string, Json][] => {
    const value = annotations[key];
    if (value === undefined) return [];
    return [[member, member === 'asNumber' ? Number(value) : value]];
  });
  const podCidrs = spec['podCIDRs'];
  return {
    kind: 'Node',
    apiVersion: V3,
    metadata: orderedMetadata({
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
      labels: { ...ownLabels(annotations), ...labels },
      annotations: { [KUBE_LABELS]: JSON.stringify(ordered(labels, [])) },
    }),
    spec: {
      ...(bgp.length > 0 && { bgp: Object.fromEntries(bgp) }),
      ...Object.fromEntries(
        SPEC.flatMap(([key, member]) => (annotations[key] ? [[member, annotations[key]]] : [])),
      ),
      orchRefs: [{ nodeName: metadata.name, orchestrator: 'k8s' }],
      addresses: addresses(node),
      ...interfaces(annotations[NODE_ANNOTATION.interfaces]),
    },
    status: Array.isArray(podCidrs) && podCidrs.length > 0 ? { podCIDRs: podCidrs } : {},
  };
}

/** What calico-node found on its host; what cannot be read counts as absent. */
function interfaces(text: string | undefined): JsonObject {
  const found = text === undefined ? undefined : parseJson(text);
  return Array.isArray(found) ? { interfaces: found } : {};
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function ownLabels(annotations: Readonly<Record<string, string>>): JsonObject {
  const text = annotations[OWN_LABELS];
  return text === undefined ? {} : members(JSON.parse(text));
}

function addresses({ metadata, status }: KubeObject): readonly JsonObject[] {
  const calico = [NODE_ANNOTATION.address, NODE_ANNOTATION.address6].flatMap(
    (key) => metadata.annotations?.[key] ?? [],
  );
  const kube = Array.isArray(status?.['addresses']) ? status['addresses'].filter(isJsonObject) : [];
  return [
    ...calico.map((address) => ({ address, type: 'CalicoNodeIP' })),
    ...kube
      .filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP')
      .map(({ address, type }) => ({ address, type })),
  ];
}

/** The stored node with Calico's part replaced. */
function merged(node: KubeObject, resource: JsonObject): JsonObject {
  const bgp = members(specOf(resource)['bgp']);
  const annotations = new Map(Object.entries(node.metadata.annotations ?? {}));
  const set = (key: string, value: Json | undefined): void => {
    if (value === undefined || value === null || value === '') annotations.delete(key);
    else annotations.set(key, String(value));
  };
  for (const [key, member] of BGP) set(key, bgp[member]);
  for (const [key, member] of SPEC) set(key, specOf(resource)[member]);
  const found = specOf(resource)['interfaces'];
  set(NODE_ANNOTATION.interfaces, found === undefined ? undefined : JSON.stringify(found));
  const kube = node.metadata.labels ?? {};
  const labels = members(members(resource['metadata'])['labels']);
  const own = Object.entries(labels).filter(([key]) => kube[key] === undefined);
  set(OWN_LABELS, own.length === 0 ? undefined : JSON.stringify(Object.fromEntries(own)));
  return asJson({ ...node, metadata: { ...node.metadata, annotations: Object.fromEntries(annotations) } });
}

function stored(client: Client, name: string): Outcome<JsonObject> {
  return client.request({ method: 'GET', path: `${PATH}/${name}` }, identifier('Node', name));
}

const unfound = (name: string): Failure => ({
  kind: 'missing',
  text: `resource does not exist: ${identifier('WorkloadEndpoint', `${name.replaceAll('-', '--')}-*`)} with error: malformed WorkloadEndpoint name - unable to determine Pod name`,
});

const asKube = (value: JsonObject): KubeObject => value as unknown as KubeObject;

const asNumber: Cell = (resource, config) => {
  const bgp = specOf(resource)['bgp'];
  if (!isJsonObject(bgp)) return '';
  return bgp['asNumber'] === undefined ? `(${config.asNumber})` : String(bgp['asNumber']);
};

export const NODE: ResourceManager = {
  kind: 'Node',
  aliases: ['node', 'nodes', 'no', 'nos'],
  namespaced: false,
  headings: ['NAME'],
  wide: ['NAME', 'ASN', 'IPV4', 'IPV6'],
  cells: {
    NAME: nameOf,
    ASN: asNumber,
    IPV4: (resource) => String(members(specOf(resource)['bgp'])['ipv4Address'] ?? ''),
    IPV6: (resource) => String(members(specOf(resource)['bgp'])['ipv6Address'] ?? ''),
  },
  spec: object({
    bgp: object({
      asNumber: integer(),
      ipv4Address: string(),
      ipv6Address: string(),
      ipv4IPIPTunnelAddr: string(),
      routeReflectorClusterID: string(),
    }),
    ipv4VXLANTunnelAddr: string(),
    vxlanTunnelMACAddr: string(),
    ipv6VXLANTunnelAddr: string(),
    vxlanTunnelMACAddrV6: string(),
    orchRefs: array(object({ nodeName: string(), orchestrator: string() })),
    wireguard: map(any()),
    addresses: array(object({ address: string(), type: string() })),
    interfaces: array(any()),
  }),
  status: map(any()),
  list: (client) => {
    const listed = client.list(PATH, 'Node');
    return listed.ok ? ok(listObject('Node', listed.value.items.map(toV3), listed.value.version)) : listed;
  },
  get: (client, { name }: Identity) => {
    const node = stored(client, name);
    return node.ok ? ok(toV3(asKube(node.value))) : node;
  },
  create: (_client, resource) => unsupported('Create', identifier('Node', nameOf(resource))),
  update: (client, resource) => {
    const name = nameOf(resource);
    const node = stored(client, name);
    if (!node.ok) return node;
    const body = merged(asKube(node.value), resource);
    const answer = client.request({ method: 'PUT', path: `${PATH}/${name}`, body }, identifier('Node', name));
    return answer.ok ? ok(toV3(asKube(answer.value))) : answer;
  },
  // The client library first looks for the node's endpoints by the beginning of their names, which this datastore cannot.
  delete: (_client, { name }) => Promise.resolve(err(unfound(name))),
};
