/** `ipam`: a pod's address comes from the wanted pool, and its block is affine to the wanted node. */
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { ok, type Result } from '../../base/result.ts';
import { cidrContains, formatIpv4, parseCidr, parseIpv4, type Ipv4 } from '../../model/ip.ts';
import { formatPlace } from '../../model/place.ts';
import { place, sentence } from '../fields.ts';
import { addressOf } from '../target.ts';
import type { LabError, Probe } from '../ports.ts';
import type { CheckDefinition } from './kind.ts';

export const ipamSchema = z.strictObject({
  pod: place,
  pool: sentence.optional(),
  /** The node its block is affine to. */
  node: sentence.optional(),
  why: sentence.optional(),
  readOn: sentence.optional(),
});

export type IpamCheck = z.infer<typeof ipamSchema>;

const specOf = (object: JsonObject): JsonObject => (isJsonObject(object.spec) ? object.spec : {});

/** The object whose spec.cidr holds the address. */
async function holding(
  resource: string,
  address: Ipv4,
  { probe, signal }: { readonly probe: Probe; readonly signal: AbortSignal },
): Promise<Result<JsonObject | undefined, LabError>> {
  const found = await probe.objects({ resource }, signal);
  if (!found.ok) return found;
  return ok(
    found.value.find((object) => {
      const cidr = parseCidr(String(specOf(object).cidr));
      return cidr !== undefined && cidrContains(cidr, address);
    }),
  );
}

export const ipam: CheckDefinition<IpamCheck> = {
  kind: 'ipam',
  title: ({ pod }) => `the address of ${formatPlace(pod)} comes from where it should`,
  async evaluate({ pod, pool, node }, probe, signal) {
    const expected = [
      ...(pool === undefined ? [] : [`an address from pool ${pool}`]),
      ...(node === undefined ? [] : [`in a block affine to ${node}`]),
    ].join(' ');
    const text = await addressOf(pod, probe, signal);
    if (!text.ok) return text;
    const address = text.value === undefined ? undefined : parseIpv4(text.value);
    if (address === undefined) {
      return ok({ passed: false, expected, observed: `${formatPlace(pod)} has no address`, why: 'IPAM gives an address when the pod is set up on its node.' });
    }
    const from = await holding('ippools.crd.projectcalico.org', address, { probe, signal });
    if (!from.ok) return from;
    const block = await holding('ipamblocks.crd.projectcalico.org', address, { probe, signal });
    if (!block.ok) return block;
    const poolName = from.value && isJsonObject(from.value.metadata) ? String(from.value.metadata.name) : 'no pool';
    const affinity = String((block.value && specOf(block.value).affinity) ?? 'none').replace(/^host:/, '');
    const passed = (pool === undefined || pool === poolName) && (node === undefined || node === affinity);
    return ok({
      passed,
      expected,
      observed: `${formatIpv4(address)} from pool ${poolName}, block ${String(block.value && specOf(block.value).cidr)} affine to ${affinity}`,
      why: passed ? 'The pod keeps the address IPAM gave it when it started.' : 'A running pod never changes its address: it would have to be created anew.',
    });
  },
};
