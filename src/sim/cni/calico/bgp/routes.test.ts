/**
 * Expected statements: confd/tests/compiled_templates of Calico v3.32.1 for the scenarios named; of services, the cases of
 * confd/pkg/backends/calico/routes_test.go.
 */
import { describe, expect, test } from 'vitest';
import { formatIpCidr } from '../../../../model/ip-family.ts';
import { BgpLab, type LabNode } from './bgp-lab.contract.ts';

const TUNNELS = [
  'internal, ifname ~ *.cali: reject',
  'internal, ifname ~ *.calico: reject',
  'ifname ~ bpf*.cali: reject',
];
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

describe('pools', () => {
  test('what is kept private is refused first (mesh/bgp-export)', () => {
    const lab = new BgpLab()
      .pool('ippool-1', { cidr: '192.168.1.0/24' })
      .pool('ippool-2', { cidr: '192.168.2.0/24', disableBGPExport: true })
      .pool('ippool-3', { cidr: '192.168.3.0/24', disabled: true });
    expect(lab.exports('kube-master')).toEqual([
      'net ~ 192.168.2.0/24: reject',
      ...TUNNELS,
      'net ~ 192.168.1.0/24: accept',
      'net ~ 192.168.3.0/24: accept',
    ]);
    expect(lab.kernel('kube-master')).toEqual([
      'net ~ 192.168.1.0/24: accept',
      'net ~ 192.168.2.0/24: accept',
      'net ~ 192.168.3.0/24: accept',
    ]);
  });

  test('own blocks go out whole; which routes the kernel gets depends on the pool (mesh/ipip-*, mesh/vxlan-always)', () => {
    const lab = new BgpLab()
      .pool('a', { cidr: '192.168.0.0/17', ipipMode: 'CrossSubnet' })
      .pool('b', { cidr: '192.168.128.0/18', ipipMode: 'Always' })
      .pool('c', { cidr: '192.168.192.0/18', vxlanMode: 'Always' });
    // The block is the first that this node's name hashes to; the tunnel's address is its first address.
    const [block] = lab.statics('kube-master');
    const prefix = block?.replace(' blackhole', '') ?? '';
    expect(prefix).toMatch(/^192\.168\.\d+\.\d+\/26$/);
    const own = lab.exports('kube-master');
    expect(own).toContain(`net = ${prefix}: accept`);
    expect(own.indexOf(`net ~ ${prefix}: reject`)).toBe(own.indexOf(`net = ${prefix}: accept`) + 1);
    expect(lab.kernel('kube-master')).toEqual([
      'net ~ 192.168.0.0/17: tunl0 unless 10.192.0.0/16 accept',
      'net ~ 192.168.128.0/18: tunl0 accept',
      'net ~ 192.168.192.0/18: reject',
    ]);
    // felix_cluster_routing
    lab.with('BGPConfiguration', 'default', { programClusterRoutes: 'Disabled' });
    expect(lab.kernel('kube-master')).toEqual([
      'net ~ 192.168.0.0/17: reject',
      'net ~ 192.168.128.0/18: reject',
      'net ~ 192.168.192.0/18: reject',
    ]);
  });
});

describe('what else a configuration says', () => {
  test('communities, by name and by value, sorted; a node’s own in their stead (mesh/communities)', () => {
    const lab = new BgpLab().with('BGPConfiguration', 'default', {
      communities: [
        { name: 'bgp-comm-standard', value: '100:6532' },
        { name: 'bgp-comm-large', value: '100:555:107' },
      ],
      prefixAdvertisements: [
        {
          cidr: '192.168.0.0/16',
          communities: ['bgp-comm-standard', '5663:12', 'bgp-comm-large', 'unknown'],
        },
        { cidr: 'fd00:96::/112', communities: ['bgp-comm-large'] },
      ],
    });
    expect(lab.exports('kube-master')).toEqual([
      ...TUNNELS,
      'net ~ 192.168.0.0/16: add 100:555:107; add 100:6532; add 5663:12',
    ]);
    lab.with('BGPConfiguration', 'node.kube-master', {
      prefixAdvertisements: [{ cidr: '192.168.128.0/17', communities: ['65535:65281'] }],
    });
    expect(lab.exports('kube-master')).toEqual([...TUNNELS, 'net ~ 192.168.128.0/17: add 65535:65281']);
    expect(lab.exports('kube-node-1')).toContain(
      'net ~ 192.168.0.0/16: add 100:555:107; add 100:6532; add 5663:12',
    );
  });

  test('interfaces to leave alone, and the metric of normal routes (ignored_interfaces)', () => {
    const lab = new BgpLab().with('BGPConfiguration', 'default', {
      ignoredInterfaces: ['iface-1', 'iface-2'],
      ipv4NormalRoutePriority: 2000,
    });
    expect(lab.config('kube-master')).toMatchObject({
      ignoredInterfaces: ['iface-1', 'iface-2'],
      normalMetric: 2000,
    });
    expect(lab.filter('elevated_priority')).toEqual(['local_pref > 2147481647: preference 200']);
    lab.without('BGPConfiguration', 'default');
    expect(lab.config('kube-master').ignoredInterfaces).toBeUndefined();
    expect(lab.config('kube-master').normalMetric).toBe(1024);
  });
});

