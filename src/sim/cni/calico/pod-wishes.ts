/**
 * What the annotations of a pod and of its namespace ask of the CNI plugin: pools, one particular address, address families,
 * floating addresses. Texts of refusals are the plugin's.
 * Source: cni-plugin/pkg/k8s/k8s.go, cni-plugin/internal/pkg/utils/utils.go ResolvePools, Calico v3.32.1, with the feature
 * control of the manifest install, which allows neither addresses outside IPAM nor floating ones.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import { cidrOf, parseIpv4, type Cidr, type Ipv4 } from '../../../model/ip.ts';
import type { KubeObject } from '../../kube/object.ts';
import { goStrings } from './go-json.ts';
import { formatAddress, parseAddress, parseNetwork } from './ip-network.ts';
import { NO_QUALIFIED_POOL } from './ipam/pools.ts';
import type { IpPool } from './ippool.ts';
import { annotation } from './kinds.ts';

const POOLS = 'cni.projectcalico.org/ipv4pools';
const FAMILIES = 'cni.projectcalico.org/ipFamilies';
const ADDRESSES = 'cni.projectcalico.org/ipAddrs';
const WITHOUT_IPAM = 'cni.projectcalico.org/ipAddrsNoIpam';
const FLOATING = 'cni.projectcalico.org/floatingIPs';

export interface Wishes {
  /** The one address that will do; pools do not matter then. */
  readonly address?: Ipv4;
  /** Empty: no wish. */
  readonly pools: readonly Cidr[];
  /** Why the pod is refused although it had an address. */
  readonly problem?: string;
}

export function readWishes(
  pod: KubeObject,
  namespace: KubeObject | undefined,
  known: readonly IpPool[],
): Result<Wishes, string> {
  // An empty annotation is none.
  const wish = (name: string): string => annotation(pod, name) || annotation(namespace, name) || '';
  const names = listOf(wish(POOLS));
  if (!names.ok) return names;
  const families = readFamilies(wish(FAMILIES));
  if (!families.ok) return families;
  const exact = exactAddress(annotation(pod, ADDRESSES) ?? '', annotation(pod, WITHOUT_IPAM) ?? '');
  if (!exact.ok) return exact;
  const problem = annotation(pod, FLOATING) ? 'requested feature is not enabled: floating_ips' : undefined;
  const late = problem === undefined ? {} : { problem };
  if (exact.value !== undefined) return ok({ address: exact.value, pools: [], ...late });
  const pools = resolved(names.value, known);
  if (!pools.ok) return pools;
  const missing = missingFamily(families.value);
  return missing === undefined ? ok({ pools: pools.value, ...late }) : err(missing);
}

/** Undefined when nothing is asked, which means IPv4. */
function readFamilies(text: string): Result<readonly string[] | undefined, string> {
  if (text === '') return ok(undefined);
  const families = goStrings(text);
  const isOdd = families.ok && families.value.some((family) => family !== 'IPv4' && family !== 'IPv6');
  return isOdd ? err(`error parsing ipFamilies: ${text}`) : families;
}

/** There are no IPv6 addresses to be had: that search fails, and a first address goes back with it. */
function missingFamily(families: readonly string[] | undefined): string | undefined {
  if (families?.length === 0) return 'IPAM plugin returned missing IP config';
  return families?.includes('IPv6') === true ? NO_QUALIFIED_POOL : undefined;
}

const listOf = (text: string): Result<readonly string[], string> => (text === '' ? ok([]) : goStrings(text));

function exactAddress(text: string, outside: string): Result<Ipv4 | undefined, string> {
  if (text !== '' && outside !== '')
    return err("can't have both annotations: 'ipAddrs' and 'ipAddrsNoIpam' in use at the same time");
  if (outside !== '') return err('requested feature is not enabled: ip_addrs_no_ipam');
  if (text === '') return ok(undefined);
  const label = `annotation "${ADDRESSES}"`;
  const parsed = goStrings(text);
  if (!parsed.ok)
    return err(
      `failed to parse IPs ${text} for ${label}: failed to parse '${text}' as JSON: ${parsed.error}`,
    );
  return parsed.value.length === 0 ? err(`${label} specified but empty`) : onlyAddress(parsed.value);
}

/** At most one of each family; what is left out of this simulator fails as IPAM without IPv6 pools does. */
function onlyAddress(texts: readonly string[]): Result<Ipv4, string> {
  const seen = new Set<4 | 6>();
  for (const text of texts) {
    const parsed = parseAddress(text);
    if (!parsed) return err(`invalid IP format: ${text}`);
    if (seen.has(parsed.version))
      return err(`cannot have more than one IPv${parsed.version} address for "${ADDRESSES}" annotation`);
    seen.add(parsed.version);
  }
  const [address] = texts.flatMap((text) => parseIpv4(text) ?? []);
  return address === undefined || seen.has(6)
    ? err('error getting IP from IPAM: The provided IP address is not in a configured pool\n')
    : ok(address);
}

/** Pools by CIDR or by name. */
function resolved(names: readonly string[], known: readonly IpPool[]): Result<readonly Cidr[], string> {
  const found: Cidr[] = [];
  for (const name of names) {
    const network = parseNetwork(name);
    if (network?.version === 6) {
      const address = formatAddress({ version: 6, address: network.base });
      return err(`${JSON.stringify(address)} isn't a IPv4 address`);
    }
    const cidr = network
      ? cidrOf(Number(network.address) as Ipv4, network.length)
      : known.find((pool) => pool.name === name)?.cidr;
    if (!cidr) return err(`error parsing pool ${JSON.stringify(name)}: invalid CIDR address: ${name}`);
    found.push(cidr);
  }
  return ok(found);
}
