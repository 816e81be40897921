/**
 * A lab on a real cluster. What the learner does goes straight to containers; this only knows where each place is, follows
 * which pods run, keeps the learner's files, and brings the lab back to its start.
 */
import { Emitter } from '../../../base/event.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type {
  Belongings,
  KubeconfigOptions,
  LabEnvironment,
  LabError,
  LabSession,
  ObjectQuery,
  Probe,
  ReachFlow,
  SessionStatus,
  ShellStream,
  TerminalSize,
} from '../../../lab/ports.ts';
import { formatPlace, WORKSTATION, type Place } from '../../../model/place.ts';
import type { Topology } from '../../../model/topology.ts';
import { kubectlOf } from '../cluster/cluster.ts';
import { KIND_CLUSTER_LABEL } from '../names.ts';
import { INTERRUPTED, noSuchFile } from '../probe/errors.ts';
import { kindProbe } from '../probe/kind-probe.ts';
import type { Measured } from '../probe/target.ts';
import { restartAgents, waitReady } from './agents.ts';
import type { BelongingsKeeper } from './belongings-keeper.ts';
import { headOf } from './control-plane.ts';
import type { StoredObject } from './inventory.ts';
import { ownKubeconfig } from './own-kubeconfig.ts';
import type { RaisedCluster } from './parts.ts';
import { PodWatch } from './pod-watch.ts';
import { restoreObjects } from './restoration.ts';
import { SessionCapture } from './session-capture.ts';
import { applyStart } from './start-objects.ts';
import { observed, openShell, readFileAt } from './terminals.ts';

export interface KindSessionOptions {
  readonly environment: LabEnvironment;
  readonly raised: RaisedCluster;
  /** What was stored when the learner arrived. */
  readonly start: readonly StoredObject[];
  readonly belongings: BelongingsKeeper;
  /** What becomes of the cluster, asked when the learner leaves. */
  readonly afterwards: () => 'keep' | 'delete';
}

/** Milliseconds that leaving may take for the last look at files. */
const FAREWELL = 10_000;

export class KindSession implements LabSession {
  readonly engine = 'kind';
  readonly #options: KindSessionOptions;
  readonly #measured: Measured;
  readonly #probe: Probe;
  readonly #pods: PodWatch;
  readonly #placesChanged = new Emitter<readonly Place[]>();
  readonly #statusChanged = new Emitter<SessionStatus>();
  readonly #terminals = new Set<ShellStream>();
  readonly #ending = new AbortController();
  readonly onPlaces = this.#placesChanged.subscribe;
  readonly onStatus = this.#statusChanged.subscribe;
  readonly capture: SessionCapture;
  #status: SessionStatus = { state: 'ready' };

