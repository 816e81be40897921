/** Source: kube-controllers/pkg/controllers/node/hostendpoints.go, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { objectAt } from '../../src/sim/kube/fields.ts';
import { v3Metadata } from '../../src/sim/cni/calico/apiserver/metadata.ts';
import { settled } from './cluster.ts';

const CONFIGURATION = '/apis/crd.projectcalico.org/v1/kubecontrollersconfigurations/default';
const contentType = 'application/merge-patch+json';

function patch(cluster: Simulator, path: string, body: JsonObject): void {
  expect(cluster.cluster.request({ method: 'PATCH', path, contentType, body }).code).toBe(200);
  cluster.advanceTo(cluster.now + 1_000);
}

const configure = (cluster: Simulator, hostEndpoint: JsonObject): void =>
  patch(cluster, CONFIGURATION, { spec: { controllers: { node: { hostEndpoint } } } });

const made = (cluster: Simulator) => cluster.world.cluster.store.list('hostendpoints.crd.projectcalico.org');
const names = (cluster: Simulator): readonly string[] => made(cluster).map(({ metadata }) => metadata.name);
const labels = (cluster: Simulator, name: string): JsonObject => {
  const found = made(cluster).find(({ metadata }) => metadata.name === name);
  return found ? objectAt(v3Metadata(found), 'labels') : {};
};

describe('automatic host endpoints', () => {
  test('are off until somebody wants them; then each node has one, with its labels and addresses', () => {
    const cluster = settled();
    expect(names(cluster)).toEqual([]);
    configure(cluster, { autoCreate: 'Enabled' });
    expect(names(cluster)).toEqual([
      'control-plane-auto-hep',
      'node1-auto-hep',
      'node2-auto-hep',
      'node3-auto-hep',
    ]);
    const tunnel = cluster.world.cluster.store.get('nodes', undefined, 'node1')?.metadata.annotations;
    expect(made(cluster)[1]).toMatchObject({
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'HostEndpoint',
      spec: {
        node: 'node1',
        interfaceName: '*',
        expectedIPs: ['10.0.0.11', tunnel?.['projectcalico.org/IPv4IPIPTunnelAddr']],
        profiles: ['projectcalico-default-allow'],
      },
    });
    expect(labels(cluster, 'node1-auto-hep')).toEqual({
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'node1',
      'kubernetes.io/os': 'linux',
      'projectcalico.org/created-by': 'calico-kube-controllers',
      'topology.kubernetes.io/zone': 'rack-a',
    });
    const chains =
      cluster.network.netns('node/node1')?.netfilter.tables.filter?.map(({ name }) => name) ?? [];
    expect(chains).toContain('cali-fh-any-interface-at-all');
  });

  test('follow the labels of their node, are put back when somebody changes them, and go with their node', () => {
    const cluster = settled();
    configure(cluster, { autoCreate: 'Enabled' });
    patch(cluster, '/api/v1/nodes/node1', { metadata: { labels: { rack: 'a' } } });
    expect(labels(cluster, 'node1-auto-hep')['rack']).toBe('a');
    const path = '/apis/crd.projectcalico.org/v1/hostendpoints/node1-auto-hep';
    patch(cluster, path, { spec: { expectedIPs: ['10.0.0.99'] } });
    expect(JSON.stringify(made(cluster)[1]?.spec)).not.toContain('10.0.0.99');
    cluster.cluster.request({ method: 'DELETE', path });
    cluster.advanceTo(cluster.now + 1_000);
    expect(names(cluster)).toContain('node1-auto-hep');
    cluster.cluster.request({ method: 'DELETE', path: '/api/v1/nodes/node3' });
    cluster.advanceTo(cluster.now + 1_000);
    expect(names(cluster)).not.toContain('node3-auto-hep');
    configure(cluster, { autoCreate: 'Disabled' });
    expect(names(cluster)).toEqual([]);
  });

  test('by templates, for the nodes and addresses that these choose', () => {
    const cluster = settled();
    const byHand = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'HostEndpoint',
      metadata: { name: 'mine' },
      spec: { node: 'node2', interfaceName: 'eth0' },
    };
    cluster.cluster.request({
      method: 'POST',
      path: '/apis/crd.projectcalico.org/v1/hostendpoints',
      body: byHand,
    });
    const template = {
      generateName: 'rack',
      interfaceCIDRs: ['10.0.0.0/24'],
      nodeSelector: "kubernetes.io/hostname in {'node1', 'node3'}",
      labels: { kind: 'underlay' },
    };
    configure(cluster, {
      autoCreate: 'Enabled',
      createDefaultHostEndpoint: 'Disabled',
      templates: [template],
    });
    expect(names(cluster)).toEqual(['mine', 'node1-rack-auto-hep']);
    expect(made(cluster)[1]?.spec).toEqual({
      node: 'node1',
      expectedIPs: ['10.0.0.11'],
      profiles: ['projectcalico-default-allow'],
    });
    expect(labels(cluster, 'node1-rack-auto-hep')).toMatchObject({ kind: 'underlay' });
    configure(cluster, { autoCreate: 'Disabled' });
    expect(names(cluster)).toEqual(['mine']);
  });
});
