/**
 * Where a Docker Engine may answer: what the learner chose (DOCKER_HOST, DOCKER_CONTEXT, the current context), in the order
 * in which the docker CLI asks (docker/cli v28 cli/command/cli.go resolveContextName), else the sockets of the
 * distributions we know. Contexts over TLS or SSH are named but not opened: labs need an engine on this machine.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export interface DockerEndpoint {
  /** As DOCKER_HOST spells it: `unix:///var/run/docker.sock`, `npipe:////./pipe/docker_engine`, `tcp://...`. */
  readonly host: string;
  /** Who says so: `DOCKER_HOST`, `context "colima"`, or `default`. */
  readonly from: string;
}

export interface DockerSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

const DEFAULT_CONTEXT = 'default';

/** The one endpoint that was chosen, or all that are worth a try; the error is a sentence. */
export async function dockerEndpoints(around: DockerSurroundings): Promise<readonly DockerEndpoint[]> {
  const { env } = around;
  if (env.DOCKER_HOST) return [{ host: env.DOCKER_HOST, from: 'DOCKER_HOST' }];
  const context = env.DOCKER_CONTEXT || (await currentContext(around));
  if (context !== undefined && context !== DEFAULT_CONTEXT) {
    return [{ host: (await hostOfContext(around, context)) ?? '', from: `context "${context}"` }];
  }
  return knownSockets(around).map((host) => ({ host, from: DEFAULT_CONTEXT }));
}

const configFolder = ({ env, home }: DockerSurroundings): string =>
  env.DOCKER_CONFIG || join(home, '.docker');

const configFile = z.object({ currentContext: z.string().optional() });

async function currentContext(around: DockerSurroundings): Promise<string | undefined> {
  const config = configFile.safeParse(await jsonIn(join(configFolder(around), 'config.json')));
  return config.success ? config.data.currentContext || undefined : undefined;
}

const contextFile = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string() }) }),
});

/** Contexts lie in folders named by a digest; their files say their names. */
async function hostOfContext(around: DockerSurroundings, name: string): Promise<string | undefined> {
  const folder = join(configFolder(around), 'contexts', 'meta');
  const digests = await readdir(folder).catch(() => []);
  for (const digest of digests) {
    const context = contextFile.safeParse(await jsonIn(join(folder, digest, 'meta.json')));
    if (context.success && context.data.Name === name) return context.data.Endpoints.docker.Host;
  }
  return undefined;
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
async function jsonIn(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
