/**
 * BGP on a whole cluster. Route lines: real kernel and BIRD 2 transcripts of the same lab, with the `metric 1024` and the
 * tunnel lines of Calico v3.32 as its templates write them. Times: BIRD 1.6.8 with Calico's configuration.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../src/model/ip.ts';
import type { BgpProtocolView } from '../../src/sim/routing/speaker-view.ts';
import type { Rule } from '../../src/sim/net/netfilter-rules.ts';
import { oneRack } from '../../src/sim/cni/calico/two-racks.contract.ts';
import { Simulator, worldHash } from '../../src/sim/index.ts';
import { kernelOrder, routeLine } from '../../src/sim/shell/ip/route-print.ts';
import { patch, ping, run, settled, TOPOLOGY } from './cluster.ts';

const POOL = '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool';
const BGP = '/apis/crd.projectcalico.org/v1/bgpconfigurations';
const MINUTE = 60_000;

function cluster(spec: Record<string, string | boolean> = {}): Simulator {
  const made = settled();
  patch(made, POOL, spec);
  made.settle(10_000);
  run(made, 'near', 'node1');
  run(made, 'same-rack', 'node2');
  run(made, 'far', 'node3');
  return made;
}

/** `ip route` on a node. */
const ipRoute = (of: Simulator, node: string): readonly string[] =>
  kernelOrder(
    (of.network.netns(`node/${node}`)?.routes ?? []).map((route) => ({
      ...route,
      table: 'main',
      linkDown: false,
    })),
  ).map((route) => routeLine(route, {}, false).trimEnd());

const birdLines = (of: Simulator, node: string): readonly string[] =>
  ipRoute(of, node).filter((line) => line.includes('proto bird'));

/** The lab's three workers only: the transcripts have no control plane. */
const workers = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => /10\.244\.(104|135|166)\./.test(line));

function session(of: Simulator, node: string, protocol: string): BgpProtocolView {
  const view = of.routing.speaker(node)?.protocols.find(({ name }) => name === protocol);
  if (view?.kind !== 'BGP') throw new Error(`no protocol ${protocol} on ${node}`);
  return view;
}

const podAddress = (of: Simulator, name: string): ReturnType<typeof ipv4> =>
  ipv4(String(of.world.cluster.store.get('pods', 'default', name)?.status?.['podIP']));

/** The answer to a ping from the pod on node1 to the one on node3, or on node2, which shares its rack. */
const pingFar = (of: Simulator): string => ping(of, 'pod/default/near', podAddress(of, 'far')).reply.kind;
const pingNear = (of: Simulator): string =>
  ping(of, 'pod/default/near', podAddress(of, 'same-rack')).reply.kind;

