/** A session's past: states that are kept and gone back to, the log of what happened, and what differs between two of its moments. */
import type { Unsubscribe } from '../../base/event.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { HistoryEntry, HistoryLog, Moment } from '../../lab/history.ts';
import type { StateDifference } from '../../model/state-difference.ts';
import type { Belongings, HistoryGroup, LabError, LabSession, SessionSnapshot } from '../../lab/ports.ts';
import {
  commandLine,
  describePassing,
  describeTransaction,
  whoOf,
  worldDifference,
  type EventLog,
  type LogEntry,
  type Simulator,
} from '../../sim/index.ts';
import { noSuchMoment } from './errors.ts';
import type { Pace } from './pace.ts';
import type { Places } from './places.ts';
import { elapsedIn, readSnapshot, writeSnapshot, WrittenStates, type KeptState } from './session-snapshot.ts';

export interface HistoryParts {
  readonly simulator: Simulator;
  readonly places: Places;
  readonly pace: Pace;
  readonly onChange: (listener: () => void) => Unsubscribe;
  /** The session takes this state; `entry` is the one of the log that it is from. */
  readonly become: (state: KeptState, entry?: LogEntry) => void;
  /** A second session that begins in this state. */
  readonly fork: (state: KeptState) => LabSession;
}

export class SessionHistory implements HistoryGroup {
  readonly #parts: HistoryParts;
  readonly #log: EventLog;
  readonly #written = new WrittenStates();
  readonly onChange: HistoryGroup['onChange'];

  constructor(parts: HistoryParts) {
    this.#parts = parts;
    const { simulator, places } = parts;
    this.#log = simulator.keepLog({ alongside: () => places.podBelongings() });
    this.onChange = parts.onChange;
  }

  snapshot(_signal?: AbortSignal, at?: Moment): Promise<Result<SessionSnapshot, LabError>> {
    const entry = this.#at(at);
    if (!entry.ok) return Promise.resolve(entry);
    const state = stateOf(entry.value);
    const snapshot = writeSnapshot(this.#parts.simulator, state);
    this.#written.keep(snapshot.text, state);
    return Promise.resolve(ok(snapshot));
  }

  restore(snapshot: SessionSnapshot): Promise<Result<void, LabError>> {
    const written = this.#written.get(snapshot.text);
    const read = written ? ok(written) : readSnapshot(snapshot, this.#parts.simulator);
    if (read.ok) this.#parts.become(read.value);
    return Promise.resolve(read.ok ? ok(undefined) : read);
  }

  log(_signal?: AbortSignal, since = 0): Promise<Result<HistoryLog, LabError>> {
    this.#parts.pace.catchUp();
    const present = this.#log.present().id;
    const entries = this.#log.entries(since).map((entry) => told(entry, this.#log));
    return Promise.resolve(ok({ entries, present }));
  }

  goTo(at: Moment): Promise<Result<void, LabError>> {
    const entry = this.#at(at);
    if (entry.ok) this.#parts.become(stateOf(entry.value), entry.value);
    return Promise.resolve(entry.ok ? ok(undefined) : entry);
  }

  fork(_signal?: AbortSignal, at?: Moment): Promise<Result<LabSession, LabError>> {
    const entry = this.#at(at);
    return Promise.resolve(entry.ok ? ok(this.#parts.fork(stateOf(entry.value))) : entry);
  }

  diff(before: Moment, after: Moment): Promise<Result<StateDifference, LabError>> {
    const [old, now] = [this.#at(before), this.#at(after)];
    if (!old.ok) return Promise.resolve(old);
    return Promise.resolve(now.ok ? ok(worldDifference(old.value.world, now.value.world)) : now);
  }

  /** An entry of the log; the present one unless said. */
  #at(moment: Moment | undefined): Result<LogEntry, LabError> {
    if (moment === undefined) {
      this.#parts.pace.catchUp();
      return ok(this.#log.present());
    }
    const entry = this.#log.get(moment);
    return entry ? ok(entry) : err(noSuchMoment(moment));
  }
}

const stateOf = ({ world, alongside }: LogEntry): KeptState => ({
  world,
  pods: (alongside ?? {}) as Belongings['places'],
});

function told(entry: LogEntry, log: EventLog): HistoryEntry {
  const { id, follows, by, world } = entry;
  const what = whatOf(entry, log);
  const elapsed = elapsedIn(world);
  const command = by && commandLine(by.argv);
  const who = whoOf(entry);
  return {
    id,
    ...(follows === undefined ? {} : { follows }),
    elapsed,
    ...(by ? { place: by.place } : {}),
    ...(command === undefined ? {} : { command }),
    what,
    line: `${clockText(elapsed)} ${who === undefined ? '' : `${who}: `}${command ?? what}`,
  };
}

function whatOf({ follows, transactions: [transaction], world }: LogEntry, log: EventLog): string {
  if (!transaction) return follows === undefined ? 'the lab as it was' : `back to entry ${follows}`;
  if (transaction.kind !== 'advance') return describeTransaction(transaction);
  return describePassing(follows === undefined ? undefined : log.get(follows)?.world, world);
}

/** `00:02:13` */
function clockText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
