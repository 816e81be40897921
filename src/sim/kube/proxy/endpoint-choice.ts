/**
 * Which endpoints of a service port one node may send to, by traffic policy: the ready ones, and while there is none, those
 * that are leaving but still serve, decided apart for the cluster and for the node.
 * Source: k8s.io/kubernetes pkg/proxy/topology.go CategorizeEndpoints, Kubernetes 1.35, without topology hints.
 */
import type { Ip, Ipv4 } from '../../../model/ip.ts';
import type { ProxyEndpoint, ServicePort } from './service-ports.ts';

export interface EndpointChoice<Address extends Ip = Ipv4> {
  /** For traffic of policy Cluster; empty when the service has no use for it. */
  readonly cluster: readonly ProxyEndpoint<Address>[];
  /** For traffic of policy Local: those on this node. */
  readonly local: readonly ProxyEndpoint<Address>[];
  /** Both together, each once. */
  readonly reachable: readonly ProxyEndpoint<Address>[];
  /** Some node has one that could be used. */
  readonly some: boolean;
}

type External = Pick<ServicePort<Ip>, 'nodePort' | 'externalIps' | 'loadBalancerIps'>;

export const isExternal = ({ nodePort, externalIps, loadBalancerIps }: External): boolean =>
  nodePort !== 0 || externalIps.length > 0 || loadBalancerIps.length > 0;

export function choiceFor<Address extends Ip>(
  node: string,
  service: ServicePort<Address>,
): EndpointChoice<Address> {
  const { internalLocal, externalLocal, endpoints } = service;
  const external = isExternal(service);
  const usesCluster = !internalLocal || external;
  const usesLocal = internalLocal || (externalLocal && external);
  const usable = preferred(endpoints);
  const cluster = usesCluster ? usable : [];
  const local = usesLocal ? preferred(endpoints.filter((endpoint) => endpoint.node === node)) : [];
  return { cluster, local, reachable: union(cluster, local), some: usable.length > 0 };
}

function preferred<Address extends Ip>(
  endpoints: readonly ProxyEndpoint<Address>[],
): readonly ProxyEndpoint<Address>[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : endpoints.filter(({ serving, terminating }) => serving && terminating);
}

function union<Address extends Ip>(
  cluster: readonly ProxyEndpoint<Address>[],
  local: readonly ProxyEndpoint<Address>[],
): readonly ProxyEndpoint<Address>[] {
  const more = local.filter((endpoint) => !cluster.includes(endpoint));
  return more.length === 0 ? cluster : [...cluster, ...more];
}
