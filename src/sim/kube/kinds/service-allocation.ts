/**
 * What the API server fills into a service: defaults, what a change of type makes obsolete, addresses and ports from their
 * ranges. Dynamic ones come from the upper band as there; which one is a hash of the name instead of chance, so that a lab's
 * service keeps its address. IPv4 single-stack only.
 * Source: k8s.io/kubernetes pkg/registry/core/service/{strategy.go,storage/{storage,alloc}.go,ipallocator,portallocator},
 * pkg/apis/core/v1/defaults.go, Kubernetes 1.35.
 */
import { jsonEquals, type JsonObject } from '../../../base/json.ts';
import { addressAt, cidrSize, formatCidr, formatIpv4, type Cidr } from '../../../model/ip.ts';
import { at, listAt, numberAt, objectAt, textAt, textsAt, without } from '../fields.ts';
import { fnv32a } from '../name.ts';
import type { KubeObject } from '../object.ts';
import { TableIndex } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';

export const SERVICES_NAME = 'services';
export const NODE_PORTS = { first: 30000, last: 32767, dynamicFrom: 30086 } as const;

/** Services by what only one of them may have: a node port is one number for all protocols. */
const holders = new TableIndex<KubeObject>((service) => [
  ...textsAt(service.spec, 'clusterIPs'),
  ...[...nodePortsOf(service.spec), numberAt(service.spec, 'healthCheckNodePort')]
    .filter((port) => port !== 0)
    .map((port) => `port/${port}`),
]);

/** Whether another service than `own` has it: an address, or `port/30080`. */
export const taken = (tx: ClusterTransaction, what: string, own?: KubeObject): boolean =>
  holders
    .group(tx.table(SERVICES_NAME), what)
    .some(({ metadata }) => metadata.uid === undefined || metadata.uid !== own?.metadata.uid);

function nodePortsOf(spec: JsonObject | undefined): readonly number[] {
  return [...new Set(listAt(spec, 'ports').map((port) => numberAt(port, 'nodePort')))].filter((n) => n !== 0);
}

/** Addresses below this offset are left for services that ask for one. */
const staticBand = (cidr: Cidr): number => Math.min(Math.max(16, Math.floor(cidrSize(cidr) / 16)), 256);

function freeClusterIp(tx: ClusterTransaction, cidr: Cidr, identity: string): string {
  const size = cidrSize(cidr);
  const low = Math.min(staticBand(cidr), size - 2);
  const room = size - 1 - low;
  const start = fnv32a(identity) % room;
  for (let step = 0; step < room; step += 1) {
    const address = formatIpv4(addressAt(cidr, low + ((start + step) % room)));
    if (!taken(tx, address)) return address;
  }
  throw new Error(`no free address in ${formatCidr(cidr)}`);
}

function freeNodePort(tx: ClusterTransaction, identity: string, ours: ReadonlySet<number>): number {
  const room = NODE_PORTS.last - NODE_PORTS.dynamicFrom + 1;
  const start = fnv32a(identity) % room;
  for (let step = 0; step < room; step += 1) {
    const port = NODE_PORTS.dynamicFrom + ((start + step) % room);
    if (!ours.has(port) && !taken(tx, `port/${port}`)) return port;
  }
  throw new Error('no free node port');
}

const omit = (object: JsonObject, field: string): JsonObject => without(object, field);

const identityOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const typeOf = (spec: JsonObject | undefined): string => textAt(spec, 'type');
const needsClusterIp = (spec: JsonObject | undefined): boolean => typeOf(spec) !== 'ExternalName';
const needsNodePort = (spec: JsonObject | undefined): boolean =>
  typeOf(spec) === 'NodePort' || typeOf(spec) === 'LoadBalancer';

export const isExternallyAccessible = (spec: JsonObject | undefined): boolean =>
  needsNodePort(spec) || (typeOf(spec) === 'ClusterIP' && textsAt(spec, 'externalIPs').length > 0);

export const needsHealthCheck = (spec: JsonObject | undefined): boolean =>
  typeOf(spec) === 'LoadBalancer' && textAt(spec, 'externalTrafficPolicy') === 'Local';

const allocatesNodePorts = (spec: JsonObject): boolean =>
  typeOf(spec) === 'NodePort' ||
  (typeOf(spec) === 'LoadBalancer' && at(spec, 'allocateLoadBalancerNodePorts') !== false);

/** The service as it is stored; its ranges must not be exhausted. */
export function completeService(
  service: KubeObject,
  tx: ClusterTransaction,
  before: KubeObject | undefined,
  range: Cidr,
): KubeObject {
  const given = withDefaults(service.spec ?? {});
  const inherited = before?.spec ? withoutObsolete(withAllocated(given, before.spec), before.spec) : given;
  const completed = withDefaults(inherited);
  const named = needsClusterIp(completed)
    ? withAddresses(service, completed, tx, { range, before })
    : completed;
  const spec = withHealthCheck(service, withNodePorts(service, named, tx), tx);
  return { ...service, spec, status: statusOf(service, spec, before) };
}

/** A load balancer's status ends with it. */
function statusOf(service: KubeObject, spec: JsonObject, before: KubeObject | undefined): JsonObject {
  const known = (before?.status ?? service.status ?? {}) as JsonObject;
  return before && typeOf(spec) === 'LoadBalancer' ? known : { ...known, loadBalancer: {} };
}

const STICKY_SECONDS = 10800;

