/** What the probe's report means for real clusters; texts name the fix first (kind v0.32.0 site known-issues). */
import type { Finding, KernelFeature } from '../../../lab/care.ts';
import type { ProbeReport } from './probe.ts';

const LEAST_INSTANCES = 512;
const LEAST_WATCHES = 524_288;
/** Bytes of a cluster's images and volumes. */
export const LEAST_FREE = 4e9;
const ENOUGH_FREE = 10e9;
/** Bytes of memory that a control plane, three workers and Calico take. */
const LEAST_AVAILABLE = 3e9;
/** Milliseconds by which clocks may differ before certificates are not valid yet. */
const SKEW = 30_000;

/** @param now milliseconds since 1970 by this machine, when the report came */
export const probeFindings = (report: ProbeReport, now: number): readonly Finding[] => [
  inotify(report),
  disk(report),
  available(report),
  clock(report, now),
  init(report),
  matches(report),
  ...FEATURES.map((feature) => kernelFeature(report, feature)),
];

/** When nothing could be probed, each says so. */
export const unprobed = (why: string): readonly Finding[] =>
  [
    ['inotify', 'Watches on files'],
    ['engine-disk', 'Disk of the engine'],
    ['memory-left', 'Memory that is left'],
    ['clock', 'Clock of the engine'],
    ['matches', 'Matches of iptables'],
    ...FEATURES.map((feature) => [feature, TITLES[feature]] as const),
  ].map(([id = '', title = '']) => ({ id, title, state: 'unknown', says: why }));

function inotify({ inotifyInstances, inotifyWatches }: ProbeReport): Finding {
  const base = { id: 'inotify', title: 'Watches on files' };
  const says = `${inotifyInstances} instances and ${inotifyWatches} watches of inotify for each user.`;
  if (inotifyInstances >= LEAST_INSTANCES && inotifyWatches >= LEAST_WATCHES)
    return { ...base, state: 'good', says };
  return {
    ...base,
    state: 'limited',
    says: `${says} Nodes fail to start when they run out, saying "could not find a log line" or "no space left".`,
    remedy: `On the engine's machine: sudo sysctl fs.inotify.max_user_instances=${LEAST_INSTANCES} fs.inotify.max_user_watches=${LEAST_WATCHES}`,
  };
}

function disk({ free }: ProbeReport): Finding {
  const base = { id: 'engine-disk', title: 'Disk of the engine' };
  const says = `${(free / 1e9).toFixed(1)} GB free where the engine keeps containers.`;
  if (free >= ENOUGH_FREE) return { ...base, state: 'good', says };
  const enough = free >= LEAST_FREE ? 'A cluster may fit' : 'A cluster does not fit';
  return {
    ...base,
    state: 'limited',
    says: `${says} ${enough}; ${ENOUGH_FREE / 1e9} GB are comfortable.`,
    remedy: '`docker system df` shows what takes room; enlarge the disk of Docker Desktop in its settings.',
  };
}

function available({ available: bytes }: ProbeReport): Finding {
  const base = { id: 'memory-left', title: 'Memory that is left' };
  const says = `${(bytes / 1e9).toFixed(1)} GB of the engine's memory are free for programs.`;
  if (bytes >= LEAST_AVAILABLE) return { ...base, state: 'good', says };
  return {
    ...base,
    state: 'limited',
    says: `${says} A lab's cluster takes about ${LEAST_AVAILABLE / 1e9} GB.`,
    remedy:
      'Remove clusters and stop containers that you do not use (`docker ps` shows them), or give the engine more.',
  };
}

function clock({ clock: theirs }: ProbeReport, now: number): Finding {
  const base = { id: 'clock', title: 'Clock of the engine' };
  const seconds = Math.round((theirs - now) / 1000);
  if (Math.abs(theirs - now) <= SKEW)
    return { ...base, state: 'good', says: "The engine's clock agrees with this machine's." };
  return {
    ...base,
    state: 'limited',
    says: `The engine's clock is ${Math.abs(seconds)} seconds ${seconds < 0 ? 'behind' : 'ahead'}, so certificates are not valid.`,
    remedy: 'Restart the engine: its machine slept.',
  };
}

function init({ init: first }: ProbeReport): Finding {
  const base = { id: 'init', title: 'First process of containers' };
  if (!/init$/.test(first) || first === 'systemd')
    return { ...base, state: 'good', says: 'Containers begin with their own program.' };
  return {
    ...base,
    state: 'limited',
    says: `The engine puts ${first} in front of every program; nodes need systemd there.`,
    remedy: 'kind asks for it not to be so. If nodes do not start, remove "init": true from daemon.json.',
  };
}

function matches({ matches: there, features }: ProbeReport): Finding {
  const base = { id: 'matches', title: 'Matches of iptables' };
  if (there) return { ...base, state: 'good', says: 'iptables matches ipsets and reverse paths.' };
  return {
    ...base,
    state: 'limited',
    says: `iptables has no match for ${features.ipset ? 'ipsets or reverse paths' : 'ipsets'}, and Felix does not run without.`,
    remedy: 'Load the modules xt_set and xt_rpfilter on the engine’s machine, or use another engine.',
  };
}

const FEATURES: readonly KernelFeature[] = ['vxlan', 'ipip', 'wireguard', 'ipset', 'ipv6'];

export const TITLES: Readonly<Record<KernelFeature, string>> = {
  vxlan: 'VXLAN',
  ipip: 'IP in IP',
  wireguard: 'WireGuard',
  ipset: 'ipsets',
  ipv6: 'IPv6',
};

/** What is lost without it, and the way round. */
const WITHOUT: Readonly<Record<KernelFeature, string>> = {
  vxlan: 'No lab runs on a real cluster without it; the simulator has it.',
  ipip: 'Labs with IP in IP run on the simulator; those with VXLAN run here.',
  wireguard: 'Labs with WireGuard run on the simulator.',
  ipset: 'Calico does not run without it; the simulator does.',
  ipv6: 'Labs with both families run on the simulator; those with IPv4 run here.',
};

function kernelFeature({ features }: ProbeReport, feature: KernelFeature): Finding {
  const base = { id: feature, title: TITLES[feature] };
  if (features[feature]) return { ...base, state: 'good', says: 'The kernel of the engine has it.' };
  return {
    ...base,
    state: 'limited',
    says: 'The kernel of the engine does not have it.',
    remedy: WITHOUT[feature],
  };
}
