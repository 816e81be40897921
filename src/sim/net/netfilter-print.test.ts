import { describe, expect, test } from 'vitest';
import { cidr, ipv4 } from '../../model/ip.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import { printRule, printTable } from './netfilter-print.ts';
import type { Rule } from './netfilter-rules.ts';

describe('iptables-save', () => {
  test('the nat and raw tables of natOutgoing (real transcript: fact sheet linux.md 4 (c))', () => {
    const tables = referenceLab({ natOutgoing: true }).stacks.get('node/node1')?.netfilter.tables;
    expect(printTable('nat', tables?.nat ?? [])).toEqual([
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      ':cali-POSTROUTING - [0:0]',
      ':cali-fip-snat - [0:0]',
      ':cali-nat-outgoing - [0:0]',
      '-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING',
      '-A cali-POSTROUTING -j cali-fip-snat',
      '-A cali-POSTROUTING -j cali-nat-outgoing',
      '-A cali-POSTROUTING -o vxlan.calico -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE --random-fully',
      '-A cali-nat-outgoing -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40network-ip-pools dst -j MASQUERADE --random-fully',
      'COMMIT',
    ]);
    expect(printTable('raw', tables?.raw ?? []).slice(-3)).toEqual([
      '-A cali-OUTPUT -p udp -m udp --dport 4789 -j NOTRACK',
      '-A cali-PREROUTING -p udp -m udp --dport 4789 -j NOTRACK',
      'COMMIT',
    ]);
  });

  // As kube-proxy's and Felix's rules are listed by real clusters (spelling from iptables' own sources).
  test.each<readonly [Rule, string]>([
    [
      {
        matches: [
          { kind: 'destination-port', port: 443 },
          { kind: 'protocol', protocol: 6 },
          { kind: 'destination', cidr: cidr('10.96.0.1/32') },
        ],
        comment: 'default/kubernetes:https cluster IP',
        target: { kind: 'jump', chain: 'KUBE-SVC-NPX46M4PTMTKRN6Y' },
      },
      '-d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y',
    ],
    [
      {
        matches: [{ kind: 'probability', probability: 1 / 3 }],
        target: { kind: 'jump', chain: 'KUBE-SEP-A' },
      },
      '-m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-A',
    ],
    [
      { matches: [{ kind: 'mark', value: 0x4000, mask: 0x4000, not: true }], target: { kind: 'return' } },
      '-m mark ! --mark 0x4000/0x4000 -j RETURN',
    ],
    [{ matches: [], target: { kind: 'mark', value: 0x4000, mask: 0 } }, '-j MARK --set-xmark 0x4000/0x0'],
    [
      {
        matches: [{ kind: 'protocol', protocol: 6 }],
        target: { kind: 'dnat', to: ipv4('10.244.1.2'), port: 80 },
      },
      '-p tcp -j DNAT --to-destination 10.244.1.2:80',
    ],
    [
      { matches: [{ kind: 'ctstate', states: ['ESTABLISHED', 'RELATED'] }], target: { kind: 'accept' } },
      '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ],
    [
      {
        matches: [{ kind: 'in-interface', name: 'cali+' }],
        comment: 'cali:abc',
        remarks: ['Start'],
        target: { kind: 'jump', chain: 'cali-wl-to-host', goto: true },
      },
      '-i cali+ -m comment --comment "cali:abc" -m comment --comment Start -g cali-wl-to-host',
    ],
    [{ matches: [], target: { kind: 'reject' } }, '-j REJECT --reject-with icmp-port-unreachable'],
    [{ matches: [], target: { kind: 'snat', to: ipv4('10.0.0.11') } }, '-j SNAT --to-source 10.0.0.11'],
  ])('a rule %#', (rule, line) => {
    expect(printRule('C', rule)).toBe(`-A C ${line}`);
  });
});
