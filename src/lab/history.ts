/** What a session tells of its past: its log. Plain data; what differs between two moments is `model/state-difference.ts`. */
import type { Place } from '../model/place.ts';

/** The state right after the entry of this id. Ids count up; they mean something in their own session only. */
export type Moment = number;

export interface HistoryEntry {
  readonly id: Moment;
  /** The entry in whose state this one began. Absent when the state came from elsewhere: a start, a snapshot. */
  readonly follows?: Moment;
  /** Milliseconds of lab time since the learner arrived, when it was over. */
  readonly elapsed: number;
  /** Where a command did it; absent for time that passed and for clients from outside of the lab. */
  readonly place?: Place;
  /** The command line, spelt as a shell would take it again. */
  readonly command?: string;
  /** What was done, in the engine's words: `PATCH /api/v1/nodes/node1`. */
  readonly what: string;
  /** All of it for a list: `00:02:13 workstation: kubectl delete pod web`. */
  readonly line: string;
}

export interface HistoryLog {
  /** Oldest first. A session that went back and did something else has branches: see `follows`. */
  readonly entries: readonly HistoryEntry[];
  /** Where the session stands. */
  readonly present: Moment;
}
