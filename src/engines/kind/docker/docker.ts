/**
 * The Docker Engine as labs use it: a narrow face over dockerode, so that everything above can be read without knowing it,
 * and every failure is a value with a remedy (`errors.ts`). Ids and names of containers, networks and images are the
 * Engine's; names are accepted wherever an id is.
 */
import type { Result } from '../../../base/result.ts';
import type { ExecResult, LabError, ShellStream, TerminalSize } from '../../../lab/ports.ts';
import type { DockerEndpoint } from './endpoints.ts';

export interface Docker {
  readonly endpoint: DockerEndpoint;
  readonly engine: EngineVersion;
  /** For child processes (kind, and the docker CLI under it), so that they reach this very engine: DOCKER_HOST and TLS. */
  readonly environment: Readonly<Record<string, string>>;
  info(signal: AbortSignal): Promise<Result<EngineInfo, LabError>>;
  /** Slow: the engine counts the bytes of files. */
  diskUsage(signal: AbortSignal): Promise<Result<DiskUsage, LabError>>;
  readonly containers: Containers;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  /**
   * What happens to containers, from now on: reconnects by itself, and tells what happened meanwhile. Ends with the signal;
   * an engine that stays away is told by `onGone`.
   */
  watch(watch: ContainerWatch, signal: AbortSignal): void;
}

export interface EngineVersion {
  /** e.g. `28.2.2` */
  readonly version: string;
  /** e.g. `1.50` */
  readonly apiVersion: string;
  readonly minApiVersion: string;
  readonly osType: string;
  /** `amd64`, `arm64`, ... */
  readonly arch: string;
  /** It is Podman, which answers as Docker does. */
  readonly isPodman?: true;
}

/** What the doctor reads of `GET /info`; absent fields are those the engine did not say. */
export interface EngineInfo {
  readonly cgroupVersion?: '1' | '2';
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly storageDriver: string;
  /** Images are kept by containerd's snapshotters. */
  readonly containerdImageStore: boolean;
  readonly backingFilesystem?: string;
  readonly rootDir: string;
  readonly rootless: boolean;
  readonly userns: boolean;
  /** `AppArmor`, `SELinux`: those that are on. */
  readonly securityModules: readonly string[];
  readonly memoryLimit: boolean;
  readonly pidsLimit: boolean;
  readonly cpuShares: boolean;
  readonly httpProxy?: string;
  readonly bridgeNfIptables?: boolean;
  readonly warnings: readonly string[];
}

/** Bytes; what the engine cannot count is left out. */
export interface DiskUsage {
  /** What was written since a container was made of its image, by its id. */
  readonly containers: Readonly<Record<string, number>>;
  /** By name. */
  readonly volumes: Readonly<Record<string, number>>;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The image's own unless said. */
  readonly command?: readonly string[];
  readonly hostname?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A network's name, `none`, or `container:<name>` to share one's namespace. */
  readonly network: string;
  /** Fixed addresses on that network, which has a subnet of ours. */
  readonly address?: string;
  /** `container:<name>` to see one's processes. */
  readonly pid?: string;
  /** Exact ones beside Docker's defaults; labs never ask for `--privileged` themselves. */
  readonly capabilities?: readonly string[];
  /** e.g. `{ 'net.ipv4.ip_forward': '1' }`: only those of its own network namespace. */
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly securityOptions?: readonly string[];
  /** Its programs may write below /proc/sys/net, as on a machine of their own; what else Docker keeps read-only stays so. */
  readonly networkSettings?: boolean;
  /** Bytes. */
  readonly memory?: number;
  readonly pids?: number;
  /** Host paths, read-only: `/lib/modules`. */
  readonly readOnlyMounts?: readonly { readonly from: string; readonly to: string }[];
  /** Its first process is what the engine makes it; Docker's own little init unless said. */
  readonly plainInit?: boolean;
  /** Removed by the engine when it ends. */
  readonly transient?: boolean;
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `created`, `running`, `paused`, `restarting`, `removing`, `exited`, `dead` */
  readonly state: string;
  readonly exitCode?: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** By network name. */
  readonly addresses: Readonly<Record<string, { readonly ipv4?: string; readonly ipv6?: string }>>;
  /** Published TCP ports: container port -> where on the host. */
  readonly ports: Readonly<Record<number, { readonly address: string; readonly port: number }>>;
  /** Names of volumes mounted, anonymous ones included. */
  readonly volumes: readonly string[];
  /** Process 1 of it, as the engine's machine counts; 0 when it does not run. */
  readonly pid: number;
  /** When it was started last, as the engine says it: another text, another run. */
  readonly startedAt: string;
}

