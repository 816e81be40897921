/**
 * The doctor on three machines: one without Docker, one whose engine is stopped, and this one's own engine, which on most
 * development machines may not run privileged containers. What a container finds of the kernel is held against what the
 * docker command itself finds.
 */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realClusters } from '../../src/engines/kind/real-clusters.ts';
import { beforeMaking } from '../../src/engines/kind/care/before-making.ts';
import { mtuFinding } from '../../src/engines/kind/care/network-findings.ts';
import { kindFolder } from '../../src/engines/kind/data-folder.ts';
import { smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import type { Finding } from '../../src/lab/care.ts';
import { BASE_IMAGE, must, onEngine } from './support/engine.ts';
import { which } from './support/programs.ts';

const { signal } = new AbortController();

onEngine('the doctor', ({ host, cli, docker }) => {
  let folder = '';
  let bin = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'underlay-doctor-'));
    bin = join(folder, 'bin');
    await mkdir(bin);
    await symlink(which('docker') ?? '', join(bin, 'docker'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const care = (env: NodeJS.ProcessEnv): ReturnType<typeof realClusters>['care'] =>
    realClusters({
      data: join(folder, 'data'),
      toolImageFolder: join(import.meta.dirname, '../../resources/tool-image'),
      env: { UNDERLAY_TOOL_IMAGE: BASE_IMAGE, ...env },
      ...{ platform: 'linux', arch: process.arch, home: folder },
    }).care;

  const looked = async (env: NodeJS.ProcessEnv): Promise<Readonly<Record<string, Finding>>> =>
    Object.fromEntries((await care(env).doctor({ signal })).map((finding) => [finding.id, finding]));

  /** Whether the docker command gets a privileged container here. */
  const mayBePrivileged = (): Promise<boolean> =>
    cli('run', '--rm', '--privileged', '--network', 'none', BASE_IMAGE, 'true').then(
      () => true,
      () => false,
    );

  test('tells three machines apart', async () => {
    const socket = join(folder, 'nobody.sock');
    // An engine that was ended leaves its socket behind.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await new Promise((resolve) => server.close(resolve));
    const missing = await looked({ PATH: '/nonexistent', DOCKER_HOST: `unix://${socket}` });
    expect([missing['docker']?.state, missing['docker-cli']?.state]).toEqual(['limited', 'limited']);
    const stopped = await looked({ PATH: bin, DOCKER_HOST: `unix://${socket}` });
    expect([stopped['docker']?.state, stopped['docker-cli']?.state]).toEqual(['limited', 'good']);
    const here = await looked({ PATH: bin, DOCKER_HOST: host });
    expect([here['docker']?.state, here['docker-cli']?.state]).toEqual(['good', 'good']);
    const may = await mayBePrivileged();
    expect(here['privileged']?.state).toBe(may ? 'good' : 'limited');
    if (!may)
      expect(here['privileged']?.says).toMatch(/refuses privileged containers.*operation not permitted/i);
    for (const id of ['vxlan', 'ipset', 'memory-left', 'engine-disk', 'clock', 'subnets', 'mtu', 'kernel'])
      expect(here[id]?.state, id).not.toBe('unknown');
    expect(here['clock']?.state).toBe('good');
  });

  test('finds the kernel as the docker command does, and leaves nothing', async () => {
    const link = ['ip', 'link', 'add', 'x', 'type'] as const;
    const tried = (...kind: readonly string[]): Promise<string> =>
      cli('run', '--rm', '--cap-add', 'NET_ADMIN', '--network', 'none', BASE_IMAGE, ...link, ...kind).then(
        () => 'good',
        () => 'limited',
      );
    const found = await looked({ PATH: bin, DOCKER_HOST: host });
    expect(found['vxlan']?.state).toBe(await tried('vxlan', 'id', '1', 'dstport', '4789'));
    expect(found['wireguard']?.state).toBe(await tried('wireguard'));
    expect(found['ipip']?.state).toBe(await tried('ipip', 'local', '127.0.0.2', 'remote', '127.0.0.3'));
    expect(await cli('ps', '--all', '--quiet', '--filter', 'label=underlay.role=probe')).toBe('');
  });

  test('is asked again before a cluster is made', async () => {
    const { obstacle, report } = await beforeMaking(await docker(), {
      environment: smallEnvironment(),
      search: {
        ...{ folder: kindFolder(folder), platform: 'linux', home: folder, arch: process.arch },
        env: { PATH: bin },
      },
      image: BASE_IMAGE,
      signal,
    });
    if (await mayBePrivileged()) expect(report?.available).toBeGreaterThan(0);
    else expect(obstacle).toMatchObject({ code: 'not-privileged' });
  });

  test('reads the size of packets that a network was given', async () => {
    const { networks } = await docker();
    const options = { 'com.docker.network.driver.mtu': '1380' };
    const made = must(await networks.create({ name: 'narrow', labels: {}, options }, signal));
    expect(made.mtu).toBe(1380);
    expect(must(await networks.inspect('narrow', signal))?.mtu).toBe(1380);
    must(await networks.remove('narrow', signal));
    // The tests' engine has no default network.
    expect((await mtuFinding(await docker(), signal, () => Promise.resolve(undefined))).state).toBe('good');
  });
});
