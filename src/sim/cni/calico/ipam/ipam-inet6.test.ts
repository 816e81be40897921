/** IPAM for IPv6. Start blocks were drawn with Go itself; forms: libcalico-go/lib/ipam, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import { ipv6 } from '../../../../model/ipv6.ts';
import { transactionDatastore } from '../datastore.ts';
import {
  API_VERSION,
  BLOCK_AFFINITIES,
  IPAM_BLOCKS,
  IPAM_CONFIGS,
  IPAM_HANDLES,
  IP_RESERVATIONS,
} from '../kinds.ts';
import { DUAL_STACK, TestCluster } from '../two-racks.contract.ts';
import { audit } from './ipam-audit.contract.ts';
import { startIndex } from './block-order.ts';
import { Ipam } from './ipam.ts';

const cluster = (): TestCluster =>
  new TestCluster(DUAL_STACK).withCalico('none').withPool('v4', { cidr: '10.244.0.0/16' });

const wide = (): TestCluster => cluster().withPool('v6', { cidr: 'fd00:10:244::/56' });

const reserve = (tested: TestCluster, ...cidrs: readonly string[]): void =>
  tested.change((tx) => {
    tx.put(IP_RESERVATIONS, {
      apiVersion: API_VERSION,
      kind: 'IPReservation',
      metadata: { name: 'kept' },
      spec: { reservedCIDRs: cidrs },
    });
  });

/** The address of IPv6, or the plugin's error. */
const added = (
  tested: TestCluster,
  name: string,
  node: string,
  wishes: Readonly<Record<string, string>> = {},
): string =>
  tested
    .addPod(
      name,
      node,
      Object.fromEntries(
        Object.entries(wishes).map(([key, value]) => [`cni.projectcalico.org/${key}`, value]),
      ),
    )
    .replace(/^[\d.]+\/32,/, '');

describe('the first block of a node', () => {
  test('is drawn among as many as a pool has, which is more than 64 bits tell', () => {
    const draws = (bits: bigint) => ['node1', 'node2', 'worker'].map((node) => startIndex(node, 1n << bits));
    expect(draws(58n)).toEqual([13588661266676378n, 239116056101196844n, 203466217685681822n]);
    expect(draws(64n)).toEqual([13848646716548840090n, 6709061709714518432n, 2732718486067614175n]);
    expect(draws(74n)).toEqual([16499189050304013659613n, 877732915693254971263n, 12654093440030134666910n]);
  });

  test('in a pool of 2^66 blocks', () => {
    const tested = wide();
    expect(['node1', 'node2', 'node3'].map((node) => added(tested, `on-${node}`, node))).toEqual([
      'fd00:10:244:83:318a:6059:3e82:d1c0/128',
      'fd00:10:244:74:d03b:4785:4379:9540/128',
      'fd00:10:244:82:7bf3:bb28:910a:8700/128',
    ]);
  });
});

test('what the datastore holds of a pod: a block and an affinity of each family, and one handle', () => {
  const tested = wide();
  added(tested, 'web', 'node1');
  const [sandbox] = [...tested.state.sandboxes.values()];
  const handle = `k8s-pod-network.${sandbox?.containerId}`;
  const name = 'fd00-10-244-83-318a-6059-3e82-d1c0-122';
  const cidr = 'fd00:10:244:83:318a:6059:3e82:d1c0/122';
  expect(tested.names(IPAM_BLOCKS)).toEqual(['10-244-166-128-26', name]);
  expect(tested.get(IPAM_BLOCKS, name)?.spec).toMatchObject({ cidr, affinity: 'host:node1' });
  expect(tested.get(BLOCK_AFFINITIES, `node1-${name}`)).toMatchObject({
    metadata: { labels: { 'projectcalico.org/ip-version': '6' } },
    spec: { cidr, deleted: 'false', node: 'node1', state: 'confirmed', type: 'host' },
  });
  expect(tested.get(IPAM_HANDLES, handle)?.spec).toEqual({
    block: { '10.244.166.128/26': 1, [cidr]: 1 },
    deleted: false,
    handleID: handle,
  });
  tested.deletePod('web');
  expect(tested.names(IPAM_HANDLES)).toEqual([]);
  expect(audit(tested.state)).toEqual([]);
});

describe('reserved addresses', () => {
  test('are passed over', () => {
    const tested = wide();
    reserve(tested, 'fd00:10:244:83:318a:6059:3e82:d1c0', 'fd00:10:244:83:318a:6059:3e82:d1c1/128');
    expect(added(tested, 'web', 'node1')).toBe('fd00:10:244:83:318a:6059:3e82:d1c2/128');
  });

  test('in billions are stepped over at once', () => {
    const tested = wide();
    reserve(tested, 'fd00:10:244:80::/60');
    expect(added(tested, 'web', 'node1')).toBe('fd00:10:244:90::/128');
  });

  test('may be all of a pool', () => {
    const tested = wide();
    reserve(tested, 'fd00::/16');
    expect(added(tested, 'web', 'node1')).toBe(
      'failed to request IPv6 addresses: Assigned 0 out of 1 requested IPv6 addresses; No IPs available in pools: [fd00:10:244::/56]',
    );
    // The address of IPv4 went back.
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });
});

