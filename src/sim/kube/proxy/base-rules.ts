/**
 * The rules that every node has whatever its services are: the jumps out of the built-in chains, masquerading, forwarding,
 * and the kubelet's chains, which kube-proxy keeps up as well.
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go iptablesJumpChains and syncProxyRules,
 * pkg/kubelet/kubelet_network_linux.go, Kubernetes 1.35. Counters of nfacct are left out: they need a kernel module.
 */
import { cidr } from '../../../model/ip.ts';
import type { Chain, Match, Rule } from '../../net/netfilter-rules.ts';
import { add, jump, MARK_MASQUERADE, NEW, TO_LOCAL, type Draft } from './draft.ts';

const MASQUERADE_MARK = 0x4000;
const MARKED: Match = { kind: 'mark', value: MASQUERADE_MARK, mask: MASQUERADE_MARK };

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
  'KUBE-FIREWALL',
  ...CANARIES,
];
export const MANGLE: readonly Chain[] = ['KUBE-IPTABLES-HINT', ...CANARIES].map((name) => ({
  name,
  rules: [],
}));

export function writeMasquerading({ nat }: Draft): void {
  add(
    nat,
    'KUBE-POSTROUTING',
    { matches: [{ ...MARKED, not: true } as Match], target: { kind: 'return' } },
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

/** Node ports are those of every address of the node, loopback too. */
export function writeNodePortDoor({ nat }: Draft): void {
  add(nat, 'KUBE-SERVICES', {
    matches: [TO_LOCAL],
    target: jump('KUBE-NODEPORTS'),
    comment: 'kubernetes service nodeports; NOTE: this must be the last rule in this chain',
  });
}

export function writeForwarding({ filter }: Draft): void {
  add(
    filter,
    'KUBE-FORWARD',
    { matches: [{ kind: 'ctstate', states: ['INVALID'] }], target: { kind: 'drop' } },
    { matches: [MARKED], target: { kind: 'accept' }, comment: 'kubernetes forwarding rules' },
    {
      matches: [{ kind: 'ctstate', states: ['RELATED', 'ESTABLISHED'] }],
      target: { kind: 'accept' },
      comment: 'kubernetes forwarding conntrack rule',
    },
  );
}

const LOCALNET = cidr('127.0.0.0/8');

/** With route_localnet on, what claims to come from elsewhere still has no business at a loopback address. */
export function writeKubeletFirewall({ filter }: Draft): void {
  add(filter, 'KUBE-FIREWALL', {
    matches: [
      { kind: 'source', cidr: LOCALNET, not: true },
      { kind: 'destination', cidr: LOCALNET },
      { kind: 'ctstate', states: ['RELATED', 'ESTABLISHED', 'DNAT'], not: true },
    ],
    target: { kind: 'drop' },
    comment: 'block incoming localnet connections',
  });
}

const PORTALS = 'kubernetes service portals';
const services: Rule = { matches: [], target: jump('KUBE-SERVICES'), comment: PORTALS };
const newOnes = (chain: string, comment: string): Rule => ({
  matches: [NEW],
  target: jump(chain),
  comment,
  commentLast: true,
});
const firewall = newOnes('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall');
const newServices = newOnes('KUBE-SERVICES', PORTALS);
const external = newOnes('KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals');
const kubelet: Rule = { matches: [], target: jump('KUBE-FIREWALL') };
const always = (chain: string, comment: string): Rule => ({ matches: [], target: jump(chain), comment });

export const NAT_JUMPS: readonly Chain[] = [
  { name: 'PREROUTING', policy: 'ACCEPT', rules: [services] },
  { name: 'INPUT', policy: 'ACCEPT', rules: [] },
  { name: 'OUTPUT', policy: 'ACCEPT', rules: [services] },
  {
    name: 'POSTROUTING',
    policy: 'ACCEPT',
    rules: [always('KUBE-POSTROUTING', 'kubernetes postrouting rules')],
  },
];

export const FILTER_JUMPS: readonly Chain[] = [
  {
    name: 'INPUT',
    policy: 'ACCEPT',
    rules: [firewall, always('KUBE-NODEPORTS', 'kubernetes health check service ports'), external, kubelet],
  },
  {
    name: 'FORWARD',
    policy: 'ACCEPT',
    rules: [firewall, always('KUBE-FORWARD', 'kubernetes forwarding rules'), newServices, external],
  },
  { name: 'OUTPUT', policy: 'ACCEPT', rules: [firewall, newServices, kubelet] },
];
