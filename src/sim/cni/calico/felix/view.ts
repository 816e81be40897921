/** What one node's Felix reads of the datastore for one address family: the inputs of all its calculators. */
import type { Ip, Ipv4 } from '../../../../model/ip.ts';
import type { IpFamily } from '../../../../model/ip-family.ts';
import type { Topology } from '../../../../model/topology.ts';
import type { PodSandbox } from '../../../kube/sandbox.ts';
import type { FelixConfiguration } from '../felix-configuration.ts';
import type { InterfaceIndexes } from '../interface-index.ts';
import type { IpPool } from '../ippool.ts';
import type { ActivePolicy } from '../policy/active.ts';
import type { CalicoHost, Hosts } from './hosts.ts';
import type { WorkloadRoute } from './l3-routes.ts';
import type { HostDevice } from './rules/host-endpoints.ts';

/** Felix has most of its managers twice, one for each family; all addresses of a view are of one. */
export interface FelixView<Address extends Ip = Ipv4> {
  readonly family: IpFamily;
  readonly topology: Topology;
  readonly local: CalicoHost<Address>;
  readonly hosts: Hosts<Address>;
  readonly pools: readonly IpPool<Address>[];
  readonly routes: readonly WorkloadRoute<Address>[];
  readonly config: FelixConfiguration;
  /** Those of the family. */
  readonly encapsulations: { readonly vxlan: boolean; readonly ipip: boolean };
  readonly mtus: { readonly vxlan: number; readonly ipip: number };
  readonly indexes: InterfaceIndexes;
  /** The node's own devices, with their addresses of both families. */
  readonly interfaces: readonly HostDevice[];
  /** Pods with a network of their own, in the order of their interfaces. */
  readonly workloads: readonly WorkloadSandbox[];
  readonly policy: ActivePolicy;
}

export type WorkloadSandbox = PodSandbox & { readonly network: NonNullable<PodSandbox['network']> };

/** The node's port into the underlay. */
export const PARENT = 'eth0';