export interface ExecOptions {
  readonly signal: AbortSignal;
  /** Given to standard input, which is then closed; nothing unless said. */
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array>;
  /** The program is killed inside the container after so many seconds (`timeout -k 1`, exit code 124). */
  readonly seconds?: number;
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly privileged?: boolean;
  /** Told of output as it comes, beside its being collected. */
  readonly onOutput?: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void;
}

export interface TerminalOptions {
  readonly size: TerminalSize;
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
}

export interface FileEntry {
  /** Absolute, in the container. */
  readonly path: string;
  readonly content: Uint8Array;
  /** 0o644 unless said. */
  readonly mode?: number;
}

export interface Containers {
  list(
    labels: Readonly<Record<string, string>> | string,
    signal: AbortSignal,
  ): Promise<Result<readonly ContainerState[], LabError>>;
  /** Undefined for one that is not there. */
  inspect(container: string, signal: AbortSignal): Promise<Result<ContainerState | undefined, LabError>>;
  /** Creates and starts. What was made of it is gone again when that fails. */
  run(spec: ContainerSpec, signal: AbortSignal): Promise<Result<ContainerState, LabError>>;
  /**
   * Whether nothing has the name of this one. A container that the engine is still making is in no list yet, but has its name
   * (moby daemon/names.go, 20.10): one is created to find out, and removed.
   */
  isFree(spec: ContainerSpec, signal: AbortSignal): Promise<Result<boolean, LabError>>;
  start(container: string, signal: AbortSignal): Promise<Result<void, LabError>>;
  /** Its processes get `seconds` to end, 1 unless said. */
  stop(
    container: string,
    options: { readonly signal: AbortSignal; readonly seconds?: number },
  ): Promise<Result<void, LabError>>;
  restart(container: string, signal: AbortSignal): Promise<Result<void, LabError>>;
  /** With its anonymous volumes; one that is not there is removed already. */
  remove(container: string, signal: AbortSignal): Promise<Result<void, LabError>>;
  /**
   * Runs a program to its end. It is ended inside the container too when the signal says so: Docker itself leaves it
   * running. The error `interrupted` is that of a given-up question; a program that is not there exits with 127.
   */
  exec(
    container: string,
    argv: readonly string[],
    options: ExecOptions,
  ): Promise<Result<ExecResult, LabError>>;
  /** A program on a terminal of its own; its processes are hung up when the stream is closed. */
  terminal(
    container: string,
    argv: readonly string[],
    options: TerminalOptions,
  ): Promise<Result<ShellStream, LabError>>;
  writeFiles(
    container: string,
    files: readonly FileEntry[],
    signal: AbortSignal,
  ): Promise<Result<void, LabError>>;
  /** Undefined for a file that is not there; `limit` bytes at most, 64 MiB unless said. */
  readFile(
    container: string,
    path: string,
    options: { readonly signal: AbortSignal; readonly limit?: number },
  ): Promise<Result<Uint8Array | undefined, LabError>>;
  /** The last `tail` lines of what it printed. */
  logs(
    container: string,
    options: { readonly signal: AbortSignal; readonly tail: number },
  ): Promise<Result<string, LabError>>;
}

/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes; absent when the engine does not say. */
  readonly done?: number;
  readonly total?: number;
  /** Layers that are there, of those that are known. */
  readonly layers?: { readonly done: number; readonly total: number };
  /** The engine's own word: `Downloading`, `Extracting`. */
  readonly status: string;
}

