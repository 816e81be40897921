/**
 * Whom selectors can choose: pods, host endpoints and network sets, with their labels, addresses and named ports; and what
 * they inherit from the profiles of their namespace and service account.
 * Sources: libcalico-go/lib/backend/k8s/conversion/{conversion,workload_endpoint_default}.go,
 * libcalico-go/lib/backend/syncersv1/updateprocessors, felix/labelindex/named_port_index.go, Calico v3.32.1.
 */
import { isJsonObject } from '../../../../base/json.ts';
import type { Ip } from '../../../../model/ip.ts';
import {
  addressBits,
  ipCidrEquals,
  ipCidrOf,
  isCidr6,
  parseIp,
  parseIpCidr,
  type IpCidr,
} from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ObjectStore } from '../../../kube/store.ts';
import { METADATA_ANNOTATION } from '../datastore.ts';
import * as kinds from '../kinds.ts';
import { podAddresses } from '../pod-addresses.ts';
import type { Labels } from '../selector.ts';
import { derivedTable } from './derived-table.ts';
import type { PortProtocol } from './ip-set-definition.ts';
import { ACCOUNT_PREFIX, LABEL, NAMESPACE_PREFIX } from './rule-selectors.ts';

export interface NamedPort {
  readonly name: string;
  readonly protocol: PortProtocol;
  readonly port: number;
}

/** An endpoint or a network set. */
export interface Labelled {
  /** Its own; they hide inherited ones of the same name. */
  readonly labels: Labels;
  /** Profiles it inherits labels from, the first one first. */
  readonly profiles: readonly string[];
  /** Each once. */
  readonly nets: readonly IpCidr[];
  readonly ports: readonly NamedPort[];
}

export interface EndpointIndex {
  /** By what they are; each keyed as the store keys the objects. */
  readonly labelled: readonly Table<Labelled>[];
  readonly profiles: ProfileTables;
}

/** Labels that profiles lend, keyed as the store keys namespaces and service accounts. */
export interface ProfileTables {
  readonly namespaces: Table<Labels>;
  readonly accounts: Table<Labels>;
}

/** Labels that a profile lends to its endpoints; undefined for a profile that does not exist. */
export type ProfileLabels = (profile: string) => Labels | undefined;

export const namespaceProfile = (namespace: string): string => `kns.${namespace}`;
export const accountProfile = (namespace: string, name: string): string => `ksa.${namespace}.${name}`;

export const labelsIn = ({ namespaces: homes, accounts: owners }: ProfileTables): ProfileLabels =>
  remembering(homes, owners);

const remembering = memoize((homes: Table<Labels>, owners: Table<Labels>): ProfileLabels => {
  const known = new Map<string, Labels | undefined>();
  return (name) => {
    if (!known.has(name)) known.set(name, lentBy(name, homes, owners));
    return known.get(name);
  };
}, 4);

function lentBy(name: string, homes: Table<Labels>, owners: Table<Labels>): Labels | undefined {
  if (name.startsWith('kns.')) return homes.get(`/${name.slice('kns.'.length)}`);
  const account = /^ksa\.([^.]*)\.(.+)$/.exec(name);
  return account ? owners.get(`${account[1] ?? ''}/${account[2] ?? ''}`) : undefined;
}

interface Inherited {
  readonly from: readonly (Labels | undefined)[];
  readonly labels: Labels;
}

const inherited = new WeakMap<Labelled, Inherited>();

/** All labels of an endpoint: its own, then those of its profiles, the first one first. */
export function labelsOf(labelled: Labelled, lent: ProfileLabels): Labels {
  const before = inherited.get(labelled);
  const from = labelled.profiles.map(lent);
  if (before?.from.every((labels, index) => labels === from[index])) return before.labels;
  const labels: Labels = Object.assign({}, ...[...from].reverse(), labelled.labels) as Labels;
  inherited.set(labelled, { from, labels });
  return labels;
}

const prefixed = (prefix: string, { metadata }: KubeObject): Labels =>
  Object.fromEntries([
    ...Object.entries(metadata.labels ?? {}).map(([key, value]) => [`${prefix}${key}`, value] as const),
    [`${prefix}${LABEL.name}`, metadata.name],
  ]);

