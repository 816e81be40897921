/** Finding a real engine, agreeing on the API's version, and what it says of itself. */
import { expect, test } from 'vitest';
import { connectDocker } from '../../src/engines/kind/docker/connect.ts';
import { must, onEngine } from './support/engine.ts';
import { must as program, which } from './support/programs.ts';

const NOWHERE = '/nonexistent';

onEngine('a Docker Engine', ({ host, docker, cli }) => {
  test('is found by the setting, before DOCKER_HOST', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const found = must(await connectDocker({ env, platform: 'linux', home: NOWHERE }, host));
    expect(found.endpoint).toEqual({ host, from: 'the setting' });
  });

  test('is spoken to in a version that both know', async () => {
    const { engine } = await docker();
    const said = JSON.parse(await cli('version', '--format', '{{json .Server}}')) as Record<string, string>;
    expect(engine).toEqual({
      version: said['Version'],
      apiVersion: said['ApiVersion'],
      minApiVersion: said['MinAPIVersion'],
      osType: 'linux',
      arch: said['Arch'],
    });
  });

  test('is the one that child processes reach, whatever is set beside it', async () => {
    const { environment } = await docker();
    const env = { PATH: process.env['PATH'], DOCKER_CONTEXT: 'elsewhere', ...environment };
    const id = await program([which('docker') ?? 'docker', 'info', '--format', '{{.ID}}'], env);
    expect(id).toBe(await cli('info', '--format', '{{.ID}}'));
  });

  test('tells what the doctor asks', async () => {
    const info = must(await (await docker()).info(new AbortController().signal));
    const said = JSON.parse(await cli('info', '--format', '{{json .}}')) as Record<string, unknown>;
    expect(info).toMatchObject({
      cpus: said['NCPU'],
      memory: said['MemTotal'],
      kernelVersion: said['KernelVersion'],
      rootDir: said['DockerRootDir'],
      storageDriver: said['Driver'],
      rootless: false,
      containerdImageStore: false,
    });
  });
});
