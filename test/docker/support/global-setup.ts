/** One engine for all test files: started before the first, ended after the last. Vitest calls both. */
import type { TestProject } from 'vitest/node';
import { BASE_IMAGE, loadBaseImage } from './base-image.ts';
import { startEngine, type OwnEngine } from './dockerd.ts';
import { run, which } from './programs.ts';
import { whatIsLacking } from './requirements.ts';

/** What test files are given: an engine, or why there is none. */
export interface GivenEngine {
  readonly host: string;
  readonly lacking?: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly engine: GivenEngine;
  }
}

let engine: OwnEngine | undefined;

export async function setup(project: TestProject): Promise<void> {
  const lacking = whatIsLacking() ?? (await attempt());
  project.provide('engine', { host: engine?.host ?? '', ...(lacking !== undefined && { lacking }) });
}

export async function teardown(): Promise<void> {
  if (!engine) return;
  await leaveNothing(engine.host);
  await engine.stop();
  engine = undefined;
}

async function attempt(): Promise<string | undefined> {
  const docker = which('docker') ?? 'docker';
  try {
    engine = await startEngine(which('dockerd') ?? 'dockerd');
    await loadBaseImage(engine.host, docker);
    return await probe(docker, engine.host);
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
  }
}

/** An engine that answers may still be unable to start a container, or to give it a network of its own. */
async function probe(docker: string, host: string): Promise<string | undefined> {
  const { code, stderr } = await run([
    ...[docker, '--host', host, 'run', '--rm', '--network', 'none', '--cap-add', 'NET_ADMIN', BASE_IMAGE],
    ...['ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1'],
  ]);
  return code === 0 ? undefined : `containers cannot be started here: ${stderr.trim().split('\n')[0] ?? ''}`;
}

/** Containers and networks first: a bridge whose engine goes before it stays on the machine. */
async function leaveNothing(host: string): Promise<void> {
  const docker = (...args: readonly string[]): ReturnType<typeof run> =>
    run([which('docker') ?? 'docker', '--host', host, ...args]);
  const containers = (await docker('ps', '--all', '--quiet')).stdout.split('\n').filter(Boolean);
  if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
  const networks = (await docker('network', 'ls', '--quiet', '--filter', 'type=custom')).stdout;
  for (const network of networks.split('\n').filter(Boolean)) await docker('network', 'rm', network);
}
