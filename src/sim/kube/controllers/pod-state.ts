/**
 * What controllers ask of a pod. Source: k8s.io/kubernetes pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go.
 */
import { parseTimestamp, type Millis } from '../../core/time.ts';
import type { Json, JsonObject } from '../../../base/json.ts';
import { listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';

export const conditionOf = (object: KubeObject, type: string): JsonObject | undefined =>
  listAt(object.status, 'conditions').find((item) => textAt(item, 'type') === type);

/** Asked of thousands of pods at every look of their controller: it walks the conditions without making anything. */
export function isReady(pod: KubeObject): boolean {
  const conditions = pod.status?.['conditions'];
  if (!Array.isArray(conditions)) return false;
  for (const condition of conditions as readonly JsonObject[])
    if (condition['type'] === 'Ready') return condition['status'] === 'True';
  return false;
}

export function isTerminal(pod: KubeObject): boolean {
  const phase = pod.status?.['phase'];
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Counts for its controller: neither ended nor on its way out. */
export const isActive = (pod: KubeObject): boolean =>
  !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;

/** Virtual milliseconds until the pod has been ready for `minReadySeconds`; 0 when it has, undefined when not ready. */
export function untilAvailable(
  tx: ClusterTransaction,
  pod: KubeObject,
  minReadySeconds: number,
): Millis | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = parseTimestamp(textAt(conditionOf(pod, 'Ready'), 'lastTransitionTime')) - tx.epoch;
  return Math.max(0, since + minReadySeconds * 1000 - tx.now);
}

/** Sets or replaces a condition; its transition time moves only when its status does. */
export function withCondition(
  conditions: readonly JsonObject[],
  condition: JsonObject & { readonly type: string; readonly status: string },
  timestamp: string,
): readonly JsonObject[] {
  const lastTransitionTime = transitionTime(conditions, condition, timestamp);
  const made: JsonObject = { ...condition, lastTransitionTime };
  const old = conditions.find((item) => item['type'] === condition.type);
  return old ? conditions.map((item) => (item === old ? made : item)) : [...conditions, made];
}

/** When a condition took on its status: as before when that is no other, else now. */
export function transitionTime(
  before: readonly JsonObject[],
  { type, status }: { readonly type: string; readonly status: string },
  timestamp: string,
): Json {
  for (const condition of before)
    if (condition['type'] === type)
      return (condition['status'] === status ? condition['lastTransitionTime'] : timestamp) ?? timestamp;
  return timestamp;
}