function withDefaults(spec: JsonObject): JsonObject {
  const type = typeOf(spec);
  const affinity = textAt(spec, 'sessionAffinity') || 'None';
  const timed = at(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds') !== undefined;
  const sticky =
    affinity === 'ClientIP' && !timed
      ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: STICKY_SECONDS } } }
      : {};
  const plain = affinity === 'None' ? omit(spec, 'sessionAffinityConfig') : spec;
  return {
    ...(needsClusterIp(spec) ? { internalTrafficPolicy: 'Cluster' } : {}),
    ...(isExternallyAccessible(spec) ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...plain,
    ...sticky,
    sessionAffinity: affinity,
    ...portsMember(listAt(spec, 'ports').map((port) => ({ targetPort: port['port'] ?? 0, ...port }))),
  };
}

const portsMember = (ports: readonly JsonObject[]): JsonObject =>
  ports.length === 0 ? {} : { ports: [...ports] };

/** Who replaces a service need not repeat what the server once chose (patchAllocatedValues). */
function withAllocated(spec: JsonObject, old: JsonObject): JsonObject {
  const address = needsClusterIp(spec) && needsClusterIp(old) && textAt(spec, 'clusterIP') === '';
  const check =
    needsHealthCheck(spec) && needsHealthCheck(old) && numberAt(spec, 'healthCheckNodePort') === 0;
  return {
    ...spec,
    ...(address ? { clusterIP: textAt(old, 'clusterIP') } : {}),
    ...(check ? { healthCheckNodePort: numberAt(old, 'healthCheckNodePort') } : {}),
    ...(needsNodePort(spec) && needsNodePort(old) ? portsMember(portsAsBefore(spec, old)) : {}),
  };
}

/** A port without a node port gets that of the old port of its name, unless another port has taken it over. */
function portsAsBefore(spec: JsonObject, old: JsonObject): readonly JsonObject[] {
  const used = new Set(nodePortsOf(spec));
  const byName = new Map(
    listAt(old, 'ports').map((port) => [textAt(port, 'name'), numberAt(port, 'nodePort')]),
  );
  return listAt(spec, 'ports').map((port) => {
    const known = byName.get(textAt(port, 'name')) ?? 0;
    const isFree = numberAt(port, 'nodePort') === 0 && known !== 0 && !used.has(known);
    return isFree ? { ...port, nodePort: known } : port;
  });
}

/** Each field that a new type has no use for, and when the old one had: it goes unless it was changed as well. */
const DEPENDENT: readonly (readonly [fields: readonly string[], needs: (spec: JsonObject) => boolean])[] = [
  [['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'], needsClusterIp],
  [['healthCheckNodePort'], needsHealthCheck],
  [['allocateLoadBalancerNodePorts', 'loadBalancerClass'], (spec) => typeOf(spec) === 'LoadBalancer'],
  [['externalTrafficPolicy'], isExternallyAccessible],
];

/** dropTypeDependentFields */
function withoutObsolete(spec: JsonObject, old: JsonObject): JsonObject {
  let kept: JsonObject = spec;
  for (const [fields, needs] of DEPENDENT) {
    if (!needs(old) || needs(spec)) continue;
    for (const field of fields)
      if (jsonEquals(spec[field] ?? null, old[field] ?? null)) kept = omit(kept, field);
  }
  const ports = listAt(spec, 'ports');
  const isOver = needsNodePort(old) && !needsNodePort(spec);
  if (!isOver || !jsonEquals([...nodePortsOf(spec)].sort(), [...nodePortsOf(old)].sort())) return kept;
  return { ...kept, ...portsMember(ports.map((port) => omit(port, 'nodePort'))) };
}

function withAddresses(
  service: KubeObject,
  spec: JsonObject,
  tx: ClusterTransaction,
  { range, before }: { readonly range: Cidr; readonly before: KubeObject | undefined },
): JsonObject {
  const asked = textAt(spec, 'clusterIP');
  const clusterIP = asked === '' ? freeClusterIp(tx, range, identityOf(service)) : asked;
  const isSelected = Object.keys(objectAt(spec, 'selector')).length > 0;
  const spread = clusterIP === 'None' && !isSelected;
  const policy = textAt(before?.spec, 'ipFamilyPolicy') || (spread ? 'RequireDualStack' : 'SingleStack');
  return {
    ipFamilies: spread ? ['IPv4', 'IPv6'] : ['IPv4'],
    ipFamilyPolicy: policy,
    ...spec,
    clusterIP,
    clusterIPs: [clusterIP],
  };
}

/** Ports of one number share a node port, whatever their protocols. */
function withNodePorts(service: KubeObject, spec: JsonObject, tx: ClusterTransaction): JsonObject {
  if (!needsNodePort(spec)) return spec;
  const ports = listAt(spec, 'ports');
  const ours = new Set(nodePortsOf(spec));
  const byPort = new Map<number, number>();
  for (const port of ports)
    if (numberAt(port, 'nodePort') !== 0) byPort.set(numberAt(port, 'port'), numberAt(port, 'nodePort'));
  const filled = ports.map((port): JsonObject => {
    if (numberAt(port, 'nodePort') !== 0) return port;
    const bare = omit(port, 'nodePort');
    if (!allocatesNodePorts(spec)) return bare;
    const number = numberAt(port, 'port');
    const nodePort = byPort.get(number) ?? freeNodePort(tx, `${identityOf(service)}:${number}`, ours);
    byPort.set(number, nodePort);
    ours.add(nodePort);
    return { ...bare, nodePort };
  });
  return { ...spec, ...portsMember(filled) };
}

function withHealthCheck(service: KubeObject, spec: JsonObject, tx: ClusterTransaction): JsonObject {
  if (!needsHealthCheck(spec) || numberAt(spec, 'healthCheckNodePort') !== 0) return spec;
  const ours = new Set(nodePortsOf(spec));
  return { ...spec, healthCheckNodePort: freeNodePort(tx, `${identityOf(service)}:health`, ours) };
}
