import { describe, expect, test } from 'vitest';
import { cidr, ipv4 } from '../../../../model/ip.ts';
import { formatIpCidr } from '../../../../model/ip-family.ts';
import { blocksOf, startIndex } from './block-order.ts';
import { Ipam } from './ipam.ts';
import { transactionDatastore } from '../datastore.ts';
import { readPool } from '../ippool.ts';
import {
  BLOCK_AFFINITIES,
  IPAM_BLOCKS,
  IPAM_CONFIGS,
  IPAM_HANDLES,
  IP_RESERVATIONS,
  API_VERSION,
} from '../kinds.ts';
import { TestCluster, pool } from '../two-racks.contract.ts';

const UNRESERVED = { clock: 0, covering: () => undefined };

const cluster = (): TestCluster => new TestCluster().withCalico('none');

function config(tested: TestCluster, spec: Record<string, boolean | number>): void {
  tested.change((tx) => {
    const object = tx.get(IPAM_CONFIGS, undefined, 'default');
    if (object) tx.put(IPAM_CONFIGS, { ...object, spec: { ...object.spec, ...spec } });
  });
}

const added = (tested: TestCluster, count: number, node: string, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => tested.addPod(`p-${node}-${from + at}`, node));

describe('the first block of a node', () => {
  test('depends on its name and the pool alone', () => {
    expect(startIndex('node1', 1024n)).toBe(666n);
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16' });
    expect(['node1', 'node2', 'node3'].map((node) => tested.addPod(`web-${node}`, node))).toEqual([
      '10.244.166.128/32',
      '10.244.104.0/32',
      '10.244.135.0/32',
    ]);
  });

  test('every block of a pool comes once, wrapping at the end', () => {
    const small = readPool(pool('small', { cidr: '10.0.0.0/24' }));
    expect(small && [...blocksOf(small, 'node1', UNRESERVED)].map(formatIpCidr)).toEqual([
      '10.0.0.128/26',
      '10.0.0.192/26',
      '10.0.0.0/26',
      '10.0.0.64/26',
    ]);
  });

  test('a second host with the same start takes the next block', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/24' });
    expect([tested.addPod('a', 'node1'), tested.addPod('b', 'node3')]).toEqual([
      '10.244.0.128/32',
      '10.244.0.192/32',
    ]);
  });
});

describe('what the datastore holds', () => {
  test('one pod: block, affinity and handle as Calico writes them', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.1.104/30', blockSize: 30 });
    tested.addPod('web', 'node1');
    const [sandbox] = [...tested.state.sandboxes.values()];
    const handle = `k8s-pod-network.${sandbox?.containerId}`;
    expect(tested.get(BLOCK_AFFINITIES, tested.names(BLOCK_AFFINITIES)[0] ?? '')?.spec).toEqual({
      cidr: '10.244.1.104/30',
      deleted: 'false',
      node: 'node1',
      state: 'confirmed',
      type: 'host',
    });
    const block = tested.get(IPAM_BLOCKS, '10-244-1-104-30');
    expect(block?.metadata.annotations).toEqual({
      'projectcalico.org/metadata': '{"creationTimestamp":null}',
    });
    expect(block?.spec).toEqual({
      affinity: 'host:node1',
      affinityClaimTime: '2026-05-01T10:00:00Z',
      allocations: [0, null, null, null],
      attributes: [
        {
          handle_id: handle,
          secondary: {
            namespace: 'default',
            node: 'node1',
            pod: 'web',
            timestamp: '2026-05-01 10:00:00 +0000 UTC',
          },
        },
      ],
      cidr: '10.244.1.104/30',
      deleted: false,
      sequenceNumber: 1777629600000001,
      sequenceNumberForAllocation: { 0: 1777629600000000 },
      strictAffinity: false,
      unallocated: [1, 2, 3],
    });
    expect(tested.get(IPAM_HANDLES, handle)?.spec).toEqual({
      block: { '10.244.1.104/30': 1 },
      deleted: false,
      handleID: handle,
    });
  });

  test('a claim is pending before it is confirmed', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16' });
    const before = tested.state.store.revision;
    tested.addPod('web', 'node1');
    const writes = (tested.state.store.since(before) ?? []).map(({ type, resource, object }) =>
      `${type} ${resource.split('.')[0]} ${String(object.spec?.['state'] ?? '')}`.trim(),
    );
    expect(writes.slice(1, 6)).toEqual([
      'ADDED blockaffinities pending',
      'ADDED ipamblocks',
      'MODIFIED blockaffinities confirmed',
      'ADDED ipamhandles',
      'MODIFIED ipamblocks',
    ]);
  });
});

