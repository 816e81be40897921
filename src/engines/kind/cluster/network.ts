/** The Docker network of a cluster: labelled, with a subnet that we chose, made before kind looks for it. */
import { ok, err, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { addressAt, formatCidr, formatIpv4, parseCidr, type Cidr } from '../../../model/ip.ts';
import { MTU_OPTION, type Docker, type NetworkState } from '../docker/docker.ts';
import { carrierMtu } from '../fabric/carrier.ts';
import { LABELS, networkName } from '../names.ts';
import { noFreeSubnet } from './errors.ts';
import type { ClusterWish } from './making.ts';
import { freeSubnets, ownSubnet6, subnetsOf, subnetsOfHost } from './subnets.ts';

/** How often another subnet is tried when the engine knows of a use that we cannot see. */
const ATTEMPTS = 8;

/** kind makes its own network so (kind v0.32.0 providers/docker/network.go). */
const OPTIONS = { 'com.docker.network.bridge.enable_ip_masquerade': 'true' };

export async function createNetwork(
  { name: cluster, topology }: ClusterWish,
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<NetworkState, LabError>> {
  const taken = await takenSubnets(docker, signal);
  if (!taken.ok) return taken;
  let attempts = 0;
  for (const subnet of freeSubnets([...taken.value, ...subnetsOf(topology)])) {
    const made = await docker.networks.create(
      {
        name: networkName(cluster),
        labels: { [LABELS.cluster]: cluster, [LABELS.role]: 'network' },
        subnet: formatCidr(subnet),
        gateway: formatIpv4(addressAt(subnet, 1)),
        ...(topology.podCidr6 && { ipv6Subnet: ownSubnet6(cluster) }),
        options: { ...OPTIONS, [MTU_OPTION]: String(carrierMtu(topology)) },
      },
      signal,
    );
    attempts += 1;
    if (made.ok || made.error.code !== 'subnet-taken' || attempts === ATTEMPTS) return made;
  }
  return err(noFreeSubnet());
}

/** By the engine's networks, and by this machine itself. */
export async function takenSubnets(
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<readonly Cidr[], LabError>> {
  const networks = await docker.networks.list({}, signal);
  if (!networks.ok) return networks;
  const used = networks.value.flatMap(({ subnets }) => subnets.flatMap((text) => parseCidr(text) ?? []));
  return ok([...used, ...(await subnetsOfHost())]);
}

/** Removes it, with whatever is still on it taken off; one that is not there is removed already. */
export async function removeNetworks(
  cluster: string,
  docker: Docker,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  const labelled = await docker.networks.list({ [LABELS.cluster]: cluster }, signal);
  if (!labelled.ok) return labelled;
  for (const { id } of labelled.value) {
    const removed = await docker.networks.remove(id, signal);
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}
