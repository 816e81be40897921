/**
 * The learner's logins at registries, as the docker CLI keeps them (docker/cli cli/config): in its config.json, or behind a
 * helper program `docker-credential-<name>` (docker/docker-credential-helpers). They are read for one pull and kept nowhere; a
 * registry without a login is asked without one.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { programFolders } from '../process/search-path.ts';
import { configFolder, jsonIn, type DockerSurroundings } from './endpoints.ts';

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

/** Under which Docker Hub's login is kept, for historical reasons. */
const DOCKER_HUB = 'https://index.docker.io/v1/';
/** Milliseconds: a helper may have to ask a keychain. */
const PATIENCE = 10_000;

const configFile = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

const helperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** The registry that a reference names, as logins are kept under it. */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return !named || first === 'docker.io' ? DOCKER_HUB : first;
}

/** Undefined where there is no login, or none that can be read. */
export async function credentialsFor(
  reference: string,
  around: DockerSurroundings,
): Promise<Credentials | undefined> {
  const config = configFile.safeParse(await jsonIn(join(configFolder(around), 'config.json')));
  if (!config.success) return undefined;
  const registry = registryOf(reference);
  const helper = config.data.credHelpers?.[registry] ?? config.data.credsStore;
  const told =
    helper !== undefined && /^[\w.-]+$/.test(helper) ? await askHelper(helper, registry, around) : undefined;
  return told ?? keptIn(config.data, registry);
}

function keptIn({ auths = {} }: z.infer<typeof configFile>, registry: string): Credentials | undefined {
  const kept = auths[registry] ?? auths[`https://${registry}`];
  if (kept?.identitytoken) return { identitytoken: kept.identitytoken, serveraddress: registry };
  const [username, password] = Buffer.from(kept?.auth ?? '', 'base64')
    .toString()
    .split(/:(.*)/s);
  return username && password ? { username, password, serveraddress: registry } : undefined;
}

async function askHelper(
  name: string,
  registry: string,
  { env, platform, home }: DockerSurroundings,
): Promise<Credentials | undefined> {
  const path = programFolders(env.PATH ?? '', { platform, home, delimiter }).join(delimiter);
  const answer = await new Promise<string>((settle) => {
    const helper = spawn(`docker-credential-${name}`, ['get'], {
      env: { ...env, PATH: path },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: PATIENCE,
      windowsHide: true,
    });
    const said: Buffer[] = [];
    helper.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    helper.stdin.on('error', () => undefined);
    helper.on('error', () => settle(''));
    helper.on('close', (code) => settle(code === 0 ? Buffer.concat(said).toString() : ''));
    helper.stdin.end(registry);
  });
  const told = helperAnswer.safeParse(parsed(answer));
  if (!told.success || told.data.Secret === '') return undefined;
  const { Username: username, Secret: secret } = told.data;
  return username === '<token>'
    ? { identitytoken: secret, serveraddress: registry }
    : { username, password: secret, serveraddress: registry };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
