import { describe, expect, test } from 'vitest';
import type { Rule, RuleSide } from '../../policy/active.ts';
import { ruleText } from './felix-rule.ts';
import { policyChain, policyChains, profileChain, rulesChain } from './policy.ts';

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

type RuleSketch = Partial<Omit<Rule, 'src' | 'dst'>> & {
  readonly src?: Partial<RuleSide>;
  readonly dst?: Partial<RuleSide>;
};

const sketched = ({ src, dst, ...others }: RuleSketch): Rule => ({
  action: 'allow',
  dstIpPortSetIds: [],
  annotations: [],
  ...others,
  src: { ...SIDE, ...src },
  dst: { ...SIDE, ...dst },
});

const texts = (...rules: readonly RuleSketch[]): readonly string[] =>
  rulesChain(rules.map(sketched), {
    family: 4,
    comment: 'C',
    logPrefix: 'calico-packet',
    decide: (rule, action) => ({ by: 'profile', profile: 'p', direction: 'ingress', rule, action }),
  }).map((rule) => ruleText('t', rule).replace('-A t HASH ', '').replace('-m comment --comment "C" ', ''));

const port = (...ports: readonly number[]) => ports.map((each) => ({ first: each, last: each }));
const ranges = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ first: 2 * at + 1, last: 2 * at + 2 }));
const SEVEN = '1:2,3:4,5:6,7:8,9:10,11:12,13:14';

// Provenance: what Felix's own tests expect of the same rules (felix/rules/policy_test.go, Calico v3.32.1), with the mark
// bits of a real node.
describe('one criterion', () => {
  test.each<readonly [RuleSketch, string]>([
    [{ protocol: 'tcp' }, '-p tcp'],
    [{ protocol: 8 }, '-p 8'],
    [{ src: { nets: ['10.0.0.0/16'] } }, '--source 10.0.0.0/16'],
    [{ src: { ipSetIds: ['s:a'] } }, '-m set --match-set cali40s:a src'],
    [
      { src: { ipSetIds: ['s:a', 's:b'] } },
      '-m set --match-set cali40s:a src -m set --match-set cali40s:b src',
    ],
    [{ src: { ports: [{ first: 10, last: 12 }, ...port(8080)] } }, '-m multiport --source-ports 10:12,8080'],
    [{ src: { namedPortIpSetIds: ['n:a'] } }, '-m set --match-set cali40n:a src,src'],
    [{ icmp: { type: 10 } }, '-m icmp --icmp-type 10'],
    [{ icmp: { type: 10, code: 12 } }, '-m icmp --icmp-type 10/12'],
    [{ dst: { nets: ['10.0.0.0/16'] } }, '--destination 10.0.0.0/16'],
    [{ dst: { ports: port(80) } }, '-m multiport --destination-ports 80'],
    [{ dstIpPortSetIds: ['svc:a'] }, '-m set --match-set cali40svc:a dst,dst'],
    [{ notProtocol: 'tcp' }, '! -p tcp'],
    [{ notProtocol: 8 }, '! -p 8'],
    [{ src: { notNets: ['10.0.0.0/16'] } }, '! --source 10.0.0.0/16'],
    [{ src: { notIpSetIds: ['s:a'] } }, '-m set ! --match-set cali40s:a src'],
    [
      { src: { notPorts: ranges(8) } },
      `-m multiport ! --source-ports ${SEVEN} -m multiport ! --source-ports 15:16`,
    ],
    [{ notIcmp: { type: 10, code: 12 } }, '-m icmp ! --icmp-type 10/12'],
    [{ dst: { notNets: ['10.0.0.0/16'] } }, '! --destination 10.0.0.0/16'],
    [{ dst: { notNamedPortIpSetIds: ['n:a'] } }, '-m set ! --match-set cali40n:a dst,dst'],
  ])('%j', (wanted, text) => {
    expect(texts(wanted)).toEqual([`${text} --jump MARK --set-mark 0x10000/0x10000`]);
  });
});

