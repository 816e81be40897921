/**
 * Kinds that the Kubernetes datastore derives and nobody writes: workload endpoints from pods, profiles from namespaces and
 * service accounts.
 * Source: libcalico-go/lib/backend/k8s/conversion, calicoctl/calicoctl/resourcemgr/{workloadendpoint,profile}.go, v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok } from '../../../../base/result.ts';
import { addressBits, formatIpCidr, ipCidrOf } from '../../../../model/ip-family.ts';
import { isFinished } from '../../../cni/calico/kube-controllers/allocations.ts';
import { hostInterface, workloadEndpointName } from '../../../cni/calico/names.ts';
import { POD_ANNOTATION, podAddresses } from '../../../cni/calico/pod-addresses.ts';
import { strings } from '../../../cni/calico/validation.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { any, map } from '../../../kube/schema.ts';
import type { Client } from '../client.ts';
import { identifier, members, unsupported, type Outcome } from '../failure.ts';
import { V3, convertUid, ordered, orderedMetadata } from '../../../cni/calico/apiserver/metadata.ts';
import { field, itemsOf, listObject, nameOf, specOf, text } from './custom.ts';
import type { Cell, Identity, ResourceManager } from './manager.ts';

const joined =
  (name: string): Cell =>
  (resource) =>
    strings(specOf(resource)[name]).join(',');

function readOnly(kind: string): Pick<ResourceManager, 'create' | 'update' | 'delete'> {
  const about = (resource: JsonObject): string => {
    const { name, namespace } = members(resource['metadata']);
    return identifier(kind, text(name), text(namespace));
  };
  return {
    create: (_client, resource) => unsupported('Create', about(resource)),
    update: (_client, resource) => unsupported('Update', about(resource)),
    delete: (_client, { name, namespace }) =>
      Promise.resolve(unsupported('Delete', identifier(kind, name, namespace))),
  };
}

/** One of a list by name; there is no other way to find what is derived. */
function among(list: Outcome<JsonObject>, kind: string, { name, namespace }: Identity): Outcome<JsonObject> {
  if (!list.ok) return list;
  const found = itemsOf(list.value).find((item) => nameOf(item) === name);
  const about = identifier(kind, name, namespace);
  return found
    ? ok(found)
    : err({ kind: 'missing', text: `resource does not exist: ${about} with error: <nil>` });
}

const containerPorts = (pod: KubeObject): readonly JsonObject[] => {
  const containers = pod.spec?.['containers'];
  const ports = (Array.isArray(containers) ? containers : []).flatMap((container) => {
    const declared = members(container)['ports'];
    return Array.isArray(declared) ? declared.filter(isJsonObject) : [];
  });
  return ports.map(({ name, protocol, containerPort, hostPort, hostIP }) => ({
    name: name ?? '',
    protocol: protocol ?? 'TCP',
    port: containerPort,
    hostPort: hostPort ?? 0,
    hostIP: hostIP ?? '',
  }));
};

function endpointOf(pod: KubeObject): JsonObject {
  const { name, namespace = 'default', annotations = {} } = pod.metadata;
  const account = text(pod.spec?.['serviceAccountName']);
  const containerID = annotations[POD_ANNOTATION.containerId];
  const ports = containerPorts(pod);
  return {
    kind: 'WorkloadEndpoint',
    apiVersion: V3,
    metadata: endpointMetadata(pod, account),
    spec: {
      orchestrator: 'k8s',
      node: text(pod.spec?.['nodeName']),
      ...(containerID !== undefined && { containerID }),
      pod: name,
      endpoint: 'eth0',
      ...(account !== '' && { serviceAccountName: account }),
      ipNetworks: podAddresses(pod).map((address) => formatIpCidr(ipCidrOf(address, addressBits(address)))),
      profiles: [`kns.${namespace}`, ...(account === '' ? [] : [`ksa.${namespace}.${account}`])],
      interfaceName: hostInterface(namespace, name),
      ...(ports.length > 0 && { ports }),
    },
  };
}

function endpointMetadata({ metadata, spec }: KubeObject, account: string): JsonObject {
  const { name, namespace = 'default', generateName, uid, resourceVersion, creationTimestamp } = metadata;
  const labels = {
    ...metadata.labels,
    'projectcalico.org/namespace': namespace,
    'projectcalico.org/orchestrator': 'k8s',
    ...(account !== '' && { 'projectcalico.org/serviceaccount': account }),
  };
  return orderedMetadata({
    name: workloadEndpointName(text(spec?.['nodeName']), name),
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    generateName,
    labels: ordered(labels, []),
  });
}