const RANGES = {
  serviceClusterIPs: [{ cidr: '10.101.0.0/16' }, {}, { cidr: 'fd00:96::/112' }],
  serviceLoadBalancerIPs: [{ cidr: '80.15.0.0/24' }, {}],
};
const NODES: readonly LabNode[] = ['kube-master', 'kube-node-1', 'kube-node-2'];

/** Static routes of services, node by node. */
const announced = (lab: BgpLab): Record<string, readonly string[]> =>
  Object.fromEntries(
    NODES.map((node) => [node, lab.statics(node).map((route) => route.replace(' blackhole', ''))]),
  );
const everywhere = (...routes: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(NODES.map((node) => [node, routes]));

describe('service addresses', () => {
  test('ranges from everybody, a Local service from where its endpoints are (mesh/static-routes)', () => {
    const lab = new BgpLab()
      .pool('ippool-1', { cidr: '192.168.0.0/16', assignmentMode: 'Manual' })
      .with('BGPConfiguration', 'default', RANGES)
      .service(
        'service-1',
        { type: 'LoadBalancer', externalTrafficPolicy: 'Local', clusterIP: '10.101.0.101' },
        ['80.15.0.1', '90.15.0.1'],
      )
      .endpoints('service-1', ['kube-master'])
      .service('service-2', { type: 'NodePort', externalTrafficPolicy: 'Local', clusterIP: '10.101.0.102' })
      .endpoints('service-2', ['kube-node-1'])
      .service('service-3', {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Cluster',
        clusterIP: '10.101.0.103',
      })
      .endpoints('service-3', ['kube-node-1']);
    const ranges = ['10.101.0.0/16', '80.15.0.0/24'];
    expect(announced(lab)).toEqual({
      'kube-master': ['10.101.0.0/16', '10.101.0.101/32', '80.15.0.0/24', '80.15.0.1/32'],
      'kube-node-1': ['10.101.0.0/16', '10.101.0.102/32', '80.15.0.0/24'],
      'kube-node-2': ranges,
    });
    expect(lab.exports('kube-master')).toEqual([
      ...TUNNELS,
      'net ~ 10.101.0.0/16: accept',
      'net ~ 10.101.0.101/32: accept',
      'net ~ 80.15.0.0/24: accept',
      'net ~ 80.15.0.1/32: accept',
      'net ~ 192.168.0.0/16: accept',
    ]);
    // The ranges are for peers: no kernel gets them, nor what others announce of them.
    expect(lab.kernel('kube-master')).toEqual([
      'net ~ 10.101.0.0/16: reject',
      'net ~ 80.15.0.0/24: reject',
      'net ~ 192.168.0.0/16: accept',
    ]);
    // mesh/static-routes/step2
    lab.with('BGPConfiguration', 'default', {});
    expect(announced(lab)).toEqual(everywhere());
    expect(lab.kernel('kube-master')).toEqual(['net ~ 192.168.0.0/16: accept']);
  });

  test('follow the endpoints, ready or not, and the service', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', { serviceClusterIPs: [{ cidr: '10.101.0.0/16' }] })
      .service('web', { type: 'NodePort', externalTrafficPolicy: 'Local', clusterIP: '10.101.0.5' })
      .endpoints('web', ['kube-node-1'], false);
    const holders = (): readonly string[] =>
      NODES.filter((node) => announced(lab)[node]?.includes('10.101.0.5/32'));
    expect(holders()).toEqual(['kube-node-1']);
    lab.endpoints('web', ['kube-node-1', 'kube-node-2']);
    expect(holders()).toEqual(['kube-node-1', 'kube-node-2']);
    lab.endpoints('web', ['kube-master']);
    expect(holders()).toEqual(['kube-master']);
    lab.service('web', { type: 'NodePort', externalTrafficPolicy: 'Cluster', clusterIP: '10.101.0.5' });
    expect(holders()).toEqual([]);
    lab.service('web', { type: 'NodePort', externalTrafficPolicy: 'Local', clusterIP: '10.101.0.5' });
    expect(holders()).toEqual(['kube-master']);
    lab.endpoints('web', []);
    expect(holders()).toEqual([]);
    lab.endpoints('web', ['kube-master']).deleteService('web');
    expect(holders()).toEqual([]);
  });

  test('single addresses in the list are the services’ own affair, and the kernel’s', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', {
        serviceExternalIPs: [{ cidr: '45.12.0.0/16' }, { cidr: '172.217.3.5/32' }],
        serviceLoadBalancerIPs: [{ cidr: '80.15.0.9/32' }],
      })
      .service('cluster', {
        externalTrafficPolicy: 'Cluster',
        type: 'NodePort',
        clusterIP: '10.101.0.6',
        externalIPs: ['172.217.3.5', '45.12.1.1', '44.4.4.4'],
      })
      .endpoints('cluster', ['kube-node-2'])
      .service(
        'balanced',
        { externalTrafficPolicy: 'Cluster', type: 'LoadBalancer', clusterIP: '10.101.0.7' },
        ['80.15.0.9'],
      )
      .endpoints('balanced', ['kube-node-2'])
      .service('alone', {
        externalTrafficPolicy: 'Cluster',
        type: 'NodePort',
        clusterIP: '10.101.0.8',
        externalIPs: ['172.217.3.5'],
      });
    expect(announced(lab)).toEqual(
      everywhere('172.217.3.5/32', '45.12.0.0/16', '45.12.1.1/32', '80.15.0.9/32'),
    );
    expect(lab.kernel('kube-master')).toEqual(['net ~ 45.12.0.0/16: reject']);
  });

  test('without aggregation each service is announced by itself', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', {
        serviceClusterIPs: [{ cidr: '10.101.0.0/16' }],
        serviceLoadBalancerIPs: [{ cidr: '80.15.0.0/24' }],
        serviceLoadBalancerAggregation: 'Disabled',
      })
      .service('a', { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster', clusterIP: '10.101.0.7' }, [
        '80.15.0.7',
      ])
      .endpoints('a', ['kube-node-2'])
      .service('b', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', clusterIP: '10.101.0.8' }, [
        '80.15.0.8',
      ])
      .endpoints('b', ['kube-node-2'])
      .service('headless', { clusterIP: 'None' })
      .endpoints('headless', ['kube-node-2'])
      .service('idle', { clusterIP: '10.101.0.9' })
      .endpoints('idle', [])
      .service('named', { type: 'ExternalName', clusterIP: '' });
    const all = ['10.101.0.0/16', '10.101.0.7/32', '80.15.0.7/32'];
    expect(announced(lab)).toEqual({
      'kube-master': all,
      'kube-node-1': all,
      'kube-node-2': ['10.101.0.0/16', '10.101.0.7/32', '10.101.0.8/32', '80.15.0.7/32', '80.15.0.8/32'],
    });
    expect(lab.kernel('kube-master')).toEqual(['net ~ 10.101.0.0/16: reject']);
  });

  test('a node that is excluded announces none, and programs none either (mesh/static-routes-exclude-node)', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', RANGES)
      .service('web', { type: 'NodePort', externalTrafficPolicy: 'Local', clusterIP: '10.101.0.5' })
      .endpoints('web', ['kube-master'])
      .node('kube-master', { [EXCLUDED]: 'true' });
    expect(lab.statics('kube-master')).toEqual([]);
    expect(lab.exports('kube-master')).toEqual(TUNNELS);
    expect(lab.kernel('kube-master')).toEqual(['net ~ 10.101.0.0/16: reject', 'net ~ 80.15.0.0/24: reject']);
    expect(lab.statics('kube-node-1')).toEqual(['10.101.0.0/16 blackhole', '80.15.0.0/24 blackhole']);
    // The label has to say true.
    lab.node('kube-master', { [EXCLUDED]: '' });
    expect(lab.statics('kube-master')).toContain('10.101.0.5/32 blackhole');
  });

  test('a reflector passes on what lies in the ranges of load balancers', () => {
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', RANGES)
      .node('kube-master', { [EXCLUDED]: 'true' }, { RouteReflectorClusterID: '244.0.0.1' });
    expect(lab.exports('kube-master')).toEqual([...TUNNELS, 'net ~ 80.15.0.0/24: accept']);
  });
});

describe('VXLAN', () => {
  test('routes that Felix made are learnt where an outer neighbour may hear of them', () => {
    const lab = new BgpLab().pool('vxlan', { cidr: '192.168.0.0/16', vxlanMode: 'Always' });
    const blockOf = (node: LabNode): string => lab.statics(node)[0]?.replace(' blackhole', '') ?? '';
    const learnt = (): readonly string[] => lab.config('kube-master').learnt.map(formatIpCidr);
    expect(learnt()).toEqual([]);
    lab.with('BGPPeer', 'inner', { peerIP: '10.192.0.249', asNumber: 64512 });
    expect(learnt()).toEqual([]);
    lab.with('BGPPeer', 'tor', { peerIP: '10.192.0.250', asNumber: 65001 });
    expect([...learnt()].sort()).toEqual([blockOf('kube-node-1'), blockOf('kube-node-2')].sort());
  });
});
