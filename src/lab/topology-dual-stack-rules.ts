/**
 * What a topology with IPv6 must say: all or nothing, and ranges the cluster's components take. A topology without `podCidr6`
 * and `serviceCidr6` has no IPv6 anywhere. Source of the sizes: k8s.io/kubernetes v1.35 pkg/controller/nodeipam/ipam/cidrset,
 * cmd/kube-apiserver/app/options/validation.go.
 */
import type { Cidr, Ipv6 } from '../model/ip.ts';
import { cidr6, cidrContains6, formatCidr6 } from '../model/ipv6.ts';
import type { Topology } from '../model/topology.ts';
import type { Mistake } from './topology-family.ts';

/** --node-cidr-mask-size-ipv6, and how many bits the controller manager counts nodes with. */
const NODE_RANGE = 64;
const NODE_BITS = 16;
/** The API server refuses service ranges with more addresses than 20 bits count. */
const LONGEST_SERVICE_HOST_PART = 20;

export function dualStackMistakes(topology: Topology): readonly Mistake[] {
  const { podCidr6, serviceCidr6 } = topology;
  const [at] = placesOfIpv6(topology);
  if (podCidr6 && serviceCidr6) {
    return [
      ...sizeMistakes(podCidr6, serviceCidr6),
      ...unroutableRanges(topology),
      ...missingParts(topology),
      ...halfConfigured(topology),
    ];
  }
  if (podCidr6) return [lacks('serviceCidr6', 'podCidr6')];
  if (serviceCidr6) return [lacks('podCidr6', 'serviceCidr6')];
  return at === undefined
    ? []
    : [
        {
          path: at,
          message: 'is IPv6, but the cluster has IPv4 only: add podCidr6 and serviceCidr6, or leave IPv6 out',
        },
      ];
}

const lacks = (missing: string, present: string): Mistake => ({
  path: [present],
  message: `a dual-stack cluster needs ${missing} too: add it, or leave ${present} out`,
});

/** Where a file says something about IPv6, in its order. */
function placesOfIpv6({ segments, routers, nodes, hosts }: Topology): readonly Mistake['path'][] {
  const keysOf = (holder: object, path: Mistake['path']): readonly Mistake['path'][] =>
    Object.keys(holder)
      .filter((key) => key.endsWith('6'))
      .map((key) => [...path, key]);
  return [
    ...segments.flatMap((segment, at) => keysOf(segment, ['segments', at])),
    ...routers.flatMap((router, at) => [
      ...router.ports.flatMap((port, index) => keysOf(port, ['routers', at, 'ports', index])),
      ...keysOf(router, ['routers', at]),
    ]),
    ...nodes.flatMap((node, at) => keysOf(node, ['nodes', at])),
    ...hosts.flatMap((host, at) => keysOf(host, ['hosts', at])),
  ];
}

function sizeMistakes(pods: Cidr<Ipv6>, services: Cidr<Ipv6>): readonly Mistake[] {
  const least = NODE_RANGE - NODE_BITS;
  return [
    ...(pods.length < least || pods.length > NODE_RANGE
      ? [
          {
            path: ['podCidr6'],
            message: `${formatCidr6(pods)} cannot be cut into a /${NODE_RANGE} for each node: take a prefix of /${least} to /${NODE_RANGE}`,
          },
        ]
      : []),
    ...(services.length < 128 - LONGEST_SERVICE_HOST_PART || services.length > 124
      ? [
          {
            path: ['serviceCidr6'],
            message: `${formatCidr6(services)} is no range the API server takes: take a prefix of /${128 - LONGEST_SERVICE_HOST_PART} to /124`,
          },
        ]
      : []),
  ];
}

const UNICAST = [cidr6('2000::/3'), cidr6('fc00::/7')];

/** Only global and unique local addresses leave a link (RFC 4291, RFC 4193). */
function unroutableRanges({ podCidr6, serviceCidr6, segments }: Topology): readonly Mistake[] {
  const ranges = [
    { path: ['podCidr6'], range: podCidr6 },
    { path: ['serviceCidr6'], range: serviceCidr6 },
    ...segments.map(({ subnet6 }, at) => ({ path: ['segments', at, 'subnet6'], range: subnet6 })),
  ];
  return ranges.flatMap(({ path, range }) =>
    range === undefined ||
    UNICAST.some((unicast) => range.length >= unicast.length && cidrContains6(unicast, range.base))
      ? []
      : [{ path, message: `${formatCidr6(range)} is not routed: take one of fc00::/7 or 2000::/3` }],
  );
}

function missingParts({ segments, nodes }: Topology): readonly Mistake[] {
  const missing = (path: Mistake['path'], key: string): Mistake => ({
    path,
    message: `${key} is missing: the cluster is dual-stack`,
  });
  return [
    ...segments.flatMap(({ subnet6 }, at) => (subnet6 ? [] : [missing(['segments', at], 'subnet6')])),
    ...nodes.flatMap(({ address6, gateway6 }, at) => [
      ...(address6 ? [] : [missing(['nodes', at], 'address6')]),
      ...(gateway6 === undefined ? [missing(['nodes', at], 'gateway6')] : []),
    ]),
  ];
}

/** Hosts may do without IPv6, but not by half. */
function halfConfigured({ hosts }: Topology): readonly Mistake[] {
  return hosts.flatMap(({ address6, gateway6, routes6 }, at) => {
    const path = ['hosts', at];
    if (address6 && gateway6 === undefined)
      return [{ path, message: 'gateway6 is missing: there is an address6' }];
    if (!address6 && (gateway6 !== undefined || routes6))
      return [{ path, message: 'address6 is missing: there is a gateway6 or there are routes6' }];
    return [];
  });
}
