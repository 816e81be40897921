/**
 * What CoreDNS answers for a cluster: Services by their addresses or their endpoints, ports by SRV records, ExternalName
 * services by CNAME, pods by their dashed address, cluster addresses backwards, and node names, which it asks its own
 * resolver for (on a kind cluster Docker's, which knows the nodes).
 * Source: Kubernetes DNS-based service discovery 1.1.0; CoreDNS 1.13 plugin/kubernetes with `pods insecure`.
 */
import { reverseName } from '../../model/dns.ts';
import type { Ip } from '../../model/ip.ts';
import { formatIp, parseIp } from '../../model/ip-family.ts';
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
        zone.name(`${node.metadata.name}.`, parseIp(textAt(address, 'address')));
  for (const address of clusterIpsOf(store.get('services', 'kube-system', 'kube-dns')))
    zone.name(`ns.dns.${ZONE}`, address);
  const { names, aliases, services, reverse } = zone;
  return { kind: 'dns', zone: ZONE, names, aliases, services, reverse, podNames: true };
}

/** None for a headless service. */
const clusterIpsOf = (service: KubeObject | undefined): readonly Ip[] =>
  textsAt(service?.spec, 'clusterIPs').flatMap((text) => parseIp(text) ?? []);

/** The records as they are gathered. */
class Zone {
  readonly names = new Map<string, Ip[]>();
  readonly aliases = new Map<string, string>();
  readonly services = new Map<string, ServicePlace[]>();
  readonly reverse = new Map<string, string[]>();

  name(name: string, address: Ip | undefined): void {
    if (address !== undefined) append(this.names, name, address);
  }

  service(name: string, place: ServicePlace): void {
    append(this.services, name, place);
  }

  back(address: Ip, name: string): void {
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
  const addresses = clusterIpsOf(service);
  if (addresses.length === 0) return;
  for (const address of addresses) {
    zone.name(name, address);
    zone.back(address, name);
    for (const port of listAt(service.spec, 'ports')) addPort(zone, name, { ...portOf(port), target: name });
  }
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

/** A port has a record under its name and protocol, and one under the name of its service, for each address. */
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
    for (const address of textsAt(endpoint, 'addresses').map(parseIp)) {
      if (address === undefined) continue;
      const own = `${textAt(endpoint, 'hostname') || dashed(address)}.${name}`;
      zone.name(own, address);
      zone.back(address, own);
      if (isHeadless) addHeadless(zone, name, { address, own, ports: listAt(slice, 'ports') });
    }
  }
}

/** No label ends in a dash. */
const dashed = (address: Ip): string => formatIp(address).replaceAll(/[.:]/g, '-').replace(/-$/, '-0');

interface HeadlessEndpoint {
  readonly address: Ip;
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