describe('addresses', () => {
  test('come back in the order in which they were given back', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/29', blockSize: 29 });
    added(tested, 8, 'node1');
    for (const pod of ['p-node1-5', 'p-node1-2', 'p-node1-7']) tested.deletePod(pod);
    expect(added(tested, 3, 'node1', 10)).toEqual(['10.244.0.5/32', '10.244.0.2/32', '10.244.0.7/32']);
  });

  test('a tunnel asks first and gets ordinal 0', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16', vxlanMode: 'Always' });
    expect(tested.addPod('web', 'node1')).toBe('10.244.166.129/32');
    expect(tested.names(IPAM_HANDLES)).toContain('vxlan-tunnel-addr-node1');
  });

  test('a full node claims the next block, and borrows when there is none', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/28', blockSize: 30 });
    tested.addPod('other', 'node2');
    const own = added(tested, 12, 'node1');
    expect(new Set(own.map((address) => address.replace(/\d+\/32$/, ''))).size).toBe(1);
    expect(tested.names(BLOCK_AFFINITIES)).toHaveLength(4);
    expect(tested.addPod('borrower', 'node1')).toBe('10.244.0.1/32');
    added(tested, 2, 'node1', 50);
    expect(tested.addPod('too-much', 'node1')).toBe(
      'failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.244.0.0/28]',
    );
  });

  test('strict affinity forbids borrowing', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/29', blockSize: 29 });
    config(tested, { strictAffinity: true });
    tested.addPod('other', 'node2');
    expect(tested.addPod('web', 'node1')).toBe(
      'failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled',
    );
  });

  test('an empty block of another node is taken over once its claim is a minute old', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/29', blockSize: 29 });
    tested.addPod('other', 'node2');
    tested.deletePod('other');
    tested.addPod('early', 'node1');
    expect(tested.get(IPAM_BLOCKS, '10-244-0-0-29')?.spec?.['affinity']).toBe('host:node2');
    tested.deletePod('early');
    tested.wait(60_000).addPod('late', 'node1');
    expect(tested.get(IPAM_BLOCKS, '10-244-0-0-29')?.spec?.['affinity']).toBe('host:node1');
  });

  test('the number of blocks of a node is limited', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16', blockSize: 32 });
    const addresses = added(tested, 20, 'node1');
    expect(new Set(addresses).size).toBe(20);
    expect(tested.addPod('web', 'node1')).toBe('cannot allocate new block due to per host block limit');
  });

  test('reserved ones are passed over, blocks reserved as a whole are never claimed', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/28', blockSize: 29 });
    tested.change((tx) =>
      tx.put(IP_RESERVATIONS, {
        apiVersion: API_VERSION,
        kind: 'IPReservation',
        metadata: { name: 'kept' },
        spec: { reservedCIDRs: ['10.244.0.8/29', '10.244.0.0', '10.244.0.2/31'] },
      }),
    );
    expect(
      added(tested, 6, 'node1').map((address) => (address.startsWith('10.') ? address : 'none')),
    ).toEqual(['10.244.0.1/32', '10.244.0.4/32', '10.244.0.5/32', '10.244.0.6/32', '10.244.0.7/32', 'none']);
  });
});

