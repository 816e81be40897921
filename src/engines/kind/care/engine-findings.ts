/**
 * What a Docker Engine says of itself, and what of it keeps real clusters from running. Thresholds: kind v0.32.0
 * (site known-issues, rootless; pkg/cluster/internal/create validateProvider) and what a cluster of a lab's size takes.
 */
import type { Finding } from '../../../lab/care.ts';
import type { EngineInfo } from '../docker/docker.ts';

/** Bytes that a control plane with three workers and Calico take, and that leave room for the learner's own programs. */
const LEAST_MEMORY = 4e9;
const ENOUGH_MEMORY = 6e9;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

type Rule = (info: EngineInfo, own: string) => Finding;

/** @param own the processor that Underlay runs on, as Node says it: `x64` */
export function engineFindings(info: EngineInfo, own: string): readonly Finding[] {
  return RULES.map((rule) => rule(info, own));
}

/** What Linux, Docker and Node call them. */
const PROCESSORS: Readonly<Record<string, 'amd64' | 'arm64'>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
};

const architecture: Rule = ({ architecture: arch }, own) => {
  const base = { id: 'arch', title: 'Processor of the engine' };
  const [theirs, ours] = [PROCESSORS[arch], PROCESSORS[own]];
  if (theirs && ours && theirs !== ours)
    return {
      ...base,
      state: 'limited',
      says: `The engine runs on ${theirs} and Underlay on ${ours}: one of them is emulated. Nodes do not run in an emulated machine.`,
      remedy: `Use an engine, and an Underlay, made for this machine's own processor.`,
    };
  if (theirs) return { ...base, state: 'good', says: `The engine runs on ${arch}.` };
  return {
    ...base,
    state: 'limited',
    says: `There are no node images for ${arch}.`,
    remedy: 'Use an engine on amd64 or arm64, or build a node image and name it by UNDERLAY_NODE_IMAGE.',
  };
};

/** Control groups got namespaces in Linux 4.6 (kind: "does not support cgroup namespaces"). */
const OLDEST_KERNEL = [4, 6] as const;

const kernel: Rule = ({ kernelVersion }) => {
  const base = { id: 'kernel', title: 'Kernel of the engine' };
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernelVersion) ?? [];
  if (major === undefined) return { ...base, state: 'unknown', says: 'The engine does not say its kernel.' };
  const [least, part] = OLDEST_KERNEL;
  const old = Number(major) < least || (Number(major) === least && Number(minor) < part);
  if (!old) return { ...base, state: 'good', says: `Linux ${kernelVersion}.` };
  return {
    ...base,
    state: 'limited',
    says: `Linux ${kernelVersion} is too old for nodes.`,
    remedy: `Use an engine on Linux ${least}.${part} or newer; 5.8 or newer is better.`,
  };
};

const memory: Rule = ({ memory: bytes, operatingSystem }) => {
  const base = { id: 'memory', title: 'Memory of the engine' };
  const says = `The engine has ${gigabytes(bytes)}.`;
  if (bytes >= ENOUGH_MEMORY) return { ...base, state: 'good', says };
  const more = moreOf('memory', operatingSystem, 'at least 6 GB');
  if (bytes >= LEAST_MEMORY)
    return {
      ...base,
      state: 'limited',
      says: `${says} A lab's cluster fits, with little to spare.`,
      remedy: more,
    };
  return { ...base, state: 'limited', says: `${says} A lab's cluster needs 4 GB.`, remedy: more };
};

const cpus: Rule = ({ cpus: count, operatingSystem }) => {
  const base = { id: 'cpu', title: 'Processors of the engine' };
  if (count >= 2) return { ...base, state: 'good', says: `The engine has ${count} processors.` };
  return {
    ...base,
    state: 'limited',
    says: 'The engine has one processor; the control plane wants two.',
    remedy: moreOf('processors', operatingSystem, 'two or more'),
  };
};

