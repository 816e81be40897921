import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../base/json.ts';
import { checkPool, type PoolContext } from './ippool.ts';
import { validatorErrors } from './ippool-validator.ts';
import { pool } from './two-racks.contract.ts';
import { validationText } from './validation.ts';

const EMPTY: PoolContext = { pools: [], blocks: [] };

function verdict(spec: JsonObject, context: PoolContext = EMPTY): string {
  const checked = checkPool('new', spec, context);
  return checked.ok ? 'accepted' : validationText(checked.error);
}

const one = (field: string, reason: string): string => `error with field ${field} (${reason})`;
const many = (...fields: readonly string[]): string =>
  `error with the following fields:\n${fields.map((field) => `-  ${field}\n`).join('')}`;
const CIDR = "IPPool.Spec.CIDR = '10.0.0.0/16'";

describe('a new pool (provenance of all texts: fact sheet 1.2)', () => {
  const table: readonly (readonly [string, JsonObject, string])[] = [
    ['is fine', { cidr: '10.0.0.0/16' }, 'accepted'],
    ['is fine in IPv6', { cidr: 'fd00:10::/64' }, 'accepted'],
    ['has no CIDR', {}, one('IPPool.Spec.CIDR', 'IPPool CIDR must be specified')],
    ['has a bare address', { cidr: '10.0.0.1' }, one("IPPool.Spec.CIDR = '10.0.0.1'", 'IPPool CIDR must be a valid subnet')],
    ['has blocks too large', { cidr: '10.0.0.0/16', blockSize: 19 }, one("IPPool.Spec.BlockSize = '19'", 'IPv4 block size must be between 20 and 32')],
    ['has IPv6 blocks too large', { cidr: 'fd00::/64', blockSize: 64 }, one("IPPool.Spec.BlockSize = '64'", 'IPv6 block size must be between 116 and 128')],
    ['is smaller than a block', { cidr: '10.0.0.0/27' }, one("IPPool.Spec.CIDR = '10.0.0.0/27'", 'IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size.')],
    ['is small but disabled', { cidr: '10.0.0.0/27', disabled: true }, 'accepted'],
    ['has two encapsulations', { cidr: '10.0.0.0/16', vxlanMode: 'Always', ipipMode: 'CrossSubnet' }, one("IPPool.Spec.VXLANMode = 'Always'", 'Cannot enable both VXLAN and IPIP on the same IPPool')],
    ['wants IPIP for IPv6', { cidr: 'fd00::/64', ipipMode: 'Always' }, one("IPPool.Spec.IPIPMode = 'Always'", 'IPIP is not supported on an IPv6 IP pool')],
    ['has host bits', { cidr: '10.0.1.2/16' }, one(CIDR, 'IPPool CIDR is not strictly masked')],
    ['is link local', { cidr: '169.254.0.0/17' }, one("IPPool.Spec.CIDR = '169.254.0.0/17'", 'IPPool CIDR overlaps with IPv4 Link Local range 169.254.0.0/16')],
    ['is link local in IPv6', { cidr: 'fe80::/64' }, one("IPPool.Spec.CIDR = 'fe80::/64'", 'IPPool CIDR overlaps with IPv6 Link Local range fe80::/10')],
    ['is wrong twice', { cidr: '10.0.1.2/16', blockSize: 33 }, many("IPPool.Spec.BlockSize = '33' (IPv4 block size must be between 20 and 32)", `${CIDR} (IPPool CIDR is not strictly masked)`)],
    ['has a bad selector', { cidr: '10.0.0.0/16', nodeSelector: 'rack = a' }, one("NodeSelector = 'rack = a'", 'Reason: failed to validate Field: NodeSelector because of Tag: selector ')],
    ['has a bad mode', { cidr: '10.0.0.0/16', vxlanMode: 'always' }, one("VXLANMode = 'always'", 'Reason: failed to validate Field: VXLANMode because of Tag: vxlanMode ')],
    ['has a bad IPIP mode', { cidr: '10.0.0.0/16', ipipMode: 'on' }, one("IPIPMode = 'on'", 'Reason: failed to validate Field: IPIPMode because of Tag: ipIpMode ')],
    ['has a bad assignment mode', { cidr: '10.0.0.0/16', assignmentMode: 'auto' }, one("AssignmentMode = 'auto'", 'Reason: failed to validate Field: AssignmentMode because of Tag: assignmentMode ')],
    ['is for services and pods', { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer', 'Workload'] }, one("IPpool.AllowedUses = '[LoadBalancer Workload]'", 'LoadBalancer cannot be used at the same time as: Workload')],
    ['is for what nobody knows', { cidr: '10.0.0.0/16', allowedUses: ['Pods'] }, one("IPpool.AllowedUses = '[Pods]'", 'unknown use: Pods')],
    ['encapsulates services', { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], vxlanMode: 'Always' }, one("IPpool.IPIPMode = 'Never'", 'Neither IPIPMode nor VXLANMode can be enabled on AllowedUses LoadBalancer IP pool')],
    ['keeps services from BGP', { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], disableBGPExport: true }, one("IPpool.DisableBGPExport = '10.0.0.0/16'", 'IP Pool with AllowedUse LoadBalancer must have DisableBGPExport set to true')],
    ['selects nodes for services', { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], nodeSelector: 'has(a)' }, one("IPpool.NodeSelector = '10.0.0.0/16'", 'IP Pool with AllowedUse LoadBalancer must have node selector set to all()')],
    ['selects namespaces for tunnels', { cidr: '10.0.0.0/16', namespaceSelector: 'all()' }, one("IPpool.NamespaceSelector = 'all()'", 'IP Pool with AllowedUse Tunnel cannot have namespaceSelector specified - tunnel IPs are not namespaced resources')],
    ['selects nodes globally', { cidr: '10.0.0.0/16', nodeSelector: 'global()' }, one("IPpool.NodeSelector = 'global()'", 'global() selector is not valid for IPPool nodeSelector - use all() instead')],
    ['selects namespaces globally', { cidr: '10.0.0.0/16', allowedUses: ['Workload'], namespaceSelector: 'global()' }, one("IPpool.NamespaceSelector = 'global()'", 'global() selector is not valid for IPPool namespaceSelector - use all() instead')],
  ]; // prettier-ignore
  test.each(table)('%s', (_name, spec, text) => expect(verdict(spec)).toBe(text));

  test('overlaps with others, disabled ones too, but not with itself', () => {
    const context = {
      pools: [pool('a', { cidr: '10.0.0.0/8', disabled: true }), pool('new', { cidr: '10.0.0.0/16' })],
      blocks: [],
    };
    expect(verdict({ cidr: '10.0.0.0/16' }, context)).toBe(
      one(CIDR, 'IPPool(new) CIDR overlaps with IPPool(a) CIDR 10.0.0.0/8'),
    );
  });

  test('must fit the blocks that exist', () => {
    const context = { pools: [], blocks: ['10.0.5.0/24', '10.9.0.0/26'] };
    expect(verdict({ cidr: '10.0.0.0/16' }, context)).toBe(
      one(
        "IPPool.Spec.BlockSize = '26'",
        'IPPool blocksSize conflicts with existing allocations that use a different blockSize',
      ),
    );
  });
});

