/**
 * What the API server fills into a service: defaults, what a change of type makes obsolete, addresses and ports from their
 * ranges. Dynamic ones come from the upper band as there; which one is a hash of the name instead of chance, so that a lab's
 * service keeps its address. Which families it has is settled in `service-families.ts`.
 * Source: k8s.io/kubernetes pkg/registry/core/service/{strategy.go,storage/{storage,alloc}.go,ipallocator,portallocator},
 * pkg/apis/core/v1/defaults.go, Kubernetes 1.35.
 */
import { jsonEquals, type JsonObject } from '../../../base/json.ts';
import { cidrSize } from '../../../model/ip.ts';
import { formatIp, formatIpCidr, ipAt, ipCidrContains, isCidr6, parseIp } from '../../../model/ip-family.ts';
import type { IpCidr } from '../../../model/ip-family.ts';
import { cidrSize6 } from '../../../model/ipv6.ts';
import { at, listAt, numberAt, textAt, textsAt, without } from '../fields.ts';
import { fnv32a } from '../name.ts';
import type { KubeObject } from '../object.ts';
import { TableIndex } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';
import {
  familyOfRange,
  settleFamilies,
  withSyncedClusterIps,
  type ServiceRanges,
} from './service-families.ts';

export const SERVICES_NAME = 'services';
export const NODE_PORTS = { first: 30000, last: 32767, dynamicFrom: 30086 } as const;

/** However it was written. */
function canonical(text: string): string {
  const address = text.includes(':') ? parseIp(text) : undefined;
  return address === undefined ? text : formatIp(address);
}

/** Services by what only one of them may have: a node port is one number for all protocols. */
const holders = new TableIndex<KubeObject>((service) => [
  ...textsAt(service.spec, 'clusterIPs').map(canonical),
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
const staticBand = (size: number): number => Math.min(Math.max(16, Math.floor(size / 16)), 256);

function freeClusterIp(tx: ClusterTransaction, range: IpCidr, identity: string): string {
  const size = isCidr6(range) ? Number(cidrSize6(range)) : cidrSize(range);
  const low = Math.min(staticBand(size), size - 2);
  // The last address of an IPv4 range is its broadcast address.
  const room = size - (isCidr6(range) ? 0 : 1) - low;
  const start = fnv32a(identity) % room;
  for (let step = 0; step < room; step += 1) {
    const address = formatIp(ipAt(range, low + ((start + step) % room)));
    if (!taken(tx, address)) return address;
  }
  throw new Error(`no free address in ${formatIpCidr(range)}`);
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
  ranges: ServiceRanges,
): KubeObject {
  const given = withDefaults(service.spec ?? {});
  const inherited = before?.spec ? withoutObsolete(withAllocated(given, before.spec), before.spec) : given;
  const completed = withDefaults(inherited);
  const named = needsClusterIp(completed)
    ? withAddresses(service, withSyncedClusterIps(completed, before?.spec), tx, { ranges, before })
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
  const addressed = needsClusterIp(spec) && needsClusterIp(old);
  const check =
    needsHealthCheck(spec) && needsHealthCheck(old) && numberAt(spec, 'healthCheckNodePort') === 0;
  return {
    ...spec,
    ...(addressed && textAt(spec, 'clusterIP') === '' ? { clusterIP: textAt(old, 'clusterIP') } : {}),
    ...(addressed && textsAt(spec, 'clusterIPs').length === 0
      ? { clusterIPs: [...textsAt(old, 'clusterIPs')] }
      : {}),
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

/** Nothing is given to a service that asks for what cannot be had: it will be refused. */
function withAddresses(
  service: KubeObject,
  spec: JsonObject,
  tx: ClusterTransaction,
  { ranges, before }: { readonly ranges: ServiceRanges; readonly before: KubeObject | undefined },
): JsonObject {
  const settled = settleFamilies(spec, before?.spec, ranges.map(familyOfRange));
  if (settled.errors.length > 0) return settled.spec;
  const families = textsAt(settled.spec, 'ipFamilies');
  const asked = textsAt(settled.spec, 'clusterIPs');
  if (asked[0] === 'None' || !needsAddresses(settled.spec, before)) return settled.spec;
  if (asked.some((text) => addressProblem(text, tx, ranges, before) !== undefined)) return settled.spec;
  const clusterIPs = families.flatMap((family, index) => {
    const range = ranges.find((each) => familyOfRange(each) === family);
    const identity = `${identityOf(service)}${family === 'IPv6' ? ' IPv6' : ''}`;
    return asked[index] ?? (range ? [freeClusterIp(tx, range, identity)] : []);
  });
  return { ...settled.spec, clusterIP: clusterIPs[0] ?? '', clusterIPs };
}

/** A new service, one that had no address by its type, one that gets a second family. */
export function needsAddresses(spec: JsonObject | undefined, before: KubeObject | undefined): boolean {
  if (!before || typeOf(before.spec) === 'ExternalName') return true;
  const count = (of: JsonObject | undefined): number => textsAt(of, 'ipFamilies').length;
  return textAt(before.spec, 'clusterIP') !== 'None' && count(before.spec) === 1 && count(spec) === 2;
}

/** Why an address that a service asks for cannot be had; undefined when it can, or when it has it. */
export function addressProblem(
  text: string,
  tx: ClusterTransaction,
  ranges: ServiceRanges,
  before: KubeObject | undefined,
): string | undefined {
  if (textsAt(before?.spec, 'clusterIPs').includes(text)) return undefined;
  const address = parseIp(text);
  const range =
    address === undefined
      ? undefined
      : ranges.find((each) => isCidr6(each) === (typeof address === 'string'));
  if (address === undefined || !range) return undefined;
  if (!ipCidrContains(range, address))
    return `the provided IP (${text}) is not in the valid range. The range of valid IPs is ${formatIpCidr(range)}`;
  return taken(tx, formatIp(address), before) ? 'provided IP is already allocated' : undefined;
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
