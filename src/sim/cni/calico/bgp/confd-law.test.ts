/** Confd's law, as Felix's: what is rendered depends on what is stored in the end, not on the order of the writes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BgpLab, type Write } from './bgp-lab.contract.ts';

const WRITES: readonly Write[] = [
  (lab) =>
    lab.with('BGPConfiguration', 'default', {
      nodeToNodeMeshEnabled: false,
      asNumber: 64567,
      serviceClusterIPs: [{ cidr: '10.101.0.0/16' }],
      serviceExternalIPs: [{ cidr: '45.12.0.1/32' }],
      communities: [{ name: 'red', value: '100:1' }],
      prefixAdvertisements: [{ cidr: '192.168.0.0/16', communities: ['red'] }],
    }),
  (lab) => lab.with('BGPConfiguration', 'node.kube-node-1', { listenPort: 178 }),
  (lab) => lab.with('BGPFilter', 'ours', { exportV4: [{ action: 'Accept', source: 'RemotePeers' }] }),
  (lab) =>
    lab.with('BGPPeer', 'tor', {
      peerIP: '10.192.0.250',
      asNumber: 65001,
      filters: ['ours'],
      password: { secretKeyRef: { name: 'tor', key: 'key' } },
    }),
  (lab) => lab.with('BGPPeer', 'clients', { nodeSelector: '!has(rr)', peerSelector: 'has(rr)' }),
  (lab) =>
    lab.with('BGPPeer', 'rack', { nodeSelector: "rack == 'b'", peerIP: '10.192.0.251', asNumber: 65002 }),
  (lab) => lab.secret('tor', { key: 'czNjcmV0' }),
  (lab) => lab.node('kube-master', { rr: 'true' }, { RouteReflectorClusterID: '244.0.0.1' }),
  (lab) => lab.node('kube-node-1', { rack: 'b' }, { ASNumber: '64999' }),
  (lab) =>
    lab.node('kube-node-2', { rack: 'b', 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' }),
  (lab) => lab.pool('private', { cidr: '192.168.0.0/24', disableBGPExport: true, assignmentMode: 'Manual' }),
  (lab) =>
    lab.service('web', {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      clusterIP: '10.101.0.5',
      externalIPs: ['45.12.0.1'],
    }),
  (lab) => lab.endpoints('web', ['kube-node-1', 'kube-node-2']),
  (lab) =>
    lab.service('single', {
      type: 'NodePort',
      externalTrafficPolicy: 'Cluster',
      clusterIP: '10.101.0.6',
      externalIPs: ['45.12.0.1'],
    }),
  (lab) => lab.endpoints('single', ['kube-master']),
];

const NODES = ['kube-master', 'kube-node-1', 'kube-node-2'] as const;

function rendered(writes: readonly Write[]): unknown {
  const lab = new BgpLab();
  for (const write of writes) write(lab);
  return NODES.map((node) => lab.config(node));
}

describe('the same objects give the same files', () => {
  const wanted = rendered(WRITES);

  test('in whatever order they are written', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...WRITES], { minLength: WRITES.length }), (writes) => {
        expect(rendered(writes)).toEqual(wanted);
      }),
      { numRuns: 25, seed: 4 },
    );
  });

  test('whatever was there and went before', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }], listenPort: 500 })
      .with('BGPPeer', 'old', { peerIP: '10.192.0.3', asNumber: 64512 })
      .with('BGPFilter', 'ours', { importV4: [{ action: 'Reject' }] })
      .node('kube-master', { [`rack`]: 'b' }, { RouteReflectorClusterID: '9.9.9.9' });
    for (const write of WRITES) write(lab);
    lab.without('BGPPeer', 'old').node('kube-master', { rack: '' });
    expect(NODES.map((node) => lab.config(node))).toEqual(wanted);
  });
});
