/**
 * What is asked of this folder, and by what means it does it: `createCluster` (create.ts), `openCluster`, `keepCluster` and
 * `releaseCluster` (open.ts), `deleteCluster` (delete.ts), `leftovers` and `clean` (leftovers.ts) all take these.
 */
import type { Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import type { Topology } from '../../../model/topology.ts';
import type { KindFolder } from '../data-folder.ts';
import type { Docker } from '../docker/docker.ts';

/** The means: an engine, a data folder, and the tools of this machine. */
export interface ClusterMeans {
  readonly docker: Docker;
  readonly folder: KindFolder;
  /** From `installationId`: what does not carry it in its name is another's. */
  readonly installation: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** Where kind's CLI is, from `findKind`. Without it nothing is made; removal goes another way. */
  readonly kind?: string;
}

export interface ClusterWish {
  /** From `clusterName`, new for each creation. */
  readonly name: string;
  readonly lab: string;
  readonly topology: Topology;
}

/** A node's container that has just been started, for the first time or again while the cluster is being made. */
interface StartedNode {
  /** As the topology names it. */
  readonly node: string;
  readonly container: string;
}

export interface CreateOptions {
  readonly signal: AbortSignal;
  /** `fraction` is that of the making alone, 0-1. */
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Told of each node as soon as its container runs, before kubelet does: addresses and routes are laid here. All have been
   * told, and all answers awaited, when the making ends; an error ends it.
   */
  readonly onNode?: (started: StartedNode, signal: AbortSignal) => Promise<Result<void, LabError>>;
}

export interface DeleteOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