  private constructor(options: KindSessionOptions) {
    const { cluster } = options.raised;
    this.#options = options;
    this.#measured = { cluster, kubectl: kubectlOf(cluster) };
    this.#probe = kindProbe(this.#measured);
    this.capture = new SessionCapture(this.#measured);
    const { container, environment } = headOf(cluster);
    this.#pods = new PodWatch({
      kubectl: this.#measured.kubectl,
      watch: (argv, { signal, onOutput }) =>
        cluster.docker.containers.exec(container, ['kubectl', ...argv], {
          ...{ signal, environment },
          onOutput: (bytes, stream) => {
            if (stream === 'stdout') onOutput(bytes);
          },
        }),
      signal: this.#ending.signal,
    });
    this.#pods.onChange(() => this.#placesChanged.emit(this.places()));
  }

  static async begin(options: KindSessionOptions): Promise<Result<KindSession, LabError>> {
    const session = new KindSession(options);
    const started = await session.#pods.start();
    if (!started.ok) return started;
    session.#watchEngine();
    return ok(session);
  }

  get status(): SessionStatus {
    return this.#status;
  }

  topology(): Topology {
    return this.#options.environment.topology;
  }

  places(): readonly Place[] {
    const { nodes, routers, hosts } = this.topology();
    const named =
      (kind: 'node' | 'router' | 'host') =>
      ({ name }: { readonly name: string }): Place => ({ kind, name });
    return [
      WORKSTATION,
      ...nodes.map(named('node')),
      ...this.#pods.pods(),
      ...routers.map(named('router')),
      ...hosts.map(named('host')),
    ];
  }

  async exec(place: Place, argv: readonly string[], signal: AbortSignal): ReturnType<Probe['exec']> {
    const done = await this.#probe.exec(place, argv, signal);
    this.#options.belongings.touched(place);
    return done;
  }

  objects(query: ObjectQuery, signal: AbortSignal): ReturnType<Probe['objects']> {
    return this.#probe.objects(query, signal);
  }

  reach(flow: ReachFlow, signal: AbortSignal): ReturnType<Probe['reach']> {
    return this.#probe.reach(flow, signal);
  }

  async shell(place: Place, size: TerminalSize): Promise<Result<ShellStream, LabError>> {
    const opened = await openShell(this.#measured, place, size);
    if (!opened.ok) return opened;
    const { belongings } = this.#options;
    const stream = observed(opened.value, {
      typed: () => belongings.touched(place),
      closed: (own) => {
        this.#terminals.delete(own);
        belongings.touched(place);
      },
    });
    this.#terminals.add(stream);
    return ok(stream);
  }

  async readFile(place: Place, path: string): Promise<Result<Uint8Array, LabError>> {
    const read = await readFileAt(this.#measured, { place, path }, this.#ending.signal);
    if (!read.ok) return read;
    return read.value ? ok(read.value) : err(noSuchFile(formatPlace(place), path));
  }

  kubeconfig(options?: KubeconfigOptions): Promise<Result<string, LabError>> {
    return ownKubeconfig(this.#measured.cluster, options);
  }

  belongings(): Belongings {
    return this.#options.belongings.now();
  }

  /**
   * Objects as they were stored at the start, cables as the topology has them, and the agents of all nodes anew, which write
   * devices, routes and rules again. Terminals and files stay.
   */
  async reset(signal: AbortSignal): Promise<Result<void, LabError>> {
    const { raised, start, environment, belongings } = this.#options;
    await belongings.collected(signal);
    const restoring = { kubectl: this.#measured.kubectl, signal };
    const applying = { ...restoring, cluster: this.#measured.cluster };
    const steps: readonly (() => Promise<Result<void, LabError>>)[] = [
      () => raised.mend(signal),
      () => restoreObjects(start, restoring),
      () => applyStart(environment.start, applying),
      () => restartAgents(applying),
      () => waitReady(start, restoring),
      () => this.#pods.refresh(signal),
    ];
    for (const step of steps) {
      if (signal.aborted) return err(INTERRUPTED);
      const done = await step();
      if (!done.ok) return done;
    }
    return ok(undefined);
  }

  async dispose(): Promise<void> {
    if (this.#status.state === 'disposed') return;
    const { belongings, raised, afterwards } = this.#options;
    const failed = this.#status.state === 'failed';
    this.#become({ state: 'disposed' });
    for (const terminal of [...this.#terminals]) terminal.close();
    if (!failed) await belongings.collected(AbortSignal.timeout(FAREWELL));
    belongings.end();
    await this.capture.dispose();
    this.#ending.abort();
    if (afterwards() === 'delete') await raised.remove(new AbortController().signal);
    else await raised.release();
  }

  /** The engine went away: nothing of the cluster can be asked any more, and what is kept here is all there is. */
  #watchEngine(): void {
    const { cluster } = this.#measured;
    cluster.docker.watch(
      {
        label: `${KIND_CLUSTER_LABEL}=${cluster.name}`,
        onEvent: () => undefined,
        onGone: (error) => {
          if (error && this.#status.state === 'ready') this.#become({ state: 'failed', error });
        },
      },
      this.#ending.signal,
    );
  }

  #become(status: SessionStatus): void {
    this.#status = status;
    this.#statusChanged.emit(status);
  }
}
