/** Source of what is expected: node/pkg/allocateip/allocateip.go, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { ipv4 } from '../../../model/ip.ts';
import { transactionDatastore } from './datastore.ts';
import { Ipam } from './ipam/ipam.ts';
import { audit } from './ipam/ipam-audit.contract.ts';
import { IPAM_HANDLES, IP_POOLS, NODES, NODE_ANNOTATION } from './kinds.ts';
import { TestCluster } from './two-racks.contract.ts';

const cluster = (spec: JsonObject): TestCluster =>
  new TestCluster().withCalico('none').withPool('pool', { cidr: '10.244.0.0/16', ...spec });

function change(tested: TestCluster, spec: JsonObject): void {
  tested.change((tx) => {
    const pool = tx.get(IP_POOLS, undefined, 'pool');
    if (pool) tx.put(IP_POOLS, { ...pool, spec: { ...pool.spec, ...spec } });
  });
  tested.wait(0);
}

const tunnels = (tested: TestCluster, node: string): Readonly<Record<string, string | undefined>> => {
  const annotations = tested.get(NODES, node)?.metadata.annotations;
  return {
    ipip: annotations?.[NODE_ANNOTATION.ipipTunnel],
    vxlan: annotations?.[NODE_ANNOTATION.vxlanTunnel],
  };
};

const annotate = (tested: TestCluster, node: string, key: string, value: string): void =>
  tested.change((tx) => {
    const object = tx.get(NODES, undefined, node);
    const annotations = { ...object?.metadata.annotations, [key]: value };
    if (object) tx.put(NODES, { ...object, metadata: { ...object.metadata, annotations } });
  });

describe('a tunnel address', () => {
  test('comes with the mode of a pool and goes with it', () => {
    const tested = cluster({ vxlanMode: 'CrossSubnet' });
    expect(tunnels(tested, 'node1')).toEqual({ ipip: undefined, vxlan: '10.244.166.128' });
    expect(tested.change((tx) => new Ipam(transactionDatastore(tx)).holder(ipv4('10.244.166.128')))).toEqual({
      handle_id: 'vxlan-tunnel-addr-node1',
      secondary: { node: 'node1', type: 'vxlanTunnelAddress' },
    });
    change(tested, { vxlanMode: 'Never', ipipMode: 'Always' });
    // IPIP is looked at first, while VXLAN still holds the first address.
    expect(tunnels(tested, 'node1')).toEqual({ ipip: '10.244.166.129', vxlan: undefined });
    expect(tested.names(IPAM_HANDLES)).toEqual(
      ['node1', 'node2', 'node3'].map((node) => `ipip-tunnel-addr-${node}`),
    );
    change(tested, { ipipMode: 'Never' });
    expect(tunnels(tested, 'node1')).toEqual({ ipip: undefined, vxlan: undefined });
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });

  test('is not taken of a pool that is disabled, selects other nodes or forbids the use', () => {
    expect(tunnels(cluster({ vxlanMode: 'Always', disabled: true }), 'node1').vxlan).toBeUndefined();
    expect(
      tunnels(cluster({ vxlanMode: 'Always', allowedUses: ['Workload'] }), 'node1').vxlan,
    ).toBeUndefined();
    const one = cluster({ vxlanMode: 'Always', nodeSelector: "kubernetes.io/hostname == 'node2'" });
    expect([tunnels(one, 'node1').vxlan, tunnels(one, 'node2').vxlan]).toEqual([undefined, '10.244.104.0']);
  });

  test('moves with the pool that asks for it', () => {
    const tested = cluster({ vxlanMode: 'Always' }).withPool('second', {
      cidr: '10.245.0.0/16',
      vxlanMode: 'Always',
    });
    change(tested, { disabled: true });
    expect(tunnels(tested, 'node1').vxlan).toBe('10.245.166.128');
    expect(audit(tested.state)).toEqual([]);
  });

  test('that somebody else holds is left to them', () => {
    const tested = cluster({ vxlanMode: 'Always' });
    tested.addPod('web', 'node1');
    annotate(tested, 'node1', NODE_ANNOTATION.vxlanTunnel, '10.244.166.129');
    change(tested, { natOutgoing: true });
    expect(tunnels(tested, 'node1').vxlan).toBe('10.244.166.130');
    expect(
      tested.change((tx) => new Ipam(transactionDatastore(tx)).holder(ipv4('10.244.166.129')))?.secondary[
        'pod'
      ],
    ).toBe('web');
  });

  test('that cannot be had is asked for again', () => {
    const tested = new TestCluster()
      .withCalico('none')
      .withPool('pool', { cidr: '10.244.0.0/31', blockSize: 31, vxlanMode: 'Always' });
    const held = (): readonly (string | undefined)[] =>
      ['node1', 'node2', 'node3'].map((node) => tunnels(tested, node).vxlan);
    expect(held()).toEqual(['10.244.0.0', '10.244.0.1', undefined]);
    tested.change((tx) => tx.delete(NODES, undefined, 'node1'));
    tested.wait(10_000);
    expect(held()).toEqual([undefined, '10.244.0.1', '10.244.0.0']);
    expect(audit(tested.state)).toEqual([]);
  });
});
