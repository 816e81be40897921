import { describe, expect, test } from 'vitest';
import { formatIp } from '../../model/ip-family.ts';
import { cidr, ipv4 } from '../../model/ip.ts';
import { addressText, DrivenLab, pingLine } from '../fabric/driven-lab.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import type { Chain, Match, Netfilter, Rule, TableName } from './netfilter-rules.ts';
import type { ConntrackEntry } from './netns.ts';

const WEB0 = 'pod/default/web-0';

const entryText = ({ protocol, original, reply, state }: ConntrackEntry): string =>
  [
    protocol,
    ...(state === undefined ? [] : [state]),
    `${formatIp(original.source)}>${formatIp(original.destination)}`,
    `${formatIp(reply.source)}>${formatIp(reply.destination)}`,
  ].join(' ');

describe('natOutgoing (real transcripts: fact sheet linux.md 4 (c))', () => {
  const nat = (): DrivenLab => new DrivenLab(referenceLab({ natOutgoing: true }));

  test.each([
    ['203.0.113.10', '64 bytes from 203.0.113.10: ttl=62', '10.0.0.11'],
    ['198.51.100.9', 'From 10.0.0.1 net-unreachable', undefined],
    ['10.0.1.13', '64 bytes from 10.0.1.13: ttl=62', '10.0.0.11'],
    ['10.0.0.11', '64 bytes from 10.0.0.11: ttl=64', '10.244.166.129'],
    ['10.244.135.1', '64 bytes from 10.244.135.1: ttl=62', '10.244.166.129'],
  ])('a pod pings %s: %s, source seen %s', (to, line, seen) => {
    const outcome = nat().ping(WEB0, to);
    expect(pingLine(outcome)).toBe(line);
    const arrived = outcome.traces[0]?.steps.findLast((step) => step.kind === 'deliver');
    expect(arrived?.kind === 'deliver' ? formatIp(arrived.packet.source) : undefined).toBe(seen);
  });

  test('traceroute to the outside sees every hop, the errors are translated back', () => {
    const traced = nat();
    expect([1, 2, 3].map((ttl) => pingLine(traced.probe(WEB0, '203.0.113.10', ttl)))).toEqual([
      'From 10.0.0.11 ttl-exceeded',
      'From 10.0.0.1 ttl-exceeded',
      'From 203.0.113.10 port-unreachable',
    ]);
  });

  test('conntrack: one entry a flow, replies expected at the node with another identifier', () => {
    const used = nat();
    used.ping(WEB0, '203.0.113.10');
    used.curl(WEB0, '203.0.113.10');
    const { conntrack } = used.memory('node/node1');
    expect(conntrack.map(entryText)).toEqual([
      'icmp 10.244.166.129>203.0.113.10 203.0.113.10>10.0.0.11',
      'tcp TIME_WAIT 10.244.166.129>203.0.113.10 203.0.113.10>10.0.0.11',
    ]);
    const [echo, tcp] = conntrack;
    expect(echo?.reply.sourcePort).not.toBe(echo?.original.sourcePort);
    expect(tcp?.reply.destinationPort).not.toBe(tcp?.original.sourcePort);
    expect(tcp?.assured).toBe(true);
    // A reset as the only answer leaves no entry behind.
    expect(used.wait(30_001).curl(WEB0, '10.0.0.11').kind).toBe('refused');
    expect(used.memory('node/node1').conntrack.map(entryText)).toEqual([
      'tcp TIME_WAIT 10.244.166.129>203.0.113.10 203.0.113.10>10.0.0.11',
    ]);
  });

  test('VXLAN is not tracked: node3 knows the inner flow only', () => {
    const used = nat();
    used.ping(WEB0, '10.244.135.1');
    expect(used.memory('node/node3').conntrack.map(entryText)).toEqual([
      'icmp 10.244.166.129>10.244.135.1 10.244.135.1>10.244.166.129',
    ]);
  });

  test('without NAT rules the kernel tracks nothing', () => {
    const plain = new DrivenLab(referenceLab());
    plain.ping(WEB0, '10.244.135.1');
    expect(plain.memory('node/node1').conntrack).toEqual([]);
  });

  test('a node that insists on its own address is rewritten to its tunnel address, unless the rule is gone', () => {
    const seen = (lab: DrivenLab): string => {
      const outcome = lab.ping('node/node1', '10.244.135.1', { source: ipv4('10.0.0.11') });
      const arrived = outcome.traces[0]?.steps.findLast((step) => step.kind === 'deliver');
      return arrived?.kind === 'deliver' ? formatIp(arrived.packet.source) : 'lost';
    };
    expect(seen(nat())).toBe('10.244.166.128');
    const ruleless = nat().change('node/node1', ({ netfilter }) => ({
      netfilter: {
        ...netfilter,
        tables: {
          ...netfilter.tables,
          nat: (netfilter.tables.nat ?? []).map((chain) =>
            chain.name === 'cali-POSTROUTING' ? { ...chain, rules: chain.rules.slice(0, 2) } : chain,
          ),
        },
      },
    }));
    expect(seen(ruleless)).toBe('10.0.0.11');
  });

  test("without MASQUERADE the request arrives with the pod's address and the reply finds no way back", () => {
    const outcome = new DrivenLab(referenceLab()).ping(WEB0, '203.0.113.10');
    expect(pingLine(outcome)).toBe('silence');
    expect(outcome.traces.map(({ disposition, at }) => `${disposition} ${at}`)).toEqual([
      'delivered host/outside',
      'no-route router/router',
      'delivered host/outside',
    ]);
  });
});

