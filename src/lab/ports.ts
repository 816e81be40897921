/**
 * The ports between labs and engines. Two engines implement them (`engines/sim`, `engines/kind`); checks, services and the
 * interface know only these. What an engine lacks it does not have; nothing throws "unsupported".
 */
import type { Unsubscribe } from '../base/event.ts';
import type { JsonObject } from '../base/json.ts';
import type { Result } from '../base/result.ts';
import type { Encapsulation } from '../model/encapsulation.ts';
import type { Place } from '../model/place.ts';
import type { StateDifference } from '../model/state-difference.ts';
import type { Topology } from '../model/topology.ts';
import type { Disposition, Trace } from '../model/trace.ts';
import type { HistoryLog, Moment } from './history.ts';

/** An expected failure: a stable code, a sentence, and what to do about it. */
export interface LabError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export type EngineId = 'sim' | 'kind';

/** What an engine needs to build a lab's start state. */
export interface LabEnvironment {
  readonly id: string;
  readonly topology: Topology;
  readonly calico: { readonly install: 'manifest' | 'operator'; readonly pools: 'user' | 'operator' };
  /** Manifests applied before the learner arrives, in order: file name and text. */
  readonly start: readonly { readonly file: string; readonly text: string }[];
  /** Files put into the learner's home on the workstation. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** How far the opening of a lab is. Each telling is whole: what it leaves out is not known or not there any more. */
export interface Progress {
  /** What is being done, as a short sentence without a full stop: `Joining worker nodes`. */
  readonly phase: string;
  /** 0-1 of the whole way when known; never falls. */
  readonly fraction?: number;
  /** How far the phase is: `kindest/node:v1.35.5, 212 of 411 MB`. */
  readonly detail?: string;
  /** What the tools behind it printed since the telling before. */
  readonly log?: readonly string[];
  /** Parts that become ready one by one, in the order to show them. */
  readonly components?: readonly ComponentState[];
}

export interface ComponentState {
  /** As the cluster names it: `calico-node on node1`, `coredns`. */
  readonly name: string;
  readonly state: 'waiting' | 'ready' | 'failing';
  /** What it says of itself, e.g. `ImagePullBackOff`. */
  readonly says?: string;
}

export interface LabEngine {
  readonly id: EngineId;
  /** Why this lab cannot run here; undefined when it can. */
  preflight(environment: LabEnvironment): Promise<LabError | undefined>;
  open(environment: LabEnvironment, options: OpenOptions): Promise<Result<LabSession, LabError>>;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** What the learner had in an earlier session of this lab: it is put back before they arrive. */
  readonly belongings?: Belongings;
}

/** The learner's own things, by place as labs spell it: they outlive the cluster they were made on. */
export interface Belongings {
  readonly places: Readonly<
    Record<string, { readonly files: Readonly<Record<string, string>>; readonly history: readonly string[] }>
  >;
}

export type SessionStatus =
  | { readonly state: 'ready' }
  /** The engine died under the session; the learner's files survive. */
  | { readonly state: 'failed'; readonly error: LabError }
  | { readonly state: 'disposed' };

/** What checks may ask. `signal` bounds each question; an engine failure is an error, never a wrong answer. */
export interface Probe {
  exec(place: Place, argv: readonly string[], signal: AbortSignal): Promise<Result<ExecResult, LabError>>;
  objects(query: ObjectQuery, signal: AbortSignal): Promise<Result<readonly JsonObject[], LabError>>;
  reach(flow: ReachFlow, signal: AbortSignal): Promise<Result<ReachReport, LabError>>;
}

export interface LabSession extends Probe {
  readonly engine: EngineId;
  readonly status: SessionStatus;
  onStatus(listener: (status: SessionStatus) => void): Unsubscribe;
  topology(): Topology;
  /** Places that exist now (pods come and go). */
  places(): readonly Place[];
  onPlaces(listener: (places: readonly Place[]) => void): Unsubscribe;
  shell(place: Place, size: TerminalSize): Promise<Result<ShellStream, LabError>>;
  /** Bytes of a file at a place, e.g. a capture to save. */
  readFile(place: Place, path: string): Promise<Result<Uint8Array, LabError>>;
  /**
   * A kubeconfig by which the learner's own kubectl, on this machine, reaches the cluster: the same text for as long as
   * the session lives, also after a reset, marked by an extension named `KUBECONFIG_MARK`. An engine may start to listen
   * when first asked.
   */
  kubeconfig(options?: KubeconfigOptions): Promise<Result<string, LabError>>;
  /** The learner's files (path -> base64) and command histories as they stand, also after a failure. */
  belongings(): Belongings;
  /** Back to the lab's start state; the learner's files stay. */
  reset(signal: AbortSignal): Promise<Result<void, LabError>>;
  dispose(): Promise<void>;
  readonly trace?: TraceGroup;
  readonly clock?: ClockGroup;
  readonly history?: HistoryGroup;
  readonly capture?: CaptureGroup;
  readonly faults?: FaultsGroup;
}

/** The name of a kubeconfig's extension by which a file of ours is known again, whatever kubectl has changed in it. */
export const KUBECONFIG_MARK = 'underlay';

export interface KubeconfigOptions {
  /** Where to listen on 127.0.0.1 if nothing listens yet; any free port otherwise. */
  readonly port?: number;
}

/** Optional: how packets went. */
export interface TraceGroup {
  trace(flow: ReachFlow, signal: AbortSignal): Promise<Result<readonly Trace[], LabError>>;
}

/** Optional: time that can be hurried. */
export interface ClockGroup {
  /** Runs until nothing is pending within `horizon` virtual milliseconds. */
  settle(horizon: number, signal: AbortSignal): Promise<Result<void, LabError>>;
  now(signal: AbortSignal): Promise<Result<ClockReading, LabError>>;
  /** Time stands still until `resume`: programs that wait for it wait. Settling and skipping still move it. */
  pause(signal: AbortSignal): Promise<Result<ClockReading, LabError>>;
  resume(signal: AbortSignal): Promise<Result<ClockReading, LabError>>;
  /** Straight to the next moment at which something falls due; the same moment when nothing does. */
  skip(signal: AbortSignal): Promise<Result<ClockReading, LabError>>;
}

export interface ClockReading {
  /** Milliseconds of lab time since the learner arrived. */
  readonly elapsed: number;
  /** What the machines of the lab take for the date, in milliseconds since 1970. */
  readonly date: number;
  readonly paused: boolean;
  /** When something next falls due, as `elapsed`; absent when nothing does. */
  readonly next?: number;
}

/** Optional: things that break by name, where the seed says, and heal again. */
export interface FaultsGroup {
  list(signal: AbortSignal): Promise<Result<readonly FaultState[], LabError>>;
  /** What broke, as a sentence. The same lab, state and seed break the same; each fault is there once at most. */
  inject(name: string, seed: number, signal: AbortSignal): Promise<Result<string, LabError>>;
  clear(name: string, signal: AbortSignal): Promise<Result<void, LabError>>;
}

export interface FaultState {
  readonly name: string;
  /** What it is and what one will see. */
  readonly description: string;
  readonly active?: { readonly seed: number; readonly told: string };
}

/** Optional: packets recorded without a terminal, as `tcpdump -w` records them. */
export interface CaptureGroup {
  /** Records what crosses from now on. Refused in tcpdump's own words: no such device, a filter that is none. */
  start(wish: CaptureWish, signal: AbortSignal): Promise<Result<CaptureId, LabError>>;
  /** Ends it; what was recorded is handed over and forgotten. */
  stop(id: CaptureId, signal: AbortSignal): Promise<Result<Recording, LabError>>;
}

export interface CaptureWish {
  readonly place: Place;
  /** `any` for all of them. */
  readonly device: string;
  /** pcap-filter(7); everything unless said. */
  readonly filter?: string;
}

export type CaptureId = number;

export interface Recording {
  /** Packets in the file. */
  readonly packets: number;
  /** It had ended by itself, for it would have become too large. */
  readonly full: boolean;
  /** A pcap file. */
  readonly pcap: Uint8Array;
}

/** Optional: states that can be kept and returned to. */
export interface HistoryGroup {
  /**
   * The cluster as it stands, or stood at a moment of the log, with what is in its pods. The learner's own files and
   * histories are `belongings`.
   */
  snapshot(signal: AbortSignal, at?: Moment): Promise<Result<SessionSnapshot, LabError>>;
  /**
   * Takes the cluster to a state that was kept, in this session or an earlier one of the same lab, its time included; the
   * learner's own files stay. Terminals stay and their programs run on; a watch of the API ends with 410 Gone, and a
   * capture sees what crosses from then on. A snapshot that cannot be taken back is an error that says why, and the
   * session stays as it was.
   */
  restore(snapshot: SessionSnapshot, signal: AbortSignal): Promise<Result<void, LabError>>;
  /** The learner, or a program of theirs, did something that a snapshot would keep; time that passes alone is nothing. */
  onChange(listener: () => void): Unsubscribe;
  /** What happened since the learner arrived, as far back as it is kept; after the entry `since`, if said. */
  log(signal: AbortSignal, since?: Moment): Promise<Result<HistoryLog, LabError>>;
  /** Takes the cluster back, or forward, to a moment of the log, exactly, as `restore` does. The log keeps every branch. */
  goTo(at: Moment, signal: AbortSignal): Promise<Result<void, LabError>>;
  /** A second lab that begins at the present, or at a moment of the log; neither changes the other. */
  fork(signal: AbortSignal, at?: Moment): Promise<Result<LabSession, LabError>>;
  diff(before: Moment, after: Moment, signal: AbortSignal): Promise<Result<StateDifference, LabError>>;
}

export interface SessionSnapshot {
  readonly engine: EngineId;
  /** Milliseconds of lab time since the learner arrived. */
  readonly elapsed: number;
  /** In the engine's own words: others keep it and hand it back as it is. */
  readonly text: string;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ObjectQuery {
  /** As kubectl names it: `pods`, `ippools.crd.projectcalico.org`, `ippools.projectcalico.org`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly labelSelector?: string;
}

export interface ReachFlow {
  readonly from: Place;
  /** A place, an address, or `service/<name>` by its ClusterIP. */
  readonly to:
    | Place
    | { readonly kind: 'address'; readonly address: string }
    | { readonly kind: 'service'; readonly namespace: string; readonly name: string };
  readonly protocol: 'tcp' | 'icmp';
  /** TCP only. */
  readonly port?: number;
  /** Bytes of IP packet; with `dontFragment`, a path MTU question. */
  readonly size?: number;
  readonly dontFragment?: boolean;
}

export interface ReachReport {
  readonly delivered: boolean;
  /** How the way there ended, or `reply-lost` when only the way back failed. */
  readonly disposition: Disposition | 'reply-lost';
  /** One sentence: where and why it ended. */
  readonly reason: string;
  /** The address the destination saw. */
  readonly sourceSeen?: string;
  /** On the wire between nodes, on the way there; `none` also when the packet stayed on one node. */
  readonly encapsulation: Encapsulation;
  /** Outer addresses when encapsulated. */
  readonly outer?: { readonly source: string; readonly destination: string };
  /** Routers and nodes that decremented the TTL, by address, in order. */
  readonly hops: readonly string[];
  readonly pathMtu?: number;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal's other end. */
export interface ShellStream {
  onData(listener: (bytes: Uint8Array) => void): Unsubscribe;
  onExit(listener: (exit: { readonly code: number }) => void): Unsubscribe;
  write(bytes: Uint8Array): void;
  resize(size: TerminalSize): void;
  /** Back-pressure: no data arrives while paused. */
  pause(): void;
  resume(): void;
  close(): void;
}
