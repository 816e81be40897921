/**
 * Where a Docker Engine may answer: the app's own setting, what the learner chose for the docker CLI (DOCKER_HOST,
 * DOCKER_CONTEXT, the current context) in the order in which that asks (docker/cli v28 cli/command/cli.go
 * resolveContextName), else the sockets of the distributions we know. Engines behind SSH are named but not opened: labs
 * publish ports and mount folders, so they need an engine on this machine.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export interface DockerEndpoint {
  /** As DOCKER_HOST spells it: `unix:///var/run/docker.sock`, `npipe:////./pipe/docker_engine`, `tcp://...`. */
  readonly host: string;
  /** Who says so: `the setting`, `DOCKER_HOST`, `context "colima"`, or `default`. */
  readonly from: string;
  readonly tls?: DockerTls;
}

export interface DockerTls {
  /** Holds ca.pem, cert.pem and key.pem, or some of them. */
  readonly folder: string;
  /** Whether the engine's certificate has to be one that ca.pem vouches for. */
  readonly verify: boolean;
}

export interface DockerSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

const DEFAULT_CONTEXT = 'default';

/** The one endpoint that was chosen, or all that are worth a try. A context that is not there has an empty host. */
export async function dockerEndpoints(
  around: DockerSurroundings,
  setting = '',
): Promise<readonly DockerEndpoint[]> {
  const { env } = around;
  if (setting !== '')
    return [{ host: spelled(setting), from: 'the setting', ...tlsOfEnvironment(around, setting) }];
  if (env.DOCKER_HOST)
    return [
      { host: spelled(env.DOCKER_HOST), from: 'DOCKER_HOST', ...tlsOfEnvironment(around, env.DOCKER_HOST) },
    ];
  const context = env.DOCKER_CONTEXT || (await currentContext(around));
  if (context !== undefined && context !== DEFAULT_CONTEXT) {
    return [{ ...(await endpointOfContext(around, context)), from: `context "${context}"` }];
  }
  return knownSockets(around).map((host) => ({ host, from: DEFAULT_CONTEXT }));
}

/** What makes kind, and the docker CLI under it, speak to this very engine whatever the learner's own settings are. */
export const environmentFor = ({ host, tls }: DockerEndpoint): Readonly<Record<string, string>> => ({
  DOCKER_HOST: host,
  DOCKER_CONTEXT: '',
  DOCKER_TLS: tls && !tls.verify ? '1' : '',
  DOCKER_TLS_VERIFY: tls?.verify === true ? '1' : '',
  DOCKER_CERT_PATH: tls?.folder ?? '',
});

/** A bare path is a socket's, and a name with a port a machine's, as the docker CLI reads them too. */
function spelled(host: string): string {
  if (host.startsWith('/')) return `unix://${host}`;
  return host.includes('://') ? host : `tcp://${host}`;
}

export const configFolder = ({ env, home }: DockerSurroundings): string =>
  env.DOCKER_CONFIG || join(home, '.docker');

/** As the docker CLI does: DOCKER_TLS_VERIFY or DOCKER_TLS turn it on, and certificates lie in DOCKER_CERT_PATH. */
function tlsOfEnvironment(around: DockerSurroundings, host: string): { readonly tls?: DockerTls } {
  const { env } = around;
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (/^(unix|npipe|ssh):/.test(spelled(host)) || !(verify || env.DOCKER_TLS)) return {};
  return { tls: { folder: env.DOCKER_CERT_PATH || configFolder(around), verify } };
}

const configFile = z.object({ currentContext: z.string().optional() });

async function currentContext(around: DockerSurroundings): Promise<string | undefined> {
  const config = configFile.safeParse(await jsonIn(join(configFolder(around), 'config.json')));
  return config.success ? config.data.currentContext || undefined : undefined;
}

const contextFile = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string(), SkipTLSVerify: z.boolean().optional() }) }),
});

/** Contexts lie in folders named by a digest; their files say their names, and their certificates lie under the same digest. */
async function endpointOfContext(
  around: DockerSurroundings,
  name: string,
): Promise<Omit<DockerEndpoint, 'from'>> {
  const contexts = join(configFolder(around), 'contexts');
  const digests = await readdir(join(contexts, 'meta')).catch(() => []);
  for (const digest of digests) {
    const context = contextFile.safeParse(await jsonIn(join(contexts, 'meta', digest, 'meta.json')));
    if (!context.success || context.data.Name !== name) continue;
    const { Host: host, SkipTLSVerify: unverified = false } = context.data.Endpoints.docker;
    const folder = join(contexts, 'tls', digest, 'docker');
    const certificates = await readdir(folder).catch(() => []);
    const secured = certificates.length > 0 || unverified || host.startsWith('https:');
    return { host, ...(secured && { tls: { folder, verify: !unverified } }) };
  }
  return { host: '' };
}

function knownSockets({ env, platform, home }: DockerSurroundings): readonly string[] {
  if (platform === 'win32')
    return ['docker_engine', 'dockerDesktopLinuxEngine', 'podman-machine-default'].map(
      (pipe) => `npipe:////./pipe/${pipe}`,
    );
  const own = (...path: readonly string[]): string => join(home, ...path);
  const runtime = env.XDG_RUNTIME_DIR;
  const sockets =
    platform === 'darwin'
      ? [
          own('.docker', 'run', 'docker.sock'),
          '/var/run/docker.sock',
          own('.colima', 'default', 'docker.sock'),
          own('.config', 'colima', 'default', 'docker.sock'),
          own('.rd', 'docker.sock'),
          own('.orbstack', 'run', 'docker.sock'),
          own('.lima', 'docker', 'sock', 'docker.sock'),
        ]
      : [
          '/var/run/docker.sock',
          ...(runtime ? [join(runtime, 'docker.sock')] : []),
          own('.docker', 'desktop', 'docker.sock'),
          ...(runtime ? [join(runtime, 'podman', 'podman.sock')] : []),
          '/run/podman/podman.sock',
        ];
  return sockets.map((path) => `unix://${path}`);
}

/** Undefined for a file that is not there or not JSON: the docker CLI itself says what is wrong with it. */
export async function jsonIn(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