const builtIn = (name: string, ...rules: readonly Rule[]): Chain => ({ name, policy: 'ACCEPT', rules });
const chain = (name: string, ...rules: readonly Rule[]): Chain => ({ name, rules });
const jump = (to: string, ...matches: readonly Match[]): Rule => ({
  matches,
  target: { kind: 'jump', chain: to },
});

const rules = (tables: Partial<Record<TableName, readonly Chain[]>>): { readonly netfilter: Netfilter } => ({
  netfilter: { tables, ipsets: new Map() },
});

const SERVICE = '10.96.0.50';
const toService: readonly Match[] = [
  { kind: 'destination', cidr: cidr(`${SERVICE}/32`) },
  { kind: 'protocol', protocol: 6 },
  { kind: 'destination-port', port: 8080 },
];

/** A ClusterIP as kube-proxy writes it: hairpins and node traffic are marked and masqueraded. */
function serviceRules(endpoints: readonly string[]): { readonly netfilter: Netfilter } {
  const markMasq: Rule = { matches: [], target: { kind: 'jump', chain: 'KUBE-MARK-MASQ' } };
  return rules({
    nat: [
      builtIn('PREROUTING', jump('KUBE-SERVICES')),
      builtIn('OUTPUT', jump('KUBE-SERVICES')),
      builtIn('POSTROUTING', jump('KUBE-POSTROUTING')),
      chain('KUBE-SERVICES', jump('KUBE-SVC', ...toService)),
      chain(
        'KUBE-SVC',
        { ...markMasq, matches: [{ kind: 'source', cidr: cidr('10.244.0.0/16'), not: true }] },
        ...endpoints.map((_, at) =>
          jump(`KUBE-SEP-${at}`, { kind: 'probability', probability: 1 / (endpoints.length - at) }),
        ),
      ),
      ...endpoints.map((endpoint, at) =>
        chain(
          `KUBE-SEP-${at}`,
          { ...markMasq, matches: [{ kind: 'source', cidr: cidr(`${endpoint}/32`) }] },
          { matches: [], target: { kind: 'dnat', to: ipv4(endpoint), port: 80 } },
        ),
      ),
      chain('KUBE-MARK-MASQ', { matches: [], target: { kind: 'mark', value: 0x4000, mask: 0x4000 } }),
      chain(
        'KUBE-POSTROUTING',
        { matches: [{ kind: 'mark', value: 0x4000, mask: 0x4000, not: true }], target: { kind: 'return' } },
        { matches: [], target: { kind: 'mark', value: 0x4000, mask: 0 } },
        { matches: [], target: { kind: 'masquerade', randomFully: true } },
      ),
    ],
  });
}

