/** The topology `tor-bgp`: routers that speak BGP below a cluster, and nodes that begin to speak with them. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { formatCidr, formatIpv4, ipv4 } from '../../src/model/ip.ts';
import type { Topology } from '../../src/model/topology.ts';
import { Simulator, worldHash } from '../../src/sim/index.ts';
import { routerSpeakers } from '../../src/sim/fabric/router-speakers.ts';
import { reconfigure, startDaemons } from '../../src/sim/routing/reconfigure.ts';
import { NO_ROUTING, type RoutingState } from '../../src/sim/routing/routing-state.ts';
import type { SpeakerView } from '../../src/sim/routing/speaker-view.ts';
import { vanished } from '../../src/sim/routing/vanish.ts';
import { Stacks } from '../../src/sim/stacks.ts';

function topology(): Topology {
  const file = 'labs/topologies/tor-bgp.yaml';
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
  return parsed.value;
}

const view = (of: Simulator, router: string): SpeakerView => {
  const found = of.routing.at(`router/${router}`);
  if (!found) throw new Error(`no speaker on ${router}`);
  return found;
};

const sessions = (of: Simulator, router: string): readonly string[] =>
  view(of, router).protocols.flatMap((protocol) =>
    protocol.kind === 'BGP' ? [`${protocol.name} AS${protocol.peerAs} ${protocol.bgp}`] : [],
  );

const routes = (of: Simulator, id: string): readonly string[] =>
  (of.network.netns(id)?.routes ?? [])
    .filter(({ protocol }) => protocol === 'bird')
    .map(
      ({ prefix, via, device }) =>
        `${formatCidr(prefix)} via ${formatIpv4(via ?? ipv4('0.0.0.0'))} dev ${device ?? ''}`,
    );

/** The devices by which the pods' blocks are reached. */
const ways = (of: Simulator, id: string): ReadonlySet<string | undefined> =>
  new Set(
    (of.network.netns(id)?.routes ?? [])
      .filter(({ prefix }) => formatCidr(prefix).startsWith('10.244.'))
      .flatMap(({ device, hops }) => hops?.map((hop) => hop.device) ?? [device]),
  );

const answers = (of: Simulator, from: string, to: string): string =>
  of.network.echo({
    from,
    to: ipv4(to),
    identifier: 1,
    sequence: 1,
    ttl: 64,
    dataLength: 56,
    pmtuDiscovery: 'want',
  }).reply.kind;

describe('tor-bgp', () => {
  let lab: Simulator;
  beforeAll(() => {
    lab = new Simulator({ topology: topology(), seed: 1, epoch: 0, defaultPool: true });
    lab.settle(60_000);
  });

  test('routers speak with each other, and wait for the nodes', () => {
    expect(['tor-a', 'tor-b', 'spine'].map((router) => sessions(lab, router))).toEqual([
      [
        'control_plane AS64512 Passive',
        'node1 AS64512 Passive',
        'node2 AS64512 Passive',
        'spine AS65100 Established',
      ],
      ['node3 AS64512 Passive', 'spine AS65100 Established'],
      ['tor_a AS65101 Established', 'tor_b AS65102 Established'],
    ]);
  });

  test('racks reach each other and the outside by what BGP brought', () => {
    expect(routes(lab, 'router/tor-a')).toEqual([
      '10.0.1.0/24 via 172.16.1.1 dev eth1',
      '172.16.2.0/30 via 172.16.1.1 dev eth1',
      '203.0.113.0/24 via 172.16.1.1 dev eth1',
    ]);
    expect(answers(lab, 'node/node1', '10.0.1.13')).toBe('reply');
    expect(answers(lab, 'node/node3', '203.0.113.10')).toBe('reply');
  });

  test('the mesh of the nodes stands across the racks', () => {
    const mesh = lab.routing.speaker('node1')?.protocols.find(({ name }) => name === 'Mesh_10_0_1_13');
    expect(mesh).toMatchObject({ bgp: 'Established' });
  });

  test.each([
    ['in a new world', (): RoutingState => NO_ROUTING],
    ['after its machine lost power', (): RoutingState => vanished(lab.world.routing, 'router/spine')],
  ])('a daemon that starts %s says nothing in that instant', (_, before) => {
    const network = new Stacks(topology()).network(lab.world);
    const wanted = routerSpeakers(topology()).filter(({ netns }) => !before().speakers.get(netns));
    const { routing, ...moved } = reconfigure(network, before(), wanted, { tell: true });
    expect(routing).toEqual(startDaemons(network, before(), wanted));
    expect(routing.speakers.get('router/spine')).toMatchObject({ running: true });
    expect(moved).toEqual({ memory: new Map(), frames: [], sessions: new Set() });
  });

  test('a snapshot takes the routers along', () => {
    const read = lab.decode(JSON.parse(JSON.stringify(lab.encode())));
    expect(read.ok && worldHash(read.value)).toBe(worldHash(lab.world));
  });

  test('nodes that peer with their ToRs make the pods known to the whole underlay, and their end takes that away', () => {
    const create = (resource: string, body: JsonObject): void => {
      const path = `/apis/crd.projectcalico.org/v1/${resource}`;
      const { code } = lab.cluster.request({ method: 'POST', path, body });
      expect(code).toBe(201);
    };
    const kind = { apiVersion: 'crd.projectcalico.org/v1', kind: 'BGPPeer' };
    for (const [rack, peerIP, asNumber] of [
      ['a', '10.0.0.1', 65101],
      ['b', '10.0.1.1', 65102],
    ] as const) {
      const spec = { nodeSelector: `rack == '${rack}'`, peerIP, asNumber };
      create('bgppeers', { ...kind, metadata: { name: `tor-${rack}` }, spec });
    }
    lab.settle(60_000);
    expect(sessions(lab, 'tor-b')).toEqual(['node3 AS64512 Established', 'spine AS65100 Established']);
    expect(ways(lab, 'router/spine')).toEqual(new Set(['eth0', 'eth1']));
    const path = '/apis/crd.projectcalico.org/v1/bgppeers/tor-b';
    expect(lab.cluster.request({ method: 'DELETE', path }).code).toBe(200);
    lab.settle(60_000);
    expect(sessions(lab, 'tor-b')).toEqual(['node3 AS64512 Passive', 'spine AS65100 Established']);
    expect(ways(lab, 'router/spine')).toEqual(new Set(['eth0']));
  });
});
