/** The containers that stand around a cluster's nodes: what each is started with, and how they are found and made again. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { addressAt, formatCidr, formatIpv4, parseCidr } from '../../../model/ip.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { DEFAULT_NETWORK, type ContainerSpec, type ContainerState } from '../docker/docker.ts';
import { LABELS, networkName, ownContainer, type OwnRole } from '../names.ts';
import { carrierMtu, internetMtu } from './carrier.ts';
import { notThere } from './errors.ts';
import type { CarrierPort } from './mending.ts';
import type { PlacePlan } from './plan.ts';

/** Nothing is started with it; all that a place does is started in it. */
const IDLE = ['sleep', 'infinity'] as const;

/**
 * A profile of AppArmor forbids to write below /proc/sys/net whatever the mounts say (moby profiles/apparmor/template.go);
 * what else it forbids these containers have no capability for.
 */
const SECURITY = ['apparmor=unconfined'] as const;

/** The container whose programs stand in the place's network and have the tool image's files. */
export const toolsOf = (cluster: Cluster, { kind, name }: Pick<PlacePlan, 'kind' | 'name'>): string =>
  ownContainer(cluster.name, kind === 'node' ? 'sidecar' : kind, name);

/** A router or an outside host. */
export function ownSpec(cluster: Cluster, plan: PlacePlan, image: string): ContainerSpec {
  const role = plan.kind === 'router' ? 'router' : 'host';
  return {
    name: toolsOf(cluster, plan),
    image,
    labels: labelsOf(cluster, role, `${plan.kind}/${plan.name}`),
    command: IDLE,
    hostname: plan.name,
    network: networkName(cluster.name),
    // NET_ADMIN for everything that `ip` does; NET_RAW, for ping and tcpdump, is among Docker's defaults.
    capabilities: ['NET_ADMIN'],
    securityOptions: SECURITY,
    networkSettings: true,
  };
}

/**
 * A node's terminal: in its network, among its processes, with the tools that the node's own image lacks. SYS_ADMIN is for
 * the name in the prompt and for `nsenter`, SYS_PTRACE to see whose a socket is.
 */
export function sidecarSpec(cluster: Cluster, node: string, image: string): ContainerSpec {
  const container = `container:${cluster.nodes.get(node) ?? ''}`;
  return {
    name: ownContainer(cluster.name, 'sidecar', node),
    image,
    labels: labelsOf(cluster, 'sidecar', `node/${node}`),
    command: IDLE,
    network: container,
    pid: container,
    capabilities: ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE'],
    securityOptions: SECURITY,
    networkSettings: true,
  };
}

export const labelsOf = (
  cluster: Pick<Cluster, 'name'>,
  role: OwnRole,
  place: string,
): ContainerSpec['labels'] => ({
  [LABELS.cluster]: cluster.name,
  [LABELS.role]: role,
  [LABELS.place]: place,
});

/** Starts one that is there and does not run, makes one that is not; leaves one that runs alone. */
export async function ensureRuns(
  { docker }: Cluster,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  const found = await docker.containers.inspect(spec.name, signal);
  if (!found.ok) return found;
  if (found.value?.state === 'running') return ok(undefined);
  if (found.value) {
    const started = await docker.containers.start(spec.name, signal);
    if (started.ok) return started;
    // Its node may have become another container: only a new one can share that one's namespaces.
    const removed = await docker.containers.remove(spec.name, signal);
    if (!removed.ok) return removed;
  }
  const made = await docker.containers.run(spec, signal);
  return made.ok ? ok(undefined) : made;
}

/** How Docker sees a place: a node's own container, or ours. */
export async function carrierOf(
  cluster: Cluster,
  plan: PlacePlan,
  signal: AbortSignal,
): Promise<Result<CarrierPort, LabError>> {
  const { docker, topology } = cluster;
  const network = networkName(cluster.name);
  const name = plan.kind === 'node' ? (cluster.nodes.get(plan.name) ?? '') : toolsOf(cluster, plan);
  const [container, carrier, outward] = await Promise.all([
    docker.containers.inspect(name, signal),
    docker.networks.inspect(network, signal),
    docker.networks.inspect(DEFAULT_NETWORK, signal),
  ]);
  if (!container.ok) return container;
  if (!carrier.ok) return carrier;
  if (!outward.ok) return outward;
  const subnet = carrier.value?.subnets.map(parseCidr).find((each) => each !== undefined);
  const address = addressOf(container.value, network);
  if (subnet === undefined) return err(notThere(`The Docker network ${network}`));
  if (address === undefined) return err(notThere(`The container ${name}`));
  return ok({
    address,
    subnet: formatCidr(subnet),
    mtu: carrierMtu(topology),
    internetMtu: internetMtu(outward.value),
    gateway: formatIpv4(addressAt(subnet, 1)),
  });
}

const addressOf = (container: ContainerState | undefined, network: string): string | undefined =>
  container?.state === 'running' ? container.addresses[network]?.ipv4 : undefined;
