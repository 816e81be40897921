/**
 * IPv6 of the underlay's machines, where a topology has it: addresses of their ports, the routes that come with them, and the
 * static and default routes. Link-local addresses follow from the MACs (`net/inet6.ts`).
 */
import type { InterfaceAddress, Ipv6 } from '../../model/ip.ts';
import { cidrContains6, cidrOf6, UNSPECIFIED6 } from '../../model/ipv6.ts';
import type { StaticRoute } from '../../model/topology.ts';
import { FRESH_INET6, kernelRoute, USER_METRIC } from '../net/inet6.ts';
import type { Inet6, Route } from '../net/netns.ts';

export interface MachineInet6 {
  /** By device; a port without an address has only its link-local one. */
  readonly ports: ReadonlyMap<string, InterfaceAddress<Ipv6> | undefined>;
  readonly gateway?: Ipv6 | undefined;
  readonly routes?: readonly StaticRoute<Ipv6>[] | undefined;
  readonly forwarding: boolean;
}

/** Nothing for a machine without an IPv6 address. */
export function machineInet6({ ports, gateway, routes = [], forwarding }: MachineInet6): {
  readonly inet6?: Inet6;
} {
  const given = [...ports].flatMap(([device, address]) => (address ? [{ device, address }] : []));
  if (given.length === 0) return {};
  const statics = [
    ...routes,
    ...(gateway === undefined ? [] : [{ to: { base: UNSPECIFIED6, length: 0 }, via: gateway }]),
  ];
  return {
    inet6: {
      ...FRESH_INET6,
      addresses: new Map(
        given.map(({ device, address }) => [device, [{ ...address, scope: 'global' as const }]]),
      ),
      routes: [
        ...given.map(({ device, address }) => kernelRoute(cidrOf6(address.address, address.length), device)),
        ...statics.map((route) => staticRoute(route, given)),
      ],
      forwarding,
    },
  };
}

type Given = readonly { readonly device: string; readonly address: InterfaceAddress<Ipv6> }[];

function staticRoute({ to, via }: StaticRoute<Ipv6>, ports: Given): Route<Ipv6> {
  const port = ports.find(({ address: { address, length } }) => cidrContains6(cidrOf6(address, length), via));
  if (!port) throw new RangeError('a static route must go via an address on one of the ports');
  const { device } = port;
  return {
    prefix: to,
    type: 'unicast',
    via,
    device,
    protocol: 'boot',
    scope: 'global',
    metric: USER_METRIC,
  };
}
