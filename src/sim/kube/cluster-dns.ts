/**
 * What CoreDNS answers for a cluster: Services by their address or their endpoints, ports by SRV records, ExternalName
 * services by CNAME, pods by their dashed address, cluster addresses backwards, and node names, which it asks its own
 * resolver for (on a kind cluster Docker's, which knows the nodes).
 * Source: Kubernetes DNS-based service discovery 1.1.0; CoreDNS 1.13 plugin/kubernetes with `pods insecure`.
 */
import { reverseName } from '../../model/dns.ts';
import { formatIpv4, parseIpv4, type Ipv4 } from '../../model/ip.ts';
import type { JsonObject } from '../../base/json.ts';
import type { DnsServer, ServicePlace } from '../net/netns.ts';
import { at, listAt, numberAt, textAt, textsAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import type { ObjectStore } from './store.ts';

const ZONE = 'cluster.local.';

export function clusterDns(store: ObjectStore): DnsServer {
  const zone = new Zone();
  for (const service of store.list('services')) addService(zone, service);
  for (const slice of store.list('endpointslices.discovery.k8s.io')) addEndpoints(zone, store, slice);
  for (const node of store.list('nodes'))
    for (const address of listAt(node.status, 'addresses'))
      if (textAt(address, 'type') === 'InternalIP')
        zone.name(`${node.metadata.name}.`, parseIpv4(textAt(address, 'address')));
  zone.name(
    `ns.dns.${ZONE}`,
    parseIpv4(textAt(store.get('services', 'kube-system', 'kube-dns')?.spec, 'clusterIP')),
  );
  const { names, aliases, services, reverse } = zone;
  return { kind: 'dns', zone: ZONE, names, aliases, services, reverse, podNames: true };
}

/** The records as they are gathered. */
class Zone {
  readonly names = new Map<string, Ipv4[]>();
  readonly aliases = new Map<string, string>();
  readonly services = new Map<string, ServicePlace[]>();
  readonly reverse = new Map<string, string[]>();

  name(name: string, address: Ipv4 | undefined): void {
    if (address !== undefined) append(this.names, name, address);
  }

  service(name: string, place: ServicePlace): void {
    append(this.services, name, place);
  }

  back(address: Ipv4, name: string): void {
    append(this.reverse, reverseName(address), name);
  }
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

const serviceName = (name: string, { metadata }: KubeObject): string =>
  `${name}.${metadata.namespace ?? ''}.svc.${ZONE}`;

function addService(zone: Zone, service: KubeObject): void {
  const name = serviceName(service.metadata.name, service);
  if (textAt(service.spec, 'type') === 'ExternalName') {
    zone.aliases.set(name, `${textAt(service.spec, 'externalName').toLowerCase().replace(/\.$/, '')}.`);
    return;
  }
  const address = parseIpv4(textAt(service.spec, 'clusterIP'));
  if (address === undefined) return;
  zone.name(name, address);
  zone.back(address, name);
  for (const port of listAt(service.spec, 'ports')) addPort(zone, name, { ...portOf(port), target: name });
}

interface NamedPort extends ServicePlace {
  readonly name: string;
  readonly protocol: string;
}

const portOf = (port: JsonObject): Omit<NamedPort, 'target'> => ({
  name: textAt(port, 'name'),
  protocol: (textAt(port, 'protocol') || 'TCP').toLowerCase(),
  port: numberAt(port, 'port'),
});

/** A port has a record under its name and protocol, and one under the name of its service. */
function addPort(zone: Zone, owner: string, { name, protocol, target, port }: NamedPort): void {
  if (name !== '') zone.service(`_${name}._${protocol}.${owner}`, { target, port });
  zone.service(owner, { target, port });
}

/**
 * A headless service's name stands for its ready endpoints. Every endpoint has a name below its service's: its host name, or
 * its address with dashes.
 */
function addEndpoints(zone: Zone, store: ObjectStore, slice: KubeObject): void {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
  const owner = store.get('services', slice.metadata.namespace, service);
  if (!owner) return;
  const isHeadless = textAt(owner.spec, 'clusterIP') === 'None';
  const name = serviceName(service, slice);
  for (const endpoint of listAt(slice, 'endpoints')) {
    if (isHeadless && !isPublished(owner, endpoint)) continue;
    for (const address of textsAt(endpoint, 'addresses').map(parseIpv4)) {
      if (address === undefined) continue;
      const own = `${textAt(endpoint, 'hostname') || formatIpv4(address).replaceAll('.', '-')}.${name}`;
      zone.name(own, address);
      zone.back(address, own);
      if (isHeadless) addHeadless(zone, name, { address, own, ports: listAt(slice, 'ports') });
    }
  }
}

interface HeadlessEndpoint {
  readonly address: Ipv4;
  /** The endpoint's own name. */
  readonly own: string;
  readonly ports: readonly JsonObject[];
}

function addHeadless(zone: Zone, name: string, { address, own, ports }: HeadlessEndpoint): void {
  zone.name(name, address);
  for (const port of ports) addPort(zone, name, { ...portOf(port), target: own });
}

const isPublished = (owner: KubeObject, endpoint: JsonObject): boolean =>
  at(endpoint, 'conditions', 'ready') !== false || at(owner.spec, 'publishNotReadyAddresses') === true;
