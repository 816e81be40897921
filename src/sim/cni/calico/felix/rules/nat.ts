/**
 * Felix's nat table: masquerade what leaves the pools (natOutgoing), and let what the node itself sends into a tunnel carry
 * the tunnel's address.
 * Source: felix/rules/{static,nat}.go, felix/dataplane/linux/masq_mgr.go, Calico v3.32.1. Floating IP chains are empty.
 */
import type { Ipv4 } from '../../../../../model/ip.ts';
import type { Chain } from '../../../../net/netfilter-rules.ts';
import { act, felixChain, on, rule, type FelixRule } from './felix-rule.ts';
import { SETS } from './sets.ts';

export interface NatOptions {
  /** Some pool has natOutgoing. */
  readonly natOutgoing: boolean;
  readonly natOutgoingAddress: Ipv4 | undefined;
  readonly excludeHosts: boolean;
  /** Tunnel devices that have an address. */
  readonly tunnels: readonly string[];
}

export function natTable(options: NatOptions): readonly Chain[] {
  return [
    felixChain('PREROUTING', [rule([], act.jump('cali-PREROUTING'))], 'ACCEPT'),
    felixChain('OUTPUT', [rule([], act.jump('cali-OUTPUT'))], 'ACCEPT'),
    felixChain('POSTROUTING', [rule([], act.jump('cali-POSTROUTING'))], 'ACCEPT'),
    felixChain('cali-OUTPUT', [rule([], act.jump('cali-fip-dnat'))]),
    felixChain('cali-POSTROUTING', [
      rule([], act.jump('cali-fip-snat')),
      rule([], act.jump('cali-nat-outgoing')),
      ...options.tunnels.map(tunnelRule),
    ]),
    felixChain('cali-PREROUTING', [rule([], act.jump('cali-fip-dnat'))]),
    felixChain('cali-fip-dnat', []),
    felixChain('cali-fip-snat', []),
    felixChain('cali-nat-outgoing', options.natOutgoing ? [outgoingRule(options)] : []),
  ];
}

const tunnelRule = (device: string): FelixRule =>
  rule([on.outInterface(device), on.notFromLocalOnInterface(), on.fromLocal()], act.masquerade());

function outgoingRule({ natOutgoingAddress, excludeHosts }: NatOptions): FelixRule {
  const leaving = [on.fromSet(SETS.masqueraded), on.notToSet(SETS.pools)];
  return rule(
    excludeHosts ? [...leaving, on.notToSet(SETS.hosts)] : leaving,
    natOutgoingAddress === undefined ? act.masquerade() : act.snat(natOutgoingAddress),
  );
}
