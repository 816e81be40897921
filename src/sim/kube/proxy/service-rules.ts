/**
 * The rules of one service port on one node: who is let in by which address, and what is refused or dropped.
 *
 *   KUBE-SERVICES -> KUBE-SVC-x or, policy Local, KUBE-SVL-x -> KUBE-SEP-x -> DNAT      cluster address
 *   KUBE-SERVICES -> [KUBE-FW-x ->] KUBE-EXT-x -> KUBE-SVC-x or KUBE-SVL-x             external and load balancer addresses
 *   KUBE-NODEPORTS -> KUBE-EXT-x                                                      node port
 *
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go syncProxyRules, Kubernetes 1.35.
 */
import type { Ip } from '../../../model/ip.ts';
import type { Match, Rule } from '../../net/netfilter-rules.ts';
import { chainOf } from './chain-names.ts';
import {
  add,
  from,
  FROM_LOCAL,
  jump,
  MARK_MASQUERADE,
  protocolOf,
  to,
  TO_LOCAL,
  toPort,
  type Draft,
} from './draft.ts';
import { choiceFor, isExternal, type EndpointChoice } from './endpoint-choice.ts';
import { balancingRules, endpointRules } from './endpoint-rules.ts';
import type { ServicePort } from './service-ports.ts';

export function writeService<Address extends Ip>(draft: Draft<Address>, service: ServicePort<Address>): void {
  const choice = choiceFor(draft.node, service);
  const { cluster, local, reachable } = choice;
  writeClusterIp(draft, service, choice);
  writeExternal(draft, service, choice);
  const { large } = draft;
  if (cluster.length > 0)
    add(draft.nat, chainOf.cluster(service), ...balancingRules(service, cluster, large));
  if (local.length > 0) add(draft.nat, chainOf.local(service), ...balancingRules(service, local, large));
  for (const endpoint of reachable)
    add(draft.nat, endpoint.chain, ...endpointRules(service, endpoint, large));
}

type Refusal = Pick<Rule<never>, 'target' | 'comment'>;

/** Nothing to send to: refuse when there is no endpoint at all, drop when there is none here. */
const refusal = ({ name }: ServicePort<Ip>, { some }: EndpointChoice<Ip>): Refusal =>
  some
    ? { target: { kind: 'drop' }, comment: `${name} has no local endpoints` }
    : { target: { kind: 'reject' }, comment: `${name} has no endpoints` };

function writeClusterIp<Address extends Ip>(
  draft: Draft<Address>,
  service: ServicePort<Address>,
  choice: EndpointChoice<Address>,
): void {
  const matches = [to(service.clusterIp), ...toPort(service, service.port)];
  const isReachable = service.internalLocal ? choice.local.length > 0 : choice.some;
  if (!isReachable) {
    add(draft.filter, 'KUBE-SERVICES', { matches, ...refusal(service, choice) });
    return;
  }
  const chain = service.internalLocal ? chainOf.local(service) : chainOf.cluster(service);
  const comment = `${service.name} cluster IP`;
  add(draft.nat, 'KUBE-SERVICES', { matches, target: jump(chain), comment });
  if (!draft.local) return;
  const notLocal: Match<Address> = { kind: 'source', cidr: draft.local, not: true };
  add(draft.nat, chain, { matches: [notLocal, ...matches], target: jump(MARK_MASQUERADE), comment });
}

/** Source ranges concern the load balancer's addresses only. */
const hasGuard = ({ loadBalancerIps, sourceRanges }: ServicePort<Ip>): boolean =>
  loadBalancerIps.length > 0 && sourceRanges.length > 0;

function writeExternal<Address extends Ip>(
  draft: Draft<Address>,
  service: ServicePort<Address>,
  choice: EndpointChoice<Address>,
): void {
  const { some } = choice;
  const isReachable = service.externalLocal ? choice.local.length > 0 : some;
  const refused = isReachable ? undefined : refusal(service, choice);
  const isGuarded = some && hasGuard(service);
  const chain = some ? chainOf.external(service) : undefined;
  for (const address of service.externalIps)
    writeAddress(draft, service, { address, kind: 'external IP', chain, refused });
  const balanced = isGuarded ? chainOf.firewall(service) : chain;
  for (const address of service.loadBalancerIps) {
    writeAddress(draft, service, { address, kind: 'loadbalancer IP', chain: balanced, refused });
    if (isGuarded) writeFirewallDrop(draft, service, address);
  }
  writeNodePort(draft, service, { chain, refused });
  writeHealthCheck(draft, service);
  if (chain !== undefined && isExternal(service)) writeExternalChain(draft, service, isReachable);
  if (isGuarded) writeFirewallChain(draft, service);
}

