/** Chains while kube-proxy writes them, and the words its rules are made of. */
import type { Cidr, Ip, Ipv4 } from '../../../model/ip.ts';
import { addressBits } from '../../../model/ip-family.ts';
import type { Chain, Match, Rule, Target } from '../../net/netfilter-rules.ts';
import type { AddressFamily } from './address-family.ts';
import type { ServicePort } from './service-ports.ts';

export interface Draft<Address extends Ip = Ipv4> {
  readonly family: AddressFamily<Address>;
  readonly nat: DraftTable<Address>;
  readonly filter: DraftTable<Address>;
  readonly node: string;
  readonly nodeIp: Address | undefined;
  /** What counts as a pod's own traffic: kube-proxy's clusterCIDR setting. */
  readonly local: Cidr<Address> | undefined;
  /** With more than a thousand endpoints, rules about single endpoints have no comments. */
  readonly large: boolean;
}

export type DraftTable<Address extends Ip> = Map<string, Rule<Address>[]>;

/** User chains in name order, as iptables-save lists them. */
export const chainsOf = <Address extends Ip>(
  drafted: ReadonlyMap<string, readonly Rule<Address>[]>,
): readonly Chain<Address>[] =>
  [...drafted.keys()].sort().map((name) => ({ name, rules: drafted.get(name) ?? [] }));

export const jump = (chain: string): Target<never> => ({ kind: 'jump', chain });

export function add<Address extends Ip>(
  table: DraftTable<Address>,
  chain: string,
  ...rules: readonly Rule<Address>[]
): void {
  const known = table.get(chain);
  if (known) known.push(...rules);
  else table.set(chain, [...rules]);
}

export const to = <Address extends Ip>(address: Address): Match<Address> => ({
  kind: 'destination',
  cidr: { base: address, length: addressBits(address) },
});
export const from = <Address extends Ip>(address: Address): Match<Address> => ({
  kind: 'source',
  cidr: { base: address, length: addressBits(address) },
});
export const NEW: Match<never> = { kind: 'ctstate', states: ['NEW'] };
export const TO_LOCAL: Match<never> = { kind: 'addrtype', side: 'dst', type: 'LOCAL' };
export const FROM_LOCAL: Match<never> = { kind: 'addrtype', side: 'src', type: 'LOCAL' };

const NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;

export const protocolOf = ({ protocol }: Pick<ServicePort, 'protocol'>, module = false): Match<never> => ({
  kind: 'protocol',
  protocol: NUMBERS[protocol],
  ...(module && { module }),
});

export const toPort = (service: Pick<ServicePort, 'protocol'>, port: number): readonly Match<never>[] => [
  protocolOf(service),
  { kind: 'destination-port', port },
];

export const MARK_MASQUERADE = 'KUBE-MARK-MASQ';
