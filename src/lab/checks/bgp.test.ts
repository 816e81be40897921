/** Outputs: BIRD 1.6.8 with Calico's configuration, and BIRD 2.0.12, both from real daemons. */
import { describe, expect, test } from 'vitest';
import { ENGINE_DOWN, type Script } from '../../../test/support/fake-session.ts';
import { labText, mistakesIn } from '../../../test/support/lab-text.ts';
import { verdictOn } from '../../../test/support/verdict.ts';
import { bgpRoutes, bgpSessions } from './bird-output.ts';

const agent = (node: string, phase = 'Running') => ({
  metadata: { name: `calico-node-${node}`, namespace: 'kube-system', labels: { 'k8s-app': 'calico-node' } },
  spec: { nodeName: node },
  status: { phase },
});

const PROTOCOLS = `BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
static1  Static   master   up     10:00:00    
  Preference:     200
  Input filter:   ACCEPT
  Output filter:  REJECT

Mesh_10_0_0_11 BGP      master   up     10:00:02    Established   
  Description:    Connection to BGP peer
  Preference:     100
  BGP state:          Established
    Neighbor address: 10.0.0.11
    Neighbor AS:      64512

Mesh_10_0_1_13 BGP      master   start  10:00:00    Connect       Socket: No route to host
  Description:    Connection to BGP peer
  BGP state:          Connect
    Neighbor address: 10.0.1.13
    Neighbor AS:      64512
    Last error:       Socket: No route to host

`;

const ROUTE = `BIRD v0.3.3+birdv1.6.8 ready.
10.244.135.0/26    via 10.0.0.1 on eth0 [Mesh_10_0_1_13 10:00:05 from 10.0.1.13] * (100/?) [i]
	Type: BGP unicast univ
	BGP.origin: IGP
	BGP.as_path: 
	BGP.next_hop: 10.0.1.13
	BGP.local_pref: 100
`;

const STATIC = `BIRD v0.3.3+birdv1.6.8 ready.
10.244.166.128/26  blackhole [static1 10:00:00] * (200)
	Type: static unicast univ
`;

const script = (answer: string | Exclude<ReturnType<NonNullable<Script['exec']>>, string>): Script => ({
  objects: { pods: [agent('node1', 'Pending'), agent('node2'), agent('node3')] },
  exec: (place, line) => {
    expect([place, line.split(' ').slice(0, 2).join(' ')]).toEqual([
      'pod/kube-system/calico-node-node2',
      'birdcl show',
    ]);
    return answer;
  },
});

describe('sessions', () => {
  test('count those in a state', async () => {
    expect(await verdictOn('bgp: { node: node2, sessions: 1 }', script(PROTOCOLS))).toEqual({
      kind: 'bgp',
      title: 'node2 has 1 established BGP session',
      outcome: 'pass',
      expected: '1 established',
      observed: '10.0.0.11 established, 10.0.1.13 connect (Socket: No route to host)',
      why: 'Each of these sessions is a TCP connection to port 179 of one end.',
    });
    expect(await verdictOn('bgp: { node: node2, sessions: 2 }', script(PROTOCOLS))).toMatchObject({
      outcome: 'fail',
      title: 'node2 has 2 established BGP sessions',
      why: '1 of 2 are established.',
    });
  });

  test('one by its peer', async () => {
    expect(await verdictOn('bgp: { node: node2, peer: 10.0.1.13, readOn: a#b }', script(PROTOCOLS))).toEqual({
      kind: 'bgp',
      title: "node2's session with 10.0.1.13 is established",
      outcome: 'fail',
      expected: '10.0.1.13 established',
      observed: '10.0.0.11 established, 10.0.1.13 connect (Socket: No route to host)',
      why: 'This end has called, and nothing has answered yet.',
      readOn: 'a#b',
    });
    const inState = 'bgp: { node: node2, peer: 10.0.1.13, state: connect }';
    expect(await verdictOn(inState, script(PROTOCOLS))).toMatchObject({ outcome: 'pass' });
  });

  test('one that must not be', async () => {
    const gone = (peer: string) =>
      verdictOn(`bgp: { node: node2, peer: ${peer}, absent: true }`, script(PROTOCOLS));
    expect(await gone('10.0.0.12')).toMatchObject({
      title: 'node2 has no session with 10.0.0.12',
      outcome: 'pass',
      why: 'BIRD is not configured with a neighbour 10.0.0.12.',
    });
    expect(await gone('10.0.1.13')).toMatchObject({
      outcome: 'fail',
      why: 'BIRD is still configured with 10.0.1.13.',
    });
  });
});

