/**
 * Services: defaults, ClusterIP and NodePort allocation, validation, columns. IPv4 single-stack only.
 * Source: k8s.io/kubernetes pkg/registry/core/service/{storage/alloc.go,ipallocator,portallocator}, pkg/apis/core/validation,
 * Kubernetes 1.35. Dynamic addresses come from the upper band as there; which one is a hash of the name instead of chance,
 * so that a lab's service keeps its address.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import {
  addressAt,
  cidrContains,
  cidrSize,
  formatCidr,
  formatIpv4,
  parseIpv4,
  type Cidr,
} from '../../../model/ip.ts';
import { invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../fields.ts';
import { fnv32a } from '../name.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import { formatLabels } from '../selector.ts';
import { TableIndex } from '../table-index.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { builtin } from './builtin.ts';

const SERVICES_NAME = 'services';
const NODE_PORTS = { first: 30000, last: 32767, dynamicFrom: 30086 } as const;

/** Services by what only one of them may have. */
const holders = new TableIndex<KubeObject>((service) => [
  ...textsAt(service.spec, 'clusterIPs'),
  ...listAt(service.spec, 'ports').map(
    (port) => `port/${numberAt(port, 'nodePort')}/${textAt(port, 'protocol')}`,
  ),
]);

const taken = (tx: ClusterTransaction, what: string): boolean =>
  holders.group(tx.table(SERVICES_NAME), what).length > 0;

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

function freeNodePort(
  tx: ClusterTransaction,
  identity: string,
  protocol: string,
  ours: ReadonlySet<number>,
): number {
  const room = NODE_PORTS.last - NODE_PORTS.dynamicFrom + 1;
  const start = fnv32a(identity) % room;
  for (let step = 0; step < room; step += 1) {
    const port = NODE_PORTS.dynamicFrom + ((start + step) % room);
    if (!ours.has(port) && !taken(tx, `port/${port}/${protocol}`)) return port;
  }
  throw new Error('no free node port');
}

const identityOf = (service: KubeObject): string =>
  `${service.metadata.namespace ?? ''}/${service.metadata.name}`;

const needsNodePort = (type: string): boolean => type === 'NodePort' || type === 'LoadBalancer';

function withPorts(
  service: KubeObject,
  spec: JsonObject,
  tx: ClusterTransaction,
  before: KubeObject | undefined,
): JsonObject {
  const type = textAt(spec, 'type');
  const old = listAt(before?.spec, 'ports');
  const ours = new Set(listAt(spec, 'ports').map((port) => numberAt(port, 'nodePort')));
  const ports = listAt(spec, 'ports').map((port): JsonObject => {
    const filled = { targetPort: port['port'] ?? 0, ...port };
    const { nodePort: _, ...withoutNodePort } = filled as JsonObject;
    if (!needsNodePort(type)) return withoutNodePort;
    if (numberAt(port, 'nodePort') !== 0) return filled;
    const same = old.find(
      (candidate) => candidate['port'] === port['port'] && candidate['protocol'] === port['protocol'],
    );
    const kept = numberAt(same, 'nodePort');
    const protocol = textAt(port, 'protocol');
    const nodePort =
      kept !== 0
        ? kept
        : freeNodePort(tx, `${identityOf(service)}:${numberAt(port, 'port')}`, protocol, ours);
    ours.add(nodePort);
    return { ...withoutNodePort, nodePort };
  });
  return ports.length === 0 ? spec : { ...spec, ports };
}

function clusterIpOf(
  service: KubeObject,
  tx: ClusterTransaction,
  before: KubeObject | undefined,
  cidr: Cidr,
): string {
  const asked = textAt(service.spec, 'clusterIP') || (textsAt(service.spec, 'clusterIPs')[0] ?? '');
  if (asked !== '') return asked;
  return textAt(before?.spec, 'clusterIP') || freeClusterIp(tx, cidr, identityOf(service));
}

