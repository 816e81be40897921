/**
 * All of Felix's rules and ipsets for a node. Felix leaves them to iptables: nftablesMode Auto follows kube-proxy, which
 * runs in iptables mode.
 * Sources: felix/rules/static.go, felix/dataplane/linux/{endpoint,policy,masq,vxlan,hostip,dscp}_mgr.go, Calico v3.32.1.
 */
import { cidrOf, ipv4, type Cidr, type Ipv4 } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import { hashNet, type Chain, type IpSet, type Netfilter } from '../../../net/netfilter-rules.ts';
import type { IpPool } from '../ippool.ts';
import { IPIP_DEVICE, VXLAN_DEVICE } from '../names.ts';
import type * as active from '../policy/active.ts';
import type { CalicoHost } from './hosts.ts';
import { workloadChains, workloadDispatch } from './rules/endpoints.ts';
import { filterTable } from './rules/filter.ts';
import {
  governedDevices,
  hostFilterChains,
  hostMangleChains,
  hostRawChains,
  type HostDevice,
} from './rules/host-endpoints.ts';
import { mangleTable } from './rules/mangle.ts';
import { natTable } from './rules/nat.ts';
import { policyChains, profileChains } from './rules/policy.ts';
import { rawTable } from './rules/raw.ts';
import { referencedChains } from './rules/referenced.ts';
import { setName, SETS } from './rules/sets.ts';
import { groupChains, tierGroups } from './rules/tiers.ts';
import { PARENT, type FelixView } from './view.ts';

export function felixNetfilter(view: FelixView, vxlanSources: readonly CalicoHost[]): Netfilter {
  const { config, encapsulations, policy, pools } = view;
  const devices = hostDevices(view);
  const governed = governedDevices(policy.hosts, devices);
  const offered = offeredChains(policy, config.logPrefix);
  const { policies } = policy;
  const options = {
    vxlanPort: config.vxlanPort,
    allowVxlan: config.allowVxlanFromWorkloads,
    allowIpip: config.allowIpipFromWorkloads,
  };
  const workloads = [...policy.workloads.values()];
  return {
    tables: {
      raw: referencedChains([
        ...rawTable(encapsulations.vxlan ? config.vxlanPort : undefined, config.failsafe),
        ...hostRawChains(governed, policies),
        ...offered,
      ]),
      mangle: referencedChains([
        ...mangleTable(config.failsafe),
        ...hostMangleChains(governed, policies),
        ...offered,
      ]),
      nat: natTable({
        natOutgoing: pools.some((pool) => pool.natOutgoing),
        natOutgoingAddress: config.natOutgoingAddress,
        natPorts: config.natPorts,
        natOutInterface: config.natOutInterface,
        excludeHosts: config.excludeHostsFromNat,
        tunnels: devices.map(({ name }) => name).filter((name) => TUNNELS.has(name)),
      }),
      filter: referencedChains([
        ...filterTable({
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
    ipsets: ipsets(view, { vxlanSources, devices }),
  };
}

const TUNNELS: ReadonlySet<string> = new Set([IPIP_DEVICE, VXLAN_DEVICE]);

/** Chains that any table may lead to: of policies, their groups and profiles. */
const offeredChains = memoize((policy: active.ActivePolicy, logPrefix: string): readonly Chain[] => {
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
    ...[...policies.values()].flatMap((each) => policyChains(each, logPrefix)),
    ...[...profiles.values()].flatMap((each) => profileChains(each, logPrefix)),
  ]);
}, 8);

/** Endpoints share groups: each chain once. */
function unique(chains: readonly Chain[]): readonly Chain[] {
  return [...new Map(chains.map((chain) => [chain.name, chain])).values()];
}

/** The node's own devices that have addresses, as Felix watches them. */
function hostDevices({ encapsulations, local, topology }: FelixView): readonly HostDevice[] {
  const node = topology.nodes.find(({ name }) => name === local.name);
  const tunnel = (name: string, enabled: boolean, address: Ipv4 | undefined): readonly HostDevice[] =>
    enabled && address !== undefined ? [{ name, addresses: [address] }] : [];
  return [
    { name: 'lo', addresses: LOOPBACK },
    { name: PARENT, addresses: node ? [node.address.address] : [] },
    ...tunnel(IPIP_DEVICE, encapsulations.ipip, local.ipipTunnel),
    ...tunnel(VXLAN_DEVICE, encapsulations.vxlan, local.vxlanTunnel),
  ];
}

/** Felix reads them from the kernel's local routes, where 127.0.0.0/8 is one too (felix/ifacemonitor/iface_monitor.go). */
const LOOPBACK = [ipv4('127.0.0.0'), ipv4('127.0.0.1')];

interface SetFacts {
  readonly vxlanSources: readonly CalicoHost[];
  readonly devices: readonly HostDevice[];
}

function ipsets(view: FelixView, { vxlanSources, devices }: SetFacts): ReadonlyMap<string, IpSet> {
  const { encapsulations, config, hosts, policy, pools } = view;
  const cidrs = (chosen: readonly IpPool[]): IpSet => hashNet(chosen.map((pool) => pool.cidr));
  const sets: [string, IpSet][] = [
    [SETS.masqueraded, cidrs(pools.filter((pool) => pool.natOutgoing))],
    [SETS.pools, cidrs(pools.filter((pool) => pool.allowedUses.some((use) => use !== 'LoadBalancer')))],
    [SETS.thisHost, { type: 'hash:ip', members: devices.flatMap(({ addresses }) => addresses.map(single)) }],
    [SETS.dscp, hashNet([])],
  ];
  if (encapsulations.ipip || config.excludeHostsFromNat)
    sets.push([SETS.hosts, hashNet(addresses([...hosts.values()]))]);
  if (encapsulations.vxlan) sets.push([SETS.vxlanSources, hashNet(addresses(vxlanSources))]);
  for (const set of policy.ipSets.values()) sets.push([setName(set.id), kernelSet(set)]);
  return new Map(sets);
}

const single = (address: Ipv4): Cidr => ({ base: address, length: 32 });

const PORT_PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;

/** One set in the kernel's form; the same set gives the identical answer. */
function kernelSet(set: active.IpSet): IpSet {
  const known = kernelSets.get(set);
  if (known) return known;
  const made: IpSet =
    set.type === 'NET'
      ? hashNet(set.members)
      : {
          type: 'hash:ip,port',
          members: set.members.map(({ address, protocol, port }) => ({
            address,
            protocol: PORT_PROTOCOLS[protocol],
            port,
          })),
        };
  kernelSets.set(set, made);
  return made;
}

const kernelSets = new WeakMap<active.IpSet, IpSet>();

const addresses = (hosts: readonly CalicoHost[]): readonly Cidr[] =>
  hosts.flatMap(({ address }) => (address ? [cidrOf(address.address, 32)] : []));
