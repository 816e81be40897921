/**
 * Felix's chains for workloads: dispatch by interface, then one chain a direction.
 * Source: felix/rules/{dispatch,endpoints}.go, Calico v3.32.1.
 */
import type { PolicyDirection } from '../../../../../model/policy-decision.ts';
import { memoizeFields } from '../../../../core/memo.ts';
import { chainName } from '../../names.ts';
import type { Policy, WorkloadEndpoint } from '../../policy/active.ts';
import { dispatchChains } from './dispatch.ts';
import { endpointChain } from './endpoint-chain.ts';
import { act, felixChain, on, rule, type FelixChain, type FelixRule } from './felix-rule.ts';
import { tierGroups } from './tiers.ts';

export interface EndpointOptions {
  readonly vxlanPort: number;
  readonly allowVxlan: boolean;
  readonly allowIpip: boolean;
}

const UNKNOWN = [rule([], act.drop(), 'Unknown interface')];

export function workloadDispatch(names: readonly string[]): readonly FelixChain[] {
  return [
    ...dispatchChains({
      root: 'cali-from-wl-dispatch',
      by: 'in-interface',
      prefix: 'cali-fw-',
      names,
      end: UNKNOWN,
    }),
    ...dispatchChains({
      root: 'cali-to-wl-dispatch',
      by: 'out-interface',
      prefix: 'cali-tw-',
      names,
      end: UNKNOWN,
    }),
  ];
}

/** Both directions: ingress policy meets what goes to the workload, egress policy what comes from it. */
export function workloadChains(
  endpoint: WorkloadEndpoint,
  policies: ReadonlyMap<string, Policy>,
  options: EndpointOptions,
): readonly FelixChain[] {
  const chain = (prefix: string, direction: PolicyDirection, first: readonly FelixRule[]): FelixChain => {
    const name = chainName(prefix, endpoint.name);
    if (endpoint.state === 'inactive')
      return felixChain(name, [rule([], act.drop(), 'Endpoint admin disabled')]);
    return endpointChain({
      name,
      endpoint: `${endpoint.namespace}/${endpoint.pod}`,
      direction,
      kind: 'normal',
      tiers: tierGroups(endpoint.tiers, direction, policies),
      profiles: endpoint.profileIds,
      allow: 'accept',
      first,
    });
  };
  return [chain('cali-tw-', 'ingress', []), chain('cali-fw-', 'egress', forbiddenTunnels(options))];
}

const forbiddenTunnels = memoizeFields(
  ({ vxlanPort, allowVxlan, allowIpip }: EndpointOptions): readonly FelixRule[] => {
    const vxlan = [on.protocol(17), on.ports(vxlanPort)];
    return [
      ...(allowVxlan
        ? []
        : [rule(vxlan, act.drop(), 'Drop VXLAN encapped packets originating in workloads')]),
      ...(allowIpip
        ? []
        : [rule([on.protocol(4)], act.drop(), 'Drop IPinIP encapped packets originating in workloads')]),
    ];
  },
  4,
);
