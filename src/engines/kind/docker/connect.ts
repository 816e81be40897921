/**
 * Finds the Docker Engine that labs use and opens it: every endpoint that is worth it is asked, until one answers; the API's
 * version is agreed on as the docker CLI does, the newest that both sides know. What is too old for kind, or runs no Linux
 * containers, is told here, before anything is built on it.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { addressOf, dockerodeAt } from './address.ts';
import { Client } from './client.ts';
import { EngineContainers } from './containers.ts';
import { diskUsage } from './disk-usage.ts';
import type { Docker, EngineVersion } from './docker.ts';
import {
  dockerEndpoints,
  environmentFor,
  type DockerEndpoint,
  type DockerSurroundings,
} from './endpoints.ts';
import { dockerError, faultOf, startRemedy } from './errors.ts';
import { watchContainers } from './events.ts';
import { EngineImages } from './images.ts';
import { engineInfo } from './info.ts';
import { EngineNetworks } from './networks.ts';
import { programFolders } from '../process/search-path.ts';
import { EngineVolumes } from './volumes.ts';

/** Milliseconds an engine has for its first answer. */
const PATIENCE = 2_000;

/** The newest API that this was written against, and the oldest with cgroup namespaces, which kind's nodes need. */
const NEWEST = [1, 51] as const;
const OLDEST = [1, 41] as const;

/** @param setting the app's own choice, as DOCKER_HOST spells it; empty for none */
export async function connectDocker(
  around: DockerSurroundings,
  setting = '',
): Promise<Result<Docker, LabError>> {
  const endpoints = await dockerEndpoints(around, setting);
  const faults: Fault[] = [];
  for (const endpoint of endpoints) {
    const asked = await ask(endpoint, around.platform);
    if (asked.ok) {
      const unfit = whyUnfit(endpoint, asked.value.engine);
      return unfit ? err(unfit) : ok(assembled(asked.value, around));
    }
    faults.push({ endpoint, code: asked.error.code, says: asked.error.says });
  }
  return err(absence(faults, around));
}

interface Fault {
  readonly endpoint: DockerEndpoint;
  /** Of the system, or one of ours. */
  readonly code: string;
  readonly says: string;
}

async function ask(
  endpoint: DockerEndpoint,
  platform: NodeJS.Platform,
): Promise<Result<Client, { readonly code: string; readonly says: string }>> {
  const address = await addressOf(endpoint);
  if (!address.ok) return err({ code: address.error, says: '' });
  try {
    const impatient = dockerodeAt({ ...address.value, timeout: PATIENCE });
    const engine = versionIn(await impatient.version());
    const version = `v${spelled(older(NEWEST, parsed(engine.apiVersion)))}`;
    return ok(new Client(dockerodeAt({ ...address.value, version }), { endpoint, engine, platform }));
  } catch (cause) {
    const { system, status, says } = faultOf(cause);
    // docker-modem hangs up on an engine that is silent for too long.
    const silent = system === 'ECONNRESET' && says === 'socket hang up';
    return err({ code: silent ? 'TIMEOUT' : (system ?? `HTTP ${String(status)}`), says });
  }
}

function versionIn(said: {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Os: string;
  readonly Arch: string;
  readonly Components?: readonly { readonly Name: string }[];
}): EngineVersion {
  const {
    Version: version,
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    Os: osType,
    Arch: arch,
  } = said;
  const isPodman = said.Components?.some(({ Name: name }) => /^podman/i.test(name)) === true;
  return {
    ...{ version, apiVersion, minApiVersion: minApiVersion ?? apiVersion, osType, arch },
    ...(isPodman && { isPodman }),
  };
}

type ApiVersion = readonly [major: number, minor: number];

const parsed = (version: string): ApiVersion => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
};
const spelled = ([major, minor]: ApiVersion): string => `${major}.${minor}`;
const isOlder = (a: ApiVersion, b: ApiVersion): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
const older = (a: ApiVersion, b: ApiVersion): ApiVersion => (isOlder(a, b) ? a : b);

