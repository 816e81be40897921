/**
 * What the annotations of a pod and of its namespace ask of the CNI plugin: pools, one particular address, address families,
 * floating addresses. Texts of refusals are the plugin's.
 * Source: cni-plugin/pkg/k8s/k8s.go, cni-plugin/internal/pkg/utils/utils.go ResolvePools, Calico v3.32.1, with the feature
 * control of the manifest install, which allows neither addresses outside IPAM nor floating ones.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { Ip } from '../../../model/ip.ts';
import {
  familyOf,
  formatIp,
  parseIp,
  parseIpCidr,
  type IpCidr,
  type IpFamily,
} from '../../../model/ip-family.ts';
import type { KubeObject } from '../../kube/object.ts';
import { goStrings } from './go-json.ts';
import type { AnyPool } from './ippool.ts';
import { annotation } from './kinds.ts';

const POOLS = { 4: 'cni.projectcalico.org/ipv4pools', 6: 'cni.projectcalico.org/ipv6pools' } as const;
const FAMILIES = 'cni.projectcalico.org/ipFamilies';
const ADDRESSES = 'cni.projectcalico.org/ipAddrs';
const WITHOUT_IPAM = 'cni.projectcalico.org/ipAddrsNoIpam';
const FLOATING = 'cni.projectcalico.org/floatingIPs';

export interface Wishes {
  /** These addresses, at most one of each family, will do and no others; pools and families do not matter then. */
  readonly addresses: readonly Ip[];
  /** Of which families the pod gets an address. */
  readonly families: readonly IpFamily[];
  /** By family; empty: no wish. */
  readonly pools: Readonly<Record<IpFamily, readonly IpCidr[]>>;
  /** Why the pod is refused although it had an address. */
  readonly problem?: string;
}

export interface WishContext {
  readonly namespace: KubeObject | undefined;
  readonly pools: readonly AnyPool[];
  /** As the plugin's configuration has them. */
  readonly families: readonly IpFamily[];
}

const NO_POOLS = { 4: [], 6: [] } as const;

export function readWishes(pod: KubeObject, context: WishContext): Result<Wishes, string> {
  // An empty annotation is none.
  const wish = (name: string): string => annotation(pod, name) || annotation(context.namespace, name) || '';
  const inet = listOf(wish(POOLS[4]));
  if (!inet.ok) return inet;
  const inet6 = listOf(wish(POOLS[6]));
  if (!inet6.ok) return inet6;
  const families = readFamilies(wish(FAMILIES), context.families);
  if (!families.ok) return families;
  const exact = exactAddresses(annotation(pod, ADDRESSES) ?? '', annotation(pod, WITHOUT_IPAM) ?? '');
  if (!exact.ok) return exact;
  const problem = annotation(pod, FLOATING) ? 'requested feature is not enabled: floating_ips' : undefined;
  const known = {
    addresses: exact.value,
    families: families.value,
    ...(problem !== undefined && { problem }),
  };
  if (exact.value.length > 0) return ok({ ...known, pools: NO_POOLS });
  const pools = resolved(inet.value, context.pools, 4);
  if (!pools.ok) return pools;
  const pools6 = resolved(inet6.value, context.pools, 6);
  return pools6.ok ? ok({ ...known, pools: { 4: pools.value, 6: pools6.value } }) : pools6;
}

function readFamilies(text: string, usual: readonly IpFamily[]): Result<readonly IpFamily[], string> {
  if (text === '') return ok(usual);
  const names = goStrings(text);
  if (!names.ok) return names;
  const isOdd = names.value.some((name) => name !== 'IPv4' && name !== 'IPv6');
  return isOdd
    ? err(`error parsing ipFamilies: ${text}`)
    : ok(([4, 6] as const).filter((family) => names.value.includes(`IPv${family}`)));
}

const listOf = (text: string): Result<readonly string[], string> => (text === '' ? ok([]) : goStrings(text));

function exactAddresses(text: string, outside: string): Result<readonly Ip[], string> {
  if (text !== '' && outside !== '')
    return err("can't have both annotations: 'ipAddrs' and 'ipAddrsNoIpam' in use at the same time");
  if (outside !== '') return err('requested feature is not enabled: ip_addrs_no_ipam');
  if (text === '') return ok([]);
  const label = `annotation "${ADDRESSES}"`;
  const parsed = goStrings(text);
  if (!parsed.ok)
    return err(
      `failed to parse IPs ${text} for ${label}: failed to parse '${text}' as JSON: ${parsed.error}`,
    );
  return parsed.value.length === 0 ? err(`${label} specified but empty`) : oneOfEach(parsed.value);
}

/** At most one of each family. */
function oneOfEach(texts: readonly string[]): Result<readonly Ip[], string> {
  const found = new Map<IpFamily, Ip>();
  for (const text of texts) {
    const address = parseIp(text);
    if (address === undefined) return err(`invalid IP format: ${text}`);
    const family = familyOf(address);
    if (found.has(family))
      return err(`cannot have more than one IPv${family} address for "${ADDRESSES}" annotation`);
    found.set(family, address);
  }
  return ok([...found.values()]);
}

/** Pools by CIDR or by name. */
function resolved(
  names: readonly string[],
  known: readonly AnyPool[],
  family: IpFamily,
): Result<readonly IpCidr[], string> {
  const found: IpCidr[] = [];
  for (const name of names) {
    const cidr = parseIpCidr(name) ?? known.find((pool) => pool.name === name)?.cidr;
    if (!cidr) return err(`error parsing pool ${JSON.stringify(name)}: invalid CIDR address: ${name}`);
    if (familyOf(cidr.base) !== family)
      return err(`${JSON.stringify(formatIp(cidr.base))} isn't a IPv${family} address`);
    found.push(cidr);
  }
  return ok(found);
}
