/**
 * The pools of an Installation: what the pool controller fills in, what it refuses, and how a pool of the Installation and one of
 * Calico are the same.
 * Source: pkg/controller/ippool/{defaults,validation,pool_controller}.go, tigera/operator v1.42.3. The CIDRs of kubeadm's
 * configuration are the lab's own.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { formatIpCidr, ipCidrContains, isCidr6, parseIpCidr } from '../../../../model/ip-family.ts';
import type { Topology } from '../../../../model/topology.ts';
import { compact, listAt, objectAt, textAt } from '../../../kube/fields.ts';

export const isV6 = (cidr: Json | undefined): boolean => String(cidr).includes(':');

export const podNetworksOf = ({ podCidr, podCidr6 }: Topology): readonly string[] =>
  [podCidr, podCidr6].flatMap((network) => (network ? [formatIpCidr(network)] : []));

/** Pools as the pool controller fills them in; the error is about the cluster's own pod network. */
export function withPoolDefaults(
  spec: JsonObject,
  { current, topology }: { readonly current: ReadonlyMap<string, string>; readonly topology: Topology },
): { readonly spec: JsonObject; readonly fault?: string } {
  const network = objectAt(spec, 'calicoNetwork');
  const written = network['ipPools'] === undefined ? undefined : listAt(spec, 'calicoNetwork', 'ipPools');
  const podNetworks = podNetworksOf(topology);
  const outside =
    current.size === 0 ? written?.find(({ cidr }) => !isWithin(String(cidr), podNetworks)) : undefined;
  if (outside) {
    const where = `[${podNetworks.join(' ')}]`;
    return {
      spec,
      fault: `could not resolve CalicoNetwork IPPool and kubeadm configuration: IPPool ${String(outside['cidr'])} is not within the platform's configured pod network CIDR(s) ${where}`,
    };
  }
  const wanted = written ?? (current.size === 0 ? podNetworks.map(defaultPool) : []);
  const ipPools = wanted.map((pool) => filledPool(pool, wanted, current));
  return { spec: { ...spec, calicoNetwork: { ...network, ipPools } } };
}

const DEFAULT_NAMES = { v4: 'default-ipv4-ippool', v6: 'default-ipv6-ippool' } as const;

const defaultName = (cidr: Json | undefined): string => (isV6(cidr) ? DEFAULT_NAMES.v6 : DEFAULT_NAMES.v4);
const defaultPool = (cidr: string): JsonObject => ({ name: defaultName(cidr), cidr });

function filledPool(
  pool: JsonObject,
  all: readonly JsonObject[],
  current: ReadonlyMap<string, string>,
): JsonObject {
  const v6 = isV6(pool['cidr']);
  const uses = Array.isArray(pool['allowedUses']) ? pool['allowedUses'] : [];
  return compact({
    assignmentMode: 'Automatic',
    blockSize: v6 ? 122 : 26,
    disableBGPExport: false,
    disableNewAllocations: false,
    encapsulation: v6 ? 'None' : 'IPIP',
    natOutgoing: v6 ? 'Disabled' : 'Enabled',
    nodeSelector: 'all()',
    ...pool,
    name: pool['name'] ?? nameFor(String(pool['cidr']), all, current),
    allowedUses: uses.length === 0 ? ['Workload', 'Tunnel'] : uses,
  });
}

function nameFor(cidr: string, all: readonly JsonObject[], current: ReadonlyMap<string, string>): string {
  const known = current.get(cidr);
  if (known !== undefined) return known;
  const families = new Set(all.map((pool) => isV6(pool['cidr'])));
  if (all.length === 1 || (all.length === 2 && families.size === 2)) return defaultName(cidr);
  return cidrName(cidr);
}

/** An address in full, so that it can be a name: `fe80.0000.0000.0000.0000.0000.0000.0000-64`. */
function cidrName(cidr: string): string {
  const prefix = parseIpCidr(cidr);
  if (!prefix) return cidr;
  if (!isCidr6(prefix)) return formatIpCidr(prefix).replace('/', '-');
  return `${prefix.base.replace(/(.{4})(?=.)/g, '$1.')}-${prefix.length}`;
}

function isWithin(cidr: string, networks: readonly string[]): boolean {
  const pool = parseIpCidr(cidr);
  return networks.some((text) => {
    const network = parseIpCidr(text);
    return network && pool && ipCidrContains(network, pool.base) && pool.length >= network.length;
  });
}

