/**
 * Waiting for an object in virtual time: look at it now, then at every change, until a check is content, the time is up,
 * or the learner presses Ctrl-C. Source: k8s.io/client-go/tools/watch UntilWithSync.
 */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { Call } from './call.ts';
import { itemsOf, type ObjectRef } from './api-client.ts';

/** Undefined object: it does not exist (any more). */
export type Check = (object: JsonObject | undefined) => 'done' | 'wait' | Promise<'done' | 'wait'>;

interface Wish {
  readonly timeout?: number;
  readonly check: Check;
}

/** `timeout` in virtual milliseconds; undefined waits for ever. A watch that the server ends begins again with a list. */
export async function until(call: Call, ref: ObjectRef, wish: Wish): Promise<'done' | 'timeout'> {
  using deadline = new Deadline(call, wish.timeout);
  try {
    while (!deadline.signal.aborted) {
      if ((await listAndWatch(call, ref, { check: wish.check, signal: deadline.signal })) === 'done')
        return 'done';
    }
  } catch (error) {
    if (!deadline.passed) throw error;
  }
  call.io.signal.throwIfAborted();
  return 'timeout';
}

/** 'ended' when the server ended the watch (410 Gone when what it goes on from is forgotten), or the signal did. */
async function listAndWatch(
  call: Call,
  ref: ObjectRef,
  { check, signal }: { readonly check: Check; readonly signal: AbortSignal },
): Promise<'done' | 'ended'> {
  const query = { fieldSelector: `metadata.name=${ref.name}` };
  const list = call.api.list(ref.type, ref.namespace, query);
  if ((await check(itemsOf(list)[0])) === 'done') return 'done';
  const metadata = isJsonObject(list['metadata']) ? list['metadata'] : {};
  const resourceVersion = String(metadata['resourceVersion'] ?? '0');
  const events = call.api.watch(ref.type, ref.namespace, { ...query, resourceVersion, signal });
  for await (const event of events) {
    if (event.type === 'ERROR') return 'ended';
    if (event.type === 'BOOKMARK') continue;
    const object = event.type === 'DELETED' ? undefined : event.object;
    if ((await check(object)) === 'done') return 'done';
  }
  return 'ended';
}

/** Ends a watch after some virtual time, or with the command. */
class Deadline {
  readonly signal: AbortSignal;
  readonly #own = new AbortController();
  #passed = false;

  constructor(call: Call, timeout: number | undefined) {
    this.signal = AbortSignal.any([call.io.signal, this.#own.signal]);
    if (timeout !== undefined) void this.#run(call, timeout);
  }

  get passed(): boolean {
    return this.#passed;
  }

  async #run(call: Call, timeout: number): Promise<void> {
    try {
      await call.io.clock.sleep(timeout, this.signal);
    } catch {
      return; // The watch ended first: nobody waits for this clock any more.
    }
    this.#passed = true;
    this.#own.abort();
  }

  [Symbol.dispose](): void {
    this.#own.abort();
  }
}
