/**
 * Real clusters as a host has them: the engine that labs are opened on, and the care for the machine around it. Docker is
 * looked for whenever it is needed, since it comes and goes; nothing is downloaded, built or started before a lab is.
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { EngineCare } from '../../lab/care.ts';
import type { LabEnvironment, LabError } from '../../lab/ports.ts';
import { kindOnMachine, findKind } from './cluster/kind-binary.ts';
import { clean, leftovers } from './cluster/leftovers.ts';
import type { ClusterMeans } from './cluster/making.ts';
import { lookAround, type Doctor } from './care/doctor.ts';
import { lackOf } from './care/lab-needs.ts';
import type { ProbeReport } from './care/probe.ts';
import { dockerCommandFinding } from './care/program-findings.ts';
import { installationId, kindFolder } from './data-folder.ts';
import { connectDocker } from './docker/connect.ts';
import type { Docker } from './docker/docker.ts';
import { presentToolImage, toolImage } from './fabric/tool-image.ts';
import { kindEngine, type KindEngine } from './session/engine.ts';
import { kindParts } from './session/kind-parts.ts';
import type { PartOptions } from './session/parts.ts';

export interface RealClustersOptions {
  /** Underlay's data folder. */
  readonly data: string;
  /** `resources/tool-image` of the installation. */
  readonly toolImageFolder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** As Node says it: `x64`, `arm64`. */
  readonly arch: string;
  readonly home: string;
}

export interface RealClusters {
  readonly engine: KindEngine;
  readonly care: EngineCare;
}

export function realClusters(options: RealClustersOptions): RealClusters {
  const machine = new Machine(options);
  const parts = kindParts({
    means: (asked) => machine.meansToMake(asked),
    toolImage: ({ docker }, asked) => machine.toolImage(docker, asked),
    preflight: (environment) => machine.obstacle(environment),
  });
  return { engine: kindEngine({ parts }), care: machine };
}

class Machine implements EngineCare {
  readonly #options: RealClustersOptions;
  readonly #folder;
  /** Of the last look at the machine. */
  #report: ProbeReport | undefined;

  constructor(options: RealClustersOptions) {
    this.#options = options;
    this.#folder = kindFolder(options.data);
  }

  readonly #connect = (): Promise<Result<Docker, LabError>> => {
    const { env, platform, home } = this.#options;
    return connectDocker({ env, platform, home });
  };

  get #search(): Doctor['search'] {
    const { env, platform, home, arch } = this.#options;
    return { folder: this.#folder, env, platform, home, arch };
  }

  /** The quick questions: a person waits for the answer while choosing what to run a lab on. */
  async obstacle(environment: LabEnvironment): Promise<LabError | undefined> {
    const [connected, command] = await Promise.all([this.#connect(), dockerCommandFinding(this.#search)]);
    if (!connected.ok) return connected.error;
    if (command.state !== 'good')
      return { code: 'docker-cli-missing', message: command.says, remedy: command.remedy ?? '' };
    return this.#report && lackOf(environment, this.#report.features);
  }

  async meansToMake(asked: PartOptions): Promise<Result<ClusterMeans, LabError>> {
    const means = await this.#means();
    if (!means.ok) return means;
    const kind = await findKind({ ...this.#search, ...asked });
    return kind.ok ? ok({ ...means.value, kind: kind.value.path }) : kind;
  }

  async #means(): Promise<Result<ClusterMeans, LabError>> {
    const connected = await this.#connect();
    if (!connected.ok) return connected;
    const { env, platform, home } = this.#options;
    const installation = await installationId(this.#folder);
    return ok({ docker: connected.value, folder: this.#folder, installation, env, platform, home });
  }

  toolImage(docker: Docker, asked: PartOptions): Promise<Result<string, LabError>> {
    const { toolImageFolder, env } = this.#options;
    return toolImage(docker, { ...asked, folder: toolImageFolder, env });
  }

  async doctor(looking: Parameters<EngineCare['doctor']>[0]): ReturnType<EngineCare['doctor']> {
    const { toolImageFolder, env } = this.#options;
    const doctor: Doctor = {
      connect: this.#connect,
      search: this.#search,
      toolImage: (docker, signal) => presentToolImage(docker, { folder: toolImageFolder, env, signal }),
      now: () => Date.now(),
    };
    const { findings, report } = await lookAround(doctor, looking);
    this.#report = report;
    return findings;
  }

  async leftovers(signal: AbortSignal): ReturnType<EngineCare['leftovers']> {
    const means = await this.#means();
    return means.ok ? leftovers(means.value, signal) : means;
  }

  async clean(
    names: readonly string[],
    options: Parameters<EngineCare['clean']>[1],
  ): ReturnType<EngineCare['clean']> {
    const means = await this.#means();
    if (!means.ok) return means;
    const kind = await kindOnMachine(this.#search);
    if (!kind.ok) return err(kind.error);
    return clean(names, { ...means.value, ...(kind.value ? { kind: kind.value.path } : {}) }, options);
  }
}
