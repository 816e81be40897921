/**
 * Which pools an address may come from: requested ones as they are, otherwise enabled, automatic pools whose selectors fit
 * the node and the pod's namespace; then those that allow the use.
 * Source: libcalico-go/lib/ipam/ipam.go determinePools, filterPoolsByUse, Calico v3.32.1.
 */
import { err, ok, type Result } from '../../../../base/result.ts';
import type { Ip } from '../../../../model/ip.ts';
import { formatIpCidr, ipCidrContains, ipCidrEquals, type IpCidr } from '../../../../model/ip-family.ts';
import type { AnyPool, PoolUse } from '../ippool.ts';
import { parseSelector, selects, type Labels } from '../selector.ts';

export interface PoolRequest {
  readonly node: string;
  readonly nodeLabels: Labels;
  /** Absent for tunnel addresses: the namespace selector is then asked about no labels. */
  readonly namespaceLabels?: Labels;
  readonly use: PoolUse;
  /** Used in this order, whatever their selectors say. */
  readonly requested?: readonly IpCidr[];
}

export interface PoolChoice {
  /** Fit the node and namespace, or were requested. */
  readonly selecting: readonly AnyPool[];
  /** Of those, the ones that allow the use. */
  readonly usable: readonly AnyPool[];
}

export const NO_QUALIFIED_POOL = 'cannot find a qualified ippool';

/** `pools` of one family in name order. The error is Calico's text. */
export function choosePools(pools: readonly AnyPool[], request: PoolRequest): Result<PoolChoice, string> {
  const enabled = pools.filter((pool) => !pool.disabled);
  if (enabled.length === 0) return err(NO_QUALIFIED_POOL);
  const selecting = request.requested?.length
    ? requestedPools(enabled, request.requested)
    : fittingPools(enabled, request);
  if (!selecting.ok) return selecting;
  if (selecting.value.length === 0) return err(`no configured Calico pools for node ${request.node}`);
  const usable = selecting.value.filter((pool) => pool.allowedUses.includes(request.use));
  if (usable.length === 0)
    return err(`${NO_QUALIFIED_POOL}, no pools match the required use (${request.use})`);
  return ok({ selecting: selecting.value, usable });
}

function requestedPools(
  enabled: readonly AnyPool[],
  requested: readonly IpCidr[],
): Result<readonly AnyPool[], string> {
  const found: AnyPool[] = [];
  for (const cidr of requested) {
    const pool = enabled.find((each) => ipCidrEquals(each.cidr, cidr));
    if (!pool) return err(`the given pool (${formatIpCidr(cidr)}) does not exist, or is not enabled`);
    found.push(pool);
  }
  return ok(found);
}

/** A selector that cannot be read fails the whole request, whichever pool it belongs to. */
function fittingPools(
  enabled: readonly AnyPool[],
  { nodeLabels, namespaceLabels = {} }: PoolRequest,
): Result<readonly AnyPool[], string> {
  const found: AnyPool[] = [];
  for (const pool of enabled) {
    if (pool.assignmentMode !== 'Automatic') continue;
    const node = judged(pool.nodeSelector, nodeLabels);
    if (!node.ok) return node;
    const namespace = node.value ? judged(pool.namespaceSelector, namespaceLabels) : node;
    if (!namespace.ok) return namespace;
    if (namespace.value) found.push(pool);
  }
  return ok(found);
}

function judged(selector: string, labels: Labels): Result<boolean, string> {
  const fits = selects(selector, labels);
  if (fits !== undefined) return ok(fits);
  const parsed = parseSelector(selector);
  return parsed.ok ? ok(false) : parsed;
}

/** A malformed selector selects nothing. */
export const selectsNode = (pool: AnyPool, labels: Labels): boolean =>
  selects(pool.nodeSelector, labels) ?? false;

export const poolHolding = <Pool extends AnyPool>(pools: readonly Pool[], address: Ip): Pool | undefined =>
  pools.find((pool) => ipCidrContains(pool.cidr, address));