describe('pools', () => {
  test('are chosen by state, selector, mode, use and name', () => {
    const tested = cluster();
    expect(tested.addPod('a', 'node1')).toBe('cannot find a qualified ippool');
    tested.withPool('a-disabled', { cidr: '10.1.0.0/24', disabled: true });
    expect(tested.addPod('b', 'node1')).toBe('cannot find a qualified ippool');
    tested.withPool('b-elsewhere', {
      cidr: '10.2.0.0/24',
      nodeSelector: "kubernetes.io/hostname == 'node2'",
    });
    tested.withPool('c-manual', { cidr: '10.3.0.0/24', assignmentMode: 'Manual' });
    expect(tested.addPod('c', 'node1')).toBe('no configured Calico pools for node node1');
    tested.withPool('d-tunnels', { cidr: '10.4.0.0/24', allowedUses: ['Tunnel'] });
    expect(tested.addPod('d', 'node1')).toBe(
      'cannot find a qualified ippool, no pools match the required use (Workload)',
    );
    tested.withPool('e-namespaced', {
      cidr: '10.5.0.0/24',
      allowedUses: ['Workload'],
      namespaceSelector: "kubernetes.io/metadata.name == 'default'",
    });
    expect(tested.addPod('e', 'node1')).toBe('10.5.0.128/32');
    expect(tested.addPod('f', 'node2')).toBe('10.2.0.0/32');
  });

  test('can be asked for by annotation, whatever their selectors say', () => {
    const tested = cluster()
      .withPool('auto', { cidr: '10.1.0.0/24' })
      .withPool('manual', { cidr: '10.3.0.0/24', assignmentMode: 'Manual' })
      .withPool('off', { cidr: '10.9.0.0/24', disabled: true });
    const asking = (pools: string) =>
      tested.addPod(`web-${pools}`, 'node1', { 'cni.projectcalico.org/ipv4pools': pools });
    expect(asking('["manual"]')).toBe('10.3.0.128/32');
    expect(asking('["10.3.0.0/24"]')).toBe('10.3.0.129/32');
    expect(asking('["off"]')).toBe('the given pool (10.9.0.0/24) does not exist, or is not enabled');
    expect(asking('["nothing"]')).toBe('error parsing pool "nothing": invalid CIDR address: nothing');
  });

  test('an address can be asked for by annotation', () => {
    const tested = cluster().withPool('pool', { cidr: '10.1.0.0/24' });
    const asking = (name: string, addresses: string) =>
      tested.addPod(name, 'node1', { 'cni.projectcalico.org/ipAddrs': addresses });
    expect(asking('a', '["10.1.0.77"]')).toBe('10.1.0.77/32');
    expect(asking('b', '["10.1.0.77"]')).toBe(
      'error getting IP from IPAM: resource already exists: 10.1.0.77 with error: Address already assigned in block',
    );
    expect(asking('c', '["10.2.0.1"]')).toBe(
      'error getting IP from IPAM: The provided IP address is not in a configured pool\n',
    );
    expect(asking('d', '["10.1.0.300"]')).toBe('invalid IP format: 10.1.0.300');
    expect(asking('e', '[]')).toBe('annotation "cni.projectcalico.org/ipAddrs" specified but empty');
  });

  test('deleting one orphans its used blocks and drops the empty ones', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/28', blockSize: 29 });
    tested.addPod('stays', 'node1');
    tested.addPod('goes', 'node2');
    tested.deletePod('goes');
    tested.change((tx) => new Ipam(transactionDatastore(tx)).releasePoolAffinities(cidr('10.244.0.0/28')));
    expect(tested.names(BLOCK_AFFINITIES)).toEqual([]);
    expect(tested.names(IPAM_BLOCKS)).toHaveLength(1);
    tested.deletePod('stays');
    expect(tested.names(IPAM_BLOCKS)).toEqual([]);
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });

  test('a deleted node leaves nothing behind', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16', vxlanMode: 'Always' });
    tested.change((tx) => tx.delete('nodes', undefined, 'node3'));
    tested.wait(0);
    expect(tested.names(BLOCK_AFFINITIES).filter((name) => name.startsWith('node3'))).toEqual([]);
    expect(tested.names(IPAM_HANDLES)).toEqual(['vxlan-tunnel-addr-node1', 'vxlan-tunnel-addr-node2']);
  });

  test('a second, empty block is given back at the first look after fifteen minutes', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16', blockSize: 31 });
    added(tested, 3, 'node1');
    tested.deletePod('p-node1-2');
    expect(tested.wait(22 * 60_000).names(IPAM_BLOCKS)).toHaveLength(2);
    expect(tested.wait(30_000).names(IPAM_BLOCKS)).toHaveLength(1);
  });

  test('an address can be released by hand', () => {
    const tested = cluster().withPool('pool', { cidr: '10.244.0.0/16' });
    tested.addPod('web', 'node1');
    const release = () =>
      tested.change((tx) => new Ipam(transactionDatastore(tx)).releaseAddress(ipv4('10.244.166.128')));
    expect([release(), release()]).toEqual([true, false]);
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });
});
