/** Defaults, names and refusals: pkg/controller/ippool/{defaults,validation}.go and their tests, tigera/operator v1.42.3. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import { cidr } from '../../../../model/ip.ts';
import { cidr6 } from '../../../../model/ipv6.ts';
import type { Topology } from '../../../../model/topology.ts';
import { withPoolDefaults as withPoolFields } from '../ippool.ts';
import { poolsOf } from './installation.ts';
import { calicoPool, operatorPool, poolListFault, withPoolDefaults } from './pool-spec.ts';

const TOPOLOGY: Topology = {
  name: 'none',
  segments: [],
  routers: [],
  nodes: [],
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};
const DUAL: Topology = {
  ...TOPOLOGY,
  podCidr6: cidr6('fd00:10:244::/56'),
  serviceCidr6: cidr6('fd00:10:96::/112'),
};

interface Given {
  readonly topology?: Topology;
  readonly current?: readonly (readonly [cidr: string, name: string])[];
}

function filled(
  ipPools: readonly JsonObject[] | undefined,
  { topology = TOPOLOGY, current = [] }: Given = {},
): ReturnType<typeof withPoolDefaults> {
  const spec = { calicoNetwork: ipPools ? { ipPools } : {} };
  return withPoolDefaults(spec, { current: new Map(current), topology });
}

const names = (...given: Parameters<typeof filled>): readonly unknown[] =>
  poolsOf(filled(...given).spec).map(({ name }) => name);

describe('defaults', () => {
  test('of the families', () => {
    const shared = {
      allowedUses: ['Workload', 'Tunnel'],
      assignmentMode: 'Automatic',
      disableBGPExport: false,
      disableNewAllocations: false,
      nodeSelector: 'all()',
    };
    expect(poolsOf(filled(undefined, { topology: DUAL }).spec)).toEqual([
      {
        ...shared,
        blockSize: 26,
        cidr: '10.244.0.0/16',
        encapsulation: 'IPIP',
        name: 'default-ipv4-ippool',
        natOutgoing: 'Enabled',
      },
      {
        ...shared,
        blockSize: 122,
        cidr: 'fd00:10:244::/56',
        encapsulation: 'None',
        name: 'default-ipv6-ippool',
        natOutgoing: 'Disabled',
      },
    ]);
  });

  test('where pools are there and none are listed: an empty list', () => {
    expect(poolsOf(filled(undefined, { current: [['10.244.0.0/16', 'mine']] }).spec)).toEqual([]);
  });

  test('of names: the standard ones, those of pools that are there, or the CIDR', () => {
    const [first, second] = [{ cidr: '10.244.0.0/17' }, { cidr: '10.244.128.0/17' }];
    const sixth = { cidr: 'fd00:10:244::/64' };
    expect(names([first])).toEqual(['default-ipv4-ippool']);
    expect(names([first, sixth], { topology: DUAL })).toEqual(['default-ipv4-ippool', 'default-ipv6-ippool']);
    expect(names([first, second])).toEqual(['10.244.0.0-17', '10.244.128.0-17']);
    expect(names([first, second, sixth], { topology: DUAL })[2]).toBe(
      'fd00.0010.0244.0000.0000.0000.0000.0000-64',
    );
    expect(names([first, second], { current: [['10.244.0.0/17', 'old']] })).toEqual([
      'old',
      '10.244.128.0-17',
    ]);
  });

  test('are refused for a first pool outside the cluster’s pod network', () => {
    const outside = [{ cidr: '10.245.0.0/16' }];
    expect(filled(outside).fault).toBe(
      "could not resolve CalicoNetwork IPPool and kubeadm configuration: IPPool 10.245.0.0/16 is not within the platform's configured pod network CIDR(s) [10.244.0.0/16]",
    );
    expect(filled(outside, { current: [['10.244.0.0/16', 'mine']] }).fault).toBeUndefined();
  });
});

const POOL = {
  cidr: '10.244.0.0/16',
  name: 'one',
  encapsulation: 'VXLAN',
  nodeSelector: 'all()',
  blockSize: 26,
};

describe('a list of pools is refused', () => {
  test.each<[string, readonly JsonObject[], string | undefined]>([
    ['not at all', [POOL], undefined],
    [
      'for a CIDR that is none',
      [{ ...POOL, cidr: '10.244.0.0' }],
      'IP pool CIDR (10.244.0.0) is invalid: invalid CIDR address: 10.244.0.0',
    ],
    [
      'for a CIDR twice',
      [POOL, { ...POOL, name: 'two' }],
      'IP pool 10.244.0.0/16 is specified more than once',
    ],
    [
      'for a name twice',
      [POOL, { ...POOL, cidr: '10.245.0.0/16' }],
      'IP pool one is specified more than once',
    ],
    ['for no selector', [{ ...POOL, nodeSelector: '' }], 'IP pool nodeSelector should not be empty'],
    [
      'for large blocks',
      [{ ...POOL, blockSize: 19 }],
      'IPv4 pool block size must be greater than 19 and less than or equal to 32',
    ],
    [
      'for small blocks of IPv6',
      [{ ...POOL, cidr: 'fd00::/64', blockSize: 129 }],
      'IPv6 pool block size must be greater than 115 and less than or equal to 128',
    ],
    [
      'for a block larger than the pool',
      [{ ...POOL, cidr: '10.244.0.0/28' }],
      'IP pool size is too small. It must be equal to or greater than the block size',
    ],
    [
      'for two uses that exclude each other',
      [{ ...POOL, allowedUses: ['LoadBalancer', 'Workload'] }],
      'IP pool one AllowedUse LoadBalancer cannot be used with Workload/Tunnel',
    ],
    [
      'for an encapsulation of load balancers',
      [{ ...POOL, allowedUses: ['LoadBalancer'] }],
      'IP pool encapsulation must be none if allowedUse is LoadBalancer',
    ],
  ])('%s', (_, pools, fault) => {
    expect(poolListFault(pools)).toBe(fault);
  });
});

test.each(['IPIP', 'IPIPCrossSubnet', 'VXLAN', 'VXLANCrossSubnet', 'None'])(
  'a pool with %s of the Installation and Calico’s are the same, there and back',
  (encapsulation) => {
    const [pool = {}] = poolsOf(filled([{ cidr: '10.244.0.0/16', encapsulation }]).spec);
    const back = operatorPool('default-ipv4-ippool', withPoolFields(calicoPool(pool)));
    expect({ encapsulation: 'None', ...back }).toEqual(pool);
  },
);
