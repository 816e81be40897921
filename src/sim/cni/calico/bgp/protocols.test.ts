/** Expected statements: confd/tests/compiled_templates of Calico v3.32.1, for the scenarios named, with their input. */
import { describe, expect, test } from 'vitest';
import { BgpLab } from './bgp-lab.contract.ts';

const NO_MESH = { nodeToNodeMeshEnabled: false };
const SOURCE = 'local as 64512; source address 10.192.0.2';

describe('the mesh', () => {
  test('one side of each pair waits: the one whose peer sorts behind it', () => {
    const lab = new BgpLab();
    expect(lab.protocols('kube-master')).toEqual([
      `Mesh_10_192_0_3: neighbor 10.192.0.3 as 64512; ${SOURCE}; passive on`,
      `Mesh_10_192_0_4: neighbor 10.192.0.4 as 64512; ${SOURCE}; passive on`,
    ]);
    expect(lab.protocols('kube-node-2')).toEqual([
      'Mesh_10_192_0_2: neighbor 10.192.0.2 as 64512; local as 64512; source address 10.192.0.4',
      'Mesh_10_192_0_3: neighbor 10.192.0.3 as 64512; local as 64512; source address 10.192.0.4',
    ]);
  });

  test('AS number, port of each peer, restart time and password (mesh/communities, mesh/restart-time, mesh/password)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', {
        asNumber: 64567,
        listenPort: 177,
        nodeMeshMaxRestartTime: '2m30s',
        nodeMeshPassword: { secretKeyRef: { name: 'my-secrets', key: 'a' } },
      })
      .with('BGPConfiguration', 'node.kube-node-1', { listenPort: 178 });
    const rest = 'local as 64567; source address 10.192.0.2; passive on; graceful restart time 150';
    expect(lab.protocols('kube-master')).toEqual([
      `Mesh_10_192_0_3: neighbor 10.192.0.3 port 178 as 64567; ${rest}`,
      `Mesh_10_192_0_4: neighbor 10.192.0.4 port 177 as 64567; ${rest}`,
    ]);
    expect(lab.config('kube-node-1').listenPort).toBe(178);
    expect(lab.config('kube-master').listenPort).toBe(177);
    // Until the secret is there, there is no password; it may come later, and change.
    lab.secret('my-secrets', { a: 'cGFzc3dvcmQtYQ==' });
    expect(lab.protocols('kube-master')[1]).toBe(
      `Mesh_10_192_0_4: neighbor 10.192.0.4 port 177 as 64567; ${rest}; password "password-a"`,
    );
    lab.secret('my-secrets', { a: 'bmV3LWE=' });
    expect(lab.protocols('kube-master')[1]).toContain('password "new-a"');
  });

  test('reflectors stand outside it (mesh/route-reflector-mesh-enabled)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', { asNumber: 64532, nodeToNodeMeshEnabled: true })
      .node('kube-node-2', { routeReflector: 'true' }, { RouteReflectorClusterID: '10.0.0.1' })
      .with('BGPPeer', 'bgppeer-1', {
        peerIP: '172.19.4.87',
        asNumber: 64533,
        nodeSelector: 'has(routeReflector)',
      })
      .with('BGPPeer', 'bgppeer-v6', {
        peerIP: '[ac13::57]:50',
        asNumber: 64533,
        nodeSelector: 'has(routeReflector)',
      })
      .with('BGPPeer', 'bgppeer-other-nodes', {
        nodeSelector: 'has(routeReflector)',
        peerSelector: '!has(routeReflector)',
      });
    expect(lab.protocols('kube-master')).toEqual([
      'Mesh_10_192_0_3: neighbor 10.192.0.3 as 64532; local as 64532; source address 10.192.0.2; passive on',
      'Node_10_192_0_4: neighbor 10.192.0.4 as 64532; local as 64532; source address 10.192.0.2',
    ]);
    const own = 'local as 64532; source address 10.192.0.4';
    expect(lab.protocols('kube-node-2')).toEqual([
      `Node_10_192_0_2: neighbor 10.192.0.2 as 64532; ${own}; rr client; rr cluster id 10.0.0.1`,
      `Node_10_192_0_3: neighbor 10.192.0.3 as 64532; ${own}; rr client; rr cluster id 10.0.0.1`,
      `Node_172_19_4_87: neighbor 172.19.4.87 as 64533; ${own}`,
    ]);
  });

  test('an AS of a node makes it an outer neighbour, on a network of ours', () => {
    const lab = new BgpLab().node('kube-node-1', {}, { ASNumber: '65001' });
    expect(lab.protocols('kube-master')[0]).toBe(
      `Mesh_10_192_0_3: neighbor 10.192.0.3 as 65001; ${SOURCE}; direct; passive on`,
    );
    // A node with its own AS takes the others to be in it; upstream has it so.
    expect(lab.protocols('kube-node-1')[1]).toBe(
      'Mesh_10_192_0_4: neighbor 10.192.0.4 as 65001; local as 65001; source address 10.192.0.3; passive on',
    );
  });
});

