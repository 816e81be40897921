/** Chains while kube-proxy writes them, and the words its rules are made of. */
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import type { Chain, Match, Rule, Target } from '../../net/netfilter-rules.ts';
import type { ServicePort } from './service-ports.ts';

export interface Draft {
  readonly nat: Map<string, Rule[]>;
  readonly filter: Map<string, Rule[]>;
  readonly node: string;
  readonly nodeIp: Ipv4 | undefined;
  /** What counts as a pod's own traffic: kube-proxy's clusterCIDR setting. */
  readonly local: Cidr | undefined;
  /** With more than a thousand endpoints, rules about single endpoints have no comments. */
  readonly large: boolean;
}

/** User chains in name order, as iptables-save lists them. */
export const chainsOf = (drafted: ReadonlyMap<string, readonly Rule[]>): readonly Chain[] =>
  [...drafted.keys()].sort().map((name) => ({ name, rules: drafted.get(name) ?? [] }));

export const jump = (chain: string): Target => ({ kind: 'jump', chain });

export function add(table: Map<string, Rule[]>, chain: string, ...rules: readonly Rule[]): void {
  const known = table.get(chain);
  if (known) known.push(...rules);
  else table.set(chain, [...rules]);
}

export const to = (address: Ipv4): Match => ({ kind: 'destination', cidr: { base: address, length: 32 } });
export const from = (address: Ipv4): Match => ({ kind: 'source', cidr: { base: address, length: 32 } });
export const NEW: Match = { kind: 'ctstate', states: ['NEW'] };
export const TO_LOCAL: Match = { kind: 'addrtype', side: 'dst', type: 'LOCAL' };
export const FROM_LOCAL: Match = { kind: 'addrtype', side: 'src', type: 'LOCAL' };

const NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;

export const protocolOf = ({ protocol }: Pick<ServicePort, 'protocol'>, module = false): Match => ({
  kind: 'protocol',
  protocol: NUMBERS[protocol],
  ...(module && { module }),
});

export const toPort = (service: Pick<ServicePort, 'protocol'>, port: number): readonly Match[] => [
  protocolOf(service),
  { kind: 'destination-port', port },
];

export const MARK_MASQUERADE = 'KUBE-MARK-MASQ';
