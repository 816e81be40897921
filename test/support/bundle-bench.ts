/**
 * A machine with a network that makes bundles, and one without that takes them: data folders of their own, fake engines whose
 * archives hold their images, and a web server in the place of kind's release and Calico's repository.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleMeans } from '../../src/engines/kind/bundle/create.ts';
import { kindFolder } from '../../src/engines/kind/data-folder.ts';
import { KIND_VERSION } from '../../src/engines/kind/versions.ts';
import { FakeDocker, type FakeDockerScript } from './fake-docker.ts';
import { imageArchives } from './fake-image-archives.ts';

export const CALICO_YAML = `kind: DaemonSet
spec:
  initContainers:
    - image: quay.io/calico/cni:v3.32.1
  containers:
    - image: "quay.io/calico/node:v3.32.1"
`;

export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

const program = (host: string): string =>
  `#!/bin/sh\necho "kind ${KIND_VERSION} go1.26.8 linux/amd64"\n# ${host}\n`;

const HOSTS = ['linux-amd64', 'linux-arm64', 'darwin-arm64', 'windows-amd64'];

export interface Machine extends BundleMeans {
  readonly docker: FakeDocker;
  readonly home: string;
}

export interface BundleBench {
  /** A folder for bundles: the stick. */
  readonly stick: string;
  /** What was asked of the network, in order. */
  readonly asked: readonly string[];
  /** Ends the network, for good. */
  cut(): void;
  /** A machine with an empty data folder. */
  machine(script?: FakeDockerScript, change?: Partial<Omit<BundleMeans, 'docker'>>): Promise<Machine>;
  close(): Promise<void>;
}

export const TOOL_IMAGE_FOLDER = join(import.meta.dirname, '../../resources/tool-image');

export async function bundleBench(): Promise<BundleBench> {
  const folder = await mkdtemp(join(tmpdir(), 'underlay-bundle-'));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const host = /\/kind-(.+)$/.exec(request.url ?? '')?.[1];
    const isManifest = request.url?.endsWith('/manifests/calico.yaml') === true;
    response.end(isManifest ? CALICO_YAML : program(host ?? ''));
  });
  const url = await listening(server);
  let open = true;
  const cut = (): void => {
    if (open) server.close().closeAllConnections();
    open = false;
  };
  let made = 0;
  return {
    stick: folder,
    asked,
    cut,
    async machine(script = {}, change = {}) {
      made += 1;
      const home = await mkdtemp(join(folder, `machine${made}-`));
      const docker = new FakeDocker(script);
      docker.images.archives = imageArchives;
      return {
        ...{ docker, home, toolImageFolder: TOOL_IMAGE_FOLDER },
        folder: kindFolder(home),
        env: {},
        platform: 'linux' as const,
        arch: 'x64',
        release: {
          url: `${url}/${KIND_VERSION}`,
          checksums: Object.fromEntries(HOSTS.map((host) => [host, sha256(program(host))])),
        },
        from: url,
        ...change,
      };
    },
    async close() {
      cut();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
