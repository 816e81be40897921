/** What one node's Felix reads of the datastore: the inputs of all its calculators. */
import type { Topology } from '../../../../model/topology.ts';
import type { PodSandbox } from '../../../kube/sandbox.ts';
import type { Encapsulations, Mtus } from '../encapsulation.ts';
import type { FelixConfiguration } from '../felix-configuration.ts';
import type { InterfaceIndexes } from '../interface-index.ts';
import type { IpPool } from '../ippool.ts';
import type { ActivePolicy } from '../policy/active.ts';
import type { CalicoHost, Hosts } from './hosts.ts';
import type { WorkloadRoute } from './l3-routes.ts';

export interface FelixView {
  readonly topology: Topology;
  readonly local: CalicoHost;
  readonly hosts: Hosts;
  readonly pools: readonly IpPool[];
  readonly routes: readonly WorkloadRoute[];
  readonly config: FelixConfiguration;
  readonly encapsulations: Encapsulations;
  readonly mtus: Mtus;
  readonly indexes: InterfaceIndexes;
  /** Pods with a network of their own, in the order of their interfaces. */
  readonly workloads: readonly WorkloadSandbox[];
  readonly policy: ActivePolicy;
}

export type WorkloadSandbox = PodSandbox & { readonly network: NonNullable<PodSandbox['network']> };

/** The node's port into the underlay. */
export const PARENT = 'eth0';
