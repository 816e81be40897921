/**
 * A world as text that can be kept outside the process, and back: the same world, with the same future. The topology is
 * the lab's and named by its fingerprint; past events are left out, as a compacted etcd leaves them out. What comes back
 * may have been cut, edited or made by a stranger: it is taken whole or refused, and reading it never throws.
 */
import { utf8 } from '../base/bytes.ts';
import { crc32 } from '../base/crc32.ts';
import type { Json } from '../base/json.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Topology } from '../model/topology.ts';
import { hashOf } from './core/hash.ts';
import type { Registry } from './kube/registry.ts';
import { withoutSockets } from './program-sockets.ts';
import { isRow, readHeap, writeHeap, type Heap, type Row } from './snapshot-heap.ts';
import { partsOf, worldOf, worldParts } from './snapshot-parts.ts';
import { count, isPlain } from './snapshot-shape.ts';
import type { World } from './stacks.ts';

/** Raised whenever a part of a world changes its form: an older snapshot is then refused, not misread. */
export const WORLD_FORMAT = 3;

/** Plain JSON. */
export interface WorldSnapshot {
  readonly format: typeof WORLD_FORMAT;
  /** Fingerprint of the topology that the world stands on. */
  readonly topology: string;
  /** CRC-32 of root and rows as JSON. */
  readonly sum: number;
  readonly root: Json;
  readonly rows: readonly Row[];
}

/** Why a snapshot is not taken back. */
export interface SnapshotProblem {
  readonly kind: 'other-format' | 'other-topology' | 'damaged';
  /** For a person who wants to know more. */
  readonly detail: string;
}

/** Programs that run are no part of it. Throws for what no world holds: functions, symbols, objects of other classes. */
export function encodeWorld(world: World): WorldSnapshot {
  const { rows, texts, root } = writeHeap(partsOf(withoutSockets(world)));
  return {
    format: WORLD_FORMAT,
    topology: fingerprint(world.topology),
    sum: sumOf(`[${JSON.stringify(root)},[${texts.join(',')}]]`),
    root,
    rows,
  };
}

export interface Reading {
  readonly topology: Topology;
  readonly registry: Registry;
  /** The JSON that the snapshot was parsed from, where it is at hand: its sum then costs less. */
  readonly text?: string | undefined;
}

export function decodeWorld(
  value: unknown,
  { topology, registry, text = '' }: Reading,
): Result<World, SnapshotProblem> {
  if (!isPlain(value) || !count(value['format'])) return damaged('it is no snapshot');
  const { format, rows, root, sum, topology: stoodOn } = value;
  if (format !== WORLD_FORMAT) {
    return err({ kind: 'other-format', detail: `format ${String(format)}, not ${WORLD_FORMAT}` });
  }
  if (!Array.isArray(rows) || !rows.every(isRow) || !isRow([root])) return damaged('it has no rows');
  const words = { rows, root: root as Json };
  if (!agrees(sum, words, text)) return damaged('its sum does not agree');
  if (stoodOn !== fingerprint(topology)) {
    return err({ kind: 'other-topology', detail: 'the lab has another topology now' });
  }
  const strange = new Set<object>();
  const parts = readHeap(words, strange);
  if (!parts.ok) return damaged(parts.error);
  const fits = worldParts({ registry, strange });
  return fits(parts.value) ? ok(worldOf(parts.value, topology)) : damaged('a part is not what it should be');
}

const damaged = (detail: string): Result<never, SnapshotProblem> => err({ kind: 'damaged', detail });

const fingerprints = new WeakMap<Topology, string>();

function fingerprint(topology: Topology): string {
  const known = fingerprints.get(topology) ?? hashOf(topology);
  fingerprints.set(topology, known);
  return known;
}

const sumOf = (text: string, before?: number): number => crc32(utf8(text), before);

/** What stands before the rows in the JSON of a snapshot; inside a text its quotes would be escaped. */
const ROWS = '"rows":';

/** Rows that stand in the text just as they are summed need not be written anew. */
function agrees(sum: unknown, { root, rows }: Heap, text: string): boolean {
  const rootText = JSON.stringify(root);
  const at = text.indexOf(ROWS);
  const written = at < 0 ? '' : text.slice(at + ROWS.length, text.lastIndexOf(']') + 1);
  if (sum === sumOf(']', sumOf(written, sumOf(`[${rootText},`)))) return true;
  return sum === sumOf(`[${rootText},${JSON.stringify(rows)}]`);
}
