/**
 * Rules of policies in Felix's tables of IPv6. Provenance: felix/rules/policy.go (FilterRuleToIPVersion, CalculateRuleMatch) and
 * felix/iptables/match_builder.go, Calico v3.32.1.
 */
import { describe, expect, test } from 'vitest';
import type { IpFamily } from '../../../../../model/ip-family.ts';
import type { Rule, RuleSide } from '../../policy/active.ts';
import { ruleText } from './felix-rule.ts';
import { failsafeChains } from './failsafe.ts';
import { rulesChain } from './policy.ts';

const SIDE: RuleSide = {
  nets: [],
  ports: [],
  namedPortIpSetIds: [],
  ipSetIds: [],
  notNets: [],
  notPorts: [],
  notNamedPortIpSetIds: [],
  notIpSetIds: [],
};

type Sketch = Partial<Omit<Rule, 'src' | 'dst'>> & { readonly src?: Partial<RuleSide> };

/** What a rule becomes; only the words that match. */
function matches(family: IpFamily, { src, ...others }: Sketch): readonly string[] {
  const wanted: Rule = {
    action: 'deny',
    dstIpPortSetIds: [],
    annotations: [],
    ...others,
    src: { ...SIDE, ...src },
    dst: SIDE,
  };
  const chain = rulesChain([wanted], {
    family,
    comment: 'C',
    logPrefix: 'calico-packet',
    decide: (rule, action) => ({ by: 'profile', profile: 'p', direction: 'ingress', rule, action }),
  });
  return chain
    .filter(({ do: { target } }) => target.kind === 'mark')
    .map((rule) =>
      ruleText('t', rule)
        .replace(/-A t HASH (-m comment --comment "C" )?/, '')
        .replace(/ ?--jump.*/, ''),
    );
}

describe('one rule in both families', () => {
  test.each<readonly [Sketch, readonly string[], readonly string[]]>([
    [{ protocol: 'tcp' }, ['-p tcp'], ['-p tcp']],
    [{ src: { nets: ['fd00::/16'] } }, [], ['--source fd00::/16']],
    [{ src: { nets: ['10.0.0.0/8', 'fd00::/16'] } }, ['--source 10.0.0.0/8'], ['--source fd00::/16']],
    [{ src: { notNets: ['fd00::/16'] } }, [], ['! --source fd00::/16']],
    [{ src: { notNets: ['::/0'] } }, [], []],
    [
      { src: { ipSetIds: ['s:a'] } },
      ['-m set --match-set cali40s:a src'],
      ['-m set --match-set cali60s:a src'],
    ],
    [
      { src: { namedPortIpSetIds: ['n:a'] } },
      ['-m set --match-set cali40n:a src,src'],
      ['-m set --match-set cali60n:a src,src'],
    ],
    [{ ipVersion: 6, protocol: 'icmpv6', icmp: { type: 128 } }, [], ['-p icmpv6 -m icmp6 --icmpv6-type 128']],
    [{ ipVersion: 6, notIcmp: { type: 1, code: 4 } }, [], ['-m icmp6 ! --icmpv6-type 1/4']],
    [{ ipVersion: 4, protocol: 'icmp' }, ['-p icmp'], []],
  ])('%j', (wanted, inet, inet6) => {
    expect(matches(4, wanted)).toEqual(inet);
    expect(matches(6, wanted)).toEqual(inet6);
  });

  test('several nets of one family become a block of their own', () => {
    expect(matches(6, { src: { nets: ['fd00::/16', '10.0.0.0/8', 'fd01::/16'] } })).toEqual([
      '',
      '--source fd00::/16',
      '--source fd01::/16',
      '-m mark --mark 0x80000/0x80000',
    ]);
  });
});

test('a failsafe port for one net is open in the tables of its family alone', () => {
  const ports = {
    inbound: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 179, net: 'fd00:a::/64' },
      { protocol: 'tcp', port: 5473, net: '10.0.0.0/8' },
    ],
    outbound: [],
  };
  const open = (family: IpFamily) =>
    failsafeChains('filter', ports, family)[0]?.rules.map(({ matches: found }) =>
      found.flatMap((match) => (match.kind === 'ports' ? match.ranges.map(({ first }) => first) : [])),
    );
  expect(open(4)).toEqual([[22], [5473]]);
  expect(open(6)).toEqual([[22], [179]]);
});
