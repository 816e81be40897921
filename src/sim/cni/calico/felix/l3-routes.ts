/**
 * Felix's L3 route resolver: which node each piece of pod address space belongs to. A block goes to the node it is affine
 * to; an address that another node borrowed goes to the borrower, and more precisely so.
 * Source: felix/calc/l3_route_resolver.go with routeSource CalicoIPAM, Calico v3.32.1.
 */
import type { Cidr, Ip, Ipv4, Ipv6 } from '../../../../model/ip.ts';
import { addressBits, ipCidrEquals, isCidr6, type IpFamily } from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { addressOf, hostOf, readBlock, type Block } from '../ipam/block.ts';
import { poolHolding } from '../ipam/pools.ts';
import type { AnyPool, IpPool, PoolOf } from '../ippool.ts';
import { stableList } from '../stable.ts';

/** Pod address space of one node: a block, or a borrowed address. */
export interface WorkloadRoute<Address extends Ip = Ipv4> {
  readonly prefix: Cidr<Address>;
  readonly node: string;
  /** The enabled or disabled pool around it; without one nothing is programmed. */
  readonly pool: IpPool<Address> | undefined;
  readonly kind: 'block' | 'borrowed' | 'borrowed-tunnel';
}

/** Of a family. */
export type RouteOf<Family extends IpFamily> = Family extends 4 ? WorkloadRoute : WorkloadRoute<Ipv6>;

/** All of the cluster's of one family, in block order; the same list while nothing but the use of blocks changed. */
export function workloadRoutes<Family extends IpFamily = 4>(
  blocks: Table<KubeObject> | undefined,
  pools: readonly PoolOf<Family>[],
  family: Family = 4 as Family,
): readonly RouteOf<Family>[] {
  return ROUTES[family](blocks, pools) as readonly RouteOf<Family>[];
}

/** Prefix and pool are of one family. */
type AnyRoute = WorkloadRoute<Ip>;

const routesIn = (family: IpFamily) => {
  const keep = stableList<AnyRoute>(
    (a, b) => a.node === b.node && a.kind === b.kind && a.pool === b.pool && ipCidrEquals(a.prefix, b.prefix),
  );
  return memoize(
    (blocks: Table<KubeObject> | undefined, pools: readonly AnyPool[]) =>
      keep(
        [...(blocks?.values() ?? [])].flatMap((object) => {
          const block = readBlock(object);
          return block && isCidr6(block.cidr) === (family === 6) ? routesOf(block, pools) : [];
        }),
      ),
    4,
  );
};

const ROUTES = { 4: routesIn(4), 6: routesIn(6) } as const;

function routesOf(block: Block, pools: readonly AnyPool[]): readonly AnyRoute[] {
  const node = hostOf(block);
  const pool = poolHolding(pools, block.cidr.base);
  const own: readonly AnyRoute[] =
    node === undefined ? [] : [{ prefix: block.cidr, node, pool, kind: 'block' }];
  return [...own, ...borrowedFrom(block, pool)];
}

function borrowedFrom(block: Block, pool: AnyPool | undefined): readonly AnyRoute[] {
  const owner = hostOf(block);
  if (block.attributes.every(({ secondary }) => secondary['node'] === owner)) return [];
  return block.allocations.flatMap((index, ordinal): readonly AnyRoute[] => {
    const attributes = index === null ? undefined : block.attributes[index];
    const node = attributes?.secondary['node'];
    if (node === undefined || node === owner) return [];
    const kind = attributes?.secondary['type'] === undefined ? 'borrowed' : 'borrowed-tunnel';
    const base = addressOf(block, ordinal);
    return [{ prefix: { base, length: addressBits(base) }, node, pool, kind }];
  });
}