describe('routes', () => {
  const learnt = 'bgp: { node: node2, route: 10.244.135.0/26, from: 10.0.1.13 }';

  test('learnt from whom they should', async () => {
    expect(await verdictOn(learnt, script(ROUTE))).toEqual({
      kind: 'bgp',
      title: 'node2 learns 10.244.135.0/26 from 10.0.1.13',
      outcome: 'pass',
      expected: 'a route to 10.244.135.0/26 learnt from 10.0.1.13',
      observed: 'from 10.0.1.13 via 10.0.0.1 on eth0, in use',
      why: 'The owner of the block told node2, which keeps what it was told for as long as the session lasts.',
    });
    const other = 'bgp: { node: node2, route: 10.244.135.0/26, from: 10.0.0.11 }';
    expect(await verdictOn(other, script(ROUTE))).toMatchObject({ outcome: 'fail' });
  });

  test('not learnt: another protocol has the route, or none', async () => {
    expect(await verdictOn(learnt, script(STATIC))).toMatchObject({
      outcome: 'fail',
      observed: 'not learnt by BGP',
    });
    const absent = 'bgp: { node: node2, route: 10.244.135.0/26, absent: true }';
    expect(await verdictOn(absent, script('BIRD 1.6.8 ready.\nNetwork not in table\n'))).toMatchObject({
      title: 'node2 does not learn 10.244.135.0/26 by BGP',
      outcome: 'pass',
    });
    expect(await verdictOn(absent, script(ROUTE))).toMatchObject({ outcome: 'fail' });
  });
});

describe('nobody who answers', () => {
  test('a node without a running calico-node', async () => {
    expect(await verdictOn('bgp: { node: node1, sessions: 3 }', script(undefined))).toMatchObject({
      outcome: 'fail',
      observed: 'no calico-node pod runs on node1',
      why: 'Without a running BIRD a node has no sessions and learns nothing.',
    });
  });

  test('a calico-node without BIRD', async () => {
    const answer = { exitCode: 1, stderr: 'Unable to connect to server control socket (x): No such file\n' };
    expect(await verdictOn('bgp: { node: node2, peer: 10.0.1.13 }', script(answer))).toMatchObject({
      outcome: 'fail',
      observed: 'Unable to connect to server control socket (x): No such file',
    });
    expect(await verdictOn('bgp: { node: node2, sessions: 0 }', script(answer))).toMatchObject({
      outcome: 'pass',
    });
  });

  test('an engine that is down is no wrong answer', async () => {
    for (const down of [script(undefined), { objects: 'down' as const }]) {
      expect(await verdictOn('bgp: { node: node2, sessions: 3 }', down)).toMatchObject({
        outcome: 'error',
        observed: ENGINE_DOWN.message,
      });
    }
  });
});

describe('the schema refuses', () => {
  test.each([
    ['bgp: { node: node1 }', 'needs exactly one of sessions, peer, route'],
    ['bgp: { node: node1, sessions: 1, peer: 10.0.0.1 }', 'needs exactly one of sessions, peer, route'],
    ['bgp: { node: node1, peer: nobody }', '"nobody" is not an IPv4 address such as 10.0.0.1'],
    ['bgp: { node: node1, sessions: 1, from: 10.0.0.1 }', 'says who told a route, and there is none'],
    ['bgp: { node: node1, route: 10.0.0.0/8, state: idle }', 'belongs to sessions, not to a route'],
    ['bgp: { node: node1, sessions: 1, absent: true }', 'say sessions: 0 instead'],
  ])('%s', (check, message) => {
    expect(mistakesIn(labText({ checks: `- ${check}` })).join('\n')).toContain(message);
  });
});

describe("BIRD 2's layout", () => {
  test('is read too', () => {
    expect(
      bgpSessions(`BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
Mesh_10_0_1_13 BGP        ---        up     15:52:53.759  Established   
  BGP state:          Established
    Neighbor address: 10.0.1.13
    Neighbor AS:      64512
  Channel ipv4
    State:          UP
`),
    ).toEqual([{ peer: '10.0.1.13', state: 'established' }]);
    expect(
      bgpRoutes(`BIRD 2.0.12 ready.
Table master4:
10.244.135.0/26      unicast [Mesh_10_0_1_13 15:52:53.811 from 10.0.1.13] * (100/?) [i]
	via 10.0.0.1 on eth0
	Type: BGP univ
	BGP.origin: IGP
`),
    ).toEqual([{ from: '10.0.1.13', via: 'via 10.0.0.1 on eth0', best: true }]);
  });
});