/** Labels that calicoctl wrote are kept in an annotation, those of kubectl are the object's own. */
export function calicoLabels({ metadata }: KubeObject): Labels {
  const labels = at(parsedJson(metadata.annotations?.[METADATA_ANNOTATION] ?? ''), 'labels');
  return { ...metadata.labels, ...(isJsonObject(labels) ? (labels as Labels) : {}) };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

const single = (address: Ip): IpCidr => ipCidrOf(address, addressBits(address));

const host = (address: string): readonly IpCidr[] => {
  const parsed = parseIp(address.replace(/\/(?:32|128)$/, ''));
  return parsed === undefined ? [] : [single(parsed)];
};

/** Undefined for pods that are no endpoints: on the host's network, not scheduled, or without an address. */
export function readPod(pod: KubeObject): Labelled | undefined {
  const { metadata, spec } = pod;
  if (at(spec, 'hostNetwork') === true || textAt(spec, 'nodeName') === '' || isFinished(pod))
    return undefined;
  const nets = podAddresses(pod).map(single);
  if (nets.length === 0) return undefined;
  const { namespace = 'default' } = metadata;
  const account = textAt(spec, 'serviceAccountName') || 'default';
  return {
    labels: {
      ...ownLabels(metadata.labels),
      [LABEL.namespace]: namespace,
      [LABEL.orchestrator]: 'k8s',
      [LABEL.serviceAccount]: account,
    },
    profiles: [namespaceProfile(namespace), accountProfile(namespace, account)],
    nets,
    ports: [...listAt(spec, 'containers'), ...listAt(spec, 'initContainers')].flatMap(containerPorts),
  };
}

/** A pod cannot pretend to be in another namespace. */
function ownLabels(labels: Labels = {}): Labels {
  const lent = (key: string): boolean => key.startsWith(NAMESPACE_PREFIX) || key.startsWith(ACCOUNT_PREFIX);
  const entries = Object.entries(labels);
  return entries.some(([key]) => lent(key))
    ? Object.fromEntries(entries.filter(([key]) => !lent(key)))
    : labels;
}

/** Its address went back to the pool. */
function isFinished({ metadata, status }: KubeObject): boolean {
  const released =
    metadata.deletionTimestamp !== undefined && metadata.annotations?.['cni.projectcalico.org/podIP'] === '';
  return released || ['Failed', 'Succeeded'].includes(textAt(status, 'phase'));
}

const PORT_PROTOCOLS: Readonly<Record<string, PortProtocol>> = {
  '': 'tcp',
  TCP: 'tcp',
  UDP: 'udp',
  SCTP: 'sctp',
};

const containerPorts = (container: unknown): readonly NamedPort[] =>
  listAt(container, 'ports').flatMap((entry) => {
    const name = textAt(entry, 'name');
    const port = numberAt(entry, 'containerPort');
    const protocol = PORT_PROTOCOLS[textAt(entry, 'protocol')];
    return name !== '' && port > 0 && protocol ? [{ name, protocol, port }] : [];
  });

export function readHostEndpoint(object: KubeObject): Labelled {
  return {
    labels: calicoLabels(object),
    profiles: textsAt(object.spec, 'profiles'),
    nets: textsAt(object.spec, 'expectedIPs').flatMap(host),
    ports: listAt(object.spec, 'ports').flatMap((entry) => {
      const protocol = PORT_PROTOCOLS[String(at(entry, 'protocol') ?? '').toUpperCase()];
      return protocol ? [{ name: textAt(entry, 'name'), protocol, port: numberAt(entry, 'port') }] : [];
    }),
  };
}

/** Of a namespace, whose labels it inherits, or global. */
function readNetworkSet(object: KubeObject): Labelled {
  const { namespace } = object.metadata;
  const labels = calicoLabels(object);
  return {
    labels: namespace === undefined ? labels : { ...labels, [LABEL.namespace]: namespace },
    profiles: namespace === undefined ? [] : [namespaceProfile(namespace)],
    nets: textsAt(object.spec, 'nets').flatMap(netsOf),
    ports: [],
  };
}

/** An ipset cannot hold a prefix of no length, so Felix writes its two halves. */
function netsOf(text: string): readonly IpCidr[] {
  const net = text.includes('/') ? parseIpCidr(text) : host(text)[0];
  if (!net) return [];
  if (net.length > 0) return [net];
  const halves = isCidr6(net) ? ['::/1', '8000::/1'] : ['0.0.0.0/1', '128.0.0.0/1'];
  return halves.flatMap((half) => parseIpCidr(half) ?? []);
}

export function sameLabels(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

const sameItems = <T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean =>
  a.length === b.length && a.every((item, index) => same(item, b[index] as T));

export const sameLabelled = (a: Labelled, b: Labelled): boolean => a === b || sameParts(a, b);

const sameParts = (a: Labelled, b: Labelled): boolean =>
  sameLabels(a.labels, b.labels) &&
  sameItems(a.profiles, b.profiles, Object.is) &&
  sameItems(a.nets, b.nets, ipCidrEquals) &&
  sameItems(a.ports, b.ports, (x, y) => x.name === y.name && x.protocol === y.protocol && x.port === y.port);

const pods = derivedTable(readPod, sameLabelled);
const hostEndpoints = derivedTable(readHostEndpoint, sameLabelled);
const networkSets = derivedTable(readNetworkSet, sameLabelled);
const globalNetworkSets = derivedTable(readNetworkSet, sameLabelled);
const namespaces = derivedTable((object) => prefixed(NAMESPACE_PREFIX, object), sameLabels);
const accounts = derivedTable((object) => prefixed(ACCOUNT_PREFIX, object), sameLabels);

export function profileTables(store: ObjectStore): ProfileTables {
  return {
    namespaces: namespaces(store.table(kinds.NAMESPACES)),
    accounts: accounts(store.table(kinds.SERVICE_ACCOUNTS)),
  };
}

/** Parts keep their identity while nothing that selectors see of them has changed. */
export const endpointIndex = (store: ObjectStore): EndpointIndex => ({
  labelled: [
    pods(store.table(kinds.PODS)),
    hostEndpoints(store.table(kinds.HOST_ENDPOINTS)),
    networkSets(store.table(kinds.NETWORK_SETS)),
    globalNetworkSets(store.table(kinds.GLOBAL_NETWORK_SETS)),
  ],
  profiles: profileTables(store),
});
