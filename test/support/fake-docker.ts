/**
 * A Docker Engine in memory, as the kind engine sees it: containers, networks, images and volumes behave as the real ones do
 * (names are taken, addresses are given out, events are told), programs answer what a test says, every call is remembered,
 * and any of them fails to order. Its errors come from the same table as a real engine's.
 */
import { err, ok, type Result } from '../../src/base/result.ts';
import type {
  ContainerWatch,
  DiskUsage,
  Docker,
  EngineInfo,
  EngineVersion,
} from '../../src/engines/kind/docker/docker.ts';
import type { ExecResult, LabError } from '../../src/lab/ports.ts';
import { FakeContainers } from './fake-docker-containers.ts';
import { FakeImages, FakeNetworks, FakeVolumes, type FakeImage } from './fake-docker-stores.ts';
import { INTERRUPTED, labelled, refusal } from './fake-docker-words.ts';

export { FakeTerminal } from './fake-docker-terminal.ts';
export { refusal } from './fake-docker-words.ts';

/** What a program does: its output, its exit code, both, or the engine's failure; undefined is a silent success. */
export type FakeAnswer = string | number | Partial<ExecResult> | { readonly fails: LabError } | undefined;

/** A program that was run in a container. */
export interface FakeRun {
  readonly container: string;
  readonly argv: readonly string[];
  /** The argument vector with blanks between. */
  readonly line: string;
  readonly stdin: Uint8Array;
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string>>;
  readonly onOutput?: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void;
}

export interface FakeDockerScript {
  readonly exec?: (run: FakeRun) => FakeAnswer | Promise<FakeAnswer>;
  /** Images that are there, by reference. */
  readonly images?: readonly (string | FakeImage)[];
  /** Images that can be pulled, by reference: everything, unless said. */
  readonly registry?: readonly string[];
  readonly engine?: Partial<EngineVersion>;
  readonly info?: Partial<EngineInfo>;
  readonly environment?: Readonly<Record<string, string>>;
}

export class FakeDocker implements Docker {
  readonly endpoint = { host: 'unix:///run/fake-docker.sock', from: 'default' };
  readonly engine: EngineVersion;
  readonly environment: Readonly<Record<string, string>>;
  /** Every call in order: `run c1`, `exec c1: ip link`, `networks.create n1`, `images.pull busybox`, ... */
  readonly calls: string[] = [];
  readonly containers: FakeContainers;
  readonly networks: FakeNetworks;
  readonly images: FakeImages;
  readonly volumes: FakeVolumes;
  readonly #info: EngineInfo;
  readonly #failures: { readonly on: RegExp; readonly error: LabError; times: number }[] = [];
  readonly #watches = new Set<ContainerWatch>();
  #gone: LabError | undefined;

  constructor(script: FakeDockerScript = {}) {
    this.engine = { ...ENGINE, ...script.engine };
    this.environment = script.environment ?? { DOCKER_HOST: this.endpoint.host };
    this.#info = { ...INFO, ...script.info };
    this.volumes = new FakeVolumes(this.#call);
    this.networks = new FakeNetworks(this.#call);
    this.images = new FakeImages(this.#call, script);
    this.containers = new FakeContainers({
      call: this.#call,
      networks: this.networks,
      images: this.images,
      volumes: this.volumes,
      exec: script.exec ?? (() => undefined),
      tell: (event) => {
        for (const watch of [...this.#watches]) if (labelled(event.labels, watch.label)) watch.onEvent(event);
      },
    });
  }

  /** The next `times` calls that fit fail with this; a text that the calls begin with, or a pattern. */
  failOn(on: RegExp | string, error: LabError, times = 1): void {
    const pattern =
      typeof on === 'string' ? new RegExp(`^${on.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`) : on;
    this.#failures.push({ on: pattern, error, times });
  }

  /** The engine dies: everything fails with `docker-gone` until `comeBack`, and watches are told. */
  goAway(): void {
    this.#gone = refusal({ system: 'ECONNREFUSED', says: 'connect ECONNREFUSED' });
    for (const watch of [...this.#watches]) watch.onGone?.(this.#gone);
  }

  comeBack(): void {
    this.#gone = undefined;
    for (const watch of [...this.#watches]) watch.onGone?.(undefined);
  }

  async info(signal: AbortSignal): Promise<Result<EngineInfo, LabError>> {
    const failed = await this.#call('info', signal);
    return failed ? err(failed) : ok(this.#info);
  }

  async diskUsage(signal: AbortSignal): Promise<Result<DiskUsage, LabError>> {
    const failed = await this.#call('diskUsage', signal);
    if (failed) return err(failed);
    const written = [...this.containers.all.values()].map(
      ({ id, name }) => [id, this.containers.written.get(name) ?? 0] as const,
    );
    return ok({ containers: Object.fromEntries(written), volumes: Object.fromEntries(this.volumes.all) });
  }

  watch(watch: ContainerWatch, signal: AbortSignal): void {
    this.calls.push(`watch ${watch.label}`);
    if (signal.aborted) return;
    this.#watches.add(watch);
    signal.addEventListener('abort', () => this.#watches.delete(watch), { once: true });
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** Remembers the call; its failure, if one is ordered. */
  readonly #call = async (name: string, signal: AbortSignal): Promise<LabError | undefined> => {
    this.calls.push(name);
    await Promise.resolve();
    if (signal.aborted) return INTERRUPTED;
    if (this.#gone) return this.#gone;
    const failure = this.#failures.find(({ on, times }) => times > 0 && on.test(name));
    if (!failure) return undefined;
    failure.times -= 1;
    return failure.error;
  };
}

const ENGINE: EngineVersion = {
  version: '28.2.2',
  apiVersion: '1.50',
  minApiVersion: '1.24',
  osType: 'linux',
  arch: 'amd64',
};

const INFO: EngineInfo = {
  cgroupVersion: '2',
  cpus: 4,
  memory: 8 * 1024 ** 3,
  operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  kernelVersion: '6.1.0-18-amd64',
  architecture: 'x86_64',
  storageDriver: 'overlay2',
  containerdImageStore: false,
  backingFilesystem: 'extfs',
  rootDir: '/var/lib/docker',
  rootless: false,
  userns: false,
  securityModules: [],
  memoryLimit: true,
  pidsLimit: true,
  cpuShares: true,
  warnings: [],
};
