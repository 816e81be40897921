/**
 * A simulated lab in this thread: the simulator, the shells of its places, and the pace of its time. The worker hosts one
 * for a learner; proofs and the command line use one directly.
 */
import { Emitter } from '../../base/event.ts';
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { bringsPools } from '../../lab/manifest.ts';
import type {
  Belongings,
  ClockGroup,
  ExecResult,
  FaultsGroup,
  KubeconfigOptions,
  LabEnvironment,
  LabError,
  LabSession,
  ObjectQuery,
  ReachFlow,
  ReachReport,
  SessionStatus,
  ShellStream,
  TerminalSize,
} from '../../lab/ports.ts';
import { formatPlace, type Place } from '../../model/place.ts';
import type { Topology } from '../../model/topology.ts';
import { Simulator, type LogEntry, type SimulatorOptions, type World } from '../../sim/index.ts';
import { INTERRUPTED, machineOff, noSuchFile, noSuchPlace } from './errors.ts';
import { objectsOf } from './objects.ts';
import { hostTimers, hostTurn, type HostTimers } from './host-clock.ts';
import { FreePace, LivePace, type Pace } from './pace.ts';
import { Places } from './places.ts';
import { reach, tracesOf } from './reach.ts';
import { ARRIVAL, buildStartState, readStart } from './start-state.ts';
import { ownKubeconfig } from './kubeconfig.ts';
import { SessionCapture } from './session-capture.ts';
import { sessionClock } from './session-clock.ts';
import { sessionFaults } from './session-faults.ts';
import { SessionHistory } from './session-history.ts';
import type { KeptState } from './session-snapshot.ts';
import { openTerminal } from './terminal.ts';
import { createTextTools } from './text-tools.ts';
import type { ApiServer } from './apiserver.ts';

/** Labs are the same on every start. */
const SEED = 20_260_501;

const NEVER = new AbortController().signal;

export interface SimSessionOptions {
  readonly belongings: Belongings;
  /** `live`: a virtual second takes a second. `free`: time jumps whenever every program waits. */
  readonly pace: 'live' | 'free';
  /** Gives the lab up while it is being built. */
  readonly signal?: AbortSignal;
  /** The host's, unless a test holds time in its own hands. */
  readonly timers?: HostTimers;
}

/** Whoever owns the pools makes them: the operator, or the lab, or calico-node when nobody else does. */
const calicoOptions = (
  { install, pools }: LabEnvironment['calico'],
  bringsOwn: boolean,
): Pick<SimulatorOptions, 'install' | 'defaultPool'> => ({
  install,
  defaultPool: install === 'operator' ? pools === 'operator' : !bringsOwn,
});

export class SimSession implements LabSession {
  readonly engine = 'sim';
  readonly #environment: LabEnvironment;
  readonly #simulator: Simulator;
  readonly #places: Places;
  readonly #pace: Pace;
  readonly #start: World;
  readonly #placesChanged = new Emitter<readonly Place[]>();
  readonly #statusChanged = new Emitter<SessionStatus>();
  readonly #changed = new Emitter<void>();
  readonly #closeTerminals = new Set<() => void>();
  /** Started when first asked for; it survives resets and ends with the session. */
  #api: Promise<Result<ApiServer, LabError>> | undefined;
  #status: SessionStatus = { state: 'ready' };
  #listed: readonly string[] = [];
  /** Only pods come and go. */
  #pods: unknown;

