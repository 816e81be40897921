/** Texts: cni-plugin/pkg/k8s/k8s.go, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import { NAMESPACES, IPAM_HANDLES } from './kinds.ts';
import { TestCluster } from './two-racks.contract.ts';

const cluster = (): TestCluster =>
  new TestCluster()
    .withCalico('none')
    .withPool('auto', { cidr: '10.1.0.0/24' })
    .withPool('manual', { cidr: '10.3.0.0/24', assignmentMode: 'Manual' });

const asking = (tested: TestCluster, annotations: Readonly<Record<string, string>>): string =>
  tested.addPod(
    `pod-${tested.state.sandboxes.size}`,
    'node1',
    Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [`cni.projectcalico.org/${name}`, value]),
    ),
  );

/** What the plugin says of one annotation. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['ipv4pools', 'auto', "invalid character 'a' looking for beginning of value"],
  ['ipv4pools', '"auto"', 'json: cannot unmarshal string into Go value of type []string'],
  ['ipv4pools', '["nothing"]', 'error parsing pool "nothing": invalid CIDR address: nothing'],
  ['ipv4pools', '["10.9.0.0/24"]', 'the given pool (10.9.0.0/24) does not exist, or is not enabled'],
  ['ipv4pools', '["fd00::/64"]', `"fd00::" isn't a IPv4 address`],
  ['ipFamilies', '["IPv5"]', 'error parsing ipFamilies: ["IPv5"]'],
  ['ipFamilies', '[]', 'IPAM plugin returned missing IP config'],
  ['ipFamilies', '["IPv4", "IPv6"]', 'cannot find a qualified ippool'],
  ['ipAddrsNoIpam', '["10.1.0.9"]', 'requested feature is not enabled: ip_addrs_no_ipam'],
  ['floatingIPs', '["10.9.9.9"]', 'requested feature is not enabled: floating_ips'],
  [
    'ipAddrs',
    '10.1.0.9',
    `failed to parse IPs 10.1.0.9 for annotation "cni.projectcalico.org/ipAddrs": failed to parse '10.1.0.9' as JSON: invalid character '.' after top-level value`,
  ],
  ['ipAddrs', '[]', 'annotation "cni.projectcalico.org/ipAddrs" specified but empty'],
  ['ipAddrs', '["10.1.0"]', 'invalid IP format: 10.1.0'],
  [
    'ipAddrs',
    '["10.1.0.8", "10.1.0.9"]',
    'cannot have more than one IPv4 address for "cni.projectcalico.org/ipAddrs" annotation',
  ],
  [
    'ipAddrs',
    '["10.2.0.8"]',
    'error getting IP from IPAM: The provided IP address is not in a configured pool\n',
  ],
];

describe('an annotation', () => {
  test.each(REFUSED)('%s %s is refused', (name, value, text) => {
    const tested = cluster();
    expect(asking(tested, { [name]: value })).toBe(text);
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });

  test('that is empty is none', () => {
    const empty = { ipv4pools: '', ipAddrs: '', ipAddrsNoIpam: '', floatingIPs: '', ipFamilies: '' };
    expect(asking(cluster(), empty)).toBe('10.1.0.128/32');
  });

  test('of the pod beats that of its namespace', () => {
    const tested = cluster();
    tested.change((tx) => {
      const home = tx.get(NAMESPACES, undefined, 'default');
      const annotations = { 'cni.projectcalico.org/ipv4pools': '["manual"]' };
      if (home) tx.put(NAMESPACES, { ...home, metadata: { ...home.metadata, annotations } });
    });
    expect(asking(tested, {})).toBe('10.3.0.128/32');
    expect(asking(tested, { ipv4pools: '["10.1.0.0/24"]' })).toBe('10.1.0.128/32');
  });

  test('for an address and one for an address outside IPAM exclude each other', () => {
    expect(asking(cluster(), { ipAddrs: '["10.1.0.8"]', ipAddrsNoIpam: '["10.1.0.9"]' })).toBe(
      "can't have both annotations: 'ipAddrs' and 'ipAddrsNoIpam' in use at the same time",
    );
  });

  test('for a floating address is refused after the pod had one, which then waits for its turn', () => {
    const tested = cluster();
    asking(tested, { floatingIPs: '["10.9.9.9"]' });
    expect(asking(tested, {})).toBe('10.1.0.129/32');
  });
});

test('a pod that ends shows that it lost its address', () => {
  const tested = cluster();
  tested.addPod('web', 'node1');
  const [sandbox] = [...tested.state.sandboxes.values()];
  if (sandbox) tested.change((tx) => tested.cni.del(tx, sandbox));
  expect(tested.state.store.get('pods', 'default', 'web')?.metadata.annotations).toEqual({
    'cni.projectcalico.org/containerID': sandbox?.containerId,
    'cni.projectcalico.org/podIP': '',
    'cni.projectcalico.org/podIPs': '',
  });
});