/** Pods that are on a node, have an address, and a network of their own. */
const isEndpoint = (pod: KubeObject): boolean =>
  Boolean(pod.spec?.['nodeName']) &&
  pod.spec?.['hostNetwork'] !== true &&
  podAddresses(pod).length > 0 &&
  !isFinished(pod);

function listEndpoints(client: Client, namespace: string): Outcome<JsonObject> {
  const path = namespace === '' ? '/api/v1/pods' : `/api/v1/namespaces/${namespace}/pods`;
  const pods = client.list(path, 'WorkloadEndpoint');
  if (!pods.ok) return pods;
  return ok(
    listObject('WorkloadEndpoint', pods.value.items.filter(isEndpoint).map(endpointOf), pods.value.version),
  );
}

export const WORKLOAD_ENDPOINT: ResourceManager = {
  ...readOnly('WorkloadEndpoint'),
  kind: 'WorkloadEndpoint',
  aliases: ['workloadendpoint', 'workloadendpoints', 'wep', 'weps'],
  namespaced: true,
  headings: ['WORKLOAD', 'NODE', 'NETWORKS', 'INTERFACE'],
  wide: ['NAME', 'WORKLOAD', 'NODE', 'NETWORKS', 'INTERFACE', 'PROFILES', 'NATS'],
  cells: {
    NAME: nameOf,
    NAMESPACE: (resource) => text(members(resource['metadata'])['namespace']),
    NODE: field('node'),
    ORCHESTRATOR: field('orchestrator'),
    WORKLOAD: field('pod'),
    NETWORKS: joined('ipNetworks'),
    NATS: joined('ipNATs'),
    PROFILES: joined('profiles'),
    INTERFACE: field('interfaceName'),
  },
  spec: map(any()),
  list: listEndpoints,
  get: (client, identity) => among(listEndpoints(client, identity.namespace), 'WorkloadEndpoint', identity),
};

function profile(
  name: string,
  source: KubeObject,
  labels: Readonly<Record<string, string>>,
  allows: boolean,
): JsonObject {
  const { uid, creationTimestamp, resourceVersion } = source.metadata;
  const rule = { action: 'Allow' };
  return {
    kind: 'Profile',
    apiVersion: V3,
    metadata: orderedMetadata({
      name,
      ...(uid !== undefined && { uid: convertUid(uid) }),
      resourceVersion: `${resourceVersion ?? ''}/`,
      creationTimestamp,
    }),
    spec: { ...(allows && { ingress: [rule], egress: [rule] }), labelsToApply: ordered(labels, []) },
  };
}

const prefixed = (prefix: string, labels: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${prefix}${key}`, value]));

const namespaceProfile = (namespace: KubeObject): JsonObject => {
  const { name, labels } = namespace.metadata;
  const applied = { ...prefixed('pcns.', labels), 'pcns.projectcalico.org/name': name };
  return profile(`kns.${name}`, namespace, applied, true);
};

const accountProfile = (account: KubeObject): JsonObject => {
  const { name, namespace = 'default', labels } = account.metadata;
  const applied = { ...prefixed('pcsa.', labels), 'pcsa.projectcalico.org/name': name };
  return profile(`ksa.${namespace}.${name}`, account, applied, false);
};

const DEFAULT_ALLOW: JsonObject = {
  kind: 'Profile',
  apiVersion: V3,
  metadata: { name: 'projectcalico-default-allow', resourceVersion: '0', creationTimestamp: null },
  spec: {
    ingress: [{ action: 'Allow' }],
    egress: [{ action: 'Allow' }],
  },
};

function listProfiles(client: Client): Outcome<JsonObject> {
  const namespaces = client.list('/api/v1/namespaces', 'Profile');
  const accounts = client.list('/api/v1/serviceaccounts', 'Profile');
  if (!namespaces.ok) return namespaces;
  if (!accounts.ok) return accounts;
  const items = [
    DEFAULT_ALLOW,
    ...namespaces.value.items.map(namespaceProfile),
    ...accounts.value.items.map(accountProfile),
  ];
  return ok(listObject('Profile', items, `${namespaces.value.version}/${accounts.value.version}`));
}

const labelPairs: Cell = (resource) => {
  const pairs = Object.entries(members(specOf(resource)['labelsToApply']));
  return pairs
    .map(([key, value]: [string, Json | undefined]) => `${key}=${text(value)}`)
    .sort()
    .join(',');
};

export const PROFILE: ResourceManager = {
  ...readOnly('Profile'),
  kind: 'Profile',
  aliases: ['profile', 'profiles', 'pro', 'pros'],
  namespaced: false,
  headings: ['NAME'],
  wide: ['NAME', 'LABELS'],
  cells: { NAME: nameOf, LABELS: labelPairs },
  spec: map(any()),
  list: listProfiles,
  get: (client, identity) => among(listProfiles(client), 'Profile', identity),
};
