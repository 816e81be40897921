/**
 * Felix's L3 route resolver: which node each piece of pod address space belongs to. A block goes to the node it is affine
 * to; an address that another node borrowed goes to the borrower, and more precisely so.
 * Source: felix/calc/l3_route_resolver.go with routeSource CalicoIPAM, Calico v3.32.1.
 */
import { addressAt, cidrEquals, type Cidr } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { hostOf, readBlock, type Block } from '../ipam/block.ts';
import { poolHolding } from '../ipam/pools.ts';
import type { IpPool } from '../ippool.ts';
import { stableList } from '../stable.ts';

/** Pod address space of one node: a block, or a borrowed address. */
export interface WorkloadRoute {
  readonly prefix: Cidr;
  readonly node: string;
  /** The enabled or disabled pool around it; without one nothing is programmed. */
  readonly pool: IpPool | undefined;
  readonly kind: 'block' | 'borrowed' | 'borrowed-tunnel';
}

const keep = stableList<WorkloadRoute>(
  (a, b) => a.node === b.node && a.kind === b.kind && a.pool === b.pool && cidrEquals(a.prefix, b.prefix),
);

/** All of the cluster's, in block order; the same list while nothing but the use of blocks changed. */
export const workloadRoutes = memoize(
  (blocks: Table<KubeObject> | undefined, pools: readonly IpPool[]): readonly WorkloadRoute[] =>
    keep(
      [...(blocks?.values() ?? [])].flatMap((object) => {
        const block = readBlock(object);
        return block ? routesOf(block, pools) : [];
      }),
    ),
  4,
);

function routesOf(block: Block, pools: readonly IpPool[]): readonly WorkloadRoute[] {
  const node = hostOf(block);
  const pool = poolHolding(pools, block.cidr.base);
  const own: readonly WorkloadRoute[] =
    node === undefined ? [] : [{ prefix: block.cidr, node, pool, kind: 'block' }];
  return [...own, ...borrowedFrom(block, pool)];
}

function borrowedFrom(block: Block, pool: IpPool | undefined): readonly WorkloadRoute[] {
  const owner = hostOf(block);
  if (block.attributes.every(({ secondary }) => secondary['node'] === owner)) return [];
  return block.allocations.flatMap((index, ordinal): readonly WorkloadRoute[] => {
    const attributes = index === null ? undefined : block.attributes[index];
    const node = attributes?.secondary['node'];
    if (node === undefined || node === owner) return [];
    const kind = attributes?.secondary['type'] === undefined ? 'borrowed' : 'borrowed-tunnel';
    return [{ prefix: { base: addressAt(block.cidr, ordinal), length: 32 }, node, pool, kind }];
  });
}