describe('a ClusterIP', () => {
  const served = (...endpoints: readonly string[]): DrivenLab => {
    const lab = new DrivenLab(referenceLab());
    for (const node of ['node1', 'node2', 'node3']) lab.change(`node/${node}`, () => serviceRules(endpoints));
    return lab;
  };

  test('pod to service: the server sees the pod, the pod sees the service', () => {
    const lab = served('10.244.135.1');
    const outcome = lab.curl(WEB0, SERVICE, { port: 8080 });
    expect(outcome).toMatchObject({ kind: 'response', body: 'web-4 on node3 saw 10.244.166.129\n' });
    const toPod = lab.frames.flatMap(({ netns, direction, frame: { payload } }) =>
      netns === WEB0 && direction === 'in' && payload.kind === 'ipv4' ? [formatIp(payload.source)] : [],
    );
    expect(new Set(toPod)).toEqual(new Set([SERVICE]));
    // Without Calico's NOTRACK the tunnel itself is tracked too, one flow each way: both ends send to port 4789.
    expect(lab.memory('node/node1').conntrack.map(entryText)).toEqual([
      'tcp TIME_WAIT 10.244.166.129>10.96.0.50 10.244.135.1>10.244.166.129',
      'udp 10.0.0.11>10.0.1.13 10.0.1.13>10.0.0.11',
      'udp 10.0.1.13>10.0.0.11 10.0.0.11>10.0.1.13',
    ]);
  });

  test('node to service: masqueraded to the address of the way out, the tunnel address', () => {
    expect(served('10.244.135.1').curl('node/node1', SERVICE, { port: 8080 })).toMatchObject({
      kind: 'response',
      body: 'web-4 on node3 saw 10.244.166.128\n',
    });
  });

  test('a pod that reaches itself through its service sees its node', () => {
    const outcome = served('10.244.166.129').curl(WEB0, SERVICE, { port: 8080 });
    expect(outcome).toMatchObject({ kind: 'response', body: 'web-0 on node1 saw 10.0.0.11\n' });
    expect(addressText(outcome.sourceSeen)).toBe('10.0.0.11');
  });

  test('connections spread over the endpoints, and each stays where it began', () => {
    const lab = served('10.244.166.130', '10.244.104.1', '10.244.135.1');
    const bodies = Array.from({ length: 120 }, (_, at) => {
      const outcome = lab.curl(WEB0, SERVICE, { port: 8080, sourcePort: 40000 + at });
      return outcome.kind === 'response' ? (outcome.body.split(' ')[0] ?? '') : outcome.kind;
    });
    const counts = new Map<string, number>();
    for (const body of bodies) counts.set(body, (counts.get(body) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(['web-1', 'web-2', 'web-4']);
    expect(Math.min(...counts.values())).toBeGreaterThan(25);
  });

  test('a port the service does not have goes nowhere', () => {
    expect(served('10.244.135.1').curl(WEB0, SERVICE, { port: 9090 }).kind).toBe('timeout');
  });
});

describe('filter', () => {
  const filtered = (...forward: readonly Rule[]): DrivenLab =>
    new DrivenLab(referenceLab()).change('node/node1', () =>
      rules({
        filter: [builtIn('FORWARD', ...forward), chain('deny', { matches: [], target: { kind: 'drop' } })],
      }),
    );
  const fromPod: Match = { kind: 'in-interface', name: 'cali+' };

  test('DROP is silent, REJECT answers, and the trace names the rule', () => {
    const dropping = filtered({ matches: [fromPod], target: { kind: 'drop' } }).ping(WEB0, '10.244.104.1');
    expect(pingLine(dropping)).toBe('silence');
    expect(dropping.traces[0]?.disposition).toBe('denied');
    expect(dropping.traces[0]?.steps).toContainEqual({
      kind: 'rule',
      at: 'node/node1',
      table: 'filter',
      chain: 'FORWARD',
      rule: '-A FORWARD -i cali+ -j DROP',
      verdict: 'drop',
    });
    const rejecting = filtered({ matches: [fromPod], target: { kind: 'reject' } });
    expect(pingLine(rejecting.ping(WEB0, '10.244.104.1'))).toBe('From 10.0.0.11 port-unreachable');
    expect(rejecting.curl(WEB0, '10.244.104.1').kind).toBe('refused');
  });

  test('RELATED,ESTABLISHED lets replies in where new connections may not', () => {
    const lab = filtered(
      { matches: [{ kind: 'ctstate', states: ['ESTABLISHED', 'RELATED'] }], target: { kind: 'accept' } },
      { matches: [fromPod], target: { kind: 'accept' } },
      jump('deny'),
    );
    expect(lab.curl(WEB0, '10.244.104.1').kind).toBe('response');
    expect(lab.curl('pod/default/web-2', '10.244.166.129').kind).toBe('timeout');
    expect(pingLine(lab.probe(WEB0, '10.244.104.1', 2))).toBe('From 10.0.0.12 ttl-exceeded');
  });

  test('what a chain entered by goto leaves undecided, its caller does not decide either', () => {
    const lab = filtered(jump('outer', fromPod), { matches: [fromPod], target: { kind: 'accept' } }).change(
      'node/node1',
      ({ netfilter }) =>
        rules({
          filter: [
            ...(netfilter.tables.filter ?? []),
            chain(
              'outer',
              { matches: [], target: { kind: 'jump', chain: 'empty', goto: true } },
              jump('deny'),
            ),
            chain('empty'),
          ],
        }),
    );
    expect(lab.curl(WEB0, '10.244.104.1').kind).toBe('response');
  });
});
