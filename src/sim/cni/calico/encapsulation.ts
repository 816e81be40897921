/**
 * Which encapsulations a node runs, and what they leave of the MTU.
 * Sources: felix/calc/encapsulation_calculator.go, felix/dataplane/linux/int_dataplane.go, Calico v3.32.1.
 */
import { OVERHEAD } from '../../../model/encapsulation.ts';
import type { FelixConfiguration } from './felix-configuration.ts';
import type { IpPool } from './ippool.ts';

export interface Encapsulations {
  readonly vxlan: boolean;
  readonly ipip: boolean;
}

/** On when any pool asks for it, a disabled one too, unless FelixConfiguration decides. */
export function encapsulations(pools: readonly IpPool[], felix: FelixConfiguration): Encapsulations {
  return {
    vxlan: felix.vxlanEnabled ?? pools.some((pool) => pool.vxlanMode !== 'Never'),
    ipip: felix.ipipEnabled ?? pools.some((pool) => pool.ipipMode !== 'Never'),
  };
}

export interface Mtus {
  readonly vxlan: number;
  readonly ipip: number;
  /** For pods created now: the least of the enabled encapsulations, else the host's. */
  readonly pod: number;
}

export function mtus(hostMtu: number, felix: FelixConfiguration, enabled: Encapsulations): Mtus {
  const vxlan = felix.vxlanMtu || hostMtu - OVERHEAD.vxlan;
  const ipip = felix.ipipMtu || hostMtu - OVERHEAD.ipip;
  return {
    vxlan,
    ipip,
    pod: Math.min(hostMtu, enabled.vxlan ? vxlan : hostMtu, enabled.ipip ? ipip : hostMtu),
  };
}
