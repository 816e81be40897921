/**
 * What is asked of a whole table again and again, brought up to date by what changed since it was last asked: in a mesh of a
 * hundred nodes each of ten thousand sessions asks.
 */
import { Table } from '../core/table.ts';
import type { Path, Speaker } from './routing-state.ts';
import type { SpeakerConfig } from './speaker-config.ts';

export interface RibDigest {
  /** Keys of prefixes that not only neighbours told. */
  readonly own: ReadonlySet<string>;
  /** How many paths the other prefixes have. */
  readonly learnt: number;
  /** How many prefixes have a path of a neighbour that restarts. */
  readonly stale: number;
}

interface Kept {
  rib: Speaker['rib'];
  readonly own: Set<string>;
  learnt: number;
  stale: number;
}

const digests = new WeakMap<SpeakerConfig, Kept>();

export function ribDigest({ config, rib }: Pick<Speaker, 'config' | 'rib'>): RibDigest {
  const kept = digests.get(config) ?? { rib: Table.empty(), own: new Set(), learnt: 0, stale: 0 };
  digests.set(config, kept);
  if (kept.rib === rib) return kept;
  for (const { key, before, after } of rib.differences(kept.rib)) {
    if (before) count(kept, before, -1);
    if (after) count(kept, after, 1);
    if (after && !isLearnt(after)) kept.own.add(key);
    else kept.own.delete(key);
  }
  kept.rib = rib;
  return kept;
}

function count(kept: Kept, paths: readonly Path[], sign: 1 | -1): void {
  if (isLearnt(paths)) kept.learnt += sign * paths.length;
  if (paths.some(({ stale }) => stale)) kept.stale += sign;
}

/** Neighbours alone told of the prefix. */
export const isLearnt = (paths: readonly Path[]): boolean => paths.every(({ bgp }) => bgp !== undefined);
