/**
 * Services as kube-proxy sees them: one entry a service port, with the endpoints that may take its traffic.
 * Source: k8s.io/kubernetes pkg/proxy/{serviceport,endpointslicecache,topology}.go, Kubernetes 1.35. Topology hints and
 * IPv6 are left out.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../../base/bytes.ts';
import type { JsonObject } from '../../base/json.ts';
import { formatIpv4, parseIpv4, type Ipv4 } from '../../model/ip.ts';
import type { Table } from '../core/table.ts';
import { at, listAt, numberAt, textAt, textsAt } from './fields.ts';
import type { KubeObject } from './object.ts';

export interface ServicePort {
  /** `namespace/name:port`, as in rule comments. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly clusterIp: Ipv4;
  readonly port: number;
  /** 0 when the service has none. */
  readonly nodePort: number;
  readonly externalIps: readonly Ipv4[];
  readonly loadBalancerIps: readonly Ipv4[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Ready ones; when there is none, those that still serve while terminating. */
  readonly endpoints: readonly ProxyEndpoint[];
}

export interface ProxyEndpoint {
  readonly address: Ipv4;
  readonly port: number;
  readonly node: string;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first 16 characters of the base32 form of a SHA-256. */
function shortHash(text: string): string {
  let bits = 0;
  let held = 0;
  let encoded = '';
  for (const byte of sha256(utf8(text)).subarray(0, 10)) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      encoded += BASE32[(held >>> bits) & 31] ?? '';
    }
  }
  return encoded;
}

export const chainOf = {
  cluster: (port: ServicePort): string => `KUBE-SVC-${shortHash(port.name + port.protocol)}`,
  local: (port: ServicePort): string => `KUBE-SVL-${shortHash(port.name + port.protocol)}`,
  external: (port: ServicePort): string => `KUBE-EXT-${shortHash(port.name + port.protocol)}`,
  endpoint: (port: ServicePort, endpoint: ProxyEndpoint): string =>
    `KUBE-SEP-${shortHash(port.name + port.protocol + endpointText(endpoint))}`,
};

export const endpointText = ({ address, port }: ProxyEndpoint): string => `${formatIpv4(address)}:${port}`;

const addresses = (texts: readonly string[]): readonly Ipv4[] =>
  texts.flatMap((text) => parseIpv4(text) ?? []);

/** In the order of services and their ports. */
export function servicePorts(
  services: Table<KubeObject> | undefined,
  slices: Table<KubeObject> | undefined,
): readonly ServicePort[] {
  const byService = new Map<string, KubeObject[]>();
  for (const slice of slices?.values() ?? []) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined || textAt(slice, 'addressType') !== 'IPv4') continue;
    const key = `${slice.metadata.namespace ?? ''}/${service}`;
    const known = byService.get(key);
    if (known) known.push(slice);
    else byService.set(key, [slice]);
  }
  return [...(services?.values() ?? [])].flatMap((service) => {
    const key = `${service.metadata.namespace ?? ''}/${service.metadata.name}`;
    return portsOf(service, key, byService.get(key) ?? []);
  });
}

function portsOf(service: KubeObject, key: string, slices: readonly KubeObject[]): readonly ServicePort[] {
  const clusterIp = parseIpv4(textAt(service.spec, 'clusterIP'));
  if (clusterIp === undefined) return [];
  const ingress = listAt(service.status, 'loadBalancer', 'ingress').map((item) => textAt(item, 'ip'));
  return listAt(service.spec, 'ports').flatMap((port): readonly ServicePort[] => {
    const protocol = textAt(port, 'protocol').toLowerCase();
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    const portName = textAt(port, 'name');
    return [
      {
        name: portName === '' ? key : `${key}:${portName}`,
        protocol,
        clusterIp,
        port: numberAt(port, 'port'),
        nodePort: numberAt(port, 'nodePort'),
        externalIps: addresses(textsAt(service.spec, 'externalIPs')),
        loadBalancerIps: addresses(ingress),
        internalLocal: textAt(service.spec, 'internalTrafficPolicy') === 'Local',
        externalLocal: textAt(service.spec, 'externalTrafficPolicy') === 'Local',
        endpoints: endpointsOf(slices, portName),
      },
    ];
  });
}

function endpointsOf(slices: readonly KubeObject[], portName: string): readonly ProxyEndpoint[] {
  const ready: ProxyEndpoint[] = [];
  const leaving: ProxyEndpoint[] = [];
  for (const slice of slices) {
    const port = listAt(slice, 'ports').find((candidate) => textAt(candidate, 'name') === portName);
    if (!port) continue;
    for (const endpoint of listAt(slice, 'endpoints')) {
      const address = parseIpv4(textsAt(endpoint, 'addresses')[0] ?? '');
      const list = bucket(endpoint, ready, leaving);
      if (address !== undefined && list)
        list.push({ address, port: numberAt(port, 'port'), node: textAt(endpoint, 'nodeName') });
    }
  }
  return (ready.length > 0 ? ready : leaving).toSorted((a, b) =>
    endpointText(a) < endpointText(b) ? -1 : 1,
  );
}

/** An absent `ready` counts as true. */
function bucket(
  endpoint: JsonObject,
  ready: ProxyEndpoint[],
  leaving: ProxyEndpoint[],
): ProxyEndpoint[] | undefined {
  if (at(endpoint, 'conditions', 'ready') !== false) return ready;
  const serves =
    at(endpoint, 'conditions', 'serving') === true && at(endpoint, 'conditions', 'terminating') === true;
  return serves ? leaving : undefined;
}