describe('a small pool', () => {
  const small = (): TestCluster => cluster().withPool('v6', { cidr: 'fd00::/125', blockSize: 126 });

  test("lends addresses of others' blocks, in the order in which the node comes past them", () => {
    const tested = small();
    for (let at = 0; at < 4; at += 1) {
      added(tested, `a-${at}`, 'node1');
      if (at < 3) added(tested, `b-${at}`, 'node2');
    }
    const blocks = tested.names(IPAM_BLOCKS).filter((name) => name.startsWith('fd00'));
    expect(blocks).toEqual(['fd00---126', 'fd00--4-126']);
    const [last] = [added(tested, 'c', 'node3')];
    expect(['fd00::3/128', 'fd00::7/128']).toContain(last);
    expect(audit(tested.state)).toEqual([]);
    expect(added(tested, 'd', 'node3')).toMatch(/^failed to request IPv6 addresses: Assigned 0 out of 1/);
  });

  test('lends nothing with strict affinity', () => {
    const tested = small();
    tested.change((tx) => {
      const config = tx.get(IPAM_CONFIGS, undefined, 'default');
      if (config) tx.put(IPAM_CONFIGS, { ...config, spec: { ...config.spec, strictAffinity: true } });
    });
    added(tested, 'a', 'node1');
    added(tested, 'b', 'node2');
    expect(added(tested, 'c', 'node3')).toBe(
      'failed to request IPv6 addresses: Assigned 0 out of 1 requested IPv6 addresses; No more free affine blocks and strict affinity enabled',
    );
  });
});

describe('what a pod wishes for', () => {
  const choosing = (): TestCluster =>
    wide()
      .withPool('manual', { cidr: 'fd00:1::/64', assignmentMode: 'Manual' })
      .withPool('other4', { cidr: '10.9.0.0/24', assignmentMode: 'Manual' });

  test('a pool by name or by CIDR', () => {
    expect(added(choosing(), 'web', 'node1', { ipv6pools: '["manual"]' })).toMatch(
      /^fd00:1::[\da-f:]+\/128$/,
    );
    expect(added(choosing(), 'web', 'node1', { ipv6pools: '["fd00:1::/64"]' })).toMatch(/^fd00:1::/);
  });

  test.each([
    ['ipv6pools', '["other4"]', `"10.9.0.0" isn't a IPv6 address`],
    ['ipv6pools', '["nothing"]', 'error parsing pool "nothing": invalid CIDR address: nothing'],
    ['ipv6pools', '["fd00:2::/64"]', 'the given pool (fd00:2::/64) does not exist, or is not enabled'],
    ['ipv4pools', '["manual"]', `"fd00:1::" isn't a IPv4 address`],
    ['ipFamilies', '["IPv6"]', 'pods with an IPv6 address alone are not simulated'],
    [
      'ipAddrs',
      '["10.244.0.1","10.244.0.2"]',
      'cannot have more than one IPv4 address for "cni.projectcalico.org/ipAddrs" annotation',
    ],
    [
      'ipAddrs',
      '["fd00:10:244::1","fd00:10:244::2"]',
      'cannot have more than one IPv6 address for "cni.projectcalico.org/ipAddrs" annotation',
    ],
    [
      'ipAddrs',
      '["10.244.0.1","fd00:9::1"]',
      'error getting IP from IPAM: The provided IP address is not in a configured pool\n',
    ],
  ])('%s %s is refused, and nothing stays assigned', (name, value, text) => {
    const tested = choosing();
    expect(added(tested, 'web', 'node1', { [name]: value })).toBe(text);
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });

  test('IPv4 alone, and one address of each family', () => {
    expect(added(wide(), 'web', 'node1', { ipFamilies: '["IPv4"]' })).toBe('10.244.166.128/32');
    const exact = { ipAddrs: '["10.244.0.7", "fd00:10:244::7"]' };
    expect(wide().addPod('web', 'node1', { 'cni.projectcalico.org/ipAddrs': exact.ipAddrs })).toBe(
      '10.244.0.7/32,fd00:10:244::7/128',
    );
  });
});

test('a tunnel of IPv6 has an address of its own and gives it back with the mode', () => {
  const tested = cluster().withPool('v6', { cidr: 'fd00:10:244::/56', vxlanMode: 'Always' });
  const holder = () =>
    tested.change((tx) =>
      new Ipam(transactionDatastore(tx)).holder(ipv6('fd00:10:244:83:318a:6059:3e82:d1c0')),
    );
  expect(holder()).toEqual({
    handle_id: 'vxlan-v6-tunnel-addr-node1',
    secondary: { node: 'node1', type: 'vxlanV6TunnelAddress' },
  });
  tested.withPool('v6', { cidr: 'fd00:10:244::/56' });
  expect(holder()).toBeUndefined();
  expect(audit(tested.state)).toEqual([]);
});
