/**
 * The real kind CLI on an engine of the tests: built from its source where Go is present, and kept in the system's temporary
 * folder. What it asks of docker goes through a shim that drops what this machine cannot give to containers, and nodes are
 * made of a stub image: a small Debian in which stand-ins answer what kind asks. What is in the node is the stub's, what
 * happens around it is kind's and Docker's.
 */
import { chmod, copyFile, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { KIND_VERSION, NODE_IMAGE } from '../../../src/engines/kind/versions.ts';
import { BASE_IMAGE } from './base-image.ts';
import type { EngineInTest } from './engine.ts';
import { must, which } from './programs.ts';

const HERE = import.meta.dirname;
const MODULE = `sigs.k8s.io/kind@${KIND_VERSION}`;

const cached = join(tmpdir(), `underlay-kind-${KIND_VERSION}`);

/** Why the real kind cannot be had here. */
export const kindLacking: string | undefined =
  existsSync(join(cached, 'kind')) || go() !== undefined ? undefined : `kind ${KIND_VERSION} needs Go`;

function go(): string | undefined {
  return which('go') ?? (existsSync('/usr/local/go/bin/go') ? '/usr/local/go/bin/go' : undefined);
}

/** Where the real kind is; the first time it takes a minute or two, and a module proxy. */
export async function realKind(): Promise<string> {
  const path = join(cached, 'kind');
  if (existsSync(path)) return path;
  const folder = await mkdtemp(join(tmpdir(), 'underlay-kind-build-'));
  try {
    await must([go() ?? 'go', 'install', MODULE], { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' });
    await mkdir(cached, { recursive: true });
    await rename(join(folder, 'kind'), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

/** The environment for kind on this engine. `remove` when done. */
export interface Shim {
  readonly env: NodeJS.ProcessEnv;
  readonly remove: () => Promise<void>;
}

/** The docker command that kind finds, in a folder of its own. */
export async function dockerShim(): Promise<Shim> {
  const folder = await mkdtemp(join(tmpdir(), 'underlay-shim-'));
  const shim = join(folder, 'docker');
  await copyFile(join(HERE, 'docker-shim.sh'), shim);
  await chmod(shim, 0o755);
  const { PATH = '' } = process.env;
  return {
    env: {
      PATH: [folder, PATH].join(delimiter),
      HOME: folder,
      UNDERLAY_DOCKER_BIN: shim,
      UNDERLAY_TEST_DOCKER: which('docker') ?? 'docker',
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * What a stub node does otherwise than a good one: `fail-init` and `fail-join` make kubeadm fail, `hang-init` and `hang-join`
 * keep it busy for ever, `die` lets the machine end before it is up.
 */
export type StubOrder = 'fail-init' | 'fail-join' | 'hang-init' | 'hang-join' | 'die';

/** Builds the stub node's image; its reference. */
export async function stubNode(engine: EngineInTest, ...orders: readonly StubOrder[]): Promise<string> {
  const tag = `underlay-test/node:${['stub', ...orders].join('-')}`;
  const folder = await mkdtemp(join(tmpdir(), 'underlay-stub-'));
  try {
    await cp(join(HERE, 'stub-node'), join(folder, 'bin'), { recursive: true });
    await mkdir(join(folder, 'stub'));
    for (const order of orders) await writeFile(join(folder, 'stub', order), '');
    await writeFile(join(folder, 'stub', 'calls'), '');
    await writeFile(join(folder, 'version'), `${NODE_IMAGE.tag}\n`);
    await writeFile(join(folder, 'storage.yaml'), '# Storage is the real image\u2019s.\n');
    await writeFile(join(folder, 'Dockerfile'), DOCKERFILE);
    await engine.cli('build', '--quiet', '--tag', tag, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return tag;
}

const DOCKERFILE = `FROM ${BASE_IMAGE}
COPY bin/entrypoint /usr/local/bin/entrypoint
COPY bin/kubeadm bin/kubectl /usr/bin/
COPY version /kind/version
COPY storage.yaml /kind/manifests/default-storage.yaml
COPY stub /stub
ENTRYPOINT ["/usr/local/bin/entrypoint"]
`;
