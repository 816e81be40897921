/**
 * The ports by which load balancers ask a node whether it has endpoints of a service with externalTrafficPolicy Local.
 * Source: k8s.io/kubernetes pkg/proxy/healthcheck/service_health.go, Kubernetes 1.35.
 */
import type { Ip } from '../../../model/ip.ts';
import type { Listener } from '../../net/netns.ts';
import type { ServicePort } from './service-ports.ts';

export function healthCheckListeners(
  node: string,
  services: readonly ServicePort<Ip>[],
): readonly Listener[] {
  const byPort = new Map<number, { readonly service: string; readonly addresses: Set<Ip> }>();
  for (const { service, healthCheckNodePort, endpoints } of services) {
    if (healthCheckNodePort === 0) continue;
    const entry = byPort.get(healthCheckNodePort) ?? { service, addresses: new Set<Ip>() };
    byPort.set(healthCheckNodePort, entry);
    for (const endpoint of endpoints)
      if (endpoint.ready && endpoint.node === node) entry.addresses.add(endpoint.address);
  }
  return [...byPort].map(([port, { service, addresses }]) => listener(port, service, addresses.size));
}

function listener(port: number, service: string, count: number): Listener {
  const [namespace, name] = service.split('/');
  const body = [
    '{',
    '\t"service": {',
    `\t\t"namespace": "${namespace}",`,
    `\t\t"name": "${name}"`,
    '\t},',
    `\t"localEndpoints": ${count},`,
    '\t"serviceProxyHealthy": true',
    '}',
  ].join('\n');
  return {
    protocol: 'tcp',
    port,
    serves: {
      kind: 'http',
      body,
      status: count > 0 ? 200 : 503,
      contentType: 'application/json',
      headers: [
        ['X-Content-Type-Options', 'nosniff'],
        ['X-Load-Balancing-Endpoint-Weight', String(count)],
      ],
    },
  };
}
