/**
 * All of Felix's rules and ipsets for a node. Felix leaves them to iptables: nftablesMode Auto follows kube-proxy, which
 * runs in iptables mode.
 * Sources: felix/rules/static.go, felix/dataplane/linux/{endpoint,policy,masq,vxlan,hostip,dscp}_mgr.go, Calico v3.32.1.
 */
import type { Cidr, Ip } from '../../../../model/ip.ts';
import { addressBits, familyOf, type IpFamily } from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import { hashNet, type IpSet, type Netfilter } from '../../../net/netfilter-rules.ts';
import type { IpPool } from '../ippool.ts';
import { IPIP_DEVICE, vxlanDevice } from '../names.ts';
import type * as active from '../policy/active.ts';
import type { CalicoHost } from './hosts.ts';
import { workloadChains, workloadDispatch } from './rules/endpoints.ts';
import { filterTable } from './rules/filter.ts';
import type { FelixChain } from './rules/felix-rule.ts';
import {
  governedDevices,
  hostFilterChains,
  hostMangleChains,
  hostRawChains,
} from './rules/host-endpoints.ts';
import { mangleTable } from './rules/mangle.ts';
import { natTable } from './rules/nat.ts';
import { policyChains, profileChains } from './rules/policy.ts';
import { rawTable } from './rules/raw.ts';
import { referencedChains } from './rules/referenced.ts';
import { setName, SETS } from './rules/sets.ts';
import { groupChains, tierGroups } from './rules/tiers.ts';
import type { FelixView } from './view.ts';

export function felixNetfilter<Address extends Ip>(
  view: FelixView<Address>,
  vxlanSources: readonly CalicoHost<Address>[],
): Netfilter<Address> {
  const { family, config, encapsulations, policy, pools } = view;
  const governed = governedDevices(policy.hosts, view.interfaces);
  const offered = offeredChains[family](policy, config.logPrefix);
  const { policies } = policy;
  const options = {
    vxlanPort: config.vxlanPort,
    allowVxlan: config.allowVxlanFromWorkloads,
    allowIpip: config.allowIpipFromWorkloads,
  };
  const workloads = [...policy.workloads.values()];
  return {
    tables: {
      raw: referencedChains<Address>([
        ...rawTable(encapsulations.vxlan ? config.vxlanPort : undefined, config.failsafe, family),
        ...hostRawChains(governed, policies),
        ...offered,
      ]),
      mangle: referencedChains<Address>([
        ...mangleTable(config.failsafe, family),
        ...hostMangleChains(governed, policies),
        ...offered,
      ]),
      nat: natTable<Address>({
        family,
        natOutgoing: pools.some((pool) => pool.natOutgoing),
        natOutgoingAddress: family === 4 ? config.natOutgoingAddress : undefined,
        natPorts: config.natPorts,
        natOutInterface: config.natOutInterface,
        excludeHosts: config.excludeHostsFromNat,
        tunnels: tunnelsOf(view),
      }),
      filter: referencedChains<Address>([
        ...filterTable({
          family,
          ...encapsulations,
          vxlanPort: config.vxlanPort,
          endpointToHost: config.endpointToHostAction,
          failsafe: config.failsafe,
        }),
        ...hostFilterChains(governed, policies),
        ...workloadDispatch(workloads.map(({ name }) => name)),
        ...workloads.flatMap((endpoint) => workloadChains(endpoint, policies, options)),
        ...offered,
      ]),
    },
    ipsets: ipsets(view, vxlanSources),
  };
}

/** Tunnel devices that have an address of the family, in the order of their managers. */
const tunnelsOf = ({ family, local, encapsulations }: FelixView<Ip>): readonly string[] => [
  ...(encapsulations.ipip && local.ipipTunnel !== undefined ? [IPIP_DEVICE] : []),
  ...(encapsulations.vxlan && local.vxlanTunnel !== undefined ? [vxlanDevice(family)] : []),
];

