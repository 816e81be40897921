/** How a test file asks for a real Docker Engine: a suite that is there where one is, and says why where none is. */
import { afterAll, describe, expect, inject, test } from 'vitest';
import type { Result } from '../../../src/base/result.ts';
import { connectDocker } from '../../../src/engines/kind/docker/connect.ts';
import type { ContainerSpec, ContainerState, Docker } from '../../../src/engines/kind/docker/docker.ts';
import type { LabError } from '../../../src/lab/ports.ts';
import { BASE_IMAGE } from './base-image.ts';
import type { GivenEngine } from './global-setup.ts';
import { must as program, which } from './programs.ts';
import { required } from './requirements.ts';

export { BASE_IMAGE } from './base-image.ts';

const { host, lacking }: GivenEngine = inject('engine');

/** What a suite has of the engine. */
export interface EngineInTest {
  /** As DOCKER_HOST spells it. */
  readonly host: string;
  readonly docker: () => Promise<Docker>;
  /** A container of the base image that sleeps until it is removed; with no network unless said. */
  readonly sleeper: (change?: Partial<ContainerSpec>) => Promise<ContainerState>;
  /** The docker CLI on this engine; its output. */
  readonly cli: (...args: readonly string[]) => Promise<string>;
}

/** The run that takes its time: `npm run test:full`. */
export const full = process.env['UNDERLAY_FULL'] === '1';

/** A suite that takes minutes, and runs only in the run that takes its time. */
export function onEngineAtLength(name: string, tests: (engine: EngineInTest) => void): void {
  if (full) onEngine(name, tests);
  else describe.skip(`${name} (part of npm run test:full)`, () => test('is tried there', () => undefined));
}

/** A suite of tests with a real engine. What it made there is removed after it. */
export function onEngine(name: string, tests: (engine: EngineInTest) => void): void {
  if (required)
    test('this machine can run tests with a Docker Engine', () => {
      expect(lacking).toBeUndefined();
    });
  describe.skipIf(lacking !== undefined)(lacking === undefined ? name : `${name} (${lacking})`, () => {
    let connected: Promise<Docker> | undefined;
    const docker = (): Promise<Docker> => (connected ??= connect());
    afterAll(cleared);
    tests({ host, docker, sleeper: sleepers(docker), cli });
  });
}

/** The value of what must succeed. */
export function must<T>(result: Result<T, LabError>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.code}: ${result.error.message}`);
}

const NEVER = new AbortController().signal;

let made = 0;

function sleepers(docker: () => Promise<Docker>): EngineInTest['sleeper'] {
  return async (change = {}) => {
    made += 1;
    const spec: ContainerSpec = {
      name: `underlay-test-${made}`,
      image: BASE_IMAGE,
      labels: { 'underlay.test': 'yes' },
      command: ['sleep', 'infinity'],
      network: 'none',
      ...change,
    };
    return must(await (await docker()).containers.run(spec, NEVER));
  };
}

async function connect(): Promise<Docker> {
  return must(await connectDocker({ env: { DOCKER_HOST: host }, platform: 'linux', home: '/nonexistent' }));
}

const cli = (...args: readonly string[]): Promise<string> =>
  program([which('docker') ?? 'docker', '--host', host, ...args]);

async function cleared(): Promise<void> {
  const lines = (text: string): readonly string[] => text.split('\n').filter(Boolean);
  const containers = lines(await cli('ps', '--all', '--quiet'));
  if (containers.length > 0) await cli('rm', '--force', '--volumes', ...containers);
  const networks = lines(await cli('network', 'ls', '--quiet', '--filter', 'type=custom'));
  if (networks.length > 0) await cli('network', 'rm', ...networks);
}
