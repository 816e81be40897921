/**
 * Real clusters as a host has them: the engine that labs are opened on, and the care for the machine around it. Docker is
 * looked for whenever it is needed, since it comes and goes; nothing is downloaded, built or started before a lab is.
 */
import { ok, type Result } from '../../base/result.ts';
import type { EngineCare } from '../../lab/care.ts';
import type { LabEnvironment, LabError } from '../../lab/ports.ts';
import { bundles, type Bundles } from './bundle/bundles.ts';
import { kindOnMachine, findKind } from './cluster/kind-binary.ts';
import { clean, leftovers } from './cluster/leftovers.ts';
import type { ClusterMeans } from './cluster/making.ts';
import { beforeMaking, probeName } from './care/before-making.ts';
import { lookAround, type Doctor } from './care/doctor.ts';
import { lackOf } from './care/lab-needs.ts';
import { probe, type ProbeReport } from './care/probe.ts';
import { dockerCommandFinding } from './care/program-findings.ts';
import { installationId, kindFolder } from './data-folder.ts';
import { connectDocker } from './docker/connect.ts';
import type { Docker } from './docker/docker.ts';
import { presentToolImage, toolImage } from './fabric/tool-image.ts';
import { kindEngine, type KindEngine, type KindEngineOptions } from './session/engine.ts';
import { kindParts } from './session/kind-parts.ts';
import type { KindEngineParts, PartOptions } from './session/parts.ts';

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
  /** What becomes of a lab's cluster when its learner leaves; see `kindEngine`. */
  readonly afterwards?: KindEngineOptions['afterwards'];
}

export interface RealClusters {
  readonly engine: KindEngine;
  /** The same, but each opening makes a cluster of its own, which goes with its session: for proving labs. */
  readonly trials: KindEngine;
  readonly care: EngineCare;
  readonly bundles: Bundles;
}

export function realClusters(options: RealClustersOptions): RealClusters {
  const machine = new Machine(options);
  const parts = (keeps: boolean): KindEngineParts =>
    kindParts({
      means: (asked) => machine.meansToMake(asked),
      toolImage: ({ docker }, asked) => machine.toolImage(docker, asked),
      preflight: (environment) => machine.obstacle(environment),
      beforeMaking: (environment, found, asked) => machine.obstacleToMaking(environment, found, asked),
      keeps,
    });
  return {
    engine: kindEngine({ parts: parts(true), ...(options.afterwards && { afterwards: options.afterwards }) }),
    trials: kindEngine({ parts: parts(false), afterwards: 'delete' }),
    care: machine,
    bundles: machine.bundles,
  };
}

/** Milliseconds. */
const LOOKING = 30_000;

class Machine implements EngineCare {
  readonly #options: RealClustersOptions;
  readonly #folder;
  /** Of the last look at the machine. */
  #report: ProbeReport | undefined;
  #hasLooked = false;

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

  get bundles(): Bundles {
    const { toolImageFolder } = this.#options;
    return bundles({ ...this.#search, toolImageFolder }, this.#connect);
  }

  /** The quick questions: a person waits for the answer while choosing what to run a lab on. */
  async obstacle(environment: LabEnvironment): Promise<LabError | undefined> {
    const [connected, command] = await Promise.all([this.#connect(), dockerCommandFinding(this.#search)]);
    if (!connected.ok) return connected.error;
    if (command.state !== 'good')
      return { code: 'docker-cli-missing', message: command.says, remedy: command.remedy ?? '' };
    if (this.#report) return lackOf(environment, this.#report.features);
    // What cannot be looked at is told when it matters: before a cluster is made.
    void this.#lookOnce(connected.value).catch(() => undefined);
    return undefined;
  }

  /** What a container finds takes a while: nobody waits for it here, and the next question has the answer. */
  async #lookOnce(docker: Docker): Promise<void> {
    if (this.#hasLooked) return;
    this.#hasLooked = true;
    const { toolImageFolder: folder, env } = this.#options;
    const signal = AbortSignal.timeout(LOOKING);
    const image = await presentToolImage(docker, { folder, env, signal });
    if (!image.ok || image.value === undefined) return;
    const report = await probe(docker, { image: image.value, name: probeName(), signal });
    if (report.ok) this.#report = report.value;
  }

  async obstacleToMaking(
    environment: LabEnvironment,
    { means, image }: { readonly means: ClusterMeans; readonly image: string },
    { signal }: PartOptions,
  ): Promise<LabError | undefined> {
    const { obstacle, report } = await beforeMaking(means.docker, {
      ...{ environment, image, signal },
      search: this.#search,
    });
    if (report) this.#report = report;
    return obstacle;
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
    // Without one that can be used, what there is goes another way.
    const program = kind.ok && kind.value ? { kind: kind.value.path } : {};
    return clean(names, { ...means.value, ...program }, options);
  }
}
