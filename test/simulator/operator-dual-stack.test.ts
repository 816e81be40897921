/**
 * Calico installed by tigera-operator in a dual-stack cluster: what it writes into calico-node, the CNI configuration and the
 * pools, and that pods speak IPv6 with it. Source: pkg/render/node.go and pkg/controller/ippool/defaults.go, tigera/operator
 * v1.42.3.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { listAt, objectAt, textAt } from '../../src/sim/kube/fields.ts';
import { Simulator } from '../../src/sim/index.ts';
import { create, podBody } from './cluster.ts';
import { keyboardOf } from './keyboard.ts';
import { ALL_AVAILABLE, OperatorCluster } from './operator-cluster.ts';

const FILE = 'labs/topologies/dual-stack.yaml';
const POOL6 = 'default-ipv6-ippool';

function installed(defaultPool: boolean): OperatorCluster {
  const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  const epoch = Date.parse('2026-05-01T10:00:00Z');
  return OperatorCluster.over(
    new Simulator({ topology: topology.value, seed: 1, epoch, defaultPool, install: 'operator' }).world,
  );
}

function variables(cluster: OperatorCluster): Readonly<Record<string, string>> {
  const { body } = cluster.ask('GET', '/apis/apps/v1/namespaces/calico-system/daemonsets/calico-node');
  const [container] = listAt(body, 'spec', 'template', 'spec', 'containers');
  return Object.fromEntries(
    listAt(container, 'env').map((each) => [textAt(each, 'name'), textAt(each, 'value')]),
  );
}

const cni = (cluster: OperatorCluster): string =>
  textAt(cluster.ask('GET', '/api/v1/namespaces/calico-system/configmaps/cni-config').body, 'data', 'config');

/** One pod on each of two nodes in different racks; the addresses of the second. */
function withPods(cluster: OperatorCluster): readonly string[] {
  for (const [name, node] of [
    ['near', 'node1'],
    ['far', 'node3'],
  ] as const)
    expect(create(cluster.simulator, '/api/v1/namespaces/default/pods', podBody(name, node)).code).toBe(201);
  cluster.rest();
  const far = cluster.simulator.world.cluster.store.get('pods', 'default', 'far');
  return listAt(far?.status, 'podIPs').map((each) => textAt(each, 'ip'));
}

const ping = async (cluster: OperatorCluster, to: string): Promise<string> =>
  (await keyboardOf(cluster.simulator).type('pod/near', `ping -c 1 -W 1 ${to}`)).stdout;

describe('a dual-stack cluster whose Calico the operator installed', () => {
  let cluster: OperatorCluster;
  beforeAll(() => {
    cluster = installed(true);
  });

  test('comes up', () => {
    expect(cluster.statuses()).toEqual(ALL_AVAILABLE);
  });

  test('has calico-node look for addresses of both families', () => {
    expect(variables(cluster)).toMatchObject({
      IP: 'autodetect',
      IP_AUTODETECTION_METHOD: 'first-found',
      IP6: 'autodetect',
      IP6_AUTODETECTION_METHOD: 'first-found',
      FELIX_IPV6SUPPORT: 'true',
    });
    expect(cni(cluster)).toContain('"ipam":{"assign_ipv4":"true","assign_ipv6":"true","type":"calico-ipam"}');
  });

  test('has a pool of each family, as the custom resources say', () => {
    expect(
      cluster
        .pools()
        .map(({ name, spec }) => [name, spec['vxlanMode'], spec['natOutgoing'], spec['blockSize']]),
    ).toEqual([
      ['default-ipv4-ippool', 'CrossSubnet', true, 26],
      [POOL6, 'CrossSubnet', true, 122],
    ]);
  });

  test('gives pods two addresses, with which they reach each other across the racks', async () => {
    const [first = '', second = ''] = withPods(cluster);
    expect([first.includes(':'), second.includes(':')]).toEqual([false, true]);
    expect(await ping(cluster, first)).toContain('1 received');
    expect(await ping(cluster, `-6 ${second}`)).toContain('1 received');
  });

  test('gives IPv6 up when its pool leaves the list', () => {
    cluster.network({ ipPools: cluster.listed().filter(({ name }) => name !== POOL6) });
    expect(cluster.pools().map(({ name }) => name)).toEqual(['default-ipv4-ippool']);
    expect(cni(cluster)).toContain('"assign_ipv6":"false"');
  });
});

test('a pool of IPv6 that says nothing else has no encapsulation and is not translated', () => {
  const cluster = installed(false);
  const pools: readonly JsonObject[] = [{ cidr: '10.244.0.0/16' }, { cidr: 'fd00:10:244::/56' }];
  cluster.network({ ipPools: [...pools] });
  expect(
    cluster
      .listed()
      .map(({ name, encapsulation, natOutgoing, blockSize }) => [
        name,
        encapsulation,
        natOutgoing,
        blockSize,
      ]),
  ).toEqual([
    ['default-ipv4-ippool', 'IPIP', 'Enabled', 26],
    [POOL6, 'None', 'Disabled', 122],
  ]);
  const spec = objectAt(
    cluster.pools().find(({ name }) => name === POOL6),
    'spec',
  );
  expect(spec).toMatchObject({ ipipMode: 'Never', vxlanMode: 'Never' });
  expect(spec['natOutgoing']).not.toBe(true);
});
