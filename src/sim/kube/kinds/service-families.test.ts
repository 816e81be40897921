/** Families of services on both kinds of cluster; messages after alloc.go and validation.go, Kubernetes 1.35. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { dualStack, service, TestCluster } from '../cluster-fixture.ts';

const single = (): TestCluster => new TestCluster();
const dual = (): TestCluster => new TestCluster({ topology: dualStack() });

const V4 = '10.96.9.9';
const V6 = 'fd00:10:96::99';

/** What the server made of the fields of families, or why it refused. */
function outcome(body: JsonObject): unknown {
  const message = body['kind'] === 'Status' ? String(body['message']) : undefined;
  if (message !== undefined) return message.replace('Service "web" is invalid: ', '');
  const { ipFamilies, ipFamilyPolicy, clusterIP, clusterIPs } = body['spec'] as JsonObject;
  const addresses = (clusterIPs ?? []) as readonly string[];
  expect(addresses[0] ?? undefined).toBe(clusterIP);
  const kinds = addresses.map((text) =>
    /^10\.96\./.test(text) ? '4' : text.startsWith('fd00:10:96::') ? '6' : text,
  );
  return `${String(ipFamilyPolicy)} ${((ipFamilies ?? []) as readonly string[]).join(',')} ${kinds.join(',')}`;
}

const created = (cluster: TestCluster, spec: JsonObject): unknown =>
  outcome(cluster.create(service('web', spec)).body);

const HEADLESS = { clusterIP: 'None' };
const UNSELECTED = { clusterIP: 'None', selector: {} };

