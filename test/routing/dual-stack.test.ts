/**
 * A dual-stack cluster on its ToR routers: bird6 beside bird on each node, IPv6 sessions with the routers, and what takes them
 * away. Layout: BIRD 1.6.8 and 2.0.12, calicoctl v3.32.1.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { formatDiagnostics } from '../../src/lab/diagnostic.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { formatIpCidr } from '../../src/model/ip-family.ts';
import type { RouterBgp, Topology } from '../../src/model/topology.ts';
import { Simulator, worldHash } from '../../src/sim/index.ts';
import { OpenLab } from '../support/labs.ts';

function dualStack(): Topology {
  const file = 'labs/topologies/dual-stack.yaml';
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
  return parsed.value;
}

const TOR: RouterBgp = { asNumber: 65100, nodesAs: 64512, ecmp: true };

/** The same with a router that speaks BGP. */
const onTor = (): Topology => {
  const topology = dualStack();
  return { ...topology, routers: topology.routers.map((router) => ({ ...router, bgp: TOR })) };
};

/** A tool on a node or in its calico-node pod. */
const CALICO_NODE =
  'kubectl exec -n kube-system $(kubectl get pods -n kube-system -l k8s-app=calico-node --field-selector spec.nodeName=node1 -o name) -c calico-node --';

describe('what a person sees', () => {
  let lab: OpenLab;
  beforeAll(async () => {
    lab = await OpenLab.over({
      id: 'dual-stack',
      topology: dualStack(),
      calico: { install: 'manifest', pools: 'user' },
      start: [],
      files: [],
    });
    await lab.at('workstation', 'sleep 20');
  });
  afterAll(() => lab.session.dispose());

  const typed = async (place: string, line: string): Promise<readonly string[]> =>
    (await lab.out(place, line)).replaceAll(/(?<=[[\s])\d\d:\d\d:\d\d(?=[\]\s])/g, 'HH:MM:SS').split('\n');

  test('calicoctl node status has a table of each family', async () => {
    expect(await typed('node/node1', 'calicoctl node status')).toEqual([
      'Calico process is running.',
      '',
      'IPv4 BGP status',
      '+--------------+-------------------+-------+----------+-------------+',
      '| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |    INFO     |',
      '+--------------+-------------------+-------+----------+-------------+',
      '| 10.0.0.10    | node-to-node mesh | up    | HH:MM:SS | Established |',
      '| 10.0.0.12    | node-to-node mesh | up    | HH:MM:SS | Established |',
      '| 10.0.1.13    | node-to-node mesh | up    | HH:MM:SS | Established |',
      '+--------------+-------------------+-------+----------+-------------+',
      '',
      'IPv6 BGP status',
      '+--------------+-------------------+-------+----------+-------------+',
      '| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |    INFO     |',
      '+--------------+-------------------+-------+----------+-------------+',
      '| fd00:a::10   | node-to-node mesh | up    | HH:MM:SS | Established |',
      '| fd00:a::12   | node-to-node mesh | up    | HH:MM:SS | Established |',
      '| fd00:b::13   | node-to-node mesh | up    | HH:MM:SS | Established |',
      '+--------------+-------------------+-------+----------+-------------+',
      '',
      '',
    ]);
  });

  test('birdcl6 asks the daemon of IPv6, and birdcl with its socket too', async () => {
    const shown = await typed('workstation', `${CALICO_NODE} birdcl6 show protocols`);
    expect(shown).toEqual([
      'BIRD v0.3.3+birdv1.6.8 ready.',
      'name     proto    table    state  since       info',
      'static1  Static   master   up     HH:MM:SS    ',
      'kernel1  Kernel   master   up     HH:MM:SS    ',
      'device1  Device   master   up     HH:MM:SS    ',
      'direct1  Direct   master   up     HH:MM:SS    ',
      'Mesh_fd00_a__10 BGP      master   up     HH:MM:SS    Established   ',
      'Mesh_fd00_a__12 BGP      master   up     HH:MM:SS    Established   ',
      'Mesh_fd00_b__13 BGP      master   up     HH:MM:SS    Established   ',
      '',
    ]);
    const socket = '-s /var/run/calico/bird6.ctl';
    expect(await typed('workstation', `${CALICO_NODE} birdcl ${socket} show protocols`)).toEqual(shown);
  });

  test('its table: one line for each route, next hops across racks found through the gateway', async () => {
    const table = await typed(
      'workstation',
      `${CALICO_NODE} birdcl6 show route protocol Mesh_fd00_b__13 all`,
    );
    expect(table).toEqual([
      'BIRD v0.3.3+birdv1.6.8 ready.',
      expect.stringMatching(
        /^fd00:10:244:[\da-f:]+\/122 via fd00:a::1 on eth0 \[Mesh_fd00_b__13 HH:MM:SS from fd00:b::13\] \* \(100\/\?\) \[i\]$/,
      ),
      '\tType: BGP unicast univ',
      '\tBGP.origin: IGP',
      '\tBGP.as_path: ',
      '\tBGP.next_hop: fd00:b::13',
      '\tBGP.local_pref: 2147482623',
      '',
    ]);
    expect(await typed('workstation', `${CALICO_NODE} birdcl6 show route for 10.0.0.1`)).toEqual([
      'BIRD v0.3.3+birdv1.6.8 ready.',
      'syntax error',
      '',
    ]);
    expect(await typed('workstation', `${CALICO_NODE} birdcl6 show route for fd00:a::9`)).toEqual([
      'BIRD v0.3.3+birdv1.6.8 ready.',
      'fd00:a::/64        dev eth0 [direct1 HH:MM:SS] * (240)',
      '',
    ]);
  });

  test('a session with all details', async () => {
    const all = await typed('workstation', `${CALICO_NODE} birdcl6 show protocols all Mesh_fd00_a__12`);
    expect(all.filter((line) => /Neighbor|Session|Source/.test(line))).toEqual([
      '    Neighbor address: fd00:a::12',
      '    Neighbor AS:      64512',
      '    Neighbor ID:      10.0.0.12',
      '    Neighbor caps:    refresh enhanced-refresh restart-able llgr-aware AS4 add-path-rx add-path-tx',
      '    Session:          internal multihop AS4 add-path-rx add-path-tx',
      '    Source address:   fd00:a::11',
    ]);
  });
});

