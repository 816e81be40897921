/** Expected statements: confd/tests/compiled_templates of Calico v3.32.1, for the scenarios named, with their input. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../base/json.ts';
import { BgpLab } from './bgp-lab.contract.ts';
import { functionName } from './filters.ts';

const NO_MESH = { nodeToNodeMeshEnabled: false };

/** Rules of one direction, as the function of that name has them. */
const rules = (direction: 'import' | 'export', ...list: readonly JsonObject[]): readonly string[] =>
  new BgpLab().with('BGPFilter', 'f', { [`${direction}V4`]: list }).filter(functionName('f', direction, 4));

describe('a rule', () => {
  test('matches prefixes (bgpfilter/match_operators)', () => {
    expect(
      rules(
        'import',
        { cidr: '44.0.0.0/16', matchOperator: 'In', action: 'Accept' },
        { cidr: '44.1.0.0/16', matchOperator: 'NotIn', action: 'Reject' },
        { cidr: '44.2.0.0/16', matchOperator: 'Equal', action: 'Accept' },
        { cidr: '44.3.0.0/16', matchOperator: 'NotEqual', action: 'Reject' },
      ),
    ).toEqual([
      'net ~ 44.0.0.0/16: accept',
      'net !~ 44.1.0.0/16: reject',
      'net = 44.2.0.0/16: accept',
      'net != 44.3.0.0/16: reject',
    ]);
  });

  test('matches lengths inside a prefix; BIRD never finds a route equal to a set', () => {
    const cidr = '44.0.0.0/16';
    expect(
      rules(
        'export',
        { cidr, matchOperator: 'In', prefixLength: { min: 24, max: 26 }, action: 'Accept' },
        { cidr, matchOperator: 'In', prefixLength: { max: 20 }, action: 'Accept' },
        { cidr, matchOperator: 'NotIn', prefixLength: { min: 8 }, action: 'Reject' },
        { cidr, matchOperator: 'Equal', prefixLength: { min: 24 }, action: 'Accept' },
        { cidr, matchOperator: 'NotEqual', prefixLength: { min: 24 }, action: 'Reject' },
      ),
    ).toEqual([
      'net ~ 44.0.0.0/16{24,26}: accept',
      'net ~ 44.0.0.0/16{16,20}: accept',
      'net !~ 44.0.0.0/16{16,32}: reject',
      'always: reject',
    ]);
  });

  test('matches sources, interfaces and kinds of peers (bgpfilter/match_interface, match_source, peer_type)', () => {
    expect(
      rules(
        'export',
        { cidr: '77.0.0.0/16', matchOperator: 'NotIn', interface: 'eth0', action: 'Accept' },
        { cidr: '77.1.0.0/16', matchOperator: 'In', source: 'RemotePeers', action: 'Reject' },
        { source: 'RemotePeers', action: 'Accept' },
        { cidr: '10.0.0.0/8', matchOperator: 'In', peerType: 'eBGP', action: 'Accept' },
        { cidr: '172.16.0.0/12', matchOperator: 'In', peerType: 'iBGP', action: 'Reject' },
        { action: 'Reject' },
      ),
    ).toEqual([
      'net !~ 77.0.0.0/16, ifname ~ eth0: accept',
      'net ~ 77.1.0.0/16, source bgp: reject',
      'source bgp: accept',
      'external, net ~ 10.0.0.0/8: accept',
      'internal, net ~ 172.16.0.0/12: reject',
      'always: reject',
    ]);
  });

  test('changes what it accepts (bgpfilter/communities_and_operations, as_path_and_priority, large_community)', () => {
    expect(
      rules(
        'export',
        {
          communities: { values: ['65000:42'] },
          operations: [{ addCommunity: { value: '65001:200' } }, { prependASPath: { prefix: [65000] } }],
          action: 'Accept',
        },
        { priority: 100, operations: [{ addCommunity: { value: '65000:100:200' } }], action: 'Accept' },
        { priority: 200, operations: [{ prependASPath: { prefix: [65000, 65001] } }], action: 'Accept' },
        { asPathPrefix: [65000, 65001], operations: [{ setPriority: { value: 256 } }], action: 'Accept' },
      ),
    ).toEqual([
      'community 65000:42: add 65001:200; prepend 65000; accept',
      'local_pref = 2147483547: add 65000:100:200; accept',
      'local_pref = 2147483447: prepend 65001; prepend 65000; accept',
      'path = 65000 65001 *: local-pref 2147483391; accept',
    ]);
  });
});

describe('functions', () => {
  test('are called in the order of the peer’s list, where they have rules and exist (bgpfilter/multi_filter)', () => {
    const rule = (cidr: string): JsonObject => ({ cidr, matchOperator: 'In', action: 'Accept' });
    const lab = new BgpLab()
      .with('BGPConfiguration', 'default', NO_MESH)
      .with('BGPFilter', 'test-filter-1', {
        importV4: [rule('44.0.0.0/16')],
        exportV4: [rule('77.0.0.0/16')],
      })
      .with('BGPFilter', 'test-filter-2', {
        importV4: [rule('44.4.0.0/16')],
        exportV6: [rule('9000:1::/64')],
      })
      .with('BGPPeer', 'p', {
        peerIP: '10.192.0.250',
        asNumber: 65001,
        filters: ['test-filter-2', 'gone', 'test-filter-1'],
      });
    const called = () => lab.config('kube-master').neighbours[0];
    expect(called()?.importFilters).toEqual([
      'bgp_test-filter-2_importFilterV4',
      'bgp_test-filter-1_importFilterV4',
      'elevated_priority',
    ]);
    expect(called()?.exportFilters).toEqual(['bgp_test-filter-1_exportFilterV4']);
    expect(lab.filter('elevated_priority')).toEqual(['local_pref > 2147482623: preference 200']);
    // bgpfilter/filter_deletion
    lab.without('BGPFilter', 'test-filter-1');
    expect(called()?.importFilters).toEqual(['bgp_test-filter-2_importFilterV4', 'elevated_priority']);
    expect(called()?.exportFilters).toBeUndefined();
    lab.with('BGPFilter', 'gone', { exportV4: [rule('10.0.0.0/8')] });
    expect(called()?.exportFilters).toEqual(['bgp_gone_exportFilterV4']);
  });

  test('have names that BIRD can hold (bgpfilter/filter_names)', () => {
    const exactly = '45characters.exactly.so.should.not.truncate-1';
    expect(functionName(exactly, 'import', 4)).toBe(`bgp_${exactly}_importFilterV4`);
    expect(functionName('46characters.exactly.so.should.truncate-123456', 'import', 4)).toBe(
      'bgp_46characters.exactly.so.shou_9615CBDC00BAC628_importFilterV4',
    );
    expect(
      functionName('greater-than-64-characters.so.this.should.definitely.truncate-1234567890', 'export', 4),
    ).toBe('bgp_greater-than-64-characters.s_4C5DB3273E544641_exportFilterV4');
  });
});
