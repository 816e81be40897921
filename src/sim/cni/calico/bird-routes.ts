/**
 * The routes that BIRD puts into a node's kernel, derived from the full node-to-node mesh as if every session were up and
 * every route had arrived. It stands in for BGP speakers that exchange messages over the simulated underlay, which will
 * replace it: peers, filters, route reflectors and sessions that fail are therefore not seen here.
 * Sources: confd/etc/calico/confd/templates/bird{,_ipam}.cfg.template, Calico v3.32.1: VXLAN pools are left to Felix; blocks of other pools come with
 * metric 1024 and the announcing node as next hop, resolved recursively.
 */
import { cidrContains, cidrOf } from '../../../model/ip.ts';
import type { Route } from '../../net/netns.ts';
import { sameSubnet, type CalicoHost } from './felix/hosts.ts';
import type { WorkloadRoute } from './felix/l3-routes.ts';
import { PARENT, type FelixView } from './felix/view.ts';
import type { IpPool } from './ippool.ts';
import { IPIP_DEVICE } from './names.ts';

/** krt_metric of routes learnt by BGP: 1024 since v3.32, none before. */
const BGP_ROUTE_METRIC = 1024;

export function birdRoutes(view: FelixView): readonly Route[] {
  if (view.backend !== 'bird' || !view.local.address) return [];
  return view.routes.flatMap((route) => {
    const { pool } = route;
    if (!pool || pool.vxlanMode !== 'Never') return [];
    if (route.node === view.local.name) return ownBlock(route);
    const remote = view.hosts.get(route.node);
    return view.mesh && remote && !pool.disableBgpExport ? learnt(view, { route, pool, remote }) : [];
  });
}

/** Protocol static1: the block as a whole, so that it can be announced and its holes lead nowhere. */
function ownBlock({ prefix, kind }: WorkloadRoute): readonly Route[] {
  if (kind !== 'block' || prefix.length === 32) return [];
  return [{ prefix, type: 'blackhole', protocol: 'bird', scope: 'global' }];
}

interface Announcement {
  readonly route: WorkloadRoute;
  readonly pool: IpPool;
  readonly remote: CalicoHost;
}

function learnt(view: FelixView, { route, pool, remote }: Announcement): readonly Route[] {
  const nextHop = remote.address?.address;
  if (nextHop === undefined) return [];
  const programmed = {
    prefix: route.prefix,
    type: 'unicast',
    protocol: 'bird',
    scope: 'global',
    metric: BGP_ROUTE_METRIC,
  } as const;
  const tunnelled =
    pool.ipipMode === 'Always' || (pool.ipipMode === 'CrossSubnet' && !sameSubnet(view.local, remote));
  if (tunnelled) return [{ ...programmed, via: nextHop, device: IPIP_DEVICE, onlink: true }];
  const node = view.topology.nodes.find(({ name }) => name === view.local.name);
  if (!node) return [];
  const connected = cidrContains(cidrOf(node.address.address, node.address.length), nextHop);
  return [{ ...programmed, via: connected ? nextHop : node.gateway, device: PARENT }];
}