describe('routes that BIRD learns', () => {
  test('no encapsulation: next hops are resolved, through the gateway for the other rack', () => {
    const made = cluster({ ipipMode: 'Never' });
    expect(workers(birdLines(made, 'node1'))).toEqual([
      '10.244.104.0/26 via 10.0.0.12 dev eth0 proto bird metric 1024',
      '10.244.135.0/26 via 10.0.0.1 dev eth0 proto bird metric 1024',
      'blackhole 10.244.166.128/26 proto bird',
    ]);
    expect(workers(birdLines(made, 'node3'))).toEqual([
      '10.244.104.0/26 via 10.0.1.1 dev eth0 proto bird metric 1024',
      'blackhole 10.244.135.0/26 proto bird',
      '10.244.166.128/26 via 10.0.1.1 dev eth0 proto bird metric 1024',
    ]);
    expect(workers(birdLines(made, 'node2'))).toEqual([
      'blackhole 10.244.104.0/26 proto bird',
      '10.244.135.0/26 via 10.0.0.1 dev eth0 proto bird metric 1024',
      '10.244.166.128/26 via 10.0.0.11 dev eth0 proto bird metric 1024',
    ]);
  });

  test('IPIP Always and CrossSubnet', () => {
    const made = cluster({ ipipMode: 'Always' });
    expect(workers(birdLines(made, 'node1'))).toEqual([
      '10.244.104.0/26 via 10.0.0.12 dev tunl0 proto bird metric 1024 onlink',
      '10.244.135.0/26 via 10.0.1.13 dev tunl0 proto bird metric 1024 onlink',
      'blackhole 10.244.166.128/26 proto bird',
    ]);
    expect(pingFar(made)).toBe('reply');
    patch(made, POOL, { ipipMode: 'CrossSubnet' });
    made.settle(10_000);
    expect(workers(birdLines(made, 'node1'))).toEqual([
      '10.244.104.0/26 via 10.0.0.12 dev eth0 proto bird metric 1024',
      '10.244.135.0/26 via 10.0.1.13 dev tunl0 proto bird metric 1024 onlink',
      'blackhole 10.244.166.128/26 proto bird',
    ]);
    expect(pingFar(made)).toBe('reply');
  });

  test('VXLAN blocks are announced, and left to Felix by those who hear of them', () => {
    const made = cluster({ ipipMode: 'Never', vxlanMode: 'Always' });
    expect(birdLines(made, 'node1')).toEqual([]);
    expect(session(made, 'node1', 'Mesh_10_0_0_12').channel).toMatchObject({ imported: 1, exported: 1 });
  });

  test('a pool with disableBGPExport keeps its blocks to itself', () => {
    const made = cluster({ ipipMode: 'Never', disableBGPExport: true });
    expect(workers(birdLines(made, 'node1'))).toEqual(['blackhole 10.244.166.128/26 proto bird']);
    expect(pingNear(made)).not.toBe('reply');
    patch(made, POOL, { disableBGPExport: false });
    made.settle(10_000);
    expect(pingNear(made)).toBe('reply');
  });

  test('a route taken out by hand comes back with the next scan', () => {
    const made = cluster({ ipipMode: 'Never' });
    const lines = birdLines(made, 'node1');
    const prefix = { base: ipv4('10.244.104.0'), length: 26 };
    expect(made.network.edit('node/node1', { kind: 'delete-route', prefix })).toEqual({ ok: true });
    expect(birdLines(made, 'node1')).toHaveLength(lines.length - 1);
    expect(pingNear(made)).not.toBe('reply');
    made.advanceTo(made.now + 2_000);
    expect(birdLines(made, 'node1')).toEqual(lines);
  });

  test('without a way to the next hop the route is unreachable', () => {
    const made = cluster({ ipipMode: 'Never' });
    made.network.edit('node/node1', { kind: 'delete-route', prefix: { base: ipv4('0.0.0.0'), length: 0 } });
    expect(workers(birdLines(made, 'node1'))).toEqual([
      '10.244.104.0/26 via 10.0.0.12 dev eth0 proto bird metric 1024',
      'unreachable 10.244.135.0/26 proto bird metric 1024',
      'blackhole 10.244.166.128/26 proto bird',
    ]);
  });
});

