/** What a session tells of its past: its log, and what differs between two moments of it. Plain data. */
import type { Json, JsonObject } from '../base/json.ts';
import type { Place } from '../model/place.ts';
import type { NetnsId } from '../model/trace.ts';

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

export type Change = 'added' | 'removed' | 'changed';

/** A part of something that changed. */
export interface FieldDifference {
  /** `spec.ports[0].port`, `metadata.labels["app.kubernetes.io/name"]`; empty: the whole. */
  readonly path: string;
  /** Absent where there was nothing. */
  readonly before?: Json;
  readonly after?: Json;
}

export interface ObjectDifference {
  readonly change: Change;
  /** As the API names it: `pods`, `ippools.crd.projectcalico.org`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
  readonly fields: readonly FieldDifference[];
}

/** A row of one table of a network stack. */
export interface RowDifference {
  readonly change: Change;
  readonly netns: NetnsId;
  readonly table:
    | 'links'
    | 'addresses'
    | 'routes'
    | 'neighbours'
    | 'fdb'
    | 'chains'
    | 'rules'
    | 'ipsets'
    | 'sockets'
    | 'sysctls'
    | 'connections';
  /** Tells the row from the others of its table. */
  readonly key: string;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
}

/** Empty in all its parts exactly when nothing at all differs. */
export interface StateDifference {
  readonly objects: readonly ObjectDifference[];
  readonly rows: readonly RowDifference[];
  /** What else the engine remembers: the clock, timers, BGP sessions, counters. Paths are the engine's own. */
  readonly memory: readonly FieldDifference[];
}
