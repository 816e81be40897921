/**
 * What peers and the kernel are told, in the order of the templates.
 * Source: confd/etc/calico/confd/templates/bird{,_aggr,_ipam}.cfg.template and bgp_processor.go (processIPPools), Calico
 * v3.32.1. Left out: routes of elevated priority out of own blocks, which only migrating virtual machines have.
 */
import { cidrEquals, cidrOf, formatCidr, type Cidr, type InterfaceAddress } from '../../../../model/ip.ts';
import type { FilterRule, KernelRule } from '../../../routing/speaker-config.ts';
import type { IpPool } from '../ippool.ts';
import { IPIP_DEVICE } from '../names.ts';
import type { BgpConfiguration, PrefixAdvertisement } from './configuration.ts';

export interface ExportSources {
  readonly pools: readonly IpPool[];
  readonly blocks: readonly Cidr[];
  /** Static routes of services. */
  readonly services: readonly Cidr[];
  /** A reflector passes on routes of load balancers, too. */
  readonly isReflector: boolean;
  readonly configuration: BgpConfiguration;
  readonly node: string;
}

/** calico_export_to_bgp_peers; what no rule decides stays here. */
export function exportRules(sources: ExportSources): readonly FilterRule[] {
  const { pools, blocks, services, isReflector, configuration, node } = sources;
  const sorted = [...pools].sort(byText);
  const reflected = isReflector ? configuration.services.loadBalancerIps : [];
  return [
    ...sorted.filter(isHidden).map(({ cidr }) => within(cidr, false)),
    ...TUNNEL_RULES,
    ...communityRules(configuration.nodeAdvertisements.get(node) ?? configuration.advertisements),
    ...blocks.flatMap((prefix) => [{ prefix, match: 'exact', accept: true } as const, within(prefix, false)]),
    ...services.map((prefix) => within(prefix, true)),
    ...reflected.map((prefix) => within(prefix, true)),
    ...sorted.filter((pool) => !isHidden(pool)).map(({ cidr }) => within(cidr, true)),
  ];
}

const within = (prefix: Cidr, accept: boolean): FilterRule => ({ prefix, match: 'within', accept });
const isHidden = ({ disableBgpExport }: IpPool): boolean => disableBgpExport;

/** The statements of a file are sorted as text. */
function byText(a: IpPool, b: IpPool): number {
  const [left, right] = [formatCidr(a.cidr), formatCidr(b.cidr)];
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
  readonly pools: readonly IpPool[];
  /** Ranges of services: static routes of them are for peers only. */
  readonly services: readonly Cidr[];
  readonly programsClusterRoutes: boolean;
  readonly address: InterfaceAddress;
}

/** calico_kernel_programming; what no rule decides is programmed as it is. */
export function kernelRules(sources: KernelSources): readonly KernelRule[] {
  const network = cidrOf(sources.address.address, sources.address.length);
  return [
    ...sources.services.map((within) => ({ within, accept: false })),
    ...[...sources.pools]
      .sort(byText)
      .map((pool) => poolProgramming(pool, network, sources.programsClusterRoutes)),
  ];
}

/** VXLAN is Felix's; IPIP goes through tunl0, across subnets only where the pool says so. */
function poolProgramming(pool: IpPool, network: Cidr, programs: boolean): KernelRule {
  const { cidr: within, vxlanMode, ipipMode } = pool;
  if (vxlanMode !== 'Never' || !programs) return { within, accept: false };
  if (ipipMode === 'Never') return { within, accept: true };
  const unless = ipipMode === 'CrossSubnet' ? { unless: network } : {};
  return { within, accept: true, tunnel: { device: IPIP_DEVICE, ...unless } };
}

/** Each prefix once, as texts sort. */
export function distinct(prefixes: readonly Cidr[]): readonly Cidr[] {
  const sorted = [...prefixes].sort((a, b) => {
    const [left, right] = [formatCidr(a), formatCidr(b)];
    return left < right ? -1 : Number(left > right);
  });
  return sorted.filter((prefix, index) => {
    const before = sorted[index - 1];
    return before === undefined || !cidrEquals(before, prefix);
  });
}
