/**
 * Which encapsulations a node runs, and what they leave of the MTU.
 * Sources: felix/calc/encapsulation_calculator.go, felix/dataplane/linux/int_dataplane.go, Calico v3.32.1.
 */
import { OVERHEAD, VXLAN6_OVERHEAD } from '../../../model/encapsulation.ts';
import { isCidr6 } from '../../../model/ip-family.ts';
import type { FelixConfiguration } from './felix-configuration.ts';
import type { AnyPool } from './ippool.ts';
import type { NodeEnvironment } from './node-environment.ts';

export interface Encapsulations {
  readonly vxlan: boolean;
  readonly ipip: boolean;
  /** VXLAN between the nodes' IPv6 addresses. */
  readonly vxlan6: boolean;
}

/** On when any pool asks for it, a disabled one too, unless FelixConfiguration decides, which it cannot for IPv6. */
export function encapsulations(pools: readonly AnyPool[], felix: FelixConfiguration): Encapsulations {
  const asked = (inet6: boolean): boolean =>
    pools.some((pool) => isCidr6(pool.cidr) === inet6 && pool.vxlanMode !== 'Never');
  return {
    vxlan: felix.vxlanEnabled ?? asked(false),
    ipip: felix.ipipEnabled ?? pools.some((pool) => pool.ipipMode !== 'Never'),
    vxlan6: asked(true),
  };
}

export interface Mtus {
  readonly vxlan: number;
  readonly ipip: number;
  readonly vxlan6: number;
  /** For pods created now: the least of the enabled encapsulations, else the host's. */
  readonly pod: number;
}

/** What calico-node was started with goes before FelixConfiguration, as variables do. */
export function mtus(
  hostMtu: number,
  felix: Pick<FelixConfiguration, 'vxlanMtu' | 'vxlanMtu6' | 'ipipMtu'>,
  { enabled, environment }: { readonly enabled: Encapsulations; readonly environment: NodeEnvironment },
): Mtus {
  const vxlan = environment.vxlanMtu || felix.vxlanMtu || hostMtu - OVERHEAD.vxlan;
  const ipip = environment.ipipMtu || felix.ipipMtu || hostMtu - OVERHEAD.ipip;
  const vxlan6 = felix.vxlanMtu6 || hostMtu - VXLAN6_OVERHEAD;
  return {
    vxlan,
    ipip,
    vxlan6,
    pod: Math.min(
      hostMtu,
      enabled.vxlan ? vxlan : hostMtu,
      enabled.ipip ? ipip : hostMtu,
      enabled.vxlan6 ? vxlan6 : hostMtu,
    ),
  };
}
