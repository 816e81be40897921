/**
 * All of Felix's rules and ipsets for a node. Felix leaves them to iptables: nftablesMode Auto follows kube-proxy, which
 * runs in iptables mode.
 * Sources: felix/rules/static.go, felix/dataplane/linux/{masq_mgr,vxlan_mgr,hostip_mgr}.go, Calico v3.32.1.
 */
import { cidrOf, type Cidr } from '../../../../model/ip.ts';
import type { Netfilter } from '../../../net/netfilter-rules.ts';
import type { IpPool } from '../ippool.ts';
import { IPIP_DEVICE, VXLAN_DEVICE } from '../names.ts';
import { endpointPolicy } from './endpoints.ts';
import type { CalicoHost } from './hosts.ts';
import { filterTable } from './rules/filter.ts';
import { natTable } from './rules/nat.ts';
import { rawTable } from './rules/raw.ts';
import { SETS } from './rules/sets.ts';
import type { FelixView } from './view.ts';

export function felixNetfilter(view: FelixView, vxlanSources: readonly CalicoHost[]): Netfilter {
  const { config, encapsulations, local, pools } = view;
  const tunnels = [
    ...(encapsulations.ipip && local.ipipTunnel !== undefined ? [IPIP_DEVICE] : []),
    ...(encapsulations.vxlan && local.vxlanTunnel !== undefined ? [VXLAN_DEVICE] : []),
  ];
  return {
    tables: {
      raw: rawTable(encapsulations.vxlan ? config.vxlanPort : undefined),
      nat: natTable({
        natOutgoing: pools.some((pool) => pool.natOutgoing),
        natOutgoingAddress: config.natOutgoingAddress,
        excludeHosts: config.excludeHostsFromNat,
        tunnels,
      }),
      filter: filterTable({
        ...encapsulations,
        vxlanPort: config.vxlanPort,
        allowVxlan: config.allowVxlanFromWorkloads,
        allowIpip: config.allowIpipFromWorkloads,
        endpointToHost: config.endpointToHostAction,
        endpoints: view.workloads.map(endpointPolicy),
      }),
    },
    ipsets: ipsets(view, vxlanSources),
  };
}

function ipsets(view: FelixView, vxlanSources: readonly CalicoHost[]): ReadonlyMap<string, readonly Cidr[]> {
  const { encapsulations, config, hosts, pools } = view;
  const cidrs = (chosen: readonly IpPool[]): readonly Cidr[] => chosen.map((pool) => pool.cidr);
  const sets: [string, readonly Cidr[]][] = [
    [SETS.masqueraded, cidrs(pools.filter((pool) => pool.natOutgoing))],
    [SETS.pools, cidrs(pools.filter((pool) => pool.allowedUses.some((use) => use !== 'LoadBalancer')))],
  ];
  if (encapsulations.ipip || config.excludeHostsFromNat)
    sets.push([SETS.hosts, addresses([...hosts.values()])]);
  if (encapsulations.vxlan) sets.push([SETS.vxlanSources, addresses(vxlanSources)]);
  return new Map(sets);
}

const addresses = (hosts: readonly CalicoHost[]): readonly Cidr[] =>
  hosts.flatMap(({ address }) => (address ? [cidrOf(address.address, 32)] : []));
