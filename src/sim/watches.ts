/** Watches as streams: asks `kube/watch.ts` again whenever the world has changed, until the client goes. */
import type { Unsubscribe } from '../base/event.ts';
import { AsyncQueue } from './async-queue.ts';
import type { ApiRequest, ApiWatchEvent } from './kube/api.ts';
import { failureResponse } from './kube/failure.ts';
import type { Registry } from './kube/registry.ts';
import { watchFrom } from './kube/watch.ts';
import type { World } from './stacks.ts';

export interface WatchOptions {
  readonly request: ApiRequest;
  readonly signal: AbortSignal;
  readonly registry: Registry;
  readonly world: () => World;
  readonly onChange: (listener: () => void) => Unsubscribe;
}

/** Ends with the signal, after an ERROR event, or when the world goes back to an earlier state. */
export function watchEvents({
  request,
  signal,
  registry,
  world,
  onChange,
}: WatchOptions): AsyncIterable<ApiWatchEvent> {
  const queue = new AsyncQueue<ApiWatchEvent>();
  const asked = request.query?.['resourceVersion'];
  let revision = asked === undefined || asked === '' || asked === '0' ? undefined : Number(asked);
  const look = (): void => {
    const { store, epoch, now } = world().cluster;
    if (revision === store.revision) return;
    if (revision !== undefined && store.revision < revision) {
      close();
      return;
    }
    const batch = watchFrom({ store, epoch, now }, registry, request, revision);
    if (!batch.ok) {
      queue.push({ type: 'ERROR', object: failureResponse(batch.error).body });
      close();
      return;
    }
    revision = batch.value.revision;
    for (const event of batch.value.events) queue.push(event);
    if (batch.value.events.some(({ type }) => type === 'ERROR')) close();
  };
  const unsubscribe = onChange(look);
  const close = (): void => {
    unsubscribe();
    signal.removeEventListener('abort', close);
    queue.close();
  };
  if (signal.aborted) close();
  else {
    signal.addEventListener('abort', close, { once: true });
    look();
  }
  return queue;
}
