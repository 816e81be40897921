/** What an engine says of itself and of its machine (`GET /info`), as far as the doctor reads it. */
import type { Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Client } from './client.ts';
import type { EngineInfo } from './docker.ts';

/** moby's fields (api/types/system.Info, API 1.51); Podman leaves some out. */
interface Said {
  readonly CgroupVersion?: string;
  readonly NCPU?: number;
  readonly MemTotal?: number;
  readonly OperatingSystem?: string;
  readonly KernelVersion?: string;
  readonly Architecture?: string;
  readonly Driver?: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly DockerRootDir?: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly MemoryLimit?: boolean;
  readonly PidsLimit?: boolean;
  readonly CPUShares?: boolean;
  readonly HttpProxy?: string;
  readonly BridgeNfIptables?: boolean;
  readonly Warnings?: readonly string[] | null;
}

export async function engineInfo(client: Client, signal: AbortSignal): Promise<Result<EngineInfo, LabError>> {
  const answer = await client.ask({ signal }, () => client.dockerode.info());
  return answer.ok ? { ok: true, value: infoIn(answer.value as Said) } : answer;
}

function infoIn(said: Said): EngineInfo {
  const { CgroupVersion: cgroup, HttpProxy: httpProxy, BridgeNfIptables: bridgeNfIptables } = said;
  return {
    ...((cgroup === '1' || cgroup === '2') && { cgroupVersion: cgroup }),
    cpus: said.NCPU ?? 0,
    memory: said.MemTotal ?? 0,
    ...wordsIn(said),
    ...securityIn(said.SecurityOptions ?? []),
    memoryLimit: said.MemoryLimit ?? false,
    pidsLimit: said.PidsLimit ?? false,
    cpuShares: said.CPUShares ?? false,
    ...(httpProxy && { httpProxy }),
    ...(bridgeNfIptables !== undefined && { bridgeNfIptables }),
    warnings: said.Warnings ?? [],
  };
}

function wordsIn(
  said: Said,
): Pick<
  EngineInfo,
  | 'operatingSystem'
  | 'kernelVersion'
  | 'architecture'
  | 'storageDriver'
  | 'containerdImageStore'
  | 'backingFilesystem'
  | 'rootDir'
> {
  const status = new Map(said.DriverStatus ?? []);
  const backingFilesystem = status.get('Backing Filesystem');
  return {
    operatingSystem: said.OperatingSystem ?? '',
    kernelVersion: said.KernelVersion ?? '',
    architecture: said.Architecture ?? '',
    storageDriver: said.Driver ?? '',
    containerdImageStore: status.get('driver-type') === 'io.containerd.snapshotter.v1',
    ...(backingFilesystem !== undefined && { backingFilesystem }),
    rootDir: said.DockerRootDir ?? '',
  };
}

/** Each is a list of pairs: `name=rootless`, `name=seccomp,profile=default`. */
function securityIn(options: readonly string[]): Pick<EngineInfo, 'rootless' | 'userns' | 'securityModules'> {
  const names = options.flatMap((option) => option.split(',')).filter((pair) => pair.startsWith('name='));
  return {
    rootless: names.includes('name=rootless'),
    userns: names.includes('name=userns'),
    securityModules: Object.entries(SECURITY_MODULES).flatMap(([name, said]) =>
      names.includes(`name=${name}`) ? [said] : [],
    ),
  };
}

/** As they call themselves. */
const SECURITY_MODULES = { apparmor: 'AppArmor', selinux: 'SELinux' } as const;
