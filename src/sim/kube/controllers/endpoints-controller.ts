/**
 * Keeps Endpoints and EndpointSlices of services with a selector: slices of each of a service's families, and Endpoints of the first.
 * Source: k8s.io/kubernetes pkg/controller/endpoint, k8s.io/endpointslice reconciler.go, Kubernetes 1.35. Slices are packed
 * anew in address order; topology hints are left out.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import type { Ip } from '../../../model/ip.ts';
import { isIpv6, parseIp } from '../../../model/ip-family.ts';
import { createObject } from '../admission.ts';
import type { Change, Controller, Seen } from '../controller.ts';
import type { Table } from '../../core/table.ts';
import { at, listAt, numberAt, objectAt, textAt, textsAt } from '../fields.ts';
import { goDump } from '../go-dump.ts';
import { ENDPOINT_SLICES, ENDPOINTS } from '../kinds/endpoints.ts';
import type { Family } from '../kinds/service-families.ts';
import { fnv128a, randomSuffix } from '../name.ts';
import type { KubeObject } from '../object.ts';
import { matches, type Labels } from '../selector.ts';
import { TableIndex } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { controllerReference, keyOf, podsWithLabel, splitKey } from './ownership.ts';
import { isReady, isTerminal } from './pod-state.ts';

const NAME = 'endpoints';
/** The real controllers batch pod changes too. */
const DELAY = 50;
const SLICE_SIZE = 100;
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

const byNamespace = new TableIndex<KubeObject>((service) => [service.metadata.namespace ?? '']);

const servicesIn = (services: Table<KubeObject> | undefined, namespace: string): readonly KubeObject[] =>
  byNamespace.group(services, namespace);

const slices = new TableIndex<KubeObject>((slice) => {
  const service = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return service === undefined ? [] : [`${slice.metadata.namespace ?? ''}/${service}`];
});

export const endpointsController: Controller = {
  name: NAME,
  watches: ['services', 'pods'],
  react: (change, cluster) => {
    if (change.resource === 'services') {
      const service = change.after ?? change.before;
      return service ? [{ key: keyOf(service), after: DELAY }] : [];
    }
    return change.resource === 'pods' ? serviceKeys(change, cluster) : [];
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const service = tx.get('services', namespace, name);
    if (!service) {
      tx.delete(ENDPOINTS.name, namespace, name);
      return;
    }
    const selector = selectorOfService(service);
    if (selector === undefined || textAt(service.spec, 'type') === 'ExternalName') return;
    const families = familiesOf(service).map((family): Backends => ({
      family,
      backends: backendsOf(tx, service, selector, family),
    }));
    writeSlices(tx, service, families);
    writeEndpoints(tx, service, families[0]?.backends ?? []);
  },
};

type ServiceSelector = readonly (readonly [key: string, value: string])[];

const selectors = new WeakMap<KubeObject, ServiceSelector>();

/** Asked for every service of a namespace with every change of its pods. */
function selectorOfService(service: KubeObject): ServiceSelector | undefined {
  let selector = selectors.get(service);
  if (!selector) {
    selector = Object.entries(objectAt(service.spec, 'selector')).map(([key, value]) => [key, String(value)]);
    selectors.set(service, selector);
  }
  return selector.length === 0 ? undefined : selector;
}

const selects = (selector: ServiceSelector, labels: Labels | undefined): boolean =>
  selector.every(([key, value]) => labels?.[key] === value);

/** Services whose endpoints a pod change can alter. */
function serviceKeys({ before, after }: Change, { store }: Seen) {
  const namespace = (after ?? before)?.metadata.namespace;
  if (before && after && sameEndpoint(before, after)) return [];
  return servicesIn(store.table('services'), namespace ?? '').flatMap((service) => {
    const selector = selectorOfService(service);
    const concerned =
      selector && [before, after].some((pod) => pod && selects(selector, pod.metadata.labels));
    return concerned ? [{ key: keyOf(service), after: DELAY }] : [];
  });
}

const sameEndpoint = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.labels === b.metadata.labels &&
  a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
  textAt(a.status, 'podIP') === textAt(b.status, 'podIP') &&
  textAt(a.status, 'podIPs', 1, 'ip') === textAt(b.status, 'podIPs', 1, 'ip') &&
  textAt(a.status, 'phase') === textAt(b.status, 'phase') &&
  isReady(a) === isReady(b);

