/**
 * `calicoctl ipam split`: several smaller pools in the place of one, each with the settings of the whole. Blocks and
 * addresses stay what they are, for each lies inside one of the parts.
 * Source: calicoctl/calicoctl/commands/ipam/split.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import {
  addressBits,
  formatIpCidr,
  ipAt,
  ipCidrOf,
  parseIpCidr,
  type IpCidr,
} from '../../../model/ip-family.ts';
import { IP_POOLS } from '../../cni/calico/kinds.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Client } from './client.ts';
import { isLocked } from './datastore-lock.ts';
import { members } from './failure.ts';
import { nameOf, specOf } from './kinds/custom.ts';
import { createPart, IP_POOL, removeWhole } from './kinds/ippool.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

const refused = (error: string): Report => ({ stdout: '', error });

/** A Kubernetes name has at most so many characters; the rest of a part's name needs some of them. */
const LONGEST_NAME = 245;

export function ipamSplit(client: Client, line: Line): Report {
  const cidr = line.value('--cidr') ?? '';
  const name = line.value('--name') ?? '';
  if (cidr === '' && name === '')
    return refused('no name or CIDR provided. Provide a name or CIDR to denote the IP pool to split');
  if (!isLocked(client)) {
    return refused(
      'datastore is not locked. Run the `calicoctl datastore migrate lock` command in order split the IP pools',
    );
  }
  const whole = wholePool(client, name, cidr);
  if (!whole.ok) return refused(whole.error);
  const disabled = IP_POOL.update(client, withSpec(whole.value, { disabled: true }));
  if (!disabled.ok) return refused(`error disabling IP pool ${cidr}`);
  const [number = ''] = line.args;
  const parts = partsOf(String(specOf(whole.value)['cidr'] ?? ''), number);
  return parts.ok ? replacePool(client, disabled.value, parts.value) : refused(parts.error);
}

function wholePool(client: Client, name: string, cidr: string): Result<JsonObject, string> {
  if (name !== '') {
    const found = IP_POOL.get(client, { name, namespace: '' });
    return found.ok ? found : err(`unable to find IP pool with name ${name}: ${found.error.text}`);
  }
  const fits = (pool: KubeObject): boolean => pool.spec?.['cidr'] === cidr;
  const stored = client.objects.list(IP_POOLS).find(fits);
  const found = stored && IP_POOL.get(client, { name: stored.metadata.name, namespace: '' });
  return found?.ok === true
    ? found
    : err(`unable to find IP pool ${name} covering the specified CIDR ${cidr}`);
}

const withSpec = (pool: JsonObject, changes: JsonObject): JsonObject => ({
  ...pool,
  spec: { ...specOf(pool), ...changes },
});

function partsOf(text: string, number: string): Result<readonly IpCidr[], string> {
  if (!/^[+-]?\d+$/.test(number)) {
    return err(
      `error reading number to split IP pools into. ${number} is not a valid number: strconv.Atoi: parsing ${JSON.stringify(number)}: invalid syntax`,
    );
  }
  const count = Number(number);
  const failed = (why: string): Result<never, string> =>
    err(`error splitting the CIDR ${text} into ${count} CIDRs: ${why}`);
  const power = Math.log2(count);
  if (count < 2 || !Number.isInteger(power))
    return failed(`number to split CIDR into is not a valid power of 2: ${count}`);
  const cidr = parseIpCidr(text);
  if (!cidr) return failed(`error reading CIDR ${text} before attempting to split it`);
  const length = cidr.length + power;
  const bits = addressBits(cidr.base);
  if (length > bits) return failed(`the CIDR ${text} is not large enough to be split into ${count} parts`);
  const size = 1n << BigInt(bits - length);
  return ok(Array.from({ length: count }, (_, at) => ipCidrOf(ipAt(cidr, BigInt(at) * size), length)));
}

function replacePool(client: Client, whole: JsonObject, parts: readonly IpCidr[]): Report {
  const name = nameOf(whole);
  const { labels, annotations } = members(whole['metadata']);
  const created: string[] = [];
  for (const [at, part] of parts.entries()) {
    const cidr = formatIpCidr(part);
    const own = `split-${name.slice(0, LONGEST_NAME)}-${at}`;
    const metadata = {
      name: own,
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    };
    const made = createPart(client, { ...withSpec(whole, { cidr, disabled: false }), metadata });
    if (!made.ok)
      return refused(`error using unsafe create to make split pool with cidr ${cidr}: ${made.error.text}`);
    created.push(`Created ${own} with CIDR ${cidr}.\n`);
  }
  removeWhole(client, name);
  // The real tool forgets the newlines before the first and after the last line.
  const head = `IP Pool ${name} was successfully split into ${parts.length} smaller pools.`;
  return { stdout: `${head}${created.join('')}Please refer to the documentation for final steps.` };
}
