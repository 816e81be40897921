/**
 * A lab's machines around and under a cluster's nodes: raised once, kept as planned while containers restart, brought back
 * for a reset, and removed. Nodes are laid through their sidecars, which have control groups of their own: a program that
 * runs inside a node before systemd has taken over would spoil its delegation (kind#2409).
 */
import { ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ContainerEvent } from '../docker/docker.ts';
import { KIND_CLUSTER_LABEL, LABELS, ownContainer } from '../names.ts';
import { carrierOf, ensureRuns, ownSpec, sidecarSpec, toolsOf } from './containers.ts';
import { layPlace } from './place.ts';
import { fabricPlan, planOf, type PlacePlan } from './plan.ts';

export interface FabricOptions {
  readonly signal: AbortSignal;
  /** Of `toolImage`. */
  readonly image: string;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Gives a node its place in the lab: its sidecar, the port in its rack, routes. To be called whenever the node's container
 * has been started, also the first time, while kind still makes the cluster: kubelet waits for the node's address.
 */
export async function layNode(
  cluster: Cluster,
  node: string,
  { signal, image }: FabricOptions,
): Promise<Result<void, LabError>> {
  return layOne(cluster, planOf(cluster.topology, 'node', node), { signal, image });
}

/** Everything of the topology, each beside the others; what is there already is brought into its planned state. */
export async function raiseFabric(
  cluster: Cluster,
  { signal, image, onProgress }: FabricOptions,
): Promise<Result<void, LabError>> {
  const plans = fabricPlan(cluster.topology);
  const ready = new Set<PlacePlan>();
  const tell = (): void =>
    onProgress?.({
      phase: 'Starting routers and hosts',
      fraction: ready.size / plans.length,
      components: plans.map((plan) => ({
        name: `${plan.kind} ${plan.name}`,
        state: ready.has(plan) ? 'ready' : 'waiting',
      })),
    });
  tell();
  return all(
    plans.map(async (plan) => {
      const laid = await layOne(cluster, plan, { signal, image });
      if (laid.ok) ready.add(plan);
      if (laid.ok) tell();
      return laid;
    }),
  );
}

/** For a lab's reset: every place as planned, whatever was done to it. Files in homes stay, and so do terminals. */
export const resetFabric = (cluster: Cluster, options: FabricOptions): Promise<Result<void, LabError>> =>
  all(fabricPlan(cluster.topology).map((plan) => layOne(cluster, plan, options)));

/** Removes what this folder makes; trying again is harmless. */
export async function lowerFabric(cluster: Cluster, signal: AbortSignal): Promise<Result<void, LabError>> {
  const names = [
    ...fabricPlan(cluster.topology).map((plan) => toolsOf(cluster, plan)),
    ownContainer(cluster.name, 'workstation'),
  ];
  return all(names.map((name) => cluster.docker.containers.remove(name, signal)));
}

export interface FabricWatch extends FabricOptions {
  /** A place that could not be laid again, by the name of its container. */
  readonly onTrouble: (container: string, error: LabError) => void;
}

/** Lays places again whenever their containers start, and starts ours when they end, until the signal says otherwise. */
export function keepFabric(cluster: Cluster, { signal, image, onTrouble }: FabricWatch): void {
  const { docker } = cluster;
  const plans = new Map(fabricPlan(cluster.topology).map((plan) => [toolsOf(cluster, plan), plan]));
  const nodes = new Map([...cluster.nodes].map(([node, container]) => [container, node]));
  /** What is being done about a container; events that come meanwhile wait for their turn. */
  const busy = new Map<string, Promise<void>>();
  const inTurn = (container: string, plan: PlacePlan): void => {
    const before = busy.get(container) ?? Promise.resolve();
    busy.set(
      container,
      before.then(async () => {
        if (signal.aborted) return;
        const laid = await layOne(cluster, plan, { signal, image });
        if (!laid.ok && !signal.aborted) onTrouble(container, laid.error);
      }),
    );
  };
  const onNode = ({ action, name }: ContainerEvent): void => {
    const node = nodes.get(name);
    if (node === undefined || action !== 'start') return;
    inTurn(ownContainer(cluster.name, 'sidecar', node), planOf(cluster.topology, 'node', node));
  };
  const onOwn = ({ action, name }: ContainerEvent): void => {
    const plan = plans.get(name);
    // A sidecar that ends with its node is started with it again.
    if (plan && (action === 'start' || (action === 'die' && plan.kind !== 'node'))) inTurn(name, plan);
    if (plan?.kind === 'node' && action === 'die') void revive(name, plan);
    if (name === ownContainer(cluster.name, 'workstation') && action === 'die')
      void docker.containers.start(name, signal);
  };
  const revive = async (container: string, plan: PlacePlan): Promise<void> => {
    const node = await docker.containers.inspect(cluster.nodes.get(plan.name) ?? '', signal);
    if (node.ok && node.value?.state === 'running') inTurn(container, plan);
  };
  docker.watch({ label: `${KIND_CLUSTER_LABEL}=${cluster.name}`, onEvent: onNode }, signal);
  docker.watch({ label: `${LABELS.cluster}=${cluster.name}`, onEvent: onOwn }, signal);
}

async function layOne(
  cluster: Cluster,
  plan: PlacePlan,
  { signal: whole, image }: Pick<FabricOptions, 'signal' | 'image'>,
): Promise<Result<void, LabError>> {
  // One for each place: all of them listening to the same one look to Node like a leak.
  const signal = AbortSignal.any([whole]);
  const spec = plan.kind === 'node' ? sidecarSpec(cluster, plan.name, image) : ownSpec(cluster, plan, image);
  const runs = await ensureRuns(cluster, spec, signal);
  if (!runs.ok) return runs;
  const carrier = await carrierOf(cluster, plan, signal);
  if (!carrier.ok) return carrier;
  return layPlace({ docker: cluster.docker, container: spec.name, plan, carrier: carrier.value }, signal);
}

/** The first failure, once all have ended. */
async function all(doing: readonly Promise<Result<void, LabError>>[]): Promise<Result<void, LabError>> {
  const ended = await Promise.all(doing);
  return ended.find((each) => !each.ok) ?? ok(undefined);
}
