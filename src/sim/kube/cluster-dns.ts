/**
 * The names that CoreDNS answers for a cluster: Services, the endpoints of headless ones, and node names, which it asks its
 * own resolver for (on a kind cluster Docker's, which knows the nodes).
 * Source: Kubernetes DNS-based service discovery 1.1.0; CoreDNS 1.13 plugin/kubernetes. ExternalName services and pod
 * names (`10-244-0-5.default.pod`) are left out.
 */
import { parseIpv4, type Ipv4 } from '../../model/ip.ts';
import type { DnsServer } from '../net/netns.ts';
import { at, listAt, textAt, textsAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import type { ObjectStore } from './store.ts';

const ZONE = 'cluster.local.';

export function clusterDns(store: ObjectStore): DnsServer {
  const names = new Map<string, Ipv4[]>();
  const add = (name: string, text: string): void => {
    const address = parseIpv4(text);
    if (address === undefined) return;
    const known = names.get(name);
    if (known) known.push(address);
    else names.set(name, [address]);
  };
  for (const service of store.list('services'))
    add(serviceName(service.metadata.name, service), textAt(service.spec, 'clusterIP'));
  for (const slice of store.list('endpointslices.discovery.k8s.io'))
    for (const [name, address] of headlessNames(store, slice)) add(name, address);
  for (const node of store.list('nodes'))
    for (const address of listAt(node.status, 'addresses'))
      if (textAt(address, 'type') === 'InternalIP') add(`${node.metadata.name}.`, textAt(address, 'address'));
  return { kind: 'dns', zone: ZONE, names };
}

const serviceName = (name: string, { metadata }: KubeObject): string =>
  `${name}.${metadata.namespace ?? ''}.svc.${ZONE}`;

/** A headless service's name stands for its ready endpoints, and each endpoint that has a host name gets its own. */
function headlessNames(store: ObjectStore, slice: KubeObject): readonly (readonly [string, string])[] {
  const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
  const owner = store.get('services', slice.metadata.namespace, service);
  if (textAt(owner?.spec, 'clusterIP') !== 'None') return [];
  return listAt(slice, 'endpoints').flatMap((endpoint) => {
    if (at(endpoint, 'conditions', 'ready') === false) return [];
    const name = serviceName(service, slice);
    const hostname = textAt(endpoint, 'hostname');
    return textsAt(endpoint, 'addresses').flatMap((address) => [
      [name, address] as const,
      ...(hostname === '' ? [] : [[`${hostname}.${name}`, address] as const]),
    ]);
  });
}
