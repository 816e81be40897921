/** `ipam`: a pod's address comes from the wanted pool, and its block is affine to the wanted node. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { ok, type Result } from '../../base/result.ts';
import { cidrContains, formatIpv4, parseCidr, parseIpv4, type Ipv4 } from '../../model/ip.ts';
import { formatPlace } from '../../model/place.ts';
import { place, remarks, sentence } from '../fields.ts';
import type { LabError, Probe } from '../ports.ts';
import { addressOf } from '../target.ts';
import type { CheckDefinition, Finding } from './kind.ts';

export const ipamSchema = z
  .strictObject({
    pod: place.describe('pod/<name> or pod/<namespace>/<name>.'),
    pool: sentence.optional().describe('The pool its address must come from.'),
    node: sentence.optional().describe('The node its block must be affine to.'),
    ...remarks,
  })
  .refine(({ pod }) => pod.kind === 'pod', { error: 'must be a pod', path: ['pod'] })
  .refine(({ pool, node }) => pool !== undefined || node !== undefined, {
    error: 'needs a pool, a node, or both',
  })
  .describe("A pod's address comes from the wanted pool or block.");

export type IpamCheck = z.output<typeof ipamSchema>;

/** Where an address comes from, by name; undefined when nothing holds it. */
interface Origin {
  readonly pool: string | undefined;
  readonly block: { readonly cidr: string; readonly node: string | undefined } | undefined;
}

export const ipam: CheckDefinition<IpamCheck> = {
  kind: 'ipam',
  title: ({ pod }) => `the address of ${formatPlace(pod)} comes from where it should`,
  async evaluate(check, probe, signal) {
    const text = await addressOf(check.pod, probe, signal);
    if (!text.ok) return text;
    const address = text.value === undefined ? undefined : parseIpv4(text.value);
    if (address === undefined) {
      return ok({
        passed: false,
        expected: expectation(check),
        observed: `${formatPlace(check.pod)} has no address`,
        why: 'IPAM gives an address when the pod is set up on its node.',
      });
    }
    const origin = await originOf(address, probe, signal);
    return origin.ok ? ok(compare(check, address, origin.value)) : origin;
  },
};

function expectation({ pool, node }: IpamCheck): string {
  return [
    ...(pool === undefined ? [] : [`an address from pool ${pool}`]),
    ...(node === undefined ? [] : [`in a block affine to ${node}`]),
  ].join(' ');
}

function compare(check: IpamCheck, address: Ipv4, { pool, block }: Origin): Finding {
  const passed =
    (check.pool === undefined || check.pool === pool) &&
    (check.node === undefined || check.node === block?.node);
  const from = pool === undefined ? 'from no pool' : `from pool ${pool}`;
  const within = block ? `block ${block.cidr} affine to ${block.node ?? 'no node'}` : 'in no block';
  return {
    passed,
    expected: expectation(check),
    observed: `${formatIpv4(address)} ${from}, ${within}`,
    why: passed
      ? 'The pod keeps the address IPAM gave it when it started.'
      : 'A running pod never changes its address: it would have to be created anew.',
  };
}

async function originOf(address: Ipv4, probe: Probe, signal: AbortSignal): Promise<Result<Origin, LabError>> {
  const pools = await probe.objects({ resource: 'ippools.crd.projectcalico.org' }, signal);
  if (!pools.ok) return pools;
  const blocks = await probe.objects({ resource: 'ipamblocks.crd.projectcalico.org' }, signal);
  if (!blocks.ok) return blocks;
  const pool = holderOf(address, pools.value);
  const block = holderOf(address, blocks.value);
  const poolName = isJsonObject(pool?.metadata) ? text(pool.metadata.name) : undefined;
  if (!block) return ok({ pool: poolName, block: undefined });
  // `host:<node>`; a block whose node has given it up has no affinity.
  const node = text(specOf(block).affinity)?.replace(/^host:/, '');
  return ok({ pool: poolName, block: { cidr: String(specOf(block).cidr), node } });
}

/** The object whose spec.cidr holds the address. */
function holderOf(address: Ipv4, objects: readonly JsonObject[]): JsonObject | undefined {
  return objects.find((object) => {
    const cidr = parseCidr(String(specOf(object).cidr));
    return cidr !== undefined && cidrContains(cidr, address);
  });
}

function specOf({ spec }: JsonObject): JsonObject {
  return isJsonObject(spec) ? spec : {};
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