describe('a session', () => {
  test('is called by the side whose peer does not sort behind it, two seconds after BIRD starts', () => {
    const made = settled();
    const [caller, called] = [
      session(made, 'node2', 'Mesh_10_0_0_11'),
      session(made, 'node1', 'Mesh_10_0_0_12'),
    ];
    expect([caller.passive, called.passive]).toEqual([false, true]);
    const started = made.routing.speaker('node2')?.startedAt ?? 0;
    expect(caller.since - started).toBeGreaterThanOrEqual(2_000);
    expect(caller.since - started).toBeLessThan(2_010);
    expect(caller.session).toMatchObject({
      peerCapabilities: [
        'refresh',
        'enhanced-refresh',
        'restart-able',
        'llgr-aware',
        'AS4',
        'add-path-rx',
        'add-path-tx',
      ],
      session: ['internal', 'multihop', 'AS4', 'add-path-rx', 'add-path-tx'],
      hold: { total: 240_000 },
      keepalive: { total: 80_000 },
    });
  });

  test('lives on keepalives while nothing changes', () => {
    const made = settled();
    const since = session(made, 'node1', 'Mesh_10_0_0_12').since;
    made.advanceTo(made.now + 20 * MINUTE);
    expect(session(made, 'node1', 'Mesh_10_0_0_12')).toMatchObject({ bgp: 'Established', since });
  });

  test('does not survive a netfilter rule against port 179, nor come back before the rule goes', () => {
    const made = cluster({ ipipMode: 'Never' });
    const change = (op: 'append' | 'delete'): void => {
      const rule: Rule = {
        matches: [
          { kind: 'protocol', protocol: 6 },
          { kind: 'destination-port', port: 179 },
        ],
        target: { kind: 'drop' },
      };
      const edit = { kind: 'netfilter', table: 'raw', change: { op, chain: 'PREROUTING', rule } } as const;
      expect(made.network.edit('node/node1', edit)).toEqual({ ok: true });
    };
    change('append');
    made.advanceTo(made.now + 5 * MINUTE);
    expect(session(made, 'node1', 'Mesh_10_0_0_12')).toMatchObject({
      bgp: 'Passive',
      lastError: 'BGP Error: Hold timer expired',
    });
    expect(session(made, 'node2', 'Mesh_10_0_0_11')).toMatchObject({
      state: 'start',
      lastError: 'Received: Hold timer expired',
    });
    expect(workers(birdLines(made, 'node1'))).toEqual(['blackhole 10.244.166.128/26 proto bird']);
    expect(pingNear(made)).not.toBe('reply');
    change('delete');
    made.advanceTo(made.now + MINUTE);
    expect(session(made, 'node1', 'Mesh_10_0_0_12').bgp).toBe('Established');
    expect(pingNear(made)).toBe('reply');
  });

  test('dies of its hold timer when the link goes, takes the routes along, and comes back with the link', () => {
    const made = cluster({ ipipMode: 'Never' });
    const lines = birdLines(made, 'node1');
    expect(pingNear(made)).toBe('reply');
    made.network.edit('node/node2', { kind: 'set-link', device: 'eth0', up: false });
    made.advanceTo(made.now + 2 * MINUTE);
    expect(session(made, 'node1', 'Mesh_10_0_0_12').bgp).toBe('Established');
    expect(birdLines(made, 'node1')).toEqual(lines);
    made.advanceTo(made.now + 3 * MINUTE);
    expect(session(made, 'node1', 'Mesh_10_0_0_12')).toMatchObject({
      state: 'start',
      lastError: expect.stringMatching(/^BGP Error: Hold timer expired$/) as string,
    });
    expect(birdLines(made, 'node1').filter((line) => line.includes('10.244.104.0/26'))).toEqual([]);
    expect(pingNear(made)).not.toBe('reply');
    made.network.edit('node/node2', { kind: 'set-link', device: 'eth0', up: true });
    made.network.edit('node/node2', {
      kind: 'add-route',
      replace: false,
      route: {
        prefix: { base: ipv4('0.0.0.0'), length: 0 },
        type: 'unicast',
        via: ipv4('10.0.0.1'),
        device: 'eth0',
        protocol: 'boot',
        scope: 'global',
      },
    });
    made.advanceTo(made.now + MINUTE);
    expect(session(made, 'node1', 'Mesh_10_0_0_12').bgp).toBe('Established');
    expect(birdLines(made, 'node1')).toEqual(lines);
    expect(pingNear(made)).toBe('reply');
  });

  test('ends when the mesh is switched off, and the routes with it', () => {
    const made = cluster({ ipipMode: 'Never' });
    const lines = birdLines(made, 'node1');
    patch(made, `${BGP}/default`, { nodeToNodeMeshEnabled: false });
    made.settle(10_000);
    expect(workers(birdLines(made, 'node1'))).toEqual(['blackhole 10.244.166.128/26 proto bird']);
    expect(pingNear(made)).not.toBe('reply');
    patch(made, `${BGP}/default`, { nodeToNodeMeshEnabled: true });
    made.settle(10_000);
    expect(birdLines(made, 'node1')).toEqual(lines);
    expect(pingNear(made)).toBe('reply');
  });

  test('that loses its BIRD without a word keeps the routes while the pod comes back', () => {
    const made = cluster({ ipipMode: 'Never' });
    const lines = birdLines(made, 'node1');
    const pods = made.world.cluster.store.list('pods', 'kube-system');
    const pod = pods.find(
      ({ metadata, spec }) =>
        metadata.labels?.['k8s-app'] === 'calico-node' && spec?.['nodeName'] === 'node2',
    );
    const path = `/api/v1/namespaces/kube-system/pods/${pod?.metadata.name ?? ''}`;
    made.cluster.request({ method: 'DELETE', path, query: { gracePeriodSeconds: '0' } });
    for (let waited = 0; waited < 100 && made.routing.speaker('node2'); waited += 1)
      made.advanceTo(made.now + 10);
    expect(made.routing.speaker('node2')).toBeUndefined();
    expect(session(made, 'node1', 'Mesh_10_0_0_12')).toMatchObject({
      state: 'start',
      bgp: 'Passive',
      lastError: 'Socket: Connection closed',
    });
    expect(birdLines(made, 'node1')).toEqual(lines);
    expect(pingNear(made)).toBe('reply');
    made.settle(30_000);
    expect(session(made, 'node1', 'Mesh_10_0_0_12')).toMatchObject({
      bgp: 'Established',
      lastError: undefined,
    });
    expect(birdLines(made, 'node1')).toEqual(lines);
  });
});