function whyUnfit({ host }: DockerEndpoint, engine: EngineVersion): LabError | undefined {
  const says = `Docker Engine ${engine.version} (API ${engine.apiVersion}) answers at ${host}.`;
  if (engine.osType !== 'linux')
    return {
      code: 'docker-windows-containers',
      message: `${says} It runs ${engine.osType} containers.`,
      remedy: 'Switch it to Linux containers.',
    };
  if (isOlder(parsed(engine.apiVersion), OLDEST))
    return {
      code: 'docker-too-old',
      message: `${says} It is too old for real clusters.`,
      remedy: 'Install Docker Engine 20.10 or newer.',
    };
  if (isOlder(NEWEST, parsed(engine.minApiVersion)))
    return {
      code: 'docker-too-new',
      message: `${says} It no longer speaks API ${spelled(NEWEST)}, the newest that Underlay knows.`,
      remedy: 'Install a newer Underlay.',
    };
  return undefined;
}

function assembled(client: Client, around: DockerSurroundings): Docker {
  return {
    endpoint: client.endpoint,
    engine: client.engine,
    environment: environmentFor(client.endpoint),
    info: (signal) => engineInfo(client, signal),
    diskUsage: (signal) => diskUsage(client, signal),
    containers: new EngineContainers(client),
    images: new EngineImages(client, around),
    networks: new EngineNetworks(client),
    volumes: new EngineVolumes(client),
    watch: (watch, signal) => watchContainers(client, watch, signal),
  };
}

const STARTERS = ['docker', 'dockerd', 'docker.exe', 'colima', 'podman'];

function absence(faults: readonly Fault[], around: DockerSurroundings): LabError {
  const forbidden = faults.find(({ code }) => code === 'EACCES' || code === 'EPERM');
  const context = (host: string): { host: string; platform: NodeJS.Platform } => ({
    host,
    platform: around.platform,
  });
  if (forbidden) return dockerError({ system: forbidden.code, says: '' }, context(forbidden.endpoint.host));
  const [first] = faults;
  if (first && first.endpoint.from !== 'default') return chosenOneIsAway(first, around);
  // A socket that nobody listens on, or a program without its engine: what is there only has to be started.
  const stopped =
    faults.some(({ code }) => code === 'ECONNREFUSED' || code === 'TIMEOUT') || isInstalled(around);
  return stopped
    ? {
        code: 'docker-stopped',
        message: 'Docker is installed on this machine, but no Docker Engine answers.',
        remedy: startRemedy(around.platform).replace(/, or install .*$/, '.'),
      }
    : {
        code: 'docker-missing',
        message: 'No Docker Engine answers on this machine.',
        remedy: startRemedy(around.platform),
      };
}

function chosenOneIsAway(
  { endpoint: { host, from }, code, says }: Fault,
  { platform }: DockerSurroundings,
): LabError {
  if (code === 'REMOTE')
    return {
      code: 'docker-remote',
      message: `Labs need a Docker Engine on this machine, and ${host} (${from}) is reached by SSH.`,
      remedy: 'Choose another: `docker context use default`, or unset DOCKER_HOST.',
    };
  const told = dockerError({ system: code, says }, { host, platform });
  if (told.code === 'docker-tls') return told;
  return {
    code: 'docker-missing',
    message: `No Docker Engine answers at ${host || 'an unknown address'} (${from}: ${code}).`,
    remedy: 'Start that engine, or choose another: `docker context use default`, or unset DOCKER_HOST.',
  };
}

const isInstalled = ({ env, platform, home }: DockerSurroundings): boolean =>
  programFolders(env.PATH ?? '', { platform, home, delimiter })
    .flatMap((folder) => STARTERS.map((name) => join(folder, name)))
    .some((path) => existsSync(path));
