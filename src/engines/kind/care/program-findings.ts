/** The programs beside the engine: kind, the docker command that kind calls, and whether both speak to the same engine. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Finding } from '../../../lab/care.ts';
import { kindOnMachine, type KindSearch } from '../cluster/kind-binary.ts';
import type { Docker } from '../docker/docker.ts';
import { runChild } from '../process/child.ts';
import { programFolders } from '../process/search-path.ts';
import { KIND_VERSION } from '../versions.ts';

export type ProgramSearch = Pick<KindSearch, 'folder' | 'env' | 'platform' | 'home' | 'arch'>;

/** The docker command that kind will find; undefined when there is none. */
export async function dockerCommand({ env, platform, home }: ProgramSearch): Promise<string | undefined> {
  if (env.UNDERLAY_DOCKER_BIN) return env.UNDERLAY_DOCKER_BIN;
  const names = platform === 'win32' ? ['docker.exe'] : ['docker'];
  for (const folder of programFolders(env.PATH ?? '', { platform, home, delimiter })) {
    for (const name of names) {
      const file = join(folder, name);
      const runs = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (runs) return file;
    }
  }
  return undefined;
}

export async function dockerCommandFinding(search: ProgramSearch): Promise<Finding> {
  const base = { id: 'docker-cli', title: 'The docker command' };
  const command = await dockerCommand(search);
  if (command !== undefined) return { ...base, state: 'good', says: `kind will use ${command}.` };
  return {
    ...base,
    state: 'limited',
    says: 'There is no docker command, and kind works by it.',
    remedy: 'Install the docker CLI, or name it by UNDERLAY_DOCKER_BIN. An engine alone is not enough.',
  };
}

export async function kindFinding(search: ProgramSearch): Promise<Finding> {
  const base = { id: 'kind', title: 'kind' };
  const found = await kindOnMachine(search);
  if (!found.ok) return { ...base, state: 'limited', says: found.error.message, remedy: found.error.remedy };
  if (!found.value)
    return {
      ...base,
      state: 'good',
      says: `kind ${KIND_VERSION} is downloaded when the first real cluster is made (about 10 MB).`,
    };
  const { path, from, sha256, pinned } = found.value;
  const hash = pinned ? '' : `, SHA-256 ${sha256}`;
  return { ...base, state: 'good', says: `kind ${KIND_VERSION} is ${path} (${from}${hash}).` };
}

/** Milliseconds for the command's answer. */
const PATIENCE = 10_000;

/** Asks the docker command, as the learner's terminal would, which engine it speaks to. */
export async function contextFinding(docker: Docker, search: ProgramSearch): Promise<Finding | undefined> {
  const command = await dockerCommand(search);
  if (command === undefined) return undefined;
  const base = { id: 'context', title: 'Your own docker' };
  const asked = await runChild([command, 'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
    signal: AbortSignal.timeout(PATIENCE),
    env: search.env,
  });
  const theirs = asked.ok && asked.value.exitCode === 0 ? asked.value.stdout.trim() : undefined;
  if (!theirs) return undefined;
  const ours = docker.endpoint.host;
  if (theirs === ours)
    return { ...base, state: 'good', says: 'Your docker command speaks to the same engine as Underlay.' };
  return {
    ...base,
    state: 'limited',
    says: `Your docker command speaks to ${theirs}, Underlay to ${ours}.`,
    remedy: `Clusters of labs are on ${ours}: \`docker --host ${ours} ps\` shows them.`,
  };
}

/** kind's nodes are privileged: tries one container so, by the very command that kind will call. */
export async function privilegedFinding(
  docker: Docker,
  search: ProgramSearch & { readonly image: string; readonly signal: AbortSignal },
): Promise<Finding> {
  const base = { id: 'privileged', title: 'Privileged containers' };
  const command = await dockerCommand(search);
  if (command === undefined)
    return { ...base, state: 'unknown', says: 'Without the docker command it cannot be tried.' };
  const argv = ['run', '--rm', '--privileged', '--network=none', '--entrypoint=true', search.image] as const;
  const tried = await runChild([command, ...argv], {
    signal: AbortSignal.any([search.signal, AbortSignal.timeout(3 * PATIENCE)]),
    env: { ...search.env, ...docker.environment },
  });
  if (!tried.ok) return { ...base, state: 'unknown', says: tried.error.message };
  if (tried.value.exitCode === 0)
    return { ...base, state: 'good', says: 'The engine runs privileged containers, as nodes of kind are.' };
  const says = tried.value.stderr.trim().split('\n').at(0) ?? '';
  return {
    ...base,
    state: 'limited',
    says: `The engine refuses privileged containers, and nodes of kind are privileged: ${says.replace(/\.$/, '')}.`,
    remedy:
      'Use an engine that may: Docker Desktop, or Docker Engine on a machine of your own, not inside a container.',
  };
}