describe('the daemons', () => {
  test('run where calico-node runs with the bird backend, and nowhere with vxlan', () => {
    const options = { topology: TOPOLOGY, seed: 1, epoch: 0, defaultPool: true } as const;
    const made = new Simulator({ ...options, backend: 'vxlan' });
    made.settle(30_000);
    expect(made.world.routing.speakers.size).toBe(0);
    expect(made.network.netns('node/node1')?.listeners.some(({ port }) => port === 179)).toBe(false);
    expect(settled().world.routing.speakers.size).toBe(TOPOLOGY.nodes.length);
  });

  test('of thirty nodes make a full mesh, each pair once', () => {
    const made = new Simulator({ topology: oneRack(30), seed: 1, epoch: 0, defaultPool: true });
    made.settle(5_000);
    const peers = [...made.world.routing.peers.values()];
    expect(peers).toHaveLength(30 * 29);
    expect(peers.every(({ connection }) => connection?.bgp === 'Established')).toBe(true);
    expect(peers.filter(({ config }) => config.passive)).toHaveLength((30 * 29) / 2);
    expect(made.world.routing.work.size).toBe(0);
  });
});

describe("Felix's law with routing", () => {
  type Act = (of: Simulator) => void;
  const acts: readonly Act[] = [
    (of) => patch(of, POOL, { ipipMode: 'Never' }),
    (of) => patch(of, POOL, { natOutgoing: false }),
    (of) => patch(of, `${BGP}/default`, { asNumber: 64_600 }),
    (of) => of.network.edit('node/node2', { kind: 'set-link', device: 'tunl0', up: false }),
  ];

  test('in whatever order a datastore is filled, after convergence the routes are the same', () => {
    const nodes = ['node1', 'node2', 'node3'];
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...acts], { minLength: acts.length }),
        fc.array(fc.constantFrom(0, 3_000, 70_000), { minLength: 4, maxLength: 4 }),
        (order, pauses) => {
          const made = settled();
          order.forEach((act, at) => {
            act(made);
            made.advanceTo(made.now + (pauses[at] ?? 0));
          });
          made.settle(30_000);
          outcomes.add(nodes.map((node) => ipRoute(made, node).join('\n')).join('\n\n'));
        },
      ),
      { numRuns: 6 },
    );
    expect(outcomes.size).toBe(1);
  });

  test('the fingerprint of a world sees its sessions', () => {
    const made = settled();
    const before = worldHash(made.world);
    const { routing, ...rest } = made.world;
    const peers = [...routing.peers.entries()];
    const [key, peer] = peers[0] ?? [];
    if (key === undefined || !peer) throw new Error('no peers');
    const other = { ...routing, peers: routing.peers.set(key, { ...peer, attempts: 7 }) };
    expect(worldHash({ ...rest, routing: other })).not.toBe(before);
  });
});
