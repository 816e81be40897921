/** What a session of the kind engine is made of. The engine gives real ones; tests give others, a stub cluster among them. */
import type { Result } from '../../../base/result.ts';
import type { LabEnvironment, LabError, Progress } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';

export interface PartOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface KindEngineParts {
  /** Why this lab cannot run here; undefined when it can. */
  preflight(environment: LabEnvironment): Promise<LabError | undefined>;
  /**
   * A cluster that is whole but for the lab's own objects: nodes, routers, hosts, sidecars, workstation, Calico. One that
   * was kept for this lab if there is one, which has the lab's objects too.
   */
  raise(environment: LabEnvironment, options: PartOptions): Promise<Result<RaisedCluster, LabError>>;
}

/** A cluster in use. */
export interface RaisedCluster {
  readonly cluster: Cluster;
  /** It was kept from an earlier session, with what the learner had done to it. */
  readonly kept: boolean;
  /** The network of every machine as the topology has it, whatever was done to it. */
  mend(signal: AbortSignal): Promise<Result<void, LabError>>;
  /** The lab is whole on it: it may be kept from now on. */
  keep(): Promise<Result<void, LabError>>;
  /** Nobody uses it any more; a cluster that was never whole is removed. */
  release(): Promise<void>;
  /** Nothing of it stays. */
  remove(signal: AbortSignal): Promise<Result<void, LabError>>;
}