const sessions = (of: Simulator, netns: string, daemon?: 'bird6'): readonly string[] =>
  (of.routing.at(netns, daemon)?.protocols ?? []).flatMap((protocol) =>
    protocol.kind === 'BGP' ? [`${protocol.name} ${protocol.bgp}`] : [],
  );

/** Prefixes of pods that BIRD put into the IPv6 table of a kernel. */
const podRoutes = (of: Simulator, netns: string): readonly string[] =>
  (of.network.netns(netns)?.inet6?.routes ?? [])
    .filter(({ protocol, type }) => protocol === 'bird' && type === 'unicast')
    .map(({ prefix }) => formatIpCidr(prefix))
    .filter((text) => text.startsWith('fd00:10:244:'));

describe('with the ToR', () => {
  let lab: Simulator;
  const create = (resource: string, body: JsonObject): void => {
    const path = `/apis/crd.projectcalico.org/v1/${resource}`;
    expect(lab.cluster.request({ method: 'POST', path, body }).code).toBe(201);
  };
  beforeAll(() => {
    lab = new Simulator({ topology: onTor(), seed: 1, epoch: 0, defaultPool: true });
    lab.settle(60_000);
    const kind = { apiVersion: 'crd.projectcalico.org/v1', kind: 'BGPPeer' };
    for (const [name, segment, peerIP] of [
      ['tor-a', 'rack-a', 'fd00:a::1'],
      ['tor-b', 'rack-b', 'fd00:b::1'],
    ] as const) {
      const nodes = dualStack().nodes.filter((node) => node.segment === segment);
      for (const { name: node } of nodes)
        create('bgppeers', {
          ...kind,
          metadata: { name: `${name}-${node}` },
          spec: { node, peerIP, asNumber: 65100 },
        });
    }
    lab.settle(60_000);
  });

  test('the router speaks with each node in both families, if the node wants', () => {
    expect(sessions(lab, 'router/router')).toEqual([
      'control_plane Passive',
      'control_plane_v6 Established',
      'node1 Passive',
      'node1_v6 Established',
      'node2 Passive',
      'node2_v6 Established',
      'node3 Passive',
      'node3_v6 Established',
    ]);
    expect(sessions(lab, 'node/node3', 'bird6')).toContain('Node_fd00_b__1 Established');
  });

  test('it knows every block, and tells nodes nothing of the segments', () => {
    expect(podRoutes(lab, 'router/router')).toHaveLength(3);
    const told = lab.routing
      .at('node/node1', 'bird6')
      ?.routes.filter(({ protocol }) => protocol === 'Node_fd00_a__1')
      .map(({ prefix }) => formatIpCidr(prefix));
    expect(told).not.toContain('fd00:b::/64');
  });

  test('a snapshot takes all daemons along', () => {
    const read = lab.decode(JSON.parse(JSON.stringify(lab.encode())));
    expect(read.ok && worldHash(read.value)).toBe(worldHash(lab.world));
  });

  test('without the IPv6 route to a neighbour its IPv6 session ends with the hold time, and nothing of IPv4 moves', () => {
    const before = podRoutes(lab, 'node/node1').length;
    const edit = { kind: 'delete-route', prefix: { base: '0'.repeat(32), length: 0 } } as never;
    expect(lab.network.edit('node/node1', edit)).toEqual({ ok: true });
    lab.advanceTo(lab.now + 260_000);
    expect(sessions(lab, 'node/node1', 'bird6')).not.toContain('Mesh_fd00_b__13 Established');
    expect(sessions(lab, 'node/node1')).toContain('Mesh_10_0_1_13 Established');
    expect(podRoutes(lab, 'node/node1').length).toBeLessThanOrEqual(before);
  });

  test('calico-node that goes takes both daemons along', () => {
    const pods = lab.cluster.request({
      method: 'GET',
      path: '/api/v1/namespaces/kube-system/pods',
      query: { labelSelector: 'k8s-app=calico-node', fieldSelector: 'spec.nodeName=node2' },
    });
    const [pod] = pods.body['items'] as readonly { readonly metadata: { readonly name: string } }[];
    const since = lab.routing.at('node/node2', 'bird6')?.startedAt ?? 0;
    const path = `/api/v1/namespaces/kube-system/pods/${pod?.metadata.name ?? ''}`;
    expect(lab.cluster.request({ method: 'DELETE', path }).code).toBe(200);
    lab.settle(120_000);
    expect(lab.routing.at('node/node2', 'bird6')?.startedAt).toBeGreaterThan(since);
    expect(sessions(lab, 'node/node2', 'bird6')).toContain('Mesh_fd00_a__11 Established');
  });
});
