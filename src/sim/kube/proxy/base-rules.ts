/**
 * The rules that every node has whatever its services are: the jumps out of the built-in chains, masquerading, forwarding,
 * and the kubelet's chains, which kube-proxy keeps up as well.
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go iptablesJumpChains and syncProxyRules,
 * pkg/kubelet/kubelet_network_linux.go, Kubernetes 1.35. The counters of nfacct, for which kube-proxy asks where the kernel has
 * them (the usual ones do), are named in rules and count nothing.
 */
import type { Ip } from '../../../model/ip.ts';
import type { Chain, Match, Rule } from '../../net/netfilter-rules.ts';
import type { AddressFamily } from './address-family.ts';
import { add, jump, MARK_MASQUERADE, NEW, TO_LOCAL, type Draft } from './draft.ts';

const MASQUERADE_MARK = 0x4000;
const MARKED: Match<never> = { kind: 'mark', value: MASQUERADE_MARK, mask: MASQUERADE_MARK };

type Plain = Chain<never>;

/** Chains by which the kubelet and kube-proxy see that somebody flushed a table; the hint tells which iptables they use. */
const CANARIES = ['KUBE-KUBELET-CANARY', 'KUBE-PROXY-CANARY'];

export const NAT_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-NODEPORTS',
  'KUBE-POSTROUTING',
  MARK_MASQUERADE,
  ...CANARIES,
];
export const FILTER_CHAINS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-FORWARD',
  'KUBE-NODEPORTS',
  'KUBE-PROXY-FIREWALL',
  ...CANARIES,
];
export const MANGLE: readonly Plain[] = ['KUBE-IPTABLES-HINT', ...CANARIES].map((name) => ({
  name,
  rules: [],
}));

export function writeMasquerading<Address extends Ip>({ nat }: Draft<Address>): void {
  add(
    nat,
    'KUBE-POSTROUTING',
    { matches: [{ ...MARKED, not: true } as Match<never>], target: { kind: 'return' } },
    { matches: [], target: { kind: 'mark', value: MASQUERADE_MARK, mask: 0 } },
    {
      matches: [],
      target: { kind: 'masquerade', randomFully: true },
      comment: 'kubernetes service traffic requiring SNAT',
    },
  );
  add(nat, MARK_MASQUERADE, {
    matches: [],
    target: { kind: 'mark', value: MASQUERADE_MARK, mask: MASQUERADE_MARK },
  });
}

/** Node ports are those of every address of the node, for IPv4 loopback too. */
export function writeNodePortDoor<Address extends Ip>({ nat, family: { closed } }: Draft<Address>): void {
  add(nat, 'KUBE-SERVICES', {
    matches: [...(closed ? [{ kind: 'destination', cidr: closed, not: true } as const] : []), TO_LOCAL],
    target: jump('KUBE-NODEPORTS'),
    comment: 'kubernetes service nodeports; NOTE: this must be the last rule in this chain',
  });
}

export function writeForwarding<Address extends Ip>({ filter }: Draft<Address>): void {
  add(
    filter,
    'KUBE-FORWARD',
    {
      matches: [
        { kind: 'ctstate', states: ['INVALID'] },
        { kind: 'nfacct', name: 'ct_state_invalid_dropped_pkts' },
      ],
      target: { kind: 'drop' },
    },
    { matches: [MARKED], target: { kind: 'accept' }, comment: 'kubernetes forwarding rules' },
    {
      matches: [{ kind: 'ctstate', states: ['RELATED', 'ESTABLISHED'] }],
      target: { kind: 'accept' },
      comment: 'kubernetes forwarding conntrack rule',
    },
  );
}

const KUBELET_FIREWALL = 'KUBE-FIREWALL';

export function writeKubeletFirewall<Address extends Ip>({
  filter,
  family: { guarded },
}: Draft<Address>): void {
  if (!guarded) return;
  add(filter, KUBELET_FIREWALL, {
    matches: [
      { kind: 'source', cidr: guarded, not: true },
      { kind: 'destination', cidr: guarded },
      { kind: 'ctstate', states: ['RELATED', 'ESTABLISHED', 'DNAT'], not: true },
    ],
    target: { kind: 'drop' },
    comment: 'block incoming localnet connections',
  });
}

const PORTALS = 'kubernetes service portals';
const services: Rule<never> = { matches: [], target: jump('KUBE-SERVICES'), comment: PORTALS };
const newOnes = (chain: string, comment: string): Rule<never> => ({
  matches: [NEW],
  target: jump(chain),
  comment,
  commentLast: true,
});
const firewall = newOnes('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall');
const newServices = newOnes('KUBE-SERVICES', PORTALS);
const external = newOnes('KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals');
const kubelet: Rule<never> = { matches: [], target: jump(KUBELET_FIREWALL) };
const always = (chain: string, comment: string): Rule<never> => ({
  matches: [],
  target: jump(chain),
  comment,
});

export const NAT_JUMPS: readonly Plain[] = [
  { name: 'PREROUTING', policy: 'ACCEPT', rules: [services] },
  { name: 'INPUT', policy: 'ACCEPT', rules: [] },
  { name: 'OUTPUT', policy: 'ACCEPT', rules: [services] },
  {
    name: 'POSTROUTING',
    policy: 'ACCEPT',
    rules: [always('KUBE-POSTROUTING', 'kubernetes postrouting rules')],
  },
];

const input = [firewall, always('KUBE-NODEPORTS', 'kubernetes health check service ports'), external];
const output = [firewall, newServices];

const filterJumps = (last: readonly Rule<never>[]): readonly Plain[] => [
  { name: 'INPUT', policy: 'ACCEPT', rules: [...input, ...last] },
  {
    name: 'FORWARD',
    policy: 'ACCEPT',
    rules: [firewall, always('KUBE-FORWARD', 'kubernetes forwarding rules'), newServices, external],
  },
  { name: 'OUTPUT', policy: 'ACCEPT', rules: [...output, ...last] },
];
const GUARDED_JUMPS = filterJumps([kubelet]);
const JUMPS = filterJumps([]);

/** The kubelet's chain is there for IPv4 only. */
export const filterJumpsOf = <Address extends Ip>({ guarded }: AddressFamily<Address>): readonly Plain[] =>
  guarded ? GUARDED_JUMPS : JUMPS;
