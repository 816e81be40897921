/**
 * From a service's chain to one of its endpoints: first the one a client has used lately, if the service asks for that, else
 * one by chance. Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go writeServiceToEndpointRules, Kubernetes 1.35.
 */
import type { Ip } from '../../../model/ip.ts';
import type { Match, Rule } from '../../net/netfilter-rules.ts';
import { from, jump, MARK_MASQUERADE, protocolOf } from './draft.ts';
import type { ProxyEndpoint, ServicePort } from './service-ports.ts';

/** Equal shares: the first of n takes 1/n, the next 1/(n-1) of the rest, the last all that is left. */
export function balancingRules(
  service: ServicePort<Ip>,
  endpoints: readonly ProxyEndpoint<Ip>[],
  large: boolean,
): readonly Rule<never>[] {
  const rule = ({ text, chain }: ProxyEndpoint<Ip>, matches: readonly Match<never>[]): Rule<never> => ({
    matches,
    target: jump(chain),
    ...(!large && { comment: `${service.name} -> ${text}` }),
  });
  const sticky = service.affinity === 0 ? [] : endpoints;
  return [
    ...sticky.map((endpoint) => rule(endpoint, [seenLately(endpoint, service.affinity)])),
    ...endpoints.map((endpoint, index) => rule(endpoint, share(endpoints.length - index))),
  ];
}

const seenLately = ({ chain }: ProxyEndpoint<Ip>, seconds: number): Match<never> => ({
  kind: 'recent',
  list: chain,
  check: 'rcheck',
  seconds,
  reap: true,
});

/** With the ten digits that kube-proxy writes. */
const share = (left: number): readonly Match<never>[] =>
  left > 1 ? [{ kind: 'probability', probability: Number((1 / left).toFixed(10)) }] : [];

type Kept = WeakMap<ProxyEndpoint<Ip>, readonly Rule<Ip>[]>;
const kept: { readonly small: Kept; readonly large: Kept } = { small: new WeakMap(), large: new WeakMap() };

/** A pod that meets itself must see another source, or it would answer itself. The same on every node. */
export function endpointRules<Address extends Ip>(
  service: ServicePort<Address>,
  endpoint: ProxyEndpoint<Address>,
  large: boolean,
): readonly Rule<Address>[] {
  const memory = large ? kept.large : kept.small;
  // An endpoint's rules are of its own family.
  const known = memory.get(endpoint) as readonly Rule<Address>[] | undefined;
  if (known) return known;
  const comment = large ? {} : { comment: service.name };
  const noted: Match<never> = { kind: 'recent', list: endpoint.chain, check: 'set' };
  const rules: readonly Rule<Address>[] = [
    { matches: [from(endpoint.address)], target: jump(MARK_MASQUERADE), ...comment },
    {
      matches: [protocolOf(service, true), ...(service.affinity === 0 ? [] : [noted])],
      target: { kind: 'dnat', to: endpoint.address, port: endpoint.port },
      ...comment,
    },
  ];
  memory.set(endpoint, rules);
  return rules;
}
