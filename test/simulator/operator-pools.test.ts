/**
 * IP pools that an Installation lists, and what an Installation may not say.
 * Source: pkg/controller/ippool, pkg/controller/installation/validation.go, tigera/operator v1.42.3.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { ALL_AVAILABLE, OperatorCluster, POOL, SHOWN_POOLS, STORED_POOLS } from './operator-cluster.ts';

const MANAGED = { 'app.kubernetes.io/managed-by': 'tigera-operator' };

let lab: OperatorCluster;
beforeEach(() => {
  lab = OperatorCluster.made();
});

describe('pools of the operator', () => {
  test.each([STORED_POOLS, SHOWN_POOLS])('are put back when somebody edits one by %s', (path) => {
    const [before] = lab.pools();
    lab.patch(`${path}/${POOL}`, { spec: { vxlanMode: 'Always', natOutgoing: false } });
    expect(lab.pools()[0]?.spec).toMatchObject({ vxlanMode: 'Always', natOutgoing: false });
    lab.rest();
    expect(lab.pools()).toEqual([before]);
  });

  test('are labelled, and labelled again', () => {
    expect(lab.pools()[0]?.labels).toEqual(MANAGED);
    lab.patch(`${SHOWN_POOLS}/${POOL}`, { metadata: { labels: { ...MANAGED, team: 'net' } } });
    lab.patch(`${SHOWN_POOLS}/${POOL}`, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
    lab.rest();
    expect(lab.pools()[0]?.labels).toEqual({ ...MANAGED, team: 'net' });
  });

  test('come back when they are deleted', () => {
    const [before] = lab.pools();
    lab.ask('DELETE', `${SHOWN_POOLS}/${POOL}`);
    expect(lab.pools()).toEqual([]);
    lab.rest();
    expect(lab.pools().map(({ name, spec }) => ({ name, spec }))).toEqual([
      { name: POOL, spec: before?.spec },
    ]);
  });

  test('follow the list: new ones are named after their CIDR, left out ones are deleted', () => {
    const before = lab.listed();
    lab.network({ ipPools: [...before, { cidr: '10.245.0.0/16', encapsulation: 'IPIP' }] });
    expect(lab.pools().map(({ name }) => name)).toEqual(['10.245.0.0-16', POOL]);
    expect(lab.pools()[0]).toMatchObject({
      labels: MANAGED,
      spec: { cidr: '10.245.0.0/16', ipipMode: 'Always', vxlanMode: 'Never', natOutgoing: true },
    });
    lab.network({ ipPools: before });
    expect(lab.pools().map(({ name }) => name)).toEqual([POOL]);
  });

  test.each([
    ['IPIP', 'Always', 'Never'],
    ['IPIPCrossSubnet', 'CrossSubnet', 'Never'],
    ['VXLAN', 'Never', 'Always'],
    ['VXLANCrossSubnet', 'Never', 'CrossSubnet'],
    ['None', 'Never', 'Never'],
  ])('encapsulate by %s', (encapsulation, ipipMode, vxlanMode) => {
    lab.network({ ipPools: lab.listed().map((pool) => ({ ...pool, encapsulation })) });
    const spec = lab.pools()[0]?.spec;
    expect([spec?.['ipipMode'] ?? 'Never', spec?.['vxlanMode'] ?? 'Never']).toEqual([ipipMode, vxlanMode]);
  });

  test('are the only ones that it touches', () => {
    const body = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'IPPool',
      metadata: { name: 'mine' },
      spec: { cidr: '10.250.0.0/24', nodeSelector: '!all()' },
    };
    lab.post(SHOWN_POOLS, body);
    lab.patch(`${SHOWN_POOLS}/mine`, { spec: { natOutgoing: true } });
    lab.rest();
    expect(lab.pools().find(({ name }) => name === 'mine')).toMatchObject({
      labels: undefined,
      spec: { natOutgoing: true },
    });
    lab.network({ ipPools: [...lab.listed(), { cidr: '10.250.0.0/24', name: 'theirs' }] });
    expect(lab.pools().map(({ name }) => name)).toEqual([POOL, 'mine']);
    expect(lab.statuses()['ippools']).toBe('Available');
  });

  test('stay as they are while the operator does not run', () => {
    lab.patch('/apis/apps/v1/namespaces/tigera-operator/deployments/tigera-operator', {
      spec: { replicas: 0 },
    });
    lab.rest();
    lab.patch(`${SHOWN_POOLS}/${POOL}`, { spec: { natOutgoing: false } });
    lab.rest();
    expect(lab.pools()[0]?.spec['natOutgoing']).toBe(false);
    lab.patch('/apis/apps/v1/namespaces/tigera-operator/deployments/tigera-operator', {
      spec: { replicas: 1 },
    });
    lab.rest();
    expect(lab.pools()[0]?.spec['natOutgoing']).toBe(true);
  });
});

describe('what cannot be', () => {
  const degraded = (component: string, calicoNetwork: JsonObject): string | undefined => {
    lab.network(calicoNetwork);
    return lab.statuses()[component];
  };

  test('is told by the component that it is about', () => {
    const [pool = {}] = lab.listed();
    expect(degraded('calico', { bgp: 'Disabled', ipPools: [{ ...pool, encapsulation: 'IPIP' }] })).toBe(
      'Invalid Installation provided: with BIRD cluster routing mode, IPIP encapsulation requires that BGP is enabled',
    );
    expect(degraded('calico', { ipPools: [{ ...pool, encapsulation: 'None' }] })).toBe(
      'Invalid Installation provided: with BIRD cluster routing mode, unencapsulated IP pools require that BGP is enabled',
    );
    expect(degraded('calico', { bgp: 'Enabled', ipPools: [pool] })).toBe('Available');
    expect(degraded('calico', { nodeAddressAutodetectionV4: { firstFound: true, interface: 'eth0' } })).toBe(
      'Invalid Installation provided: no more than one node address autodetection method can be specified per-family',
    );
    expect(degraded('calico', { nodeAddressAutodetectionV4: { firstFound: true, interface: null } })).toBe(
      'Available',
    );
    expect(degraded('ippools', { ipPools: [{ ...pool, blockSize: 19 }] })).toBe(
      'error validating IP pool configuration: IPv4 pool block size must be greater than 19 and less than or equal to 32',
    );
    expect(degraded('ippools', { ipPools: [pool, { ...pool, name: 'again' }] })).toBe(
      'error validating IP pool configuration: IP pool 10.244.0.0/16 is specified more than once',
    );
    expect(degraded('ippools', { ipPools: [{ ...pool, cidr: '10.240.0.0/16' }] })).toBe(
      `Error creating / updating IPPools: IPPool.projectcalico.org "${POOL}" is invalid: IPPool.Spec.CIDR: Invalid value: "10.240.0.0/16": IPPool CIDR cannot be modified`,
    );
    expect(degraded('ippools', { ipPools: [pool] })).toBe('Available');
    expect(lab.statuses()).toEqual(ALL_AVAILABLE);
  });

  test('is refused by the CRDs before that', () => {
    const wrong = (body: JsonObject): unknown =>
      lab.post('/apis/operator.tigera.io/v1/installations', body).body['message'];
    const installation = { apiVersion: 'operator.tigera.io/v1', kind: 'Installation' };
    expect(wrong({ ...installation, metadata: { name: 'mine' }, spec: {} })).toBe(
      `Installation.operator.tigera.io "mine" is invalid: <nil>: Invalid value: "object": resource name must be 'default', 'tigera-secure', or 'overlay'`,
    );
    expect(
      wrong({ ...installation, metadata: { name: 'overlay' }, spec: { calicoNetwork: { bgp: 'On' } } }),
    ).toBe(
      'Installation.operator.tigera.io "overlay" is invalid: spec.calicoNetwork.bgp: Unsupported value: "On": supported values: "Enabled", "Disabled"',
    );
  });
});
