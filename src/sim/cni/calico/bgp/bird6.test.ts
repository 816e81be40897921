/** What bird6 is told. Expected statements: bird6*.cfg of confd/tests/compiled_templates, Calico v3.32.1, for the scenarios named. */
import { describe, expect, test } from 'vitest';
import { BgpLab, type LabNode } from './bgp-lab.contract.ts';

const ADDRESSES = {
  'kube-master': 'fe0a::2/96',
  'kube-node-1': 'fe0a::3/96',
  'kube-node-2': 'fe0a::4/96',
} as const;

function dualStack(): BgpLab {
  const lab = new BgpLab();
  for (const [node, address] of Object.entries(ADDRESSES))
    lab.node(node as LabNode, {}, { IPv6Address: address });
  return lab;
}

describe('bird6', () => {
  test('runs beside bird where the node has an IPv6 address, with its IPv4 address as router id', () => {
    expect(new BgpLab().config6('kube-master')).toBeUndefined();
    const lab = dualStack();
    expect(lab.config6('kube-master')).toMatchObject({
      process: lab.config('kube-master').process,
      families: [6],
      routerId: lab.config('kube-master').routerId,
    });
  });

  test('the mesh: one side of each pair waits (mesh/restart-time)', () => {
    const lab = dualStack().with('BGPConfiguration', 'default', { nodeMeshMaxRestartTime: '10s' });
    const rest = (own: string): string => `local as 64512; source address ${own}`;
    expect(lab.protocols6('kube-node-1')).toEqual([
      `Mesh_fe0a__2: neighbor fe0a::2 as 64512; ${rest('fe0a::3')}; graceful restart time 10`,
      `Mesh_fe0a__4: neighbor fe0a::4 as 64512; ${rest('fe0a::3')}; passive on; graceful restart time 10`,
    ]);
    expect(lab.protocols('kube-node-1').map((text) => text.split(':')[0])).toEqual([
      'Mesh_10_192_0_2',
      'Mesh_10_192_0_4',
    ]);
  });

  test('a peer given by its IPv6 address, and the way back in that family alone (explicit_peering/route_reflector_v6_by_ip)', () => {
    const lab = dualStack()
      .with('BGPConfiguration', 'default', { asNumber: 64532, nodeToNodeMeshEnabled: false })
      .node('kube-master', { routeReflector: 'true' }, { RouteReflectorClusterID: '10.0.0.1' })
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
      .with('BGPPeer', 'bgppeer-other-nodes', { peerIP: 'fe0a::2' });
    const source = 'local as 64532; source address fe0a::2';
    expect(lab.protocols6('kube-master')).toEqual([
      `Node_ac13__57_port_50: neighbor ac13::57 port 50 as 64533; ${source}`,
      `Node_fe0a__3: neighbor fe0a::3 as 64532; ${source}; rr client; rr cluster id 10.0.0.1`,
      `Node_fe0a__4: neighbor fe0a::4 as 64532; ${source}; rr client; rr cluster id 10.0.0.1`,
    ]);
    expect(lab.protocols('kube-master')).toEqual([
      'Node_172_19_4_87: neighbor 172.19.4.87 as 64533; local as 64532; source address 10.192.0.2',
    ]);
  });

  test('peers that a selector finds are spoken to in both families (explicit_peering/route_reflector)', () => {
    const lab = dualStack()
      .with('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false })
      .node('kube-master', { rr: 'yes' }, { RouteReflectorClusterID: '10.0.0.1' })
      .with('BGPPeer', 'to-rr', { nodeSelector: '!has(rr)', peerSelector: 'has(rr)' });
    const names = (texts: readonly string[]): readonly string[] =>
      texts.map((text) => text.slice(0, text.indexOf(': ')));
    expect(names(lab.protocols6('kube-node-1'))).toEqual(['Node_fe0a__2']);
    expect(names(lab.protocols6('kube-master'))).toEqual(['Node_fe0a__3', 'Node_fe0a__4']);
    expect(names(lab.protocols('kube-master'))).toEqual(['Node_10_192_0_3', 'Node_10_192_0_4']);
  });

  test('ways to peers are of their family (reachable_by/global_peers)', () => {
    const lab = dualStack()
      .with('BGPPeer', 'a', { peerIP: 'ffee::10', asNumber: 65515, reachableBy: 'ffee::1:1' })
      .with('BGPPeer', 'b', { peerIP: '172.17.0.10', asNumber: 65515, reachableBy: '10.192.0.1' });
    expect(lab.statics6('kube-master')).toEqual(['ffee::10/128 via ffee::1:1']);
    expect(lab.statics('kube-master')).toEqual(['172.17.0.10/32 via 10.192.0.1']);
  });

  test('pools: VXLAN is Felix’s, and what is accepted anyway is not said (mesh/vxlan-always)', () => {
    const lab = dualStack()
      .pool('v6', { cidr: 'dead:beef::/64', vxlanMode: 'Always', ipipMode: 'Never' })
      .pool('plain', { cidr: 'dead:cafe::/64', vxlanMode: 'Never', ipipMode: 'Never' })
      .pool('v4', { cidr: '192.168.0.0/16', vxlanMode: 'Never', ipipMode: 'Always' });
    expect(lab.kernel6('kube-master')).toEqual(['net ~ dead:beef::/64: reject']);
    expect(lab.exports6('kube-master').slice(-2)).toEqual([
      'net ~ dead:beef::/64: accept',
      'net ~ dead:cafe::/64: accept',
    ]);
    expect(lab.exports('kube-master').some((text) => text.includes('dead:'))).toBe(false);
  });

  test('services: whole ranges and single addresses of its family (mesh/static-routes)', () => {
    const lab = dualStack()
      .with('BGPConfiguration', 'default', {
        serviceClusterIPs: [{ cidr: '10.101.0.0/16' }, { cidr: 'fd00:96::/112' }],
      })
      .service('local', {
        type: 'NodePort',
        clusterIP: '10.101.0.101',
        clusterIPs: ['10.101.0.101', 'fd00:96::28'],
        ipFamilies: ['IPv4', 'IPv6'],
        externalTrafficPolicy: 'Local',
      })
      .endpoints('local', ['kube-master']);
    expect(lab.statics6('kube-master')).toEqual(['fd00:96::/112 blackhole', 'fd00:96::28/128 blackhole']);
    expect(lab.statics6('kube-node-1')).toEqual(['fd00:96::/112 blackhole']);
    expect(lab.statics('kube-master')).toEqual(['10.101.0.0/16 blackhole', '10.101.0.101/32 blackhole']);
    expect(lab.kernel6('kube-master')).toEqual(['net ~ fd00:96::/112: reject']);
  });

  test('filters: the IPv6 rules of a BGPFilter, and communities of IPv6 prefixes (bgpfilter/v6_only)', () => {
    const lab = dualStack()
      .with('BGPFilter', 'test-filter-1', {
        importV4: [{ action: 'Reject' }],
        importV6: [
          { action: 'Accept', matchOperator: 'In', cidr: '5000::0/64' },
          {
            action: 'Reject',
            matchOperator: 'In',
            cidr: '5000:1::0/64',
            prefixLength: { min: 80 },
            source: 'RemotePeers',
          },
        ],
      })
      .with('BGPPeer', 'p', { peerIP: '2001::103', asNumber: 64517, filters: ['test-filter-1'] })
      .with('BGPConfiguration', 'default', {
        prefixAdvertisements: [
          { cidr: 'dead:beef::/64', communities: ['65000:100'] },
          { cidr: '192.168.0.0/16', communities: ['65000:200'] },
        ],
        ipv6NormalRoutePriority: 2000,
      });
    expect(lab.filter6('bgp_test-filter-1_importFilterV6')).toEqual([
      'net ~ 5000::/64: accept',
      'net ~ 5000:1::/64{80,128}, source bgp: reject',
    ]);
    expect(lab.filter6('bgp_test-filter-1_importFilterV4')).toEqual([]);
    expect(
      lab.config6('kube-master')?.neighbours.find(({ name }) => name === 'Global_2001__103'),
    ).toMatchObject({
      importFilters: ['bgp_test-filter-1_importFilterV6', 'elevated_priority'],
    });
    expect(lab.exports6('kube-master')).toContain('net ~ dead:beef::/64: add 65000:100');
    expect(lab.exports6('kube-master').some((text) => text.includes('65000:200'))).toBe(false);
    expect(lab.config6('kube-master')?.normalMetric).toBe(2000);
    expect(lab.config('kube-master').normalMetric).toBe(1024);
  });
});