/** What is wrong with pools that are filled in, in the pool controller's words. */
export function poolListFault(pools: readonly JsonObject[]): string | undefined {
  const seen = new Set<string>();
  for (const pool of pools) {
    for (const word of [String(pool['cidr']), `name ${textAt(pool, 'name')}`]) {
      if (seen.has(word)) return `IP pool ${word.replace('name ', '')} is specified more than once`;
      seen.add(word);
    }
    const fault = poolFault(pool);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function poolFault(pool: JsonObject): string | undefined {
  const cidr = String(pool['cidr']);
  if (!parseIpCidr(cidr)) return `IP pool CIDR (${cidr}) is invalid: invalid CIDR address: ${cidr}`;
  if (pool['nodeSelector'] === '') return 'IP pool nodeSelector should not be empty';
  return balancerFault(pool) ?? blockFault(pool);
}

/** Of a pool for load balancers. */
function balancerFault(pool: JsonObject): string | undefined {
  const uses = Array.isArray(pool['allowedUses']) ? pool['allowedUses'] : [];
  if (!uses.includes('LoadBalancer')) return undefined;
  if (uses.length > 1)
    return `IP pool ${textAt(pool, 'name')} AllowedUse LoadBalancer cannot be used with Workload/Tunnel`;
  if (pool['nodeSelector'] !== 'all()')
    return 'IP pool nodeSelector should be set to all() if allowedUse is LoadBalancer';
  if (pool['encapsulation'] !== 'None')
    return 'IP pool encapsulation must be none if allowedUse is LoadBalancer';
  return pool['disableBGPExport'] === true
    ? 'IP pool disable bgp export must be false when AllowedUse is LoadBalancer'
    : undefined;
}

function blockFault({ cidr, blockSize }: JsonObject): string | undefined {
  if (typeof blockSize !== 'number') return undefined;
  const [least, most, family] = isV6(cidr) ? [116, 128, 'IPv6'] : [20, 32, 'IPv4'];
  if (blockSize < least || blockSize > most)
    return `${family} pool block size must be greater than ${least - 1} and less than or equal to ${most}`;
  return Number(String(cidr).split('/')[1]) > blockSize
    ? 'IP pool size is too small. It must be equal to or greater than the block size'
    : undefined;
}

const MODES: Readonly<Record<string, JsonObject>> = {
  IPIP: { ipipMode: 'Always', vxlanMode: 'Never' },
  IPIPCrossSubnet: { ipipMode: 'CrossSubnet', vxlanMode: 'Never' },
  VXLAN: { ipipMode: 'Never', vxlanMode: 'Always' },
  VXLANCrossSubnet: { ipipMode: 'Never', vxlanMode: 'CrossSubnet' },
};

/** The spec of the IPPool that a filled-in pool of the Installation stands for. */
export function calicoPool(pool: JsonObject): JsonObject {
  return compact({
    allowedUses: pool['allowedUses'],
    assignmentMode: pool['assignmentMode'],
    blockSize: pool['blockSize'],
    cidr: pool['cidr'],
    ...(pool['disableBGPExport'] === true && { disableBGPExport: true }),
    ...(pool['disableNewAllocations'] === true && { disabled: true }),
    ...MODES[String(pool['encapsulation'])],
    natOutgoing: pool['natOutgoing'] === 'Enabled' ? true : undefined,
    nodeSelector: pool['nodeSelector'],
  });
}

/** The other way round: what a pool of the Installation must say to be this one. */
export function operatorPool(name: string, spec: JsonObject): JsonObject {
  const mode = (member: string): Json => spec[member] ?? 'Never';
  const encapsulation = Object.entries(MODES).find(
    ([, modes]) => modes['ipipMode'] === mode('ipipMode') && modes['vxlanMode'] === mode('vxlanMode'),
  );
  return compact({
    allowedUses: spec['allowedUses'],
    assignmentMode: spec['assignmentMode'],
    blockSize: spec['blockSize'],
    cidr: spec['cidr'],
    disableBGPExport: spec['disableBGPExport'] === true,
    disableNewAllocations: spec['disabled'] === true,
    encapsulation: encapsulation?.[0],
    name,
    natOutgoing: spec['natOutgoing'] === true ? 'Enabled' : 'Disabled',
    nodeSelector: spec['nodeSelector'],
  });
}
