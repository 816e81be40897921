import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, textAt } from '../../../kube/fields.ts';
import { audit } from '../ipam/ipam-audit.contract.ts';
import {
  BLOCK_AFFINITIES,
  IPAM_BLOCKS,
  IPAM_HANDLES,
  IP_POOLS,
  KUBE_CONTROLLERS_CONFIGURATIONS,
} from '../kinds.ts';
import { TestCluster } from '../two-racks.contract.ts';

const EDGE = { cidr: '203.0.113.0/28', blockSize: 29, allowedUses: ['LoadBalancer'] };

const cluster = (): TestCluster => new TestCluster().withCalico('none').withPool('edge', EDGE);

interface Asked {
  readonly spec?: JsonObject;
  readonly annotations?: Readonly<Record<string, string>>;
}

function serve(tested: TestCluster, name: string, { spec = {}, annotations = {} }: Asked = {}): TestCluster {
  tested.change((tx) => {
    const before = tx.get('services', 'default', name);
    tx.put('services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default', uid: before?.metadata.uid ?? tx.uid(), annotations },
      spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', ...spec },
      status: before?.status ?? { loadBalancer: {} },
    });
  });
  return tested.wait(1000);
}

const shown = (tested: TestCluster, name: string): readonly string[] =>
  listAt(tested.state.store.get('services', 'default', name)?.status, 'loadBalancer', 'ingress').map((each) =>
    textAt(each, 'ip'),
  );

const annotated = (name: string, value: string): Asked => ({
  annotations: { [`projectcalico.org/${name}`]: value },
});

describe('a Service of type LoadBalancer', () => {
  test('gets an address of a pool that serves it, from a block of nobody real', () => {
    const tested = serve(cluster(), 'web');
    expect(shown(tested, 'web')).toEqual(['203.0.113.8']);
    expect(tested.state.store.get('services', 'default', 'web')?.status).toEqual({
      loadBalancer: { ingress: [{ ip: '203.0.113.8', ipMode: 'VIP' }] },
    });
    expect(tested.get(BLOCK_AFFINITIES, 'load-balancer-203-0-113-8-29')?.spec).toEqual({
      cidr: '203.0.113.8/29',
      deleted: 'false',
      node: 'load-balancer',
      state: 'confirmed',
      type: 'virtual',
    });
    const [handle = ''] = tested.names(IPAM_HANDLES);
    const block = tested.get(IPAM_BLOCKS, '203-0-113-8-29')?.spec;
    expect(block?.['affinity']).toBe('virtual:load-balancer');
    expect(textAt(block, 'attributes', 0, 'handle_id').toLowerCase()).toBe(handle);
    expect(block?.['attributes']).toEqual([
      {
        handle_id: textAt(block, 'attributes', 0, 'handle_id'),
        secondary: {
          namespace: 'default',
          service: 'web',
          timestamp: '2026-05-01 10:00:00.01 +0000 UTC',
          type: 'LoadBalancer',
        },
      },
    ]);
    expect(audit(tested.state)).toEqual([]);
  });

  test('does not take addresses of pods, nor pods its', () => {
    const tested = serve(
      new TestCluster().withCalico('none').withPool('pods', { cidr: '10.1.0.0/24' }),
      'web',
    );
    expect(shown(tested, 'web')).toEqual([]);
    tested.withPool('edge', EDGE).wait(1000);
    expect(shown(tested, 'web')).toEqual(['203.0.113.8']);
    expect(tested.addPod('a', 'node1')).toBe('10.1.0.128/32');
  });

  test('waits while all addresses are taken', () => {
    const tested = cluster();
    tested.change((tx) => {
      const pool = tx.get(IP_POOLS, undefined, 'edge');
      if (pool) tx.put(IP_POOLS, { ...pool, spec: { ...pool.spec, cidr: '203.0.113.0/31', blockSize: 31 } });
    });
    for (const name of ['a', 'b', 'c']) serve(tested, name);
    expect(['a', 'b', 'c'].map((name) => shown(tested, name))).toEqual([
      ['203.0.113.0'],
      ['203.0.113.1'],
      [],
    ]);
    tested.change((tx) => {
      tx.delete('services', 'default', 'a');
    });
    tested.wait(1000);
    expect(shown(tested, 'c')).toEqual(['203.0.113.0']);
    expect(audit(tested.state)).toEqual([]);
  });

  test('is left alone when it names another class', () => {
    const tested = serve(cluster(), 'web', { spec: { loadBalancerClass: 'metallb' } });
    expect(shown(tested, 'web')).toEqual([]);
    serve(tested, 'web', { spec: { loadBalancerClass: 'calico' } });
    expect(shown(tested, 'web')).toEqual(['203.0.113.8']);
    serve(tested, 'web', { spec: { loadBalancerClass: 'metallb' } });
    expect(shown(tested, 'web')).toEqual([]);
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });

  test('loses its address with the last pool that serves it', () => {
    const tested = serve(cluster(), 'web');
    tested.change((tx) => {
      tx.delete(IP_POOLS, undefined, 'edge');
    });
    tested.wait(1000);
    expect(shown(tested, 'web')).toEqual([]);
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });

  test('gives its address back when it is another type', () => {
    const tested = serve(cluster(), 'web');
    serve(tested, 'web', { spec: { type: 'ClusterIP' } });
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
  });
});