test('what does not fit into one rule', () => {
  expect(
    texts({
      protocol: 'tcp',
      src: {
        ports: ranges(8),
        namedPortIpSetIds: ['n:1'],
        nets: ['10.1.0.0/16', '11.0.0.0/8'],
        notPorts: port(101),
        notNamedPortIpSetIds: ['n:3'],
        notNets: ['14.1.0.0/16', '15.0.0.0/8'],
      },
      dst: {
        ports: [{ first: 2, last: 3 }],
        namedPortIpSetIds: ['n:2'],
        nets: ['12.1.0.0/16', '13.0.0.0/8'],
        notPorts: port(201),
        notNamedPortIpSetIds: ['n:4'],
        notNets: ['16.1.0.0/16', '17.0.0.0/8'],
      },
    }),
  ).toEqual([
    '--jump MARK --set-mark 0x0/0x180000',
    `-p tcp -m multiport --source-ports ${SEVEN} --jump MARK --set-mark 0x80000/0x80000`,
    '-p tcp -m multiport --source-ports 15:16 --jump MARK --set-mark 0x80000/0x80000',
    '-m set --match-set cali40n:1 src,src --jump MARK --set-mark 0x80000/0x80000',
    '-p tcp -m multiport --destination-ports 2:3 --jump MARK --set-mark 0x100000/0x100000',
    '-m set --match-set cali40n:2 dst,dst --jump MARK --set-mark 0x100000/0x100000',
    '-m mark --mark 0/0x100000 --jump MARK --set-mark 0/0x80000',
    '--source 10.1.0.0/16 --jump MARK --set-mark 0x100000/0x100000',
    '--source 11.0.0.0/8 --jump MARK --set-mark 0x100000/0x100000',
    '-m mark --mark 0/0x100000 --jump MARK --set-mark 0/0x80000',
    '--destination 12.1.0.0/16 --jump MARK --set-mark 0x100000/0x100000',
    '--destination 13.0.0.0/8 --jump MARK --set-mark 0x100000/0x100000',
    '-m mark --mark 0/0x100000 --jump MARK --set-mark 0/0x80000',
    '--source 14.1.0.0/16 --jump MARK --set-mark 0/0x80000',
    '--source 15.0.0.0/8 --jump MARK --set-mark 0/0x80000',
    '--destination 16.1.0.0/16 --jump MARK --set-mark 0/0x80000',
    '--destination 17.0.0.0/8 --jump MARK --set-mark 0/0x80000',
    [
      '-p tcp -m multiport ! --source-ports 101 -m set ! --match-set cali40n:3 src,src',
      '-m multiport ! --destination-ports 201 -m set ! --match-set cali40n:4 dst,dst',
      '-m mark --mark 0x80000/0x80000 --jump MARK --set-mark 0x10000/0x10000',
    ].join(' '),
  ]);
});

test('actions: a bit is set, and acted on; what returns at the end of a chain is left off', () => {
  expect(texts({ action: 'log' }, { action: 'deny' }, { action: 'pass' }, { action: 'allow' })).toEqual([
    '--jump LOG --log-prefix "calico-packet: " --log-level 5',
    '--jump MARK --set-mark 0x40000/0x40000',
    '-m mark --mark 0x40000/0x40000 --jump DROP',
    '--jump MARK --set-mark 0x20000/0x20000',
    '-m mark --mark 0x20000/0x20000 --jump RETURN',
    '--jump MARK --set-mark 0x10000/0x10000',
  ]);
});

describe('rules that IPv4 knows nothing of', () => {
  test.each<RuleSketch>([
    { ipVersion: 6 },
    { src: { nets: ['fd00::/8'] } },
    { dst: { notNets: ['fd00::/8'] } },
    { src: { notNets: ['0.0.0.0/0'] } },
  ])('%j leaves only the comment of the chain', (wanted) => {
    expect(texts(wanted)).toEqual(['-m comment --comment "C"']);
  });

  test('a rule with nets of both families keeps those of IPv4', () => {
    expect(texts({ src: { nets: ['fd00::/8', '10.0.0.0/8'] } })[0]).toContain('--source 10.0.0.0/8 ');
  });
});

test('names and comments', () => {
  const id = { kind: 'KubernetesNetworkPolicy', namespace: 'default', name: 'allow-web' } as const;
  expect(policyChain(id, 'ingress')).toBe('cali-pi-_l7X9Omtz7dibbh9L3Lp');
  expect(policyChain({ kind: 'GlobalNetworkPolicy', namespace: '', name: 'deny' }, 'egress')).toBe(
    'cali-po-gnp/deny',
  );
  expect(profileChain('kns.my-long-namespace-name', 'ingress')).toBe('cali-pri-_0K_rQOcy96mQCB3eTl');
  const [ingress, egress] = policyChains(
    {
      id,
      tier: 'default',
      originalSelector: 'all()',
      inboundRules: [sketched({ annotations: [['owner', 'team "a"']] })],
      outboundRules: [],
      untracked: false,
      preDnat: false,
    },
    'calico-packet',
  );
  expect(ingress?.rules[0]?.remarks).toEqual([
    'owner=team _a_',
    'KubernetesNetworkPolicy default/allow-web ingress',
  ]);
  expect(egress?.rules).toMatchObject([{ matches: [], target: { kind: 'none' } }]);
});

test('a staged policy is never written', () => {
  const id = { kind: 'StagedNetworkPolicy', namespace: 'default', name: 'later' } as const;
  expect(
    policyChains(
      {
        id,
        tier: 'default',
        originalSelector: 'all()',
        inboundRules: [sketched({ action: 'deny' })],
        outboundRules: [],
        untracked: false,
        preDnat: false,
      },
      'calico-packet',
    ),
  ).toEqual([]);
});
