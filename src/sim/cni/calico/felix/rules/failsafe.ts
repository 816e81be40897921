/**
 * Ports that stay open whatever a policy of the host says, so that nobody locks himself out: FelixConfiguration's
 * failsafeInboundHostPorts and failsafeOutboundHostPorts.
 * Source: felix/rules/static.go failsafeInChain, failsafeOutChain, Calico v3.32.1.
 */
import type { IpFamily } from '../../../../../model/ip-family.ts';
import type { PolicyDirection } from '../../../../../model/policy-decision.ts';
import type { TableName } from '../../../../net/netfilter-rules.ts';
import type { FailsafePort } from '../../felix-configuration.ts';
import { act, felixChain, on, rule, type FelixChain, type FelixRule, type Side } from './felix-rule.ts';

export const FAILSAFE_CHAIN = { ingress: 'cali-failsafe-in', egress: 'cali-failsafe-out' } as const;

export interface FailsafePorts {
  readonly inbound: readonly FailsafePort[];
  readonly outbound: readonly FailsafePort[];
}

/** In the raw table answers pass too: it comes before connection tracking. */
export function failsafeChains(
  table: TableName,
  { inbound, outbound }: FailsafePorts,
  family: IpFamily,
): readonly FelixChain[] {
  const answers = (ports: readonly FailsafePort[], net: Side, direction: PolicyDirection): FelixRule[] =>
    table === 'raw'
      ? ports.flatMap((port) => failsafeRules(port, { port: 'source', net, direction, family }))
      : [];
  return [
    felixChain(FAILSAFE_CHAIN.ingress, [
      ...inbound.flatMap((port) =>
        failsafeRules(port, { port: 'destination', net: 'source', direction: 'ingress', family }),
      ),
      ...answers(outbound, 'source', 'ingress'),
    ]),
    felixChain(FAILSAFE_CHAIN.egress, [
      ...outbound.flatMap((port) =>
        failsafeRules(port, { port: 'destination', net: 'destination', direction: 'egress', family }),
      ),
      ...answers(inbound, 'destination', 'egress'),
    ]),
  ];
}

interface Sides {
  readonly port: Side;
  /** The end that the net belongs to. */
  readonly net: Side;
  readonly direction: PolicyDirection;
  readonly family: IpFamily;
}

/** None for a net of the other address family. */
function failsafeRules({ protocol, port, net }: FailsafePort, sides: Sides): readonly FelixRule[] {
  if (net !== undefined && net.includes(':') !== (sides.family === 6)) return [];
  const ports = [{ first: port, last: port }];
  return [
    rule(
      [
        on.protocol(protocol),
        on.multiport(sides.port, ports),
        ...(net === undefined ? [] : [on.net(sides.net, net)]),
      ],
      act.accept(),
      undefined,
      { by: 'failsafe', direction: sides.direction, protocol, port },
    ),
  ];
}