function moreOf(what: 'memory' | 'processors', operatingSystem: string, amount: string): string {
  if (/docker desktop/i.test(operatingSystem))
    return `Docker Desktop, Settings, Resources: give it ${amount}. With WSL 2, set it in .wslconfig.`;
  return `Give the machine of the engine ${amount} of ${what}: for Colima \`colima start --${what === 'memory' ? 'memory 6' : 'cpu 2'}\`.`;
}

const cgroups: Rule = ({ cgroupVersion, rootless, memoryLimit, pidsLimit, cpuShares }) => {
  const base = { id: 'cgroups', title: 'Control groups' };
  if (rootless && (cgroupVersion === '1' || !memoryLimit || !pidsLimit || !cpuShares))
    return {
      ...base,
      state: 'limited',
      says: 'The engine runs without root and may not limit memory, processes or processors, which kubelet has to.',
      remedy:
        'Delegate the controllers: write `[Service]` and `Delegate=yes` into /etc/systemd/system/user@.service.d/delegate.conf, then log in again.',
    };
  if (cgroupVersion === '1')
    return {
      ...base,
      state: 'limited',
      says: 'The engine uses cgroup v1, which Kubernetes 1.35 refuses unless told otherwise. Labs tell it so.',
      remedy:
        'If nodes do not start, boot with systemd.unified_cgroup_hierarchy=1; with WSL 2, run `wsl --update`.',
    };
  if (cgroupVersion === undefined)
    return { ...base, state: 'unknown', says: 'The engine does not say which control groups it uses.' };
  return { ...base, state: 'good', says: `cgroup v2${rootless ? ', without root' : ''}.` };
};

const storage: Rule = ({ storageDriver, backingFilesystem, containerdImageStore, rootDir }) => {
  const base = { id: 'storage', title: 'Storage of the engine' };
  if (rootDir.startsWith('/var/snap/'))
    return {
      ...base,
      state: 'limited',
      says: 'Docker was installed as a snap, which cannot read the temporary folders that kind writes to.',
      remedy: 'Install Docker from its own packages, or set TMPDIR to a folder in your home.',
    };
  const slow = /^(zfs|btrfs)$/.test(storageDriver) || /^(zfs|btrfs)$/.test(backingFilesystem ?? '');
  const on = backingFilesystem === undefined ? '' : ` on ${backingFilesystem}`;
  const store = containerdImageStore ? ', images kept by containerd' : '';
  const says = `${storageDriver}${on}${store}.`;
  if (!slow) return { ...base, state: 'good', says };
  return {
    ...base,
    state: 'limited',
    says: `${says} Clusters take more room and time on it.`,
    remedy: 'If kubelet says "failed to get rootfs info", move the engine to ext4 or xfs.',
  };
};

const proxy: Rule = ({ httpProxy }) => {
  const base = { id: 'proxy', title: 'Proxy of the engine' };
  if (httpProxy === undefined || httpProxy === '')
    return { ...base, state: 'good', says: 'Images are pulled without a proxy.' };
  return {
    ...base,
    state: 'limited',
    says: `Images are pulled through ${httpProxy.replace(/\/\/[^@/]*@/, '//')}.`,
    remedy: 'If pulls fail, add the proxy’s certificate to the engine, or load an offline bundle.',
  };
};

const security: Rule = ({ securityModules }) => {
  const base = { id: 'security', title: 'Security modules' };
  if (securityModules.length === 0) return { ...base, state: 'good', says: 'None limits containers.' };
  const says = `${securityModules.join(' and ')} limits containers; nodes ask not to be limited.`;
  if (!securityModules.includes('SELinux')) return { ...base, state: 'good', says };
  return {
    ...base,
    state: 'good',
    says: `${says} If nodes do not start, \`sudo ausearch -m avc -ts recent\` shows what was denied.`,
  };
};

const RULES: readonly Rule[] = [
  ...[architecture, kernel, memory, cpus],
  ...[cgroups, security, storage, proxy],
];
