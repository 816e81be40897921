/**
 * Watches: what changed since a resource version, as the client selected it. A driver polls with the last version it
 * saw; objects that enter or leave the selection appear as added or deleted.
 * Source: Kubernetes API concepts, "Efficient detection of changes"; k8s.io/apiserver pkg/storage/cacher.
 */
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Epoch, Millis } from '../core/time.ts';
import { asJson } from './admission.ts';
import type { ApiRequest, ApiWatchEvent } from './api.ts';
import { expired, failureResponse, unknownResource, type Failure } from './failure.ts';
import type { KubeObject } from './object.ts';
import { parsePath, type Target } from './path.ts';
import { filterOf, type ObjectFilter } from './query.ts';
import type { Registry } from './registry.ts';
import { wallClock } from './resource.ts';
import type { ObjectStore, StoreEvent } from './store.ts';
import { tableOf, wantsTable } from './table-response.ts';
import { shownAs, shownChange, storedAs } from './views.ts';

export interface WatchBatch {
  readonly events: readonly ApiWatchEvent[];
  /** Where the next call goes on. */
  readonly revision: number;
}

export interface WatchView {
  readonly store: ObjectStore;
  readonly epoch: Epoch;
  readonly now: Millis;
}

/**
 * Events after `revision`; without it, every selected object as ADDED (a watch from now on, with its start state). An
 * expired revision is one ERROR event carrying a 410 Status, as on the wire. The error is a bad request.
 */
export function watchFrom(
  view: WatchView,
  registry: Registry,
  request: ApiRequest,
  revision: number | undefined,
): Result<WatchBatch, Failure> {
  const { store } = view;
  const target = parsePath(registry.servedIn(store), request.path);
  if (!target) return err(unknownResource());
  const filter = filterOf(target, request);
  if (!filter.ok) return filter;
  const asEvent = (type: ApiWatchEvent['type'], object: KubeObject): ApiWatchEvent => ({
    type,
    object: wireObject(view, target, request, object),
  });
  if (revision === undefined) {
    const stored = store.list(storedAs(target.type), target.namespace);
    const selected = stored.map((object) => shownAs(target.type, object)).filter(filter.value);
    return ok({ events: selected.map((object) => asEvent('ADDED', object)), revision: store.revision });
  }
  // One that the store has not come to: what happens until then is not told.
  if (revision >= store.revision) return ok({ events: [], revision });
  const changes = store.since(revision);
  if (!changes) {
    const gone = failureResponse(expired(revision, store.rememberedFrom));
    return ok({ events: [{ type: 'ERROR', object: gone.body }], revision: store.revision });
  }
  const resource = storedAs(target.type);
  const relevant = changes
    .filter((change) => change.resource === resource)
    .map((change) => shownChange(target.type, change));
  const known = new Map<string, boolean>();
  return ok({
    events: relevant.flatMap((change) => {
      const type = seenAs(change, filter.value, known);
      return type === undefined ? [] : [asEvent(type, change.object)];
    }),
    revision: store.revision,
  });
}

/** How a change looks through a selection; `known` remembers which objects were inside it in this batch. */
function seenAs(
  change: StoreEvent,
  filter: ObjectFilter,
  known: Map<string, boolean>,
): ApiWatchEvent['type'] | undefined {
  const uid = change.object.metadata.uid ?? '';
  const inside = filter(change.object);
  const was = known.get(uid) ?? (change.before ? filter(change.before) : change.type === 'DELETED' && inside);
  known.set(uid, inside && change.type !== 'DELETED');
  if (change.type === 'DELETED') return was ? 'DELETED' : undefined;
  if (inside) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

function wireObject(view: WatchView, target: Target, request: ApiRequest, object: KubeObject): JsonObject {
  if (!wantsTable(request)) {
    const json = asJson(object);
    return isJsonObject(json) ? json : {};
  }
  return tableOf(target.type, [object], {
    now: wallClock(view.epoch, view.now),
    include: request.query?.['includeObject'],
    resourceVersion: object.metadata.resourceVersion ?? '',
  });
}
