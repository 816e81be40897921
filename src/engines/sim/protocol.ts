/** What passes between a host and the worker that simulates: plain data in both directions. */
import type { Result } from '../../base/result.ts';
import type { HistoryLog, Moment } from '../../lab/history.ts';
import type {
  Belongings,
  CaptureId,
  CaptureWish,
  ClockReading,
  ExecResult,
  FaultState,
  KubeconfigOptions,
  LabEnvironment,
  LabError,
  ObjectQuery,
  ReachFlow,
  ReachReport,
  Recording,
  SessionSnapshot,
  TerminalSize,
} from '../../lab/ports.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Place } from '../../model/place.ts';
import type { StateDifference } from '../../model/state-difference.ts';
import type { Trace } from '../../model/trace.ts';

/** Questions to the worker's session: name -> arguments and answer. */
export interface Calls {
  exec: {
    readonly in: { readonly place: Place; readonly argv: readonly string[] };
    readonly out: Result<ExecResult, LabError>;
  };
  objects: { readonly in: ObjectQuery; readonly out: Result<readonly JsonObject[], LabError> };
  reach: { readonly in: ReachFlow; readonly out: Result<ReachReport, LabError> };
  trace: { readonly in: ReachFlow; readonly out: Result<readonly Trace[], LabError> };
  settle: { readonly in: { readonly horizon: number }; readonly out: Result<void, LabError> };
  shell: {
    readonly in: { readonly place: Place; readonly size: TerminalSize; readonly terminal: number };
    readonly out: Result<void, LabError>;
  };
  readFile: {
    readonly in: { readonly place: Place; readonly path: string };
    readonly out: Result<Uint8Array, LabError>;
  };
  faults: { readonly in: Record<string, never>; readonly out: Result<readonly FaultState[], LabError> };
  inject: {
    readonly in: { readonly name: string; readonly seed: number };
    readonly out: Result<string, LabError>;
  };
  clear: { readonly in: { readonly name: string }; readonly out: Result<void, LabError> };
  kubeconfig: { readonly in: KubeconfigOptions; readonly out: Result<string, LabError> };
  reset: { readonly in: Record<string, never>; readonly out: Result<void, LabError> };
  snapshot: { readonly in: { readonly at?: Moment }; readonly out: Result<SessionSnapshot, LabError> };
  restore: { readonly in: SessionSnapshot; readonly out: Result<void, LabError> };
  log: { readonly in: { readonly since?: Moment }; readonly out: Result<HistoryLog, LabError> };
  goTo: { readonly in: { readonly at: Moment }; readonly out: Result<void, LabError> };
  diff: {
    readonly in: { readonly before: Moment; readonly after: Moment };
    readonly out: Result<StateDifference, LabError>;
  };
  clock: {
    readonly in: { readonly hand: 'now' | 'pause' | 'resume' | 'skip' };
    readonly out: Result<ClockReading, LabError>;
  };
  startCapture: { readonly in: CaptureWish; readonly out: Result<CaptureId, LabError> };
  stopCapture: { readonly in: { readonly id: CaptureId }; readonly out: Result<Recording, LabError> };
}

export type CallName = keyof Calls;

export type ToWorker =
  /** Builds a lab and throws it away, so that the code is warm when a learner comes; without one, only loads. */
  | { readonly type: 'rehearse'; readonly environment: LabEnvironment | undefined }
  | { readonly type: 'open'; readonly environment: LabEnvironment; readonly belongings: Belongings }
  | {
      readonly [K in CallName]: {
        readonly type: 'call';
        readonly id: number;
        readonly name: K;
        readonly input: Calls[K]['in'];
      };
    }[CallName]
  /** The caller no longer waits for this call. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'terminal-input'; readonly terminal: number; readonly bytes: Uint8Array }
  | { readonly type: 'terminal-resize'; readonly terminal: number; readonly size: TerminalSize }
  | { readonly type: 'terminal-flow'; readonly terminal: number; readonly paused: boolean }
  | { readonly type: 'terminal-close'; readonly terminal: number };

export type FromWorker =
  | { readonly type: 'rehearsed' }
  | { readonly type: 'opened'; readonly result: Result<void, LabError> }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'terminal-data'; readonly terminal: number; readonly bytes: Uint8Array }
  | { readonly type: 'terminal-exit'; readonly terminal: number; readonly code: number }
  | { readonly type: 'places'; readonly places: readonly Place[] }
  | { readonly type: 'belongings'; readonly belongings: Belongings }
  /** The learner did something worth keeping. */
  | { readonly type: 'changed' };