/** Chains that any table may lead to: of policies, their groups and profiles. */
function chainsOfPolicy(
  policy: active.ActivePolicy,
  logPrefix: string,
  family: IpFamily,
): readonly FelixChain[] {
  const { policies, profiles, workloads, hosts } = policy;
  const tiers = [
    ...[...workloads.values()].map((endpoint) => endpoint.tiers),
    ...[...hosts.values()].flatMap((host) => [
      host.tiers,
      host.untrackedTiers,
      host.preDnatTiers,
      host.forwardTiers,
    ]),
  ];
  const groups = tiers.flatMap((each) =>
    [...tierGroups(each, 'ingress', policies), ...tierGroups(each, 'egress', policies)].flatMap(
      (tier) => tier.groups,
    ),
  );
  return unique([
    ...groups.flatMap(groupChains),
    ...[...policies.values()].flatMap((each) => policyChains(each, logPrefix, family)),
    ...[...profiles.values()].flatMap((each) => profileChains(each, logPrefix)),
  ]);
}

const offeredTo = (family: IpFamily) =>
  memoize((policy: active.ActivePolicy, logPrefix: string) => chainsOfPolicy(policy, logPrefix, family), 8);
const offeredChains = { 4: offeredTo(4), 6: offeredTo(6) } as const;

/** Endpoints share groups: each chain once. */
function unique(chains: readonly FelixChain[]): readonly FelixChain[] {
  return [...new Map(chains.map((chain) => [chain.name, chain])).values()];
}

function ipsets<Address extends Ip>(
  view: FelixView<Address>,
  vxlanSources: readonly CalicoHost<Address>[],
): ReadonlyMap<string, IpSet<Address>> {
  const { family, encapsulations, config, hosts, policy, pools } = view;
  const names = SETS[family];
  const cidrs = (chosen: readonly IpPool<Address>[]): IpSet<Address> =>
    hashNet(chosen.map((pool) => pool.cidr));
  const sets: [string, IpSet<Address>][] = [
    [names.masqueraded, cidrs(pools.filter((pool) => pool.natOutgoing))],
    [names.pools, cidrs(pools.filter((pool) => pool.allowedUses.some((use) => use !== 'LoadBalancer')))],
    [names.thisHost, { type: 'hash:ip', members: ownAddresses(view).map(single) }],
    [names.dscp, hashNet([])],
  ];
  if (encapsulations.ipip || config.excludeHostsFromNat)
    sets.push([names.hosts, hashNet(addresses([...hosts.values()]))]);
  if (encapsulations.vxlan) sets.push([names.vxlanSources, hashNet(addresses(vxlanSources))]);
  for (const set of policy.ipSets.values())
    sets.push([setName(set.id, family), kernelSet(set, family) as IpSet<Address>]);
  return new Map(sets);
}

const ownAddresses = <Address extends Ip>({ family, interfaces }: FelixView<Address>): readonly Address[] =>
  interfaces
    .flatMap((device) => device.addresses)
    .filter((address): address is Address => familyOf(address) === family);

const single = <Address extends Ip>(address: Address): Cidr<Address> => ({
  base: address,
  length: addressBits(address),
});

const PORT_PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

/** What one family has of a set, in the kernel's form; the same set gives the identical answer. */
function kernelSet(set: active.IpSet, family: IpFamily): IpSet<Ip> {
  const known = kernelSets[family].get(set);
  if (known) return known;
  const made: IpSet<Ip> =
    set.type === 'NET'
      ? hashNet<Ip>(set.members.filter(({ base }) => familyOf(base) === family))
      : {
          type: 'hash:ip,port',
          members: set.members
            .filter(({ address }) => familyOf(address) === family)
            .map(({ address, protocol, port }) => ({ address, protocol: PORT_PROTOCOLS[protocol], port })),
        };
  kernelSets[family].set(set, made);
  return made;
}

const kernelSets = {
  4: new WeakMap<active.IpSet, IpSet<Ip>>(),
  6: new WeakMap<active.IpSet, IpSet<Ip>>(),
} as const;

const addresses = <Address extends Ip>(hosts: readonly CalicoHost<Address>[]): readonly Cidr<Address>[] =>
  hosts.flatMap((host) => hostCidr(host) ?? []);

/** Every node has every other one in its sets: they share what stands for it. */
const hostCidrs = new WeakMap<CalicoHost<Ip>, Cidr<Ip>>();

function hostCidr<Address extends Ip>(host: CalicoHost<Address>): Cidr<Address> | undefined {
  if (!host.address) return undefined;
  const known = hostCidrs.get(host);
  if (known) return known as Cidr<Address>;
  const made = single(host.address.address);
  hostCidrs.set(host, made);
  return made;
}