describe('a new service', () => {
  test.each<readonly [what: string, spec: JsonObject, onDual: string, onSingle: string]>([
    ['plain', {}, 'SingleStack IPv4 4', 'SingleStack IPv4 4'],
    [
      'that prefers both',
      { ipFamilyPolicy: 'PreferDualStack' },
      'PreferDualStack IPv4,IPv6 4,6',
      'PreferDualStack IPv4 4',
    ],
    [
      'that must have both',
      { ipFamilyPolicy: 'RequireDualStack' },
      'RequireDualStack IPv4,IPv6 4,6',
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [
      'of IPv6 alone',
      { ipFamilies: ['IPv6'] },
      'SingleStack IPv6 6',
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ],
    [
      'with IPv6 first',
      { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' },
      'PreferDualStack IPv6,IPv4 6,4',
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ],
    [
      'with the other family to follow',
      { ipFamilies: ['IPv6'], ipFamilyPolicy: 'RequireDualStack' },
      'RequireDualStack IPv6,IPv4 6,4',
      '[spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services, spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster]',
    ],
    [
      'with two families and no policy',
      { ipFamilies: ['IPv4', 'IPv6'] },
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    ],
    [
      'with an IPv6 address',
      { clusterIP: V6 },
      'SingleStack IPv6 6',
      `spec.clusterIPs[0]: Invalid value: ["${V6}"]: IPv6 is not configured on this cluster`,
    ],
    [
      'with two addresses',
      { clusterIP: V6, clusterIPs: [V6, V4], ipFamilyPolicy: 'RequireDualStack' },
      'RequireDualStack IPv6,IPv4 6,4',
      `spec.clusterIPs[0]: Invalid value: ["${V6}","${V4}"]: IPv6 is not configured on this cluster`,
    ],
    ['headless', HEADLESS, 'SingleStack IPv4 None', 'SingleStack IPv4 None'],
    [
      'headless, preferring both',
      { ...HEADLESS, ipFamilyPolicy: 'PreferDualStack' },
      'PreferDualStack IPv4,IPv6 None',
      'PreferDualStack IPv4 None',
    ],
    [
      'headless without selector',
      UNSELECTED,
      'RequireDualStack IPv4,IPv6 None',
      'RequireDualStack IPv4,IPv6 None',
    ],
    [
      'headless without selector, of one family',
      { ...UNSELECTED, ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] },
      'SingleStack IPv6 None',
      'SingleStack IPv6 None',
    ],
  ])('%s', (_, spec, onDual, onSingle) => {
    expect(created(dual(), spec)).toBe(onDual);
    expect(created(single(), spec)).toBe(onSingle);
  });

  const both = { ipFamilyPolicy: 'PreferDualStack' };

  test.each<readonly [spec: JsonObject, message: string]>([
    [
      { ipFamilies: ['IPv5'] },
      'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
    ],
    [{ ...both, ipFamilies: ['IPv4', 'IPv4'] }, 'spec.ipFamilies[1]: Duplicate value: "IPv4"'],
    [
      { ipFamilyPolicy: 'Both' },
      'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
    ],
    [
      { clusterIPs: [V4] },
      `spec.clusterIPs: Invalid value: ["${V4}"]: must be empty when \`clusterIP\` is not specified`,
    ],
    [
      { ...both, clusterIP: V4, clusterIPs: [V6, V4] },
      `spec.clusterIPs: Invalid value: ["${V6}","${V4}"]: first value must match \`clusterIP\``,
    ],
    [
      { ...both, clusterIP: V4, clusterIPs: [V4, '10.96.9.10'] },
      `spec.clusterIPs: Invalid value: ["${V4}","10.96.9.10"]: may specify no more than one IP for each IP family`,
    ],
    [
      { clusterIP: 'None', clusterIPs: ['None', V4] },
      `spec.clusterIPs: Invalid value: ["None","${V4}"]: 'None' must be the first and only value`,
    ],
    [
      { clusterIP: 'here' },
      'spec.clusterIPs[0]: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { clusterIP: V4, ipFamilies: ['IPv6'] },
      `spec.clusterIPs[0]: Invalid value: "${V4}": expected an IPv6 value as indicated by \`ipFamilies[0]\``,
    ],
    [
      { clusterIP: V4, clusterIPs: [V4, V6] },
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
    ],
    [
      { clusterIP: 'fd00:10:97::1' },
      'spec.clusterIPs: Invalid value: ["fd00:10:97::1"]: failed to allocate IP fd00:10:97::1: the provided IP (fd00:10:97::1) is not in the valid range. The range of valid IPs is fd00:10:96::/112',
    ],
    [
      { ...both, clusterIP: '10.96.0.1' },
      'spec.clusterIPs: Invalid value: ["10.96.0.1",""]: failed to allocate IP 10.96.0.1: provided IP is already allocated',
    ],
    [
      { externalIPs: ['::1', 'fe80::1', 'ff02::1', '::'] },
      '[spec.externalIPs[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128), spec.externalIPs[1]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10), spec.externalIPs[2]: Invalid value: "ff02::1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10), spec.externalIPs[3]: Invalid value: "::": may not be unspecified (::)]',
    ],
  ])('is refused: %j', (spec, message) => {
    expect(created(dual(), spec)).toBe(message);
  });

  test('gets an address of IPv6 from the upper band, and nobody else gets it', () => {
    const cluster = dual();
    const addresses = ['a', 'b', 'c', 'd'].map((name) => {
      const { body } = cluster.create(service(name, { ipFamilies: ['IPv6'] }));
      return String((body['spec'] as JsonObject)['clusterIP']);
    });
    expect(new Set(addresses).size).toBe(4);
    for (const address of addresses) expect(address).toMatch(/^fd00:10:96::[1-9a-f][0-9a-f]{2,3}$/);
    const twin = (clusterIP: string) => created(cluster, { ipFamilies: ['IPv6'], clusterIP });
    expect(twin(addresses[0] ?? '')).toContain('provided IP is already allocated');
    expect(twin((addresses[1] ?? '').toUpperCase().replace('::', ':0::'))).toContain(
      'provided IP is already allocated',
    );
  });

  test('may have source ranges of both families', () => {
    const ranges = { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', ' 2001:db8::/32'] };
    expect(created(dual(), ranges)).toBe('SingleStack IPv4 4');
    expect(created(dual(), { type: 'LoadBalancer', loadBalancerSourceRanges: ['2001:db8::'] })).toBe(
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "2001:db8::": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    );
  });
});

describe('a change', () => {
  const begun = (spec: JsonObject): TestCluster => {
    const cluster = dual();
    expect(cluster.create(service('web', spec)).code).toBe(201);
    return cluster;
  };
  const merged = (cluster: TestCluster, spec: JsonObject): unknown =>
    outcome(
      cluster.request({
        method: 'PATCH',
        path: cluster.path('services', 'web'),
        contentType: 'application/merge-patch+json',
        body: { spec },
      }).body,
    );
  const specOf = (cluster: TestCluster): JsonObject => cluster.get('services', 'web')?.spec ?? {};

  test('of policy brings a second family, and takes it away', () => {
    const cluster = begun({});
    const first = specOf(cluster)['clusterIP'];
    expect(merged(cluster, { ipFamilyPolicy: 'PreferDualStack' })).toBe('PreferDualStack IPv4,IPv6 4,6');
    expect(merged(cluster, { ipFamilyPolicy: 'RequireDualStack' })).toBe('RequireDualStack IPv4,IPv6 4,6');
    expect(merged(cluster, { ipFamilyPolicy: 'SingleStack' })).toBe('SingleStack IPv4 4');
    expect(specOf(cluster)['clusterIP']).toBe(first);
  });

  test('may name the second address', () => {
    const cluster = begun({ clusterIP: V4 });
    const asked = { ipFamilyPolicy: 'RequireDualStack', clusterIPs: [V4, V6] };
    expect(merged(cluster, asked)).toBe('RequireDualStack IPv4,IPv6 4,6');
    expect(specOf(cluster)['clusterIPs']).toEqual([V4, V6]);
  });

  test('leaves a second address that another service has', () => {
    const cluster = begun({ clusterIP: V4 });
    cluster.create(service('other', { clusterIP: V6 }));
    expect(merged(cluster, { ipFamilyPolicy: 'RequireDualStack', clusterIPs: [V4, V6] })).toBe(
      `spec.clusterIPs: Invalid value: ["${V4}","${V6}"]: failed to allocate IP ${V6}: provided IP is already allocated`,
    );
  });

  test('of the order of families, or of an address, is refused', () => {
    const cluster = begun({ clusterIP: V4, ipFamilyPolicy: 'PreferDualStack' });
    const second = (specOf(cluster)['clusterIPs'] as readonly string[])[1] ?? '';
    expect(merged(cluster, { clusterIPs: [V4, V6] })).toBe(
      `spec.clusterIPs[1]: Invalid value: ["${V4}","${V6}"]: may not change once set`,
    );
    expect(merged(cluster, { clusterIPs: [V4] })).toBe(
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary cluster IP',
    );
    expect(merged(cluster, { ipFamilies: ['IPv4'] })).toBe(
      'spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be \'SingleStack\' to release the secondary IP family',
    );
    expect(merged(cluster, { ipFamilies: ['IPv6', 'IPv4'] })).toBe(
      `[spec.clusterIPs[0]: Invalid value: "${V4}": expected an IPv6 value as indicated by \`ipFamilies[0]\`, spec.clusterIPs[1]: Invalid value: "${second}": expected an IPv4 value as indicated by \`ipFamilies[1]\`]`,
    );
  });

  test('to a name and back gives up both addresses and gets new ones', () => {
    const cluster = begun({ ipFamilyPolicy: 'PreferDualStack' });
    expect(merged(cluster, { type: 'ExternalName', externalName: 'example.com' })).toBe('undefined  ');
    expect(
      merged(cluster, { type: 'ClusterIP', externalName: null, ipFamilyPolicy: 'RequireDualStack' }),
    ).toBe('RequireDualStack IPv4,IPv6 4,6');
  });

  test('of something else leaves the families alone', () => {
    const cluster = begun({ ipFamilyPolicy: 'PreferDualStack' });
    const before = specOf(cluster);
    expect(merged(cluster, { sessionAffinity: 'ClientIP' })).toBe('PreferDualStack IPv4,IPv6 4,6');
    expect(specOf(cluster)['clusterIPs']).toEqual(before['clusterIPs']);
  });
});
