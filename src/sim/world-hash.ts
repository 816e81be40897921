/** One fingerprint for everything a world remembers: what the determinism and replay laws compare. */
import { hashOf } from './core/hash.ts';
import type { Table } from './core/table.ts';
import type { World } from './stacks.ts';

/** Hex digits. Past events, which only watches replay, are told by the store's revision. */
export function worldHash({ topology, cluster, routing, edits, memory }: World): string {
  const { now, epoch, random, store, agenda, sandboxes, frozen } = cluster;
  return hashOf({
    topology,
    now,
    epoch,
    random,
    revision: store.revision,
    objects: store.resources.map((resource) => [resource, store.list(resource)]),
    agenda: [...agenda],
    sandboxes: entries(sandboxes),
    ...(frozen && {
      frozen: entries(frozen).map(([key, { store: seen, sandboxes: held, ...rest }]) => [
        key,
        rest,
        seen.resources.map((resource) => [resource, seen.list(resource)]),
        entries(held),
      ]),
    }),
    speakers: entries(routing.speakers).map(([key, { rib, inherited, sources, ...speaker }]) => [
      key,
      { ...speaker, rib: entries(rib) },
      inherited && { ...inherited, rib: entries(inherited.rib) },
      sources && entries(sources),
    ]),
    peers: entries(routing.peers).map(([key, { told, ...peer }]) => [key, peer, entries(told)]),
    timers: [[...routing.work], [...routing.routine]],
    edits: entries(edits),
    memory: entries(memory),
  });
}

function entries<V>(table: Table<V>): readonly (readonly [string, V])[] {
  return [...table.entries()];
}