describe('a change of a pool', () => {
  const change = (before: JsonObject, after: JsonObject) =>
    verdict(after, { ...EMPTY, before: pool('new', before) });

  test('may not move or resize it', () => {
    expect(change({ cidr: '10.0.0.0/16' }, { cidr: '10.1.0.0/16', blockSize: 27 })).toBe(
      many(
        "IPPool.Spec.CIDR = '10.1.0.0/16' (IPPool CIDR cannot be modified)",
        "IPPool.Spec.BlockSize = '27' (IPPool BlockSize cannot be modified)",
      ),
    );
  });

  test('may not take it from services', () => {
    expect(
      change(
        { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'] },
        { cidr: '10.0.0.0/16', allowedUses: ['Workload'] },
      ),
    ).toBe(
      one(
        "IPPool.Spec.AllowedUses = '[Workload]'",
        'IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel',
      ),
    );
  });

  test('may change its encapsulation', () => {
    expect(
      change({ cidr: '10.0.0.0/16', ipipMode: 'Always' }, { cidr: '10.0.0.0/16', vxlanMode: 'CrossSubnet' }),
    ).toBe('accepted');
  });
});

test('the validator alone has its own words', () => {
  expect(
    validationText(validatorErrors({ cidr: '10.0.0.1/16', ipipMode: 'Always', vxlanMode: 'Always' })),
  ).toBe(
    many(
      "IPpool.IPIPMode = 'Always' (IPIPMode and VXLANMode cannot be enabled on LoadBalancer IP pool)",
      "IPpool.CIDR = '10.0.0.0/16' (IP pool CIDR is not strictly masked)",
    ),
  );
});
