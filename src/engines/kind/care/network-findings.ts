/**
 * The networks around a cluster: whether a subnet is left for its own, how large packets to the Internet may be, how Underlay
 * itself gets there, and a firewall that does not know of Docker (kind v0.32.0 site known-issues).
 */
import type { Finding } from '../../../lab/care.ts';
import { formatCidr } from '../../../model/ip.ts';
import { noFreeSubnet } from '../cluster/errors.ts';
import { takenSubnets } from '../cluster/network.ts';
import { freeSubnets } from '../cluster/subnets.ts';
import { DEFAULT_NETWORK, type Docker } from '../docker/docker.ts';
import { internetMtu } from '../fabric/carrier.ts';
import { childEnvironment, runChild } from '../process/child.ts';
import { wayOut } from '../way-out.ts';
import type { ProgramSearch } from './program-findings.ts';
import { uplink, type Uplink } from './uplink.ts';

export async function subnetFinding(docker: Docker, signal: AbortSignal): Promise<Finding> {
  const base = { id: 'subnets', title: 'Networks for clusters' };
  const taken = await takenSubnets(docker, signal);
  if (!taken.ok) return { ...base, state: 'limited', says: taken.error.message, remedy: taken.error.remedy };
  const [free] = freeSubnets(taken.value);
  if (free) return { ...base, state: 'good', says: `The next cluster's network is ${formatCidr(free)}.` };
  const { message: says, remedy } = noFreeSubnet();
  return { ...base, state: 'limited', says, remedy };
}

/** @param own this machine's way out, where the engine is on it */
export async function mtuFinding(
  docker: Docker,
  signal: AbortSignal,
  own: () => Promise<Uplink | undefined> = uplink,
): Promise<Finding> {
  const base = { id: 'mtu', title: 'Size of packets' };
  const [network, way] = await Promise.all([docker.networks.inspect(DEFAULT_NETWORK, signal), own()]);
  if (!network.ok)
    return { ...base, state: 'limited', says: network.error.message, remedy: network.error.remedy };
  const mtu = internetMtu(network.value);
  const says = `Nodes fetch from the Internet with packets of ${mtu} bytes at most; racks carry what the lessons say, since what is on them never leaves this machine.`;
  if (!way || way.mtu >= mtu) return { ...base, state: 'good', says };
  return {
    ...base,
    state: 'limited',
    says: `This machine reaches the Internet by ${way.device}, which carries ${way.mtu} bytes, and Docker's networks carry ${mtu}: what containers fetch may hang.`,
    remedy: `Put \`"mtu": ${way.mtu}\` into /etc/docker/daemon.json and restart Docker. Racks are not concerned.`,
  };
}

/** By what proxy Underlay itself downloads, and whether that can be. */
export async function downloadFinding({ env }: ProgramSearch): Promise<Finding> {
  const base = { id: 'downloads', title: 'Downloads' };
  const way = await wayOut(env);
  if (!way.ok) return { ...base, state: 'limited', says: way.error.message, remedy: way.error.remedy };
  const proxy = way.value.proxyOf('https://github.com');
  await way.value.close();
  const says =
    proxy === undefined
      ? 'Underlay downloads without a proxy.'
      : `Underlay downloads through ${proxy} (HTTPS_PROXY).`;
  return { ...base, state: 'good', says };
}

/** Milliseconds for an answer of firewalld's. */
const PATIENCE = 5_000;

/** Where firewalld runs; Docker makes a zone of its own there, unless it was started first and never restarted. */
export async function firewallFinding({ env, platform }: ProgramSearch): Promise<Finding | undefined> {
  if (platform !== 'linux') return undefined;
  const asked = async (...argv: readonly string[]): Promise<string | undefined> => {
    const answer = await runChild(['firewall-cmd', ...argv], {
      signal: AbortSignal.timeout(PATIENCE),
      env: childEnvironment({ env, platform }),
    });
    return answer.ok && answer.value.exitCode === 0 ? answer.value.stdout.trim() : undefined;
  };
  if ((await asked('--state')) !== 'running') return undefined;
  const base = { id: 'firewalld', title: 'Firewall' };
  const zones = await asked('--get-zones');
  if (zones === undefined)
    return {
      ...base,
      state: 'unknown',
      says: 'firewalld runs, and does not tell this account of its zones.',
    };
  if (zones.split(/\s+/).includes('docker'))
    return { ...base, state: 'good', says: 'firewalld runs, and has a zone for Docker.' };
  return {
    ...base,
    state: 'limited',
    says: 'firewalld runs without a zone for Docker, and may keep nodes from one another.',
    remedy: 'Restart Docker (`sudo systemctl restart docker`): it makes its zone then.',
  };
}
