/** Watches as streams: asks `kube/watch.ts` again whenever the world has changed, until the client goes. */
import type { Unsubscribe } from '../base/event.ts';
import type { JsonObject } from '../base/json.ts';
import { ok } from '../base/result.ts';
import { AsyncQueue } from './async-queue.ts';
import type { ApiRequest, ApiWatchEvent } from './kube/api.ts';
import { expired, failureResponse } from './kube/failure.ts';
import { freshEnough } from './kube/list-options.ts';
import { parsePath } from './kube/path.ts';
import type { Registry } from './kube/registry.ts';
import { apiVersionOf } from './kube/resource.ts';
import { watchFrom } from './kube/watch.ts';
import type { World } from './stacks.ts';

export interface WatchOptions {
  readonly request: ApiRequest;
  readonly signal: AbortSignal;
  readonly registry: Registry;
  readonly world: () => World;
  readonly onChange: (listener: () => void) => Unsubscribe;
  /** The world is about to be exchanged for a kept one. */
  readonly onRestored: (listener: () => void) => Unsubscribe;
}

/** Virtual milliseconds between two bookmarks of a quiet watch. */
const BOOKMARK_EVERY = 60_000;

/** Marks the bookmark after the objects that a watch began with. */
const INITIAL_EVENTS_END = { annotations: { 'k8s.io/initial-events-end': 'true' } };

const wantsBookmarks = ({ query }: ApiRequest): boolean => query?.['allowWatchBookmarks'] === 'true';

function bookmark(
  registry: Registry,
  { path }: ApiRequest,
  revision: number,
  metadata: JsonObject = {},
): ApiWatchEvent {
  const type = parsePath(registry, path)?.type;
  const named = type ? { kind: type.kind, apiVersion: apiVersionOf(type) } : {};
  return {
    type: 'BOOKMARK',
    object: { ...named, metadata: { resourceVersion: String(revision), ...metadata } },
  };
}

interface Beginning {
  /** What comes after it is told; undefined: what is there is told first. */
  readonly revision: number | undefined;
  /** What is there is told, and then a bookmark to those who want any. */
  readonly opening: boolean;
}

/** Without a version a watch begins with what is there, as one that asks for it. */
function beginningOf({ query = {} }: ApiRequest): Beginning {
  const { resourceVersion = '', sendInitialEvents } = query;
  const revision = resourceVersion === '' || resourceVersion === '0' ? undefined : Number(resourceVersion);
  const opening = (sendInitialEvents ?? String(revision === undefined)) === 'true';
  return { revision: opening ? undefined : revision, opening };
}

/**
 * Ends with the signal or after an ERROR event. One of those is 410 Gone when the world is exchanged: what a client has
 * seen may be no part of the other world's past, so it must list anew.
 */
export function watchEvents({
  request,
  signal,
  registry,
  world,
  onChange,
  onRestored,
}: WatchOptions): AsyncIterable<ApiWatchEvent> {
  const queue = new AsyncQueue<ApiWatchEvent>();
  let { revision, opening } = beginningOf(request);
  const known = opening ? freshEnough(world().cluster.store, request.query) : ok(0);
  let bookmarkAt = wantsBookmarks(request) ? world().cluster.now + BOOKMARK_EVERY : Number.POSITIVE_INFINITY;
  const look = (): void => {
    const { store, epoch, now } = world().cluster;
    if (now >= bookmarkAt && revision === store.revision) {
      bookmarkAt = now + BOOKMARK_EVERY;
      queue.push(bookmark(registry, request, revision));
    }
    if (revision === store.revision) return;
    const batch = watchFrom({ store, epoch, now }, registry, request, revision);
    if (!batch.ok) {
      queue.push({ type: 'ERROR', object: failureResponse(batch.error).body });
      close();
      return;
    }
    revision = batch.value.revision;
    for (const event of batch.value.events) queue.push(event);
    if (opening && wantsBookmarks(request))
      queue.push(bookmark(registry, request, revision, INITIAL_EVENTS_END));
    opening = false;
    if (batch.value.events.some(({ type }) => type === 'ERROR')) close();
  };
  const gone = (): void => {
    const { revision: latest } = world().cluster.store;
    queue.push({ type: 'ERROR', object: failureResponse(expired(revision ?? latest, latest)).body });
    close();
  };
  const ends = [onChange(look), onRestored(gone)];
  const close = (): void => {
    for (const end of ends) end();
    signal.removeEventListener('abort', close);
    queue.close();
  };
  if (!known.ok) queue.push({ type: 'ERROR', object: failureResponse(known.error).body });
  if (signal.aborted || !known.ok) close();
  else {
    signal.addEventListener('abort', close, { once: true });
    look();
  }
  return queue;
}
