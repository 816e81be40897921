/**
 * What peers and the kernel are told, in the order of the templates.
 * Source: confd/etc/calico/confd/templates/bird{,6}{,_aggr,_ipam}.cfg.template and bgp_processor.go (processIPPools), Calico
 * v3.32.1. Left out: routes of elevated priority out of own blocks, which only migrating virtual machines have.
 */
import {
  familyOf,
  formatIpCidr,
  ipCidrEquals,
  ipCidrOf,
  type IpCidr,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import type { InterfaceAddress, Ip } from '../../../../model/ip.ts';
import type { FilterRule, KernelRule } from '../../../routing/speaker-config.ts';
import type { AnyPool } from '../ippool.ts';
import { IPIP_DEVICE } from '../names.ts';
import type { BgpConfiguration, PrefixAdvertisement } from './configuration.ts';

export interface ExportSources {
  readonly pools: readonly AnyPool[];
  readonly blocks: readonly IpCidr[];
  /** Static routes of services. */
  readonly services: readonly IpCidr[];
  /** A reflector passes on routes of load balancers, too. */
  readonly isReflector: boolean;
  readonly configuration: BgpConfiguration;
  readonly node: string;
  /** Of the daemon: all prefixes are of it, and of those in `configuration` only these count. */
  readonly family: IpFamily;
}

/** calico_export_to_bgp_peers; what no rule decides stays here. */
export function exportRules(sources: ExportSources): readonly FilterRule[] {
  const { pools, blocks, services, isReflector, configuration, node, family } = sources;
  const sorted = [...pools].sort(byText);
  const reflected = isReflector ? inFamily(configuration.services.loadBalancerIps, family) : [];
  const advertised = configuration.nodeAdvertisements.get(node) ?? configuration.advertisements;
  return [
    ...sorted.filter(isHidden).map(({ cidr }) => within(cidr, false)),
    ...TUNNEL_RULES,
    ...communityRules(advertised.filter(({ prefix }) => familyOf(prefix.base) === family)),
    ...blocks.flatMap((prefix) => [{ prefix, match: 'exact', accept: true } as const, within(prefix, false)]),
    ...services.map((prefix) => within(prefix, true)),
    ...reflected.map((prefix) => within(prefix, true)),
    ...sorted.filter((pool) => !isHidden(pool)).map(({ cidr }) => within(cidr, true)),
  ];
}

const within = (prefix: IpCidr, accept: boolean): FilterRule => ({ prefix, match: 'within', accept });
const isHidden = ({ disableBgpExport }: AnyPool): boolean => disableBgpExport;

export const inFamily = (prefixes: readonly IpCidr[], family: IpFamily): readonly IpCidr[] =>
  prefixes.filter(({ base }) => familyOf(base) === family);

/** The statements of a file are sorted as text. */
function byText(a: AnyPool, b: AnyPool): number {
  const [left, right] = [formatIpCidr(a.cidr), formatIpCidr(b.cidr)];
  return left < right ? -1 : Number(left > right);
}

/** Felix programs routes through vxlan.calico itself; what BIRD reads of them from the kernel is not for inner peers. */
const TUNNEL_RULES: readonly FilterRule[] = [
  { peer: 'internal', interface: '*.cali', accept: false },
  { peer: 'internal', interface: '*.calico', accept: false },
  { interface: 'bpf*.cali', accept: false },
];

const communityRules = (advertised: readonly PrefixAdvertisement[]): readonly FilterRule[] =>
  advertised.map(({ prefix, communities }) => ({
    prefix,
    match: 'within',
    set: communities.map((community) => ({ kind: 'add-community', community })),
  }));

export interface KernelSources {
  readonly pools: readonly AnyPool[];
  /** Ranges of services: static routes of them are for peers only. */
  readonly services: readonly IpCidr[];
  readonly programsClusterRoutes: boolean;
  readonly address: InterfaceAddress<Ip>;
}

/** calico_kernel_programming; what no rule decides is programmed as it is. */
export function kernelRules(sources: KernelSources): readonly KernelRule[] {
  const { address, pools, services, programsClusterRoutes } = sources;
  const network = ipCidrOf(address.address, address.length);
  const ofPools = [...pools]
    .sort(byText)
    .map((pool) => poolProgramming(pool, network, programsClusterRoutes));
  return [
    ...services.map((within) => ({ within, accept: false })),
    // bird6_ipam.cfg leaves out what would be accepted anyway.
    ...(familyOf(network.base) === 6 ? ofPools.filter(({ accept }) => !accept) : ofPools),
  ];
}

/** VXLAN is Felix's; IPIP goes through tunl0, across subnets only where the pool says so. */
function poolProgramming(pool: AnyPool, network: IpCidr, programs: boolean): KernelRule {
  const { cidr: within, vxlanMode, ipipMode } = pool;
  if (vxlanMode !== 'Never' || !programs) return { within, accept: false };
  if (ipipMode === 'Never') return { within, accept: true };
  const unless = ipipMode === 'CrossSubnet' ? { unless: network } : {};
  return { within, accept: true, tunnel: { device: IPIP_DEVICE, ...unless } };
}

/** Each prefix once, as texts sort. */
export function distinct(prefixes: readonly IpCidr[]): readonly IpCidr[] {
  const sorted = [...prefixes].sort((a, b) => {
    const [left, right] = [formatIpCidr(a), formatIpCidr(b)];
    return left < right ? -1 : Number(left > right);
  });
  return sorted.filter((prefix, index) => {
    const before = sorted[index - 1];
    return before === undefined || !ipCidrEquals(before, prefix);
  });
}
