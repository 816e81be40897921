/** Who the outside can reach, and whom it hears: routes to the pods on the router or not, natOutgoing on or off. */
import { describe, expect, test } from 'vitest';
import { cidr, formatIpv4, ipv4 } from '../../src/model/ip.ts';
import type { Topology } from '../../src/model/topology.ts';
import { Simulator } from '../../src/sim/index.ts';
import { addressOf, ping, run, TOPOLOGY } from './cluster.ts';

const POOL = '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool';

/** Node1's router port knows where the pods are: behind node1, which knows all other blocks by BGP. */
const WITH_ROUTES: Topology = {
  ...TOPOLOGY,
  routers: TOPOLOGY.routers.map((router) => ({
    ...router,
    routes: [{ to: cidr('10.244.0.0/16'), via: ipv4('10.0.0.11') }],
  })),
};

function cluster(topology: Topology, spec: Record<string, string | boolean>): Simulator {
  const made = new Simulator({ topology, seed: 1, epoch: 0, defaultPool: true });
  made.settle(30_000);
  made.cluster.request({
    method: 'PATCH',
    path: POOL,
    contentType: 'application/merge-patch+json',
    body: { spec: { ipipMode: 'Never', ...spec } },
  });
  made.settle(10_000);
  run(made, 'here', 'node1');
  run(made, 'next-door', 'node2');
  return made;
}

const sourceSeen = (of: Simulator): string | undefined => {
  const outcome = of.network.http({
    from: 'pod/default/here',
    to: ipv4('203.0.113.10'),
    port: 80,
    sourcePort: 40_000,
    host: 'outside',
    path: '/',
    method: 'GET',
  });
  return outcome.kind === 'response' ? outcome.body.trim() : outcome.kind;
};

describe('an outside host', () => {
  test('has no way to the pods unless its router has one', () => {
    const made = cluster(TOPOLOGY, { natOutgoing: true });
    expect(ping(made, 'host/outside', addressOf(made, 'here')).reply).toMatchObject({
      kind: 'icmp-error',
      error: 'net-unreachable',
    });
    const routed = cluster(WITH_ROUTES, { natOutgoing: true });
    expect(ping(routed, 'host/outside', addressOf(routed, 'here')).reply.kind).toBe('reply');
    expect(ping(routed, 'host/outside', addressOf(routed, 'next-door')).reply.kind).toBe('reply');
  });

  test('sees the node with natOutgoing, and the pod without it when it can answer', () => {
    expect(sourceSeen(cluster(TOPOLOGY, { natOutgoing: true }))).toBe('outside saw 10.0.0.11');
    expect(sourceSeen(cluster(TOPOLOGY, { natOutgoing: false }))).toBe('timeout');
    const routed = cluster(WITH_ROUTES, { natOutgoing: false });
    expect(sourceSeen(routed)).toBe(`outside saw ${formatIpv4(addressOf(routed, 'here'))}`);
  });

  test("a connection's entry shows both its sides", () => {
    const made = cluster(TOPOLOGY, { natOutgoing: true });
    sourceSeen(made);
    const entry = made.network
      .memory('node/node1')
      .conntrack.find(({ original }) => original.destination === ipv4('203.0.113.10'));
    expect(entry).toMatchObject({
      protocol: 'tcp',
      state: 'TIME_WAIT',
      assured: true,
      original: { source: addressOf(made, 'here'), destinationPort: 80 },
      reply: { source: ipv4('203.0.113.10'), destination: ipv4('10.0.0.11'), sourcePort: 80 },
    });
    const sessions = made.network
      .memory('node/node1')
      .conntrack.filter(({ original }) => original.destinationPort === 179);
    expect(sessions.map(({ state, assured }) => [state, assured])).toEqual([
      ['ESTABLISHED', true],
      ['ESTABLISHED', true],
      ['ESTABLISHED', true],
    ]);
  });
});
