/**
 * Felix's nat table: masquerade what leaves the pools (natOutgoing), and let what the node itself sends into a tunnel carry
 * the tunnel's address.
 * Source: felix/rules/{static,nat}.go, felix/dataplane/linux/masq_mgr.go, Calico v3.32.1. Floating IP chains are empty.
 */
import type { Ip, Ipv4 } from '../../../../../model/ip.ts';
import type { IpFamily } from '../../../../../model/ip-family.ts';
import { memoize, memoizeFields } from '../../../../core/memo.ts';
import type { Chain, PortRange } from '../../../../net/netfilter-rules.ts';
import { act, felixChain, on, rule, type FelixChain, type FelixRule } from './felix-rule.ts';
import { SETS } from './sets.ts';

export interface NatOptions {
  readonly family: IpFamily;
  /** Some pool has natOutgoing. */
  readonly natOutgoing: boolean;
  /** Another one than the device's own, for packets of its family. */
  readonly natOutgoingAddress: Ip | undefined;
  /** Source ports of what is masqueraded; any when undefined. */
  readonly natPorts?: PortRange | undefined;
  /** Masquerade only what leaves by this device. */
  readonly natOutInterface?: string | undefined;
  readonly excludeHosts: boolean;
  /** Tunnel devices that have an address. */
  readonly tunnels: readonly string[];
}

export function natTable<Address extends Ip = Ipv4>(options: NatOptions): readonly Chain<Address>[];
export function natTable({ tunnels, ...options }: NatOptions): readonly FelixChain[] {
  return [...JUMPS, postrouting(...tunnels), ...OTHERS, outgoing(options)];
}

/** After kube-proxy's rules, which take back the mark that asks for their own masquerading. */
const LAST = felixChain('POSTROUTING*appends*', [rule([], act.jump('cali-POSTROUTING'))]);

const tunnelRule = (device: string): FelixRule =>
  rule([on.outInterface(device), on.notFromLocalOnInterface(), on.fromLocal()], act.masquerade());

const JUMPS: readonly FelixChain[] = [
  felixChain('PREROUTING', [rule([], act.jump('cali-PREROUTING'))], 'ACCEPT'),
  felixChain('OUTPUT', [rule([], act.jump('cali-OUTPUT'))], 'ACCEPT'),
  { name: 'POSTROUTING', policy: 'ACCEPT', rules: [], last: LAST.rules },
  felixChain('cali-OUTPUT', [rule([], act.jump('cali-fip-dnat'))]),
];

const OTHERS: readonly FelixChain[] = [
  felixChain('cali-PREROUTING', [rule([], act.jump('cali-fip-dnat'))]),
  felixChain('cali-fip-dnat', []),
  felixChain('cali-fip-snat', []),
];

const postrouting = memoize(
  (...tunnels: readonly string[]): FelixChain =>
    felixChain('cali-POSTROUTING', [
      rule([], act.jump('cali-fip-snat')),
      rule([], act.jump('cali-nat-outgoing')),
      ...tunnels.map(tunnelRule),
    ]),
  8,
);

type OutgoingOptions = Omit<NatOptions, 'tunnels'>;

const outgoing = memoizeFields(
  (options: OutgoingOptions): FelixChain =>
    felixChain('cali-nat-outgoing', options.natOutgoing ? outgoingRules(options) : []),
  8,
);

/** A range of ports is for the two protocols that Felix names; the rest goes without. */
function outgoingRules(options: OutgoingOptions): readonly FelixRule[] {
  const { natOutgoingAddress: address, natPorts } = options;
  const translate = (ports?: PortRange): FelixRule['do'] =>
    address === undefined ? act.masquerade(ports) : act.snat(address, ports);
  const ranged = (['tcp', 'udp'] as const).flatMap((protocol) => [
    rule(leaving(options, protocol), translate(natPorts)),
    rule(leaving(options, protocol), act.return()),
  ]);
  return [...(natPorts ? ranged : []), rule(leaving(options), translate())];
}

const leaving = (
  { family, excludeHosts, natOutInterface }: OutgoingOptions,
  protocol?: 'tcp' | 'udp',
): FelixRule['when'] => [
  on.fromSet(SETS[family].masqueraded),
  on.notToSet(SETS[family].pools),
  ...(excludeHosts ? [on.notToSet(SETS[family].hosts)] : []),
  ...(protocol ? [on.protocol(protocol)] : []),
  ...(natOutInterface === undefined ? [] : [on.outInterface(natOutInterface)]),
];