function serviceDefaults(
  service: KubeObject,
  tx: ClusterTransaction,
  before: KubeObject | undefined,
  cidr: Cidr,
): KubeObject {
  const spec = service.spec ?? {};
  const status: Json = before?.status ?? service.status ?? { loadBalancer: {} };
  const type = textAt(spec, 'type');
  if (type === 'ExternalName') {
    const { clusterIP: _, clusterIPs: _c, ...external } = spec;
    return { ...service, spec: withPorts(service, external, tx, before), status: status as JsonObject };
  }
  const clusterIP = clusterIpOf(service, tx, before, cidr);
  const affinity =
    textAt(spec, 'sessionAffinity') === 'ClientIP'
      ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } }
      : {};
  const complete: JsonObject = {
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ...(needsNodePort(type) ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
    ...affinity,
    ...spec,
    clusterIP,
    clusterIPs: [clusterIP],
  };
  return { ...service, spec: withPorts(service, complete, tx, before), status: status as JsonObject };
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function validateService(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  cidr: Cidr,
): readonly FieldError[] {
  const { spec } = service;
  const type = textAt(spec, 'type');
  const ports = listAt(spec, 'ports');
  const headless = textAt(spec, 'clusterIP') === 'None';
  return [
    ...(TYPES.includes(type) ? [] : [notSupported('spec.type', type, TYPES)]),
    ...(ports.length === 0 && !headless && type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...ports.flatMap((port, index) => portErrors(port, `spec.ports[${index}]`, ports.length)),
    ...clusterIpErrors(service, before, tx, cidr),
    ...ports.flatMap((port, index) => nodePortErrors(port, before, tx, `spec.ports[${index}].nodePort`)),
    ...(type === 'ExternalName' && textAt(spec, 'externalName') === ''
      ? [required('spec.externalName')]
      : []),
  ];
}

const inPortRange = (port: number): boolean => port >= 1 && port <= 65535;

function portErrors(port: JsonObject, path: string, count: number): readonly FieldError[] {
  const target = at(port, 'targetPort');
  const range = 'must be between 1 and 65535, inclusive';
  const protocols = ['SCTP', 'TCP', 'UDP'];
  return [
    ...(count > 1 && textAt(port, 'name') === '' ? [required(`${path}.name`)] : []),
    ...(inPortRange(numberAt(port, 'port')) ? [] : [invalid(`${path}.port`, numberAt(port, 'port'), range)]),
    ...(protocols.includes(textAt(port, 'protocol'))
      ? []
      : [notSupported(`${path}.protocol`, textAt(port, 'protocol'), protocols)]),
    ...(typeof target === 'number' && !inPortRange(target)
      ? [invalid(`${path}.targetPort`, target, range)]
      : []),
  ];
}

function clusterIpErrors(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  cidr: Cidr,
): readonly FieldError[] {
  const clusterIP = textAt(service.spec, 'clusterIP');
  const shown: Json = [clusterIP];
  if (before) {
    const old = textAt(before.spec, 'clusterIP');
    const changed = old !== '' && clusterIP !== '' && old !== clusterIP;
    return changed ? [invalid('spec.clusterIPs[0]', shown, 'may not change once set')] : [];
  }
  if (clusterIP === '' || clusterIP === 'None') return [];
  const address = parseIpv4(clusterIP);
  if (address === undefined) {
    return [
      invalid(
        'spec.clusterIPs[0]',
        clusterIP,
        'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ),
    ];
  }
  const failed = (why: string): FieldError =>
    invalid('spec.clusterIPs', shown, `failed to allocate IP ${clusterIP}: ${why}`);
  if (!cidrContains(cidr, address)) {
    return [
      failed(
        `the provided IP (${clusterIP}) is not in the valid range. The range of valid IPs is ${formatCidr(cidr)}`,
      ),
    ];
  }
  return taken(tx, clusterIP) ? [failed('provided IP is already allocated')] : [];
}

function nodePortErrors(
  port: JsonObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  path: string,
): readonly FieldError[] {
  const nodePort = numberAt(port, 'nodePort');
  const kept = listAt(before?.spec, 'ports').some((old) => numberAt(old, 'nodePort') === nodePort);
  if (nodePort === 0 || kept) return [];
  if (nodePort < NODE_PORTS.first || nodePort > NODE_PORTS.last) {
    const range = `${NODE_PORTS.first}-${NODE_PORTS.last}`;
    return [
      invalid(
        path,
        nodePort,
        `provided port is not in the valid range. The range of valid ports is ${range}`,
      ),
    ];
  }
  return taken(tx, `port/${nodePort}/${textAt(port, 'protocol')}`)
    ? [invalid(path, nodePort, 'provided port is already allocated')]
    : [];
}

function externalIp(service: KubeObject): string {
  const external = textsAt(service.spec, 'externalIPs');
  switch (textAt(service.spec, 'type')) {
    case 'LoadBalancer': {
      const ingress = listAt(service.status, 'loadBalancer', 'ingress').map(
        (item) => textAt(item, 'ip') || textAt(item, 'hostname'),
      );
      return [...ingress, ...external].join(',') || '<pending>';
    }
    case 'ExternalName':
      return textAt(service.spec, 'externalName');
    default:
      return external.join(',') || '<none>';
  }
}

function portText(port: JsonObject): string {
  const nodePort = numberAt(port, 'nodePort');
  const number = numberAt(port, 'port');
  return `${nodePort > 0 ? `${number}:${nodePort}` : number}/${textAt(port, 'protocol')}`;
}

/** `serviceCidr` is the API server's --service-cluster-ip-range. */
export const services = (serviceCidr: Cidr): ResourceType =>
  builtin(
    {
      kind: 'Service',
      plural: SERVICES_NAME,
      shortNames: ['svc'],
      categories: ['all'],
      columns: [
        NAME_COLUMN,
        column('Type', (service) => textAt(service.spec, 'type')),
        column('Cluster-IP', (service) => textsAt(service.spec, 'clusterIPs')[0] ?? '<none>'),
        column('External-IP', externalIp),
        column('Port(s)', (service) => listAt(service.spec, 'ports').map(portText).join(',') || '<none>'),
        AGE_COLUMN,
        column('Selector', (service) => formatLabels(service.spec?.['selector']), { priority: 1 }),
      ],
    },
    {
      status: true,
      nameRule: 'dns-1035',
      selectableFields: ['spec.clusterIP', 'spec.type'],
      defaults: (service, tx, before) => serviceDefaults(service, tx, before, serviceCidr),
      validate: (service, before, tx) => validateService(service, before, tx, serviceCidr),
    },
  );