export interface ImageState {
  readonly id: string;
  /** `repository:tag` */
  readonly tags: readonly string[];
  /** `repository@sha256:...` */
  readonly digests: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly arch: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: TransferProgress) => void;
}

export interface Images {
  /** Undefined for one that is not there; `reference` with tag or digest. */
  inspect(reference: string, signal: AbortSignal): Promise<Result<ImageState | undefined, LabError>>;
  /** `platform`: `linux/arm64`; the engine's own unless said. */
  pull(
    reference: string,
    options: TransferOptions & { readonly platform?: string },
  ): Promise<Result<ImageState, LabError>>;
  /** An archive as `docker save` writes it. The references that it held. */
  load(
    archive: AsyncIterable<Uint8Array>,
    options: TransferOptions,
  ): Promise<Result<readonly string[], LabError>>;
  /** An archive as `docker save` writes it, to be read as it comes; reading it throws a `LabError` that comes midway. */
  save(
    references: readonly string[],
    options: { readonly signal: AbortSignal; readonly platform?: string },
  ): Promise<Result<AsyncIterable<Uint8Array>, LabError>>;
  tag(reference: string, as: string, signal: AbortSignal): Promise<Result<void, LabError>>;
  /** From a folder with a Dockerfile, by the engine's own builder. */
  build(
    build: ImageBuild,
    options: TransferOptions & { readonly onLog?: (line: string) => void },
  ): Promise<Result<ImageState, LabError>>;
  remove(reference: string, signal: AbortSignal): Promise<Result<void, LabError>>;
}

export interface ImageBuild {
  /** File name -> content, the Dockerfile among them. */
  readonly context: Readonly<Record<string, Uint8Array>>;
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly args: Readonly<Record<string, string>>;
  /** A network of the engine for RUN lines: `default`, `host`, `none`. */
  readonly network?: string;
  /** `linux/arm64`; the engine's own unless said. */
  readonly platform?: string;
}

export interface NetworkSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** e.g. `172.28.0.0/16` */
  readonly subnet?: string;
  readonly gateway?: string;
  readonly ipv6Subnet?: string;
  /** Driver options, e.g. `com.docker.network.bridge.enable_ip_masquerade`. */
  readonly options?: Readonly<Record<string, string>>;
}

/** What a network's packets may have; on the default one, what dockerd's own `mtu` was set to (moby libnetwork netlabel). */
export const MTU_OPTION = 'com.docker.network.driver.mtu';

/** Where containers are that ask for no network. */
export const DEFAULT_NETWORK = 'bridge';

export interface NetworkState {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly subnets: readonly string[];
  /** Bytes of IP that its packets may have, where an option of its driver says so. */
  readonly mtu?: number;
  /** Names of the containers on it that run. */
  readonly containers: readonly string[];
}

export interface Networks {
  list(
    labels: Readonly<Record<string, string>> | string,
    signal: AbortSignal,
  ): Promise<Result<readonly NetworkState[], LabError>>;
  inspect(network: string, signal: AbortSignal): Promise<Result<NetworkState | undefined, LabError>>;
  create(spec: NetworkSpec, signal: AbortSignal): Promise<Result<NetworkState, LabError>>;
  /** Containers that are still on it are taken off first; one that is not there is removed already. */
  remove(network: string, signal: AbortSignal): Promise<Result<void, LabError>>;
}

export interface Volumes {
  remove(name: string, signal: AbortSignal): Promise<Result<void, LabError>>;
}

export interface ContainerEvent {
  readonly action: 'start' | 'die' | 'destroy';
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of a `die`. */
  readonly exitCode?: number;
}

export interface ContainerWatch {
  /** Label or label=value, as Docker's own filter. */
  readonly label: string;
  readonly onEvent: (event: ContainerEvent) => void;
  /** The engine went away, or came back (`undefined`). */
  readonly onGone?: (error: LabError | undefined) => void;
}
