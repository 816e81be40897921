/**
 * UDP has no end that the kernel could see: connections to a service whose endpoint has gone would be sent there for as long
 * as the client keeps talking. kube-proxy takes them out of the table when it sees services or endpoints change; a service
 * without any endpoint keeps its entries. Source: k8s.io/kubernetes pkg/proxy/conntrack/cleanup.go, Kubernetes 1.35.
 */
import type { ConntrackEntry, NetnsMemory } from '../../net/netns.ts';
import type { Ip } from '../../../model/ip.ts';
import { familyOf, type IpFamily } from '../../../model/ip-family.ts';
import type { ServicePort } from './service-ports.ts';

/** Where the connections of UDP services may lead: by `address:port` of the service, and by node port in each family. */
export interface ServingEndpoints {
  readonly byAddress: ReadonlyMap<string, ReadonlySet<string>>;
  readonly byNodePort: ReadonlyMap<string, ReadonlySet<string>>;
}

const nodePortKey = (family: IpFamily, port: number): string => `${family}/${port}`;

export function servingEndpoints(services: readonly ServicePort<Ip>[]): ServingEndpoints {
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<string, ReadonlySet<string>>();
  for (const service of services) {
    if (service.protocol !== 'udp') continue;
    const serving = service.endpoints.filter((endpoint) => endpoint.serving);
    if (serving.length === 0) continue;
    const endpoints = new Set(serving.map(({ address, port }) => `${address}:${port}`));
    for (const address of [service.clusterIp, ...service.loadBalancerIps, ...service.externalIps])
      byAddress.set(`${address}:${service.port}`, endpoints);
    if (service.nodePort !== 0)
      byNodePort.set(nodePortKey(familyOf(service.clusterIp), service.nodePort), endpoints);
  }
  return { byAddress, byNodePort };
}

/** The memory without connections that lead nowhere any more; the very same when there is none. */
export function withoutStale(memory: NetnsMemory, serving: ServingEndpoints): NetnsMemory {
  const isStale = ({ protocol, original, reply }: ConntrackEntry): boolean => {
    if (protocol !== 'udp') return false;
    const { byAddress, byNodePort } = serving;
    const endpoint = `${reply.source}:${reply.sourcePort}`;
    const wanted = [
      byAddress.get(`${original.destination}:${original.destinationPort}`),
      byNodePort.get(nodePortKey(familyOf(original.destination), original.destinationPort)),
    ];
    return wanted.some((endpoints) => endpoints && !endpoints.has(endpoint));
  };
  return memory.conntrack.some(isStale)
    ? { ...memory, conntrack: memory.conntrack.filter((entry) => !isStale(entry)) }
    : memory;
}
