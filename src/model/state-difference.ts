/** What differs between two states of a lab: objects of its cluster, rows of its network stacks, and what else it remembers. */
import type { Json, JsonObject } from '../base/json.ts';
import type { NetnsId } from './trace.ts';

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
  /** Of an object that was added or removed, one with the empty path: the whole. */
  readonly fields: readonly FieldDifference[];
}

export type NetworkTable =
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

/** A row of one table of a network stack. */
export interface RowDifference {
  readonly change: Change;
  readonly netns: NetnsId;
  readonly table: NetworkTable;
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