interface Way {
  /** Where new connections go; undefined when there is no endpoint anywhere. */
  readonly chain: string | undefined;
  /** What happens to those that no endpoint takes. */
  readonly refused: Refusal | undefined;
}

interface AddressWay<Address extends Ip> extends Way {
  readonly address: Address;
  readonly kind: string;
}

function writeAddress<Address extends Ip>(
  draft: Draft<Address>,
  service: ServicePort<Address>,
  { address, kind, chain, refused }: AddressWay<Address>,
): void {
  const matches = [to(address), ...toPort(service, service.port)];
  if (chain !== undefined)
    add(draft.nat, 'KUBE-SERVICES', { matches, target: jump(chain), comment: `${service.name} ${kind}` });
  if (refused) add(draft.filter, 'KUBE-EXTERNAL-SERVICES', { matches, ...refused });
}

function writeNodePort<Address extends Ip>(
  draft: Draft<Address>,
  service: ServicePort<Address>,
  { chain, refused }: Way,
): void {
  const { name, nodePort } = service;
  if (nodePort === 0) return;
  const port: Match<never> = { kind: 'destination-port', port: nodePort };
  if (chain !== undefined) {
    const matches = [protocolOf(service), port];
    const { guarded } = draft.family;
    if (guarded)
      add(draft.nat, 'KUBE-NODEPORTS', {
        matches: [
          { kind: 'destination', cidr: guarded },
          ...matches,
          { kind: 'nfacct', name: 'localhost_nps_accepted_pkts' },
        ],
        target: jump(chain),
        comment: name,
      });
    add(draft.nat, 'KUBE-NODEPORTS', { matches, target: jump(chain), comment: name });
  }
  if (refused)
    add(draft.filter, 'KUBE-EXTERNAL-SERVICES', {
      matches: [protocolOf(service), TO_LOCAL, port],
      ...refused,
    });
}

function writeHealthCheck<Address extends Ip>(
  { filter }: Draft<Address>,
  { name, healthCheckNodePort }: ServicePort<Address>,
): void {
  if (healthCheckNodePort === 0) return;
  add(filter, 'KUBE-NODEPORTS', {
    matches: toPort({ protocol: 'tcp' }, healthCheckNodePort),
    target: { kind: 'accept' },
    comment: `${name} health check node port`,
  });
}

function writeExternalChain<Address extends Ip>(
  { nat, local }: Draft<Address>,
  service: ServicePort<Address>,
  isReachable: boolean,
): void {
  const chain = chainOf.external(service);
  const { name, externalLocal } = service;
  const cluster = jump(chainOf.cluster(service));
  const masquerade = jump(MARK_MASQUERADE);
  if (externalLocal) {
    if (local) {
      const comment = `pod traffic for ${name} external destinations`;
      add(nat, chain, { matches: [{ kind: 'source', cidr: local }], target: cluster, comment });
    }
    const marking = `masquerade LOCAL traffic for ${name} external destinations`;
    const routing = `route LOCAL traffic for ${name} external destinations`;
    add(nat, chain, { matches: [FROM_LOCAL], target: masquerade, comment: marking });
    add(nat, chain, { matches: [FROM_LOCAL], target: cluster, comment: routing });
  } else {
    const comment = `masquerade traffic for ${name} external destinations`;
    add(nat, chain, { matches: [], target: masquerade, comment });
  }
  if (isReachable)
    add(nat, chain, { matches: [], target: externalLocal ? jump(chainOf.local(service)) : cluster });
}

/** What the chain of source ranges did not translate is still on its way to the load balancer's address. */
function writeFirewallDrop<Address extends Ip>(
  { filter }: Draft<Address>,
  service: ServicePort<Address>,
  address: Address,
): void {
  add(filter, 'KUBE-PROXY-FIREWALL', {
    matches: [to(address), ...toPort(service, service.port)],
    target: { kind: 'drop' },
    comment: `${service.name} traffic not accepted by ${chainOf.firewall(service)}`,
  });
}

/** A node that may use the service may do so with the balancer's own address as source, which it has if that is local. */
function writeFirewallChain<Address extends Ip>(
  { nat, nodeIp, family }: Draft<Address>,
  service: ServicePort<Address>,
): void {
  const chain = chainOf.firewall(service);
  const { name, sourceRanges, loadBalancerIps } = service;
  const pass = { target: jump(chainOf.external(service)), comment: `${name} loadbalancer IP` };
  for (const cidr of sourceRanges) add(nat, chain, { matches: [{ kind: 'source', cidr }], ...pass });
  if (nodeIp !== undefined && sourceRanges.some((range) => family.contains(range, nodeIp)))
    for (const address of loadBalancerIps) add(nat, chain, { matches: [from(address)], ...pass });
  add(nat, chain, {
    matches: [],
    target: { kind: 'none' },
    comment: `other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL`,
  });
}
