/**
 * Services as kube-proxy sees them: one entry a service port, with everything the endpoint slices say about who may take its
 * traffic; each family of addresses has its own entries. Source: k8s.io/kubernetes
 * pkg/proxy/{serviceport,endpoint,endpointslicecache}.go, Kubernetes 1.35. Topology hints are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Cidr, Ip, Ipv4 } from '../../../model/ip.ts';
import type { Table } from '../../core/table.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { hostPort } from '../../../model/host-port.ts';
import { TableIndex } from '../table-index.ts';
import type { AddressFamily } from './address-family.ts';
import { shortHash } from './chain-names.ts';

export interface ServicePort<Address extends Ip = Ipv4> {
  /** `namespace/name:port`, as in rule comments. */
  readonly name: string;
  /** `namespace/name` */
  readonly service: string;
  /** What its chains are called after their prefix. */
  readonly hash: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly clusterIp: Address;
  readonly port: number;
  /** 0 when the service has none. */
  readonly nodePort: number;
  readonly externalIps: readonly Address[];
  readonly loadBalancerIps: readonly Address[];
  /** Who may use the load balancer's addresses; empty: everybody. */
  readonly sourceRanges: readonly Cidr<Address>[];
  /** How long a client stays with its endpoint, in seconds; 0: it does not. */
  readonly affinity: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Where load balancers ask whether this node has endpoints; 0 when they do not. */
  readonly healthCheckNodePort: number;
  /** In the order of `address:port` as text. */
  readonly endpoints: readonly ProxyEndpoint<Address>[];
}

