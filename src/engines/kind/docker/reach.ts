/** Whether a Docker Engine answers on this machine: asks every endpoint that is worth it, until one does. */
import Docker from 'dockerode';
import { err, ok, type Result } from '../../../base/result.ts';
import { dockerEndpoints, type DockerEndpoint, type DockerSurroundings } from './endpoints.ts';

/** Milliseconds an engine has for its answer. */
const PATIENCE = 2_000;

export interface DockerEngine {
  readonly endpoint: DockerEndpoint;
  /** e.g. `28.2.2` */
  readonly version: string;
  /** e.g. `1.50` */
  readonly apiVersion: string;
  readonly osType: string;
}

export interface DockerAbsence {
  readonly reason: string;
  readonly remedy: string;
}

export async function findDocker(around: DockerSurroundings): Promise<Result<DockerEngine, DockerAbsence>> {
  const endpoints = await dockerEndpoints(around);
  const faults: { readonly endpoint: DockerEndpoint; readonly code: string }[] = [];
  for (const endpoint of endpoints) {
    const asked = await ask(endpoint);
    if (asked.ok) return asked;
    faults.push({ endpoint, code: asked.error });
  }
  return err(absence(faults, around.platform));
}

/** The error is a code: of the system, or one of ours below. */
async function ask(endpoint: DockerEndpoint): Promise<Result<DockerEngine, string>> {
  const address = addressOf(endpoint.host);
  if (!address.ok) return address;
  try {
    const docker = new Docker({ ...address.value, timeout: PATIENCE });
    const { Version: version, ApiVersion: apiVersion, Os: osType } = await docker.version();
    return ok({ endpoint, version, apiVersion, osType });
  } catch (cause) {
    const { code, statusCode } = cause as { readonly code?: string; readonly statusCode?: number };
    return err(code ?? (statusCode === undefined ? 'TIMEOUT' : `HTTP ${statusCode}`));
  }
}

function addressOf(host: string): Result<Docker.DockerOptions, string> {
  const [, scheme = '', rest = ''] = /^(unix|npipe|tcp|http):\/\/(.+)$/.exec(host) ?? [];
  if (scheme === 'unix' || scheme === 'npipe') return ok({ socketPath: rest });
  if (scheme === '') return err(host === '' ? 'NO_SUCH_CONTEXT' : 'UNSUPPORTED');
  const url = new URL(`http://${rest}`);
  return ok({ protocol: 'http', host: url.hostname, port: url.port || '2375' });
}

function absence(
  faults: readonly { readonly endpoint: DockerEndpoint; readonly code: string }[],
  platform: NodeJS.Platform,
): DockerAbsence {
  const forbidden = faults.find(({ code }) => code === 'EACCES' || code === 'EPERM');
  if (forbidden) {
    return {
      reason: `Docker is there, but ${forbidden.endpoint.host} may not be opened by this user.`,
      remedy: 'Add yourself to the group docker and log in again; do not run Underlay as root.',
    };
  }
  const [first] = faults;
  if (first && first.endpoint.from !== 'default') {
    return {
      reason: `No Docker Engine answers at ${first.endpoint.host || 'an unknown address'} (${first.endpoint.from}: ${first.code}).`,
      remedy: 'Start that engine, or choose another: `docker context use default`, or unset DOCKER_HOST.',
    };
  }
  return { reason: 'No Docker Engine answers on this machine.', remedy: START[platform] ?? START_LINUX };
}

const START_LINUX = 'Start it (`sudo systemctl start docker`), or install Docker Engine.';
const START: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  darwin:
    'Start Docker Desktop, Colima (`colima start`), Rancher Desktop or OrbStack, or install one of them.',
  win32: 'Start Docker Desktop or Rancher Desktop, or install one of them.',
};