interface Backends {
  readonly family: Family;
  readonly backends: readonly Backend[];
}

interface Backend {
  readonly pod: KubeObject;
  readonly address: Ip;
  readonly text: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

const ONLY_IPV4: readonly Family[] = ['IPv4'];

/** In a service's own order. */
function familiesOf({ spec }: KubeObject): readonly Family[] {
  const families = textsAt(spec, 'ipFamilies');
  return families.length === 0
    ? ONLY_IPV4
    : families.map((family): Family => (family === 'IPv6' ? 'IPv6' : 'IPv4'));
}

/** Undefined for a pod without an address of the family. */
function addressOf({ status }: KubeObject, family: Family): Pick<Backend, 'address' | 'text'> | undefined {
  for (const item of listAt(status, 'podIPs')) {
    const text = textAt(item, 'ip');
    const address = parseIp(text);
    if (address !== undefined && isIpv6(address) === (family === 'IPv6')) return { address, text };
  }
  return undefined;
}

function backendsOf(
  tx: ClusterTransaction,
  service: KubeObject,
  selector: ServiceSelector,
  family: Family,
): readonly Backend[] {
  const [key = '', value = ''] = selector[0] ?? [];
  const anyway = at(service.spec, 'publishNotReadyAddresses') === true;
  const backends = podsWithLabel(tx, service.metadata.namespace ?? '', key, value).flatMap(
    (pod): readonly Backend[] => {
      const own = addressOf(pod, family);
      if (!own || isTerminal(pod) || !matches(requirements(selector), pod.metadata.labels)) return [];
      const terminating = pod.metadata.deletionTimestamp !== undefined;
      const serving = isReady(pod);
      return [{ pod, ...own, ready: anyway || (serving && !terminating), serving, terminating }];
    },
  );
  return backends.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

const requirements = (selector: ServiceSelector) =>
  selector.map(([key, value]) => ({ key, operator: '=' as const, values: [value] }));

interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

/** Service ports as the pods serve them; a name is looked up in the first pod that has it. */
function portsOf(service: KubeObject, backends: readonly Backend[]): readonly Port[] {
  return listAt(service.spec, 'ports').flatMap((port): readonly Port[] => {
    const target = at(port, 'targetPort');
    const number = typeof target === 'number' ? target : namedPort(String(target), backends);
    if (number === undefined) return [];
    const appProtocol = textAt(port, 'appProtocol');
    return [
      {
        name: textAt(port, 'name'),
        port: number,
        protocol: textAt(port, 'protocol'),
        ...(appProtocol === '' ? {} : { appProtocol }),
      },
    ];
  });
}

function namedPort(name: string, backends: readonly Backend[]): number | undefined {
  for (const { pod } of backends) {
    for (const container of listAt(pod.spec, 'containers')) {
      const port = listAt(container, 'ports').find((candidate) => candidate['name'] === name);
      if (port) return numberAt(port, 'containerPort');
    }
  }
  return undefined;
}

const reference = (pod: KubeObject): JsonObject => ({
  kind: 'Pod',
  namespace: pod.metadata.namespace ?? '',
  name: pod.metadata.name,
  uid: pod.metadata.uid ?? '',
});

/** A pod that names itself and this service as its domain has a name of its own there. */
const hostnameOf = (service: KubeObject, { spec }: KubeObject): JsonObject =>
  textAt(spec, 'hostname') !== '' && textAt(spec, 'subdomain') === service.metadata.name
    ? { hostname: textAt(spec, 'hostname') }
    : {};

function endpoint(tx: ClusterTransaction, service: KubeObject, backend: Backend): JsonObject {
  const nodeName = textAt(backend.pod.spec, 'nodeName');
  const zone = tx.get('nodes', undefined, nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'];
  return {
    addresses: [backend.text],
    conditions: { ready: backend.ready, serving: backend.serving, terminating: backend.terminating },
    ...hostnameOf(service, backend.pod),
    nodeName,
    targetRef: reference(backend.pod),
    ...(zone === undefined ? {} : { zone }),
  };
}

const headless = (service: KubeObject): JsonObject =>
  textAt(service.spec, 'clusterIP') === 'None' ? { 'service.kubernetes.io/headless': '' } : {};

function writeSlices(tx: ClusterTransaction, service: KubeObject, families: readonly Backends[]): void {
  const { namespace = '', name } = service.metadata;
  const all = [...slices.group(tx.table(ENDPOINT_SLICES.name), `${namespace}/${name}`)].filter(
    (slice) => slice.metadata.labels?.[MANAGED_BY] === 'endpointslice-controller.k8s.io',
  );
  for (const each of families)
    writeFamily(
      tx,
      service,
      each,
      all.filter((slice) => textAt(slice, 'addressType') === each.family),
    );
  for (const slice of all)
    if (!families.some(({ family }) => family === textAt(slice, 'addressType')))
      tx.delete(ENDPOINT_SLICES.name, namespace, slice.metadata.name);
}

function writeFamily(
  tx: ClusterTransaction,
  service: KubeObject,
  { family, backends }: Backends,
  old: readonly KubeObject[],
): void {
  const count = Math.max(1, Math.ceil(backends.length / SLICE_SIZE));
  const ports = backends.length === 0 ? null : portsOf(service, backends);
  for (let index = 0; index < count; index += 1) {
    const part = backends.slice(index * SLICE_SIZE, (index + 1) * SLICE_SIZE);
    const content = {
      addressType: family,
      endpoints: part.length === 0 ? null : part.map((backend) => endpoint(tx, service, backend)),
      ports: ports as Json,
    };
    const slice = old[index];
    if (!slice) createSlice(tx, service, content);
    else if (Object.entries(content).some(([key, value]) => !jsonEquals(slice[key] as Json, value))) {
      const generation = (slice.metadata.generation ?? 0) + 1;
      tx.put(ENDPOINT_SLICES.name, { ...slice, ...content, metadata: { ...slice.metadata, generation } });
    }
  }
  for (const slice of old.slice(count))
    tx.delete(ENDPOINT_SLICES.name, slice.metadata.namespace, slice.metadata.name);
}

function createSlice(tx: ClusterTransaction, service: KubeObject, content: JsonObject): void {
  const { namespace = '', name, labels = {} } = service.metadata;
  createObject(tx, ENDPOINT_SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${randomSuffix(tx)}`,
      generateName: `${name}-`,
      namespace,
      labels: {
        ...labels,
        [MANAGED_BY]: 'endpointslice-controller.k8s.io',
        [SERVICE_NAME_LABEL]: name,
        ...(headless(service) as Labels),
      },
      ownerReferences: [controllerReference(service)],
    },
    ...content,
  });
}

/** As Endpoints list them (pkg/api/v1/endpoints/util.go portsByHash): `metrics`, `dns-tcp`, `dns`. */
function byHash(ports: readonly Port[]): readonly Port[] {
  if (ports.length < 2) return ports;
  const keyed = ports.map((port) => ({ port, key: fnv128a(goDump('v1.EndpointPort', { ...port })) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ port }) => port);
}

function writeEndpoints(tx: ClusterTransaction, service: KubeObject, backends: readonly Backend[]): void {
  const { namespace = '', name, labels = {} } = service.metadata;
  const address = ({ pod, text }: Backend): JsonObject => ({
    ip: text,
    ...hostnameOf(service, pod),
    nodeName: textAt(pod.spec, 'nodeName'),
    targetRef: reference(pod),
  });
  const living = backends.filter((backend) => !backend.terminating);
  const ready = living.filter((backend) => backend.ready).map(address);
  const notReady = living.filter((backend) => !backend.ready).map(address);
  const ports = byHash(portsOf(service, backends)).map(({ name: portName, ...port }) => ({
    ...(portName === '' ? {} : { name: portName }),
    ...port,
  }));
  const subset: JsonObject = {
    ...(ready.length === 0 ? {} : { addresses: ready }),
    ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady }),
    ...(ports.length === 0 ? {} : { ports }),
  };
  const subsets = living.length === 0 ? [] : [subset];
  const old = tx.get(ENDPOINTS.name, namespace, name);
  if (old && jsonEquals(old['subsets'] as Json, subsets)) return;
  if (old) {
    tx.put(ENDPOINTS.name, { ...old, subsets });
    return;
  }
  createObject(tx, ENDPOINTS, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      namespace,
      labels: {
        ...labels,
        'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
        ...(headless(service) as Labels),
      },
    },
    subsets,
  });
}
