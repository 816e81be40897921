/**
 * A topology as one family of addresses sees it. Both views have the same shape, so a rule about addresses is written once;
 * `suffix` is what the family's keys end in, for saying where in the file a mistake stands.
 */
import type { InterfaceAddress, Ip } from '../model/ip.ts';
import type { IpCidr } from '../model/ip-family.ts';
import type { StaticRoute, Topology } from '../model/topology.ts';

export interface Mistake {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface FamilyTopology {
  readonly suffix: '' | '6';
  readonly podCidr: IpCidr | undefined;
  readonly serviceCidr: IpCidr | undefined;
  readonly segments: readonly { readonly name: string; readonly subnet: IpCidr | undefined }[];
  readonly routers: readonly { readonly ports: readonly FamilyPort[]; readonly routes: FamilyRoutes }[];
  readonly nodes: readonly FamilyMachine[];
  readonly hosts: readonly (FamilyMachine & { readonly routes: FamilyRoutes })[];
}

export interface FamilyPort {
  readonly segment: string;
  readonly address: InterfaceAddress<Ip> | undefined;
}

interface FamilyMachine extends FamilyPort {
  readonly gateway: Ip | undefined;
}

type FamilyRoutes = readonly StaticRoute<Ip>[];

export const familiesOf = (topology: Topology): readonly FamilyTopology[] => [
  ofIpv4(topology),
  ofIpv6(topology),
];

const ofIpv4 = (topology: Topology): FamilyTopology => ({
  ...topology,
  suffix: '',
  hosts: topology.hosts.map((host) => ({ ...host, routes: host.routes ?? [] })),
});

const ofIpv6 = ({ podCidr6, serviceCidr6, segments, routers, nodes, hosts }: Topology): FamilyTopology => ({
  suffix: '6',
  podCidr: podCidr6,
  serviceCidr: serviceCidr6,
  segments: segments.map(({ name, subnet6 }) => ({ name, subnet: subnet6 })),
  routers: routers.map(({ ports, routes6 = [] }) => ({
    ports: ports.map(({ segment, address6 }) => ({ segment, address: address6 })),
    routes: routes6,
  })),
  nodes: nodes.map(machineOf6),
  hosts: hosts.map((host) => ({ ...machineOf6(host), routes: host.routes6 ?? [] })),
});

const machineOf6 = ({
  segment,
  address6,
  gateway6,
}: Topology['nodes'][number] | Topology['hosts'][number]): FamilyMachine => ({
  segment,
  address: address6,
  gateway: gateway6,
});
