/**
 * Felix's filter table: who may send us tunnel packets, and the way of forwarded packets through the workloads' chains.
 * Source: felix/rules/static.go, Calico v3.32.1.
 */
import type { IpFamily } from '../../../../../model/ip-family.ts';
import { memoizeFields } from '../../../../core/memo.ts';
import { failsafeChains, type FailsafePorts } from './failsafe.ts';
import { act, felixChain, on, rule, type FelixChain, type FelixRule } from './felix-rule.ts';
import { ALL_MARKS, MARK, SETS } from './sets.ts';

export interface FilterOptions {
  readonly family: IpFamily;
  readonly vxlan: boolean;
  readonly ipip: boolean;
  readonly vxlanPort: number;
  readonly endpointToHost: 'ACCEPT' | 'DROP' | 'RETURN';
  readonly failsafe: FailsafePorts;
}

/** Of one family; nodes of a cluster share it, and so its rules are printed and hashed once. */
export const filterTable = memoizeFields(
  (options: FilterOptions): readonly FelixChain[] => [
    felixChain('INPUT', [rule([], act.jump('cali-INPUT'))], 'ACCEPT'),
    forward(),
    felixChain('OUTPUT', [rule([], act.jump('cali-OUTPUT'))], 'ACCEPT'),
    felixChain('cali-INPUT', inputRules(options)),
    felixChain('cali-FORWARD', FORWARD_RULES),
    felixChain('cali-OUTPUT', outputRules(options)),
    felixChain('cali-wl-to-host', workloadToHost(options)),
    felixChain('cali-cidr-block', []),
    ...failsafeChains('filter', options.failsafe, options.family),
  ],
  8,
);

const accepted = on.markSet(MARK.accept);
/** Inserted and appended rules are hashed apart, and other programs' rules come to stand between them. */
function forward(): FelixChain {
  const inserted = felixChain('FORWARD', [rule([], act.jump('cali-FORWARD'))], 'ACCEPT');
  const appended = felixChain('FORWARD*appends*', [
    rule([accepted], act.accept(), 'Policy explicitly accepted packet.'),
    rule([], act.setMark(MARK.accept)),
  ]);
  return { ...inserted, last: appended.rules };
}

const FORWARD_RULES: readonly FelixRule[] = [
  rule([], act.clearMark(ALL_MARKS & ~MARK.accept)),
  rule([on.markClear(MARK.accept)], act.jump('cali-from-hep-forward')),
  rule([on.inInterface('cali+')], act.jump('cali-from-wl-dispatch')),
  rule([on.outInterface('cali+')], act.jump('cali-to-wl-dispatch')),
  rule([], act.jump('cali-to-hep-forward')),
  rule([], act.jump('cali-cidr-block')),
];

function inputRules({ family, vxlan, ipip, vxlanPort }: FilterOptions): readonly FelixRule[] {
  const fromHosts = [on.protocol(4), on.fromSet(SETS[family].hosts), on.toLocal()];
  const [udp, port] = [on.protocol(17), on.ports(vxlanPort)];
  return [
    ...(ipip
      ? [
          rule(fromHosts, act.accept(), 'Allow IPIP packets from Calico hosts'),
          rule([on.protocol(4)], act.drop(), 'Drop IPIP packets from non-Calico hosts'),
        ]
      : []),
    ...(vxlan
      ? [
          rule(
            [udp, port, on.fromSet(SETS[family].vxlanSources), on.toLocal()],
            act.accept(),
            `Allow IPv${family} VXLAN packets from allowed hosts`,
          ),
          rule(
            [udp, port, on.toLocal()],
            act.drop(),
            `Drop IPv${family} VXLAN packets from non-allowed hosts`,
          ),
        ]
      : []),
    rule([on.inInterface('cali+')], act.goto('cali-wl-to-host')),
    rule([accepted], act.accept()),
    rule([], act.clearMark(ALL_MARKS)),
    rule([], act.jump('cali-from-host-endpoint')),
    rule([accepted], act.accept(), 'Host endpoint policy accepted packet.'),
  ];
}

function outputRules({ family, vxlan, ipip, vxlanPort }: FilterOptions): readonly FelixRule[] {
  const toHosts = [on.protocol(4), on.toSet(SETS[family].hosts), on.fromLocal()];
  const toVteps = [on.protocol(17), on.ports(vxlanPort), on.fromLocal(), on.toSet(SETS[family].vxlanSources)];
  return [
    rule([accepted], act.accept()),
    rule([on.outInterface('cali+')], act.return()),
    ...(ipip ? [rule(toHosts, act.accept(), 'Allow IPIP packets to other Calico hosts')] : []),
    ...(vxlan
      ? [rule(toVteps, act.accept(), `Allow IPv${family} VXLAN packets to other allowed hosts`)]
      : []),
    rule([], act.clearMark(ALL_MARKS)),
    rule([on.notDnat()], act.jump('cali-to-host-endpoint')),
    rule([accepted], act.accept(), 'Host endpoint policy accepted packet.'),
  ];
}

/**
 * Multicast listener query, report and done, router solicitation, neighbour solicitation and advertisement: without them the
 * node could not be a pod's router, so no policy is asked.
 */
const ROUTER_MESSAGES = [130, 131, 132, 133, 135, 136];

function workloadToHost({ family, endpointToHost }: FilterOptions): readonly FelixRule[] {
  const last = { ACCEPT: act.accept, DROP: act.drop, RETURN: act.return }[endpointToHost];
  return [
    ...(family === 6
      ? ROUTER_MESSAGES.map((type) => rule([on.protocol(58), on.icmp({ type }, 6)], act.accept()))
      : []),
    rule([], act.jump('cali-from-wl-dispatch')),
    rule([], last(), 'Configured DefaultEndpointToHostAction'),
  ];
}
