import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonObject } from '../../../base/json.ts';
import { ACCEPT_TABLE } from '../../kube/api.ts';
import { builtinRegistry } from '../../kube/builtin-registry.ts';
import { handle } from '../../kube/facade.ts';
import { calicoResources } from './resources.ts';
import { TestCluster } from './two-racks.contract.ts';

const PATH = '/apis/crd.projectcalico.org/v1';

function api(cluster: TestCluster) {
  const registry = builtinRegistry(cluster.topology).with(calicoResources);
  return (method: 'GET' | 'POST' | 'PUT', path: string, body?: JsonObject) =>
    cluster.change((tx) =>
      handle(tx, registry, { method, path: PATH + path, ...(body ? { body } : { accept: ACCEPT_TABLE }) }),
    ).body;
}

const ippool = (spec: JsonObject): JsonObject => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'IPPool',
  metadata: { name: 'lab' },
  spec,
});

describe('what kubectl meets', () => {
  test('a table of names and ages', () => {
    const table = api(new TestCluster().withCalico('default'))('GET', '/ippools');
    expect(canonicalJson(table['columnDefinitions'])).toContain('"name":"Age"');
    expect(canonicalJson((table['rows'] as readonly JsonObject[])[0]?.['cells'])).toMatch(
      /^\["default-ipv4-ippool",/,
    );
  });

  test("the CRD's rules, not calicoctl's", () => {
    const ask = api(new TestCluster().withCalico('none'));
    const message = (spec: JsonObject) =>
      String(ask('POST', '/ippools', ippool(spec))['message'] ?? 'accepted');
    expect(message({ cidr: '10.0.0.0/16', vxlanMode: 'Always', ipipMode: 'Always' })).toBe(
      'IPPool.crd.projectcalico.org "lab" is invalid: spec: Forbidden: ipipMode and vxlanMode cannot both be enabled',
    );
    expect(message({ cidr: '10.0.0.0/16', vxlanMode: 'Sometimes' })).toContain(
      'spec.vxlanMode: Unsupported value: "Sometimes"',
    );
    expect(message({})).toContain('spec.cidr: Required value');
    expect(message({ cidr: '10.0.0.1/16' })).toBe('accepted');
    const put = ask('PUT', '/ippools/lab', ippool({ cidr: '10.1.0.0/16' }));
    expect(String(put['message'])).toContain(
      'spec.cidr: Invalid value: "string": CIDR cannot be changed; follow IP pool migration guide to avoid corruption.',
    );
  });

  test('a pool written by kubectl is defaulted by the schema and used by IPAM', () => {
    const cluster = new TestCluster().withCalico('none');
    const stored = api(cluster)('POST', '/ippools', ippool({ cidr: '10.244.0.0/16', vxlanMode: 'Always' }));
    expect(stored['spec']).toEqual({
      assignmentMode: 'Automatic',
      cidr: '10.244.0.0/16',
      vxlanMode: 'Always',
    });
    expect(cluster.wait(0).addPod('web', 'node1')).toBe('10.244.166.129/32');
  });
});

describe('a manifest install', () => {
  test('brings its workloads, its configuration and the default pool', () => {
    const cluster = new TestCluster().withCalico('default');
    const images = (resource: string) =>
      cluster.state.store.list(resource).map((object) =>
        canonicalJson(object.spec?.['template'] as JsonObject)
          .match(/quay\.io\/[^"]+/g)
          ?.at(0),
      );
    expect(images('daemonsets.apps')).toEqual(['quay.io/calico/node:v3.32.1']);
    expect(images('deployments.apps')).toEqual(['quay.io/calico/kube-controllers:v3.32.1']);
    expect(cluster.get('clusterinformations.crd.projectcalico.org', 'default')?.spec?.['calicoVersion']).toBe(
      'v3.32.1',
    );
    expect(cluster.get('ippools.crd.projectcalico.org', 'default-ipv4-ippool')?.spec).toEqual({
      allowedUses: ['Workload', 'Tunnel'],
      assignmentMode: 'Automatic',
      blockSize: 26,
      cidr: '10.244.0.0/16',
      ipipMode: 'Always',
      natOutgoing: true,
      nodeSelector: 'all()',
      vxlanMode: 'Never',
    });
    expect(cluster.get('nodes', 'node1')?.metadata.annotations).toEqual({
      'projectcalico.org/IPv4Address': '10.0.0.11/24',
      'projectcalico.org/IPv4IPIPTunnelAddr': '10.244.166.128',
      'projectcalico.org/Interfaces': '[{"name":"eth0","addresses":["10.0.0.11"]}]',
    });
  });
});
