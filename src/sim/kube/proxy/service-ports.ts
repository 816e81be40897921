/**
 * Services as kube-proxy sees them: one entry a service port, with everything the endpoint slices say about who may take its
 * traffic. Source: k8s.io/kubernetes pkg/proxy/{serviceport,endpoint,endpointslicecache}.go, Kubernetes 1.35. Topology
 * hints and IPv6 are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import { formatIpv4, parseCidr, parseIpv4, type Cidr, type Ipv4 } from '../../../model/ip.ts';
import type { Table } from '../../core/table.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { TableIndex } from '../table-index.ts';
import { shortHash } from './chain-names.ts';

export interface ServicePort {
  /** `namespace/name:port`, as in rule comments. */
  readonly name: string;
  /** `namespace/name` */
  readonly service: string;
  /** What its chains are called after their prefix. */
  readonly hash: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly clusterIp: Ipv4;
  readonly port: number;
  /** 0 when the service has none. */
  readonly nodePort: number;
  readonly externalIps: readonly Ipv4[];
  readonly loadBalancerIps: readonly Ipv4[];
  /** Who may use the load balancer's addresses; empty: everybody. */
  readonly sourceRanges: readonly Cidr[];
  /** How long a client stays with its endpoint, in seconds; 0: it does not. */
  readonly affinity: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Where load balancers ask whether this node has endpoints; 0 when they do not. */
  readonly healthCheckNodePort: number;
  /** In the order of `address:port` as text. */
  readonly endpoints: readonly ProxyEndpoint[];
}

export interface ProxyEndpoint {
  readonly address: Ipv4;
  readonly port: number;
  /** `address:port` */
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

const slicesOf = new TableIndex<KubeObject>((slice) => {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'];
  const isOurs = textAt(slice, 'addressType') === 'IPv4' && !slice.metadata.labels?.[FOREIGN_PROXY];
  return service !== undefined && isOurs ? [`${slice.metadata.namespace ?? ''}/${service}`] : [];
});

/** In the order of services and their ports; a service that has not changed gives the identical entries. */
export function servicePorts(
  services: Table<KubeObject> | undefined,
  slices: Table<KubeObject> | undefined,
): readonly ServicePort[] {
  return [...(services?.values() ?? [])].flatMap((service) => {
    const key = `${service.metadata.namespace ?? ''}/${service.metadata.name}`;
    return portsOf(service, key, slicesOf.group(slices, key));
  });
}

interface Known {
  readonly slices: readonly KubeObject[];
  readonly ports: readonly ServicePort[];
}

const known = new WeakMap<KubeObject, Known>();

function portsOf(service: KubeObject, key: string, slices: readonly KubeObject[]): readonly ServicePort[] {
  const before = known.get(service);
  const isSame =
    before?.slices.length === slices.length && before.slices.every((one, i) => one === slices[i]);
  if (before && isSame) return before.ports;
  const ports = readPorts(service, key, slices);
  known.set(service, { slices, ports });
  return ports;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

function readPorts(service: KubeObject, key: string, slices: readonly KubeObject[]): readonly ServicePort[] {
  const { spec, metadata } = service;
  const clusterIp = parseIpv4(textAt(spec, 'clusterIP'));
  const isForeign = metadata.labels?.[FOREIGN_PROXY] !== undefined;
  if (clusterIp === undefined || isForeign || textAt(spec, 'type') === 'ExternalName') return [];
  const common = { service: key, clusterIp, ...doorsOf(service), ...policiesOf(spec) };
  return listAt(spec, 'ports').flatMap((port): readonly ServicePort[] => {
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
        endpoints: endpointsOf(slices, portName, name + protocol),
      },
    ];
  });
}

const addresses = (texts: readonly string[]): readonly Ipv4[] =>
  texts.flatMap((text) => parseIpv4(text) ?? []);

type Doors = Pick<ServicePort, 'externalIps' | 'loadBalancerIps' | 'sourceRanges'>;

/** A load balancer whose mode is Proxy wants its traffic to go through it. A range of everybody is no range. */
function doorsOf({ spec, status }: KubeObject): Doors {
  const ingress = listAt(status, 'loadBalancer', 'ingress').filter(
    (item) => (textAt(item, 'ipMode') || 'VIP') === 'VIP',
  );
  const ranges = textsAt(spec, 'loadBalancerSourceRanges').flatMap((text) => parseCidr(text.trim()) ?? []);
  return {
    externalIps: addresses(textsAt(spec, 'externalIPs')),
    loadBalancerIps: addresses(ingress.map((item) => textAt(item, 'ip'))),
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

function endpointsOf(
  slices: readonly KubeObject[],
  portName: string,
  identity: string,
): readonly ProxyEndpoint[] {
  const found = new Map<string, ProxyEndpoint>();
  for (const slice of slices) {
    const port = listAt(slice, 'ports').find((candidate) => textAt(candidate, 'name') === portName);
    if (!port) continue;
    for (const endpoint of listAt(slice, 'endpoints')) {
      const address = parseIpv4(textsAt(endpoint, 'addresses')[0] ?? '');
      if (address === undefined) continue;
      const number = numberAt(port, 'port');
      const text = `${formatIpv4(address)}:${number}`;
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