describe('peers that an address names', () => {
  test('global ones, of nodes and with ports (explicit_peering/global)', () => {
    const lab = new BgpLab()
      .node('kube-node-2', {}, { IPv4Address: '10.192.0.1/16' })
      .with('BGPConfiguration', 'default', {
        ...NO_MESH,
        asNumber: 64567,
        listenPort: 150,
        bindMode: 'NodeIP',
      })
      .with('BGPPeer', 'bgppeer-1', { peerIP: '10.192.0.3', asNumber: 64567, sourceAddress: 'None' })
      .with('BGPPeer', 'bgppeer-2', { peerIP: '10.192.0.1:166', asNumber: 64567 })
      .with('BGPPeer', 'bgppeer-3', { peerIP: '10.192.0.1', asNumber: 64567 });
    const own = 'local as 64567; source address 10.192.0.2';
    expect(lab.protocols('kube-master')).toEqual([
      `Global_10_192_0_1_port_150: neighbor 10.192.0.1 port 150 as 64567; ${own}`,
      `Global_10_192_0_1_port_166: neighbor 10.192.0.1 port 166 as 64567; ${own}`,
      'Global_10_192_0_3_port_150: neighbor 10.192.0.3 port 150 as 64567; local as 64567; passive on',
    ]);
    expect(lab.config('kube-master').listenAddress).toBe(lab.config('kube-master').routerId);
  });

  test('of one node; an AS of its own (explicit_peering/local-as)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .with('BGPPeer', 'bgppeer-1', {
        peerIP: '10.192.0.3',
        asNumber: 64512,
        localASNumber: 64512,
        node: 'kube-master',
        numAllowedLocalASNumbers: 1,
      })
      .with('BGPPeer', 'bgppeer-2', {
        peerIP: '10.192.0.4',
        asNumber: 64566,
        localASNumber: 65001,
        node: 'kube-master',
      });
    expect(lab.protocols('kube-master')).toEqual([
      `Node_10_192_0_3: neighbor 10.192.0.3 as 64512; ${SOURCE}; allow local as 1`,
      'Node_10_192_0_4: neighbor 10.192.0.4 as 64566; local as 65001; source address 10.192.0.2',
    ]);
    // The first is between nodes, and gets its other direction; for the second the far node's AS does not fit.
    expect(lab.protocols('kube-node-1')).toEqual([
      'Node_10_192_0_2: neighbor 10.192.0.2 as 64512; local as 64512; source address 10.192.0.3',
    ]);
    expect(lab.protocols('kube-node-2')).toEqual([]);
  });

  test('racks chosen by their label', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .node('kube-master', { rack: 'a' })
      .node('kube-node-1', { rack: 'a' })
      .node('kube-node-2', { rack: 'b' })
      .with('BGPPeer', 'tor-a', { peerIP: '10.192.0.250', asNumber: 65001, nodeSelector: "rack == 'a'" })
      .with('BGPPeer', 'tor-b', { peerIP: '10.192.0.251', asNumber: 65002, nodeSelector: "rack == 'b'" });
    expect(lab.protocols('kube-master')).toEqual([
      `Node_10_192_0_250: neighbor 10.192.0.250 as 65001; ${SOURCE}`,
    ]);
    expect(lab.protocols('kube-node-2')).toEqual([
      'Node_10_192_0_251: neighbor 10.192.0.251 as 65002; local as 64512; source address 10.192.0.4',
    ]);
    lab.node('kube-node-2', { rack: 'a' });
    expect(lab.protocols('kube-node-2')).toEqual([
      'Node_10_192_0_250: neighbor 10.192.0.250 as 65001; local as 64512; source address 10.192.0.4',
    ]);
    // Labels that calicoctl set are in an annotation.
    lab.node('kube-node-1', {}, { labels: '{"edge":"true"}' });
    lab.with('BGPPeer', 'edge', { peerIP: '10.192.0.252', asNumber: 65003, nodeSelector: 'has(edge)' });
    expect(lab.protocols('kube-node-1').map((line) => line.split(':')[0])).toEqual([
      'Node_10_192_0_250',
      'Node_10_192_0_252',
    ]);
    expect(lab.without('BGPPeer', 'tor-a').protocols('kube-master')).toEqual([]);
  });

  test('a global peer stands for one of the same address; a node has none with itself', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .with('BGPPeer', 'all', { peerIP: '10.192.0.3', asNumber: 64512 })
      .with('BGPPeer', 'one', { peerIP: '10.192.0.3', asNumber: 64512, node: 'kube-master' });
    expect(lab.protocols('kube-master')).toEqual([
      `Global_10_192_0_3: neighbor 10.192.0.3 as 64512; ${SOURCE}; passive on`,
    ]);
    expect(lab.protocols('kube-node-1').map((line) => line.split(';')[0])).toEqual([
      'Node_10_192_0_2: neighbor 10.192.0.2 as 64512',
      'Node_10_192_0_4: neighbor 10.192.0.4 as 64512',
    ]);
  });

  test('next hop modes and the old switch, which is for outer peers (next_hop_mode/global_peers)', () => {
    const lab = new BgpLab().with('BGPConfiguration', 'default', NO_MESH);
    const nextHop = (spec: Record<string, string | number | boolean>): string | undefined =>
      lab.with('BGPPeer', 'p', { peerIP: '10.192.0.250', ...spec }).config('kube-master').neighbours[0]
        ?.nextHop;
    expect(nextHop({ asNumber: 65001, nextHopMode: 'Auto' })).toBeUndefined();
    expect(nextHop({ asNumber: 65001, nextHopMode: 'Self' })).toBe('self');
    expect(nextHop({ asNumber: 65001, nextHopMode: 'Keep' })).toBe('keep');
    expect(nextHop({ asNumber: 64512, nextHopMode: 'Keep' })).toBe('keep');
    expect(nextHop({ asNumber: 65001, keepOriginalNextHop: true })).toBe('keep');
    expect(nextHop({ asNumber: 64512, keepOriginalNextHop: true })).toBeUndefined();
    expect(nextHop({ asNumber: 65001, keepOriginalNextHop: true, nextHopMode: 'Auto' })).toBeUndefined();
  });

  test('hops, gateway, timers and password (ttl_security, reachable_by, sourceaddr_gracefulrestart, password)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .secret('tor', { key: 'czNjcmV0' })
      .with('BGPPeer', 'tor', {
        peerIP: '172.17.0.9',
        asNumber: 65001,
        ttlSecurity: 2,
        reachableBy: '10.192.0.1',
        maxRestartTime: '10s',
        keepaliveTime: '1m1.5s',
        password: { secretKeyRef: { name: 'tor', key: 'key' } },
      });
    expect(lab.protocols('kube-master')).toEqual([
      `Global_172_17_0_9: neighbor 172.17.0.9 as 65001; ${SOURCE}; ttl security on; multihop 2; graceful restart time 10; keepalive time 62; password "s3cret"`,
    ]);
    expect(lab.statics('kube-master')).toEqual(['172.17.0.9/32 via 10.192.0.1']);
  });

  test('what cannot be a peer makes no protocol', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .with('BGPPeer', 'six', { peerIP: 'fd00::1', asNumber: 65001 })
      .with('BGPPeer', 'nobody', { asNumber: 65001 })
      .with('BGPPeer', 'elsewhere', { peerIP: '10.192.0.9', asNumber: 65001, node: 'gone' })
      .with('BGPPeer', 'workload', { localWorkloadSelector: 'all()', asNumber: 65001 });
    expect(lab.protocols('kube-master')).toEqual([]);
  });
});

