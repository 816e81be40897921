/**
 * Taking pods off a node, all at once: each is evicted (or deleted), again every five seconds while a disruption budget
 * refuses, and awaited until it is gone. Source: k8s.io/kubectl/pkg/drain/drain.go v0.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { CONTENT_TYPE } from '../../kube/api.ts';
import { textAt } from '../../kube/fields.ts';
import { objectPath, type ObjectRef } from './api-client.ts';
import type { Call } from './call.ts';
import { ApiFailure } from './failure.ts';
import type { DryRun } from './reporting.ts';
import { refOf } from './targets.ts';
import { until } from './watching.ts';

const RETRY = 5000;

export class Evictions {
  readonly #call: Call;
  readonly #dryRun: DryRun;
  /** When time is up, in virtual milliseconds; undefined has no limit. */
  readonly #deadline: number | undefined;

  constructor(call: Call, dryRun: DryRun) {
    this.#call = call;
    this.#dryRun = dryRun;
    const limit = call.flags.millis('timeout');
    this.#deadline = limit > 0 ? call.io.clock.now() + limit : undefined;
  }

  /** What went wrong, pod by pod. */
  async run(pods: readonly JsonObject[]): Promise<readonly string[]> {
    const outcomes = await Promise.all(pods.map((pod) => this.#remove(pod)));
    return outcomes.filter((problem) => problem !== undefined);
  }

  async #remove(pod: JsonObject): Promise<string | undefined> {
    const [namespace, name] = [textAt(pod, 'metadata', 'namespace'), textAt(pod, 'metadata', 'name')];
    const ref = refOf(this.#call.api.type('pods'), namespace, name);
    const direct = this.#call.flags.is('disable-eviction');
    const problem = direct ? await this.#delete(ref) : await this.#evict(ref);
    if (problem !== undefined || this.#dryRun !== 'none') return problem;
    return this.#awaitGone(ref, {
      uid: textAt(pod, 'metadata', 'uid'),
      done: direct ? 'deleted' : 'evicted',
    });
  }

  async #evict(ref: ObjectRef): Promise<string | undefined> {
    const { namespace = '', name } = ref;
    const what = `error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}`;
    for (;;) {
      const dry = { none: '', client: ' (dry run)', server: ' (server dry run)' }[this.#dryRun];
      await this.#call.out(`evicting pod ${namespace}/${name}${dry}\n`);
      if (this.#dryRun === 'client') return undefined;
      if (this.#timeIsUp()) return `${what}: ${this.#globalTimeout()}`;
      const refusal = this.#ask(ref);
      if (!refusal) return undefined;
      if (refusal.code !== 429) return `${what}: ${refusal.detail}`;
      await this.#call.err(`${what} (will retry after 5s): ${refusal.detail}\n`);
      await this.#call.io.clock.sleep(RETRY, this.#call.io.signal);
    }
  }

  /** The server's refusal; a pod that is gone already is no matter. */
  #ask(ref: ObjectRef): ApiFailure | undefined {
    const grace = this.#call.flags.int('grace-period');
    const deleteOptions = {
      ...(grace < 0 ? {} : { gracePeriodSeconds: grace }),
      ...(this.#dryRun === 'server' ? { dryRun: ['All'] } : {}),
    };
    try {
      this.#call.api.raw({
        method: 'POST',
        path: `${objectPath(ref)}/eviction`,
        contentType: CONTENT_TYPE.json,
        body: {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: ref.name, namespace: ref.namespace ?? '' },
          deleteOptions,
        },
      });
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return error.notFound ? undefined : error;
    }
  }

  async #delete(ref: ObjectRef): Promise<string | undefined> {
    const dry = { none: '', client: ' (dry run)', server: ' (server dry run)' }[this.#dryRun];
    if (dry !== '') await this.#call.out(`deleting pod ${ref.namespace ?? ''}/${ref.name}${dry}\n`);
    if (this.#dryRun === 'client') return undefined;
    const grace = this.#call.flags.int('grace-period');
    try {
      this.#call.api.delete(ref, grace < 0 ? {} : { gracePeriodSeconds: grace }, this.#dryRun === 'server');
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return error.notFound ? undefined : error.detail;
    }
  }

  async #awaitGone(
    ref: ObjectRef,
    wanted: { readonly uid: string; readonly done: string },
  ): Promise<string | undefined> {
    const left = this.#deadline === undefined ? undefined : this.#deadline - this.#call.io.clock.now();
    const outcome = await until(this.#call, ref, {
      ...(left === undefined ? {} : { timeout: Math.max(0, left) }),
      check: (object) => (!object || textAt(object, 'metadata', 'uid') !== wanted.uid ? 'done' : 'wait'),
    });
    if (outcome === 'timeout') {
      const where = `in namespace ${JSON.stringify(ref.namespace ?? '')}`;
      return `error when waiting for pod ${JSON.stringify(ref.name)} ${where} to terminate: ${this.#globalTimeout()}`;
    }
    await this.#call.out(`pod/${ref.name} ${wanted.done}\n`);
    return undefined;
  }

  #timeIsUp(): boolean {
    return this.#deadline !== undefined && this.#call.io.clock.now() >= this.#deadline;
  }

  #globalTimeout(): string {
    return `global timeout reached: ${goDuration(this.#call.flags.millis('timeout'))}`;
  }
}

/** As Go prints a duration: `1m30s`, `500ms`. */
function goDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const [hours, minutes] = [Math.trunc(milliseconds / 3_600_000), Math.trunc(milliseconds / 60_000) % 60];
  const seconds = `${(milliseconds % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
