/** Whether labs could run on a real cluster here. */
import type { Result } from '../../base/result.ts';
import type { DockerAbsence, DockerEngine } from '../../engines/kind/docker/reach.ts';
import type { Finding } from '../../lab/care.ts';

/** The oldest engine whose containers get a cgroup namespace of their own, which kind's nodes need. */
const OLDEST_API = [1, 41] as const;

export function dockerFinding(found: Result<DockerEngine, DockerAbsence>): Finding {
  const base = { id: 'docker', title: 'Docker' };
  if (!found.ok) {
    const says = `${found.error.reason} Simulated labs do not need it; real clusters do.`;
    return { ...base, state: 'limited', says, remedy: found.error.remedy };
  }
  const { endpoint, version, apiVersion, osType } = found.value;
  const says = `Docker Engine ${version} (API ${apiVersion}) answers at ${endpoint.host}.`;
  if (osType !== 'linux') {
    return {
      ...base,
      state: 'limited',
      says: `${says} It runs ${osType} containers.`,
      remedy: 'Switch it to Linux containers.',
    };
  }
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  const old = major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1]);
  if (old)
    return {
      ...base,
      state: 'limited',
      says: `${says} It is too old for real clusters.`,
      remedy: 'Install Docker Engine 20.10 or newer.',
    };
  return { ...base, state: 'good', says };
}