export interface ProxyEndpoint<Address extends Ip = Ipv4> {
  readonly address: Address;
  readonly port: number;
  /** `address:port`, IPv6 addresses in brackets. */
  readonly text: string;
  /** The chain that leads to it. */
  readonly chain: string;
  readonly node: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** Other proxies take care of services with this label. */
const FOREIGN_PROXY = 'service.kubernetes.io/service-proxy-name';

/** What reads the services and slices of one family, and keeps what it read. */
type ServiceReader<Address extends Ip> = (
  services: Table<KubeObject> | undefined,
  slices: Table<KubeObject> | undefined,
) => readonly ServicePort<Address>[];

/** In the order of services and their ports; a service that has not changed gives the identical entries. */
export function serviceReader<Address extends Ip>(family: AddressFamily<Address>): ServiceReader<Address> {
  const slicesOf = new TableIndex<KubeObject>((slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    const isOurs = textAt(slice, 'addressType') === family.name && !slice.metadata.labels?.[FOREIGN_PROXY];
    return service !== undefined && isOurs ? [`${slice.metadata.namespace ?? ''}/${service}`] : [];
  });
  const known = new WeakMap<KubeObject, Known<Address>>();
  return (services, slices) =>
    [...(services?.values() ?? [])].flatMap((service) => {
      const key = `${service.metadata.namespace ?? ''}/${service.metadata.name}`;
      const own = slicesOf.group(slices, key);
      const before = known.get(service);
      const isSame = before?.slices.length === own.length && before.slices.every((one, i) => one === own[i]);
      if (before && isSame) return before.ports;
      const ports = readPorts(family, service, key, own);
      known.set(service, { slices: own, ports });
      return ports;
    });
}

interface Known<Address extends Ip> {
  readonly slices: readonly KubeObject[];
  readonly ports: readonly ServicePort<Address>[];
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

/** A service without a cluster address of the family has no entries in it. */
function readPorts<Address extends Ip>(
  family: AddressFamily<Address>,
  service: KubeObject,
  key: string,
  slices: readonly KubeObject[],
): readonly ServicePort<Address>[] {
  const { spec, metadata } = service;
  const [clusterIp] = ofFamily(family, textsAt(spec, 'clusterIPs'));
  const isForeign = metadata.labels?.[FOREIGN_PROXY] !== undefined;
  if (clusterIp === undefined || isForeign || textAt(spec, 'type') === 'ExternalName') return [];
  const common = { service: key, clusterIp, ...doorsOf(family, service), ...policiesOf(spec) };
  return listAt(spec, 'ports').flatMap((port): readonly ServicePort<Address>[] => {
    const protocol = PROTOCOLS.find((each) => each === textAt(port, 'protocol').toLowerCase());
    if (!protocol) return [];
    const portName = textAt(port, 'name');
    const name = portName === '' ? key : `${key}:${portName}`;
    return [
      {
        ...common,
        name,
        hash: shortHash(name + protocol),
        protocol,
        port: numberAt(port, 'port'),
        nodePort: numberAt(port, 'nodePort'),
        endpoints: endpointsOf(family, slices, portName, name + protocol),
      },
    ];
  });
}

function ofFamily<Address extends Ip>(
  family: AddressFamily<Address>,
  texts: readonly string[],
): readonly Address[] {
  return texts.flatMap((text): readonly Address[] => {
    const address = family.parse(text);
    return address === undefined ? [] : [address];
  });
}

type Doors<Address extends Ip> = Pick<
  ServicePort<Address>,
  'externalIps' | 'loadBalancerIps' | 'sourceRanges'
>;

/** A load balancer whose mode is Proxy wants its traffic to go through it. A range of everybody is no range. */
function doorsOf<Address extends Ip>(
  family: AddressFamily<Address>,
  { spec, status }: KubeObject,
): Doors<Address> {
  const ingress = listAt(status, 'loadBalancer', 'ingress').filter(
    (item) => (textAt(item, 'ipMode') || 'VIP') === 'VIP',
  );
  const ranges = textsAt(spec, 'loadBalancerSourceRanges').flatMap(
    (text) => family.parseCidr(text.trim()) ?? [],
  );
  return {
    externalIps: ofFamily(family, textsAt(spec, 'externalIPs')),
    loadBalancerIps: ofFamily(
      family,
      ingress.map((item) => textAt(item, 'ip')),
    ),
    sourceRanges: ranges.some(({ length }) => length === 0) ? [] : ranges,
  };
}

type Policies = Pick<ServicePort, 'affinity' | 'internalLocal' | 'externalLocal' | 'healthCheckNodePort'>;

function policiesOf(spec: JsonObject | undefined): Policies {
  const externalLocal = textAt(spec, 'externalTrafficPolicy') === 'Local';
  const isBalanced = textAt(spec, 'type') === 'LoadBalancer';
  return {
    affinity:
      textAt(spec, 'sessionAffinity') === 'ClientIP'
        ? numberAt(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds')
        : 0,
    internalLocal: textAt(spec, 'internalTrafficPolicy') === 'Local',
    externalLocal,
    healthCheckNodePort: externalLocal && isBalanced ? numberAt(spec, 'healthCheckNodePort') : 0,
  };
}

function endpointsOf<Address extends Ip>(
  family: AddressFamily<Address>,
  slices: readonly KubeObject[],
  portName: string,
  identity: string,
): readonly ProxyEndpoint<Address>[] {
  const found = new Map<string, ProxyEndpoint<Address>>();
  for (const slice of slices) {
    const port = listAt(slice, 'ports').find((candidate) => textAt(candidate, 'name') === portName);
    if (!port) continue;
    for (const endpoint of listAt(slice, 'endpoints')) {
      const address = family.parse(textsAt(endpoint, 'addresses')[0] ?? '');
      if (address === undefined) continue;
      const number = numberAt(port, 'port');
      const text = hostPort(family.format(address), number);
      // An address may stand in two slices while it moves; the ready one counts.
      if (found.get(text)?.ready) continue;
      const chain = `KUBE-SEP-${shortHash(identity + text)}`;
      found.set(text, { address, port: number, text, chain, ...conditionsOf(endpoint) });
    }
  }
  return [...found.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** An absent `ready` or `serving` counts as true. */
const conditionsOf = (
  endpoint: JsonObject,
): Pick<ProxyEndpoint, 'node' | 'ready' | 'serving' | 'terminating'> => ({
  node: textAt(endpoint, 'nodeName'),
  ready: at(endpoint, 'conditions', 'ready') !== false,
  serving: at(endpoint, 'conditions', 'serving') !== false,
  terminating: at(endpoint, 'conditions', 'terminating') === true,
});