describe('peers that a selector finds', () => {
  test('each way, with the port of the far node (explicit_peering/selectors)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .with('BGPConfiguration', 'node.kube-node-1', { listenPort: 500 })
      .node('kube-master', { group: 'one' })
      .node('kube-node-1', { group: 'two' })
      .node('kube-node-2', { group: 'two' })
      .with('BGPPeer', 'bgppeer-1', { nodeSelector: "group=='one'", peerSelector: "group=='two'" });
    expect(lab.protocols('kube-master')).toEqual([
      `Node_10_192_0_3_port_500: neighbor 10.192.0.3 port 500 as 64512; ${SOURCE}`,
      `Node_10_192_0_4: neighbor 10.192.0.4 as 64512; ${SOURCE}`,
    ]);
    expect(lab.protocols('kube-node-1')).toEqual([
      'Node_10_192_0_2: neighbor 10.192.0.2 as 64512; local as 64512; source address 10.192.0.3',
    ]);
    // reverse_peering/manual: the one direction only.
    lab.with('BGPPeer', 'bgppeer-1', {
      nodeSelector: "group=='one'",
      peerSelector: "group=='two'",
      reversePeering: 'Manual',
    });
    expect(lab.protocols('kube-node-1')).toEqual([]);
    expect(lab.protocols('kube-master')).toHaveLength(2);
  });

  test('a reflector, and its clients without a mesh (explicit_peering/route_reflector)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', { ...NO_MESH, asNumber: 64532 })
      .node('kube-master', { routeReflector: 'true' }, { RouteReflectorClusterID: '10.0.0.1' })
      .with('BGPPeer', 'bgppeer-1', {
        peerIP: '172.19.4.87',
        asNumber: 64533,
        nodeSelector: 'has(routeReflector)',
      })
      .with('BGPPeer', 'bgppeer-other-nodes', {
        nodeSelector: 'has(routeReflector)',
        peerSelector: '!has(routeReflector)',
      });
    const own = 'local as 64532; source address 10.192.0.2';
    expect(lab.protocols('kube-master')).toEqual([
      `Node_10_192_0_3: neighbor 10.192.0.3 as 64532; ${own}; rr client; rr cluster id 10.0.0.1`,
      `Node_10_192_0_4: neighbor 10.192.0.4 as 64532; ${own}; rr client; rr cluster id 10.0.0.1`,
      `Node_172_19_4_87: neighbor 172.19.4.87 as 64533; ${own}`,
    ]);
    expect(lab.protocols('kube-node-1')).toEqual([
      'Node_10_192_0_2: neighbor 10.192.0.2 as 64532; local as 64532; source address 10.192.0.3',
    ]);
  });

  test('two reflectors: of one cluster they are peers, of two each is the other one’s client', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .node('kube-master', { routeReflector: 'true' }, { RouteReflectorClusterID: '244.0.0.1' })
      .node('kube-node-1', { routeReflector: 'true' }, { RouteReflectorClusterID: '244.0.0.1' })
      .with('BGPPeer', 'clients', {
        nodeSelector: '!has(routeReflector)',
        peerSelector: 'has(routeReflector)',
      })
      .with('BGPPeer', 'reflectors', {
        nodeSelector: 'has(routeReflector)',
        peerSelector: 'has(routeReflector)',
      });
    expect(lab.protocols('kube-master')).toEqual([
      `Node_10_192_0_3: neighbor 10.192.0.3 as 64512; ${SOURCE}`,
      `Node_10_192_0_4: neighbor 10.192.0.4 as 64512; ${SOURCE}; rr client; rr cluster id 244.0.0.1`,
    ]);
    expect(lab.protocols('kube-node-2').map((line) => line.split(':')[0])).toEqual([
      'Node_10_192_0_2',
      'Node_10_192_0_3',
    ]);
    lab.node('kube-node-1', {}, { RouteReflectorClusterID: '244.0.0.2' });
    expect(lab.protocols('kube-master')[0]).toBe(
      `Node_10_192_0_3: neighbor 10.192.0.3 as 64512; ${SOURCE}; rr client; rr cluster id 244.0.0.1`,
    );
    expect(lab.protocols('kube-node-1')[0]).toContain('rr client; rr cluster id 244.0.0.2');
  });
});