describe('annotations', () => {
  test('name pools, Manual ones too', () => {
    const tested = cluster().withPool('other', {
      ...EDGE,
      cidr: '198.51.100.0/28',
      assignmentMode: 'Manual',
    });
    serve(tested, 'web', annotated('ipv4pools', '["other"]'));
    expect(shown(tested, 'web')).toEqual(['198.51.100.8']);
    serve(tested, 'web', annotated('ipv4pools', '["203.0.113.0/28"]'));
    expect(shown(tested, 'web')).toEqual(['203.0.113.8']);
  });

  test('gone, an address of a Manual pool goes too', () => {
    const tested = cluster().withPool('other', {
      ...EDGE,
      cidr: '198.51.100.0/28',
      assignmentMode: 'Manual',
    });
    serve(tested, 'web', annotated('ipv4pools', '["other"]'));
    expect(shown(serve(tested, 'web'), 'web')).toEqual(['203.0.113.8']);
  });

  test('name the address', () => {
    const tested = serve(cluster(), 'web', annotated('loadBalancerIPs', '["203.0.113.5"]'));
    expect(shown(tested, 'web')).toEqual(['203.0.113.5']);
    serve(tested, 'web', annotated('loadBalancerIPs', '["203.0.113.6"]'));
    expect(shown(tested, 'web')).toEqual(['203.0.113.6']);
    serve(tested, 'late', annotated('loadBalancerIPs', '["203.0.113.6"]'));
    expect(shown(tested, 'late')).toEqual([]);
  });

  test('that cannot be read leave everything as it is', () => {
    const tested = serve(cluster(), 'web');
    for (const value of ['203.0.113.6', '["x"]', '["203.0.113.5", "203.0.113.6"]'])
      serve(tested, 'web', annotated('loadBalancerIPs', value));
    serve(tested, 'web', annotated('ipv4pools', '["nothing"]'));
    expect(shown(tested, 'web')).toEqual(['203.0.113.8']);
  });

  test('decide alone when only those that ask are served', () => {
    const tested = cluster();
    tested.change((tx) => {
      const object = tx.get(KUBE_CONTROLLERS_CONFIGURATIONS, undefined, 'default');
      const spec = {
        ...object?.spec,
        controllers: { loadBalancer: { assignIPs: 'RequestedServicesOnly' } },
      };
      if (object) tx.put(KUBE_CONTROLLERS_CONFIGURATIONS, { ...object, spec });
    });
    expect(shown(serve(tested, 'web'), 'web')).toEqual([]);
    expect(shown(serve(tested, 'web', annotated('ipv4pools', '["edge"]')), 'web')).toEqual(['203.0.113.8']);
    expect(shown(serve(tested, 'by-class', { spec: { loadBalancerClass: 'calico' } }), 'by-class')).toEqual([
      '203.0.113.9',
    ]);
  });
});

describe('a Service of two families', () => {
  const EDGE6 = { cidr: '2001:db8:1::/124', blockSize: 125, allowedUses: ['LoadBalancer'] };
  const both = { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' };
  const dual = (): TestCluster => cluster().withPool('edge6', EDGE6);

  test('gets an address of each, and gives both back', () => {
    const tested = serve(dual(), 'web', { spec: both });
    expect(shown(tested, 'web')).toEqual(['203.0.113.8', '2001:db8:1::8']);
    expect(tested.names(BLOCK_AFFINITIES)).toEqual([
      'load-balancer-2001-db8-1--8-125',
      'load-balancer-203-0-113-8-29',
    ]);
    serve(tested, 'web', { spec: { ...both, type: 'ClusterIP' } });
    expect(tested.names(IPAM_HANDLES)).toEqual([]);
    expect(audit(tested.state)).toEqual([]);
  });

  test('gets the addresses it names, at most one of each family', () => {
    const named = (value: string) => ({ spec: both, ...annotated('loadBalancerIPs', value) });
    const wanted = '["203.0.113.2", "2001:db8:1::5"]';
    expect(shown(serve(dual(), 'web', named(wanted)), 'web')).toEqual(['203.0.113.2', '2001:db8:1::5']);
    expect(shown(serve(dual(), 'web', named('["2001:db8:1::5", "2001:db8:1::6"]')), 'web')).toEqual([]);
  });

  test('takes a pool of the family that its annotation is for', () => {
    const ofPool = (name: string) => ({ spec: both, ...annotated('ipv6pools', `["${name}"]`) });
    expect(shown(serve(dual(), 'web', ofPool('edge6')), 'web')).toEqual(['203.0.113.8', '2001:db8:1::8']);
    expect(shown(serve(dual(), 'web', ofPool('edge')), 'web')).toEqual([]);
  });

  test('with one family asks for that alone', () => {
    const spec = { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' };
    expect(shown(serve(dual(), 'web', { spec }), 'web')).toEqual(['2001:db8:1::8']);
  });
});