  readonly onPlaces = this.#placesChanged.subscribe;
  readonly onStatus = this.#statusChanged.subscribe;
  readonly trace = {
    trace: (flow: ReachFlow) => Promise.resolve(tracesOf(this.#simulator, flow)),
  };
  readonly clock: ClockGroup;
  readonly faults: FaultsGroup;
  readonly history: SessionHistory;
  readonly capture: SessionCapture;

  private constructor(environment: LabEnvironment, parts: Parts) {
    this.#environment = environment;
    this.#simulator = parts.simulator;
    this.#places = parts.places;
    this.#pace = parts.pace;
    this.#start = parts.start;
    this.clock = sessionClock(this.#simulator, this.#pace);
    this.faults = sessionFaults(this.#simulator, this.#pace);
    this.capture = new SessionCapture(this.#places);
    this.history = new SessionHistory({
      ...parts,
      onChange: this.#changed.subscribe,
      become: (state, entry) => this.#become(state, entry),
      fork: (state) => this.#fork(state, parts),
    });
    this.#simulator.onChange(() => this.#tellPlaces());
    this.#simulator.onActed(() => this.#changed.emit());
    this.#listed = this.places().map(formatPlace);
  }

  static async open(
    environment: LabEnvironment,
    { belongings, pace, signal = NEVER, timers = hostTimers() }: SimSessionOptions,
  ): Promise<Result<SimSession, LabError>> {
    const start = readStart(environment.start);
    const simulator = new Simulator({
      topology: environment.topology,
      seed: SEED,
      epoch: timers.date() - ARRIVAL,
      ...calicoOptions(environment.calico, bringsPools(environment.start)),
    });
    const { free, places } = peopled(simulator, environment, belongings);
    const built = await free.during(buildStartState(start, { simulator, places, signal }));
    if (signal.aborted) return err(INTERRUPTED);
    if (!built.ok) return built;
    const parts: Parts = {
      simulator,
      places,
      pace: pace === 'live' ? new LivePace(simulator, timers) : free,
      start: simulator.world,
      timers,
    };
    return ok(new SimSession(environment, parts));
  }

  /** Another lab that begins in this state, with the same start to go back to and time of its own. */
  #fork({ world, pods }: KeptState, { start, timers, pace }: Parts): SimSession {
    const simulator = new Simulator({ world });
    const { free, places } = peopled(simulator, this.#environment, this.belongings());
    places.restorePods(pods);
    const own = pace instanceof LivePace ? new LivePace(simulator, timers) : free;
    return new SimSession(this.#environment, { simulator, places, pace: own, start, timers });
  }

  get status(): SessionStatus {
    return this.#status;
  }

  topology(): Topology {
    return this.#environment.topology;
  }

  places(): readonly Place[] {
    return this.#places.list();
  }

  belongings(): Belongings {
    return this.#places.belongings();
  }

  async exec(
    place: Place,
    argv: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<ExecResult, LabError>> {
    if (signal.aborted) return err(INTERRUPTED);
    this.#pace.catchUp();
    if (!this.#places.exists(place)) return err(this.#absent(place));
    const done = await this.#pace.during(this.#places.shell(place).exec(argv, { signal }));
    this.#changed.emit();
    return signal.aborted ? err(INTERRUPTED) : ok(done);
  }

  objects(query: ObjectQuery): Promise<Result<readonly JsonObject[], LabError>> {
    this.#pace.catchUp();
    return Promise.resolve(objectsOf(this.#simulator, query));
  }

  reach(flow: ReachFlow): Promise<Result<ReachReport, LabError>> {
    this.#pace.catchUp();
    return Promise.resolve(reach(this.#simulator, flow));
  }

  shell(place: Place, size: TerminalSize): Promise<Result<ShellStream, LabError>> {
    this.#pace.catchUp();
    if (!this.#places.exists(place)) return Promise.resolve(err(this.#absent(place)));
    const shell = this.#places.shell(place, true);
    const stream = openTerminal(shell, size, {
      typed: () => {
        this.#pace.catchUp();
        this.#changed.emit();
      },
      lost: () => this.#simulator.isOff(place),
      closed: () => {
        this.#places.closed(shell);
        this.#closeTerminals.delete(stream.close);
      },
    });
    this.#closeTerminals.add(stream.close);
    return Promise.resolve(ok(stream));
  }

  #absent(place: Place): LabError {
    const name = formatPlace(place);
    return this.#simulator.isOff(place) ? machineOff(name) : noSuchPlace(name);
  }

  readFile(place: Place, path: string): Promise<Result<Uint8Array, LabError>> {
    if (!this.#places.exists(place)) return Promise.resolve(err(this.#absent(place)));
    const data = this.#places.files(place).read(path);
    return Promise.resolve(data ? ok(data) : err(noSuchFile(formatPlace(place), path)));
  }

  async kubeconfig({ port = 0 }: KubeconfigOptions = {}): Promise<Result<string, LabError>> {
    const { topology } = this.#environment;
    const [simulator, places, pace] = [this.#simulator, this.#places, this.#pace];
    this.#api ??= import('./apiserver.ts').then((listener) =>
      listener.ApiServer.listen({ simulator, places, pace, port }),
    );
    const api = await this.#api;
    if (api.ok) return ok(ownKubeconfig(api.value.url, topology));
    this.#api = undefined;
    return api;
  }

  reset(): Promise<Result<void, LabError>> {
    this.#become({ world: this.#start, pods: {} });
    return Promise.resolve(ok(undefined));
  }

  async dispose(): Promise<void> {
    for (const close of [...this.#closeTerminals]) close();
    this.capture.dispose();
    this.#pace.dispose();
    this.#status = { state: 'disposed' };
    this.#statusChanged.emit(this.#status);
    const api = await this.#api;
    if (api?.ok) await api.value.close();
  }

  #become({ world, pods }: KeptState, entry?: LogEntry): void {
    this.#simulator.restore(world, entry);
    this.#places.restorePods(pods);
    this.#pace.rebase();
  }

  #tellPlaces(): void {
    const pods = this.#simulator.world.cluster.store.table('pods');
    if (pods === this.#pods) return;
    this.#pods = pods;
    const places = this.places();
    const listed = places.map(formatPlace);
    if (listed.length === this.#listed.length && listed.every((name, at) => name === this.#listed[at]))
      return;
    this.#listed = listed;
    this.#placesChanged.emit(places);
  }
}

interface Parts {
  readonly simulator: Simulator;
  readonly places: Places;
  readonly pace: Pace;
  /** What a reset goes back to. */
  readonly start: World;
  readonly timers: HostTimers;
}

/** A simulation with places to work at; time jumps during their work. */
function peopled(
  simulator: Simulator,
  environment: LabEnvironment,
  belongings: Belongings,
): { readonly free: FreePace; readonly places: Places } {
  const free = new FreePace(simulator, hostTurn);
  const textTools = free.watched(createTextTools());
  return {
    free,
    places: new Places({ simulator, environment, belongings, textTools, breathe: hostTurn }),
  };
}
