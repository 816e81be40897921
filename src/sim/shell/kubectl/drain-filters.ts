/** Which pods of a node a drain may take away, and what it says of the others. Source: k8s.io/kubectl/pkg/drain/filters.go v0.35. */
import type { JsonObject } from '../../../base/json.ts';
import { listAt, textAt } from '../../kube/fields.ts';
import { parseTimestamp } from '../../core/time.ts';
import { wallClock, type Call } from './call.ts';
import { refOf } from './targets.ts';

export interface Judged {
  readonly pods: readonly JsonObject[];
  /** `deleting Pods that declare no controller: default/web`. */
  readonly warnings: readonly string[];
  /** Why nothing may be taken. */
  readonly errors: readonly string[];
}

type Verdict =
  | { readonly kind: 'take' }
  | { readonly kind: 'take-warning'; readonly words: string }
  | { readonly kind: 'leave'; readonly words?: string }
  | { readonly kind: 'refuse'; readonly words: string };

const TAKE: Verdict = { kind: 'take' };

/** A later filter is asked only when the ones before would take the pod. */
export function judged(call: Call, pods: readonly JsonObject[]): Judged {
  const taken: JsonObject[] = [];
  const warnings = new Map<string, string[]>();
  const errors = new Map<string, string[]>();
  for (const pod of pods) {
    const verdict = verdictOn(call, pod);
    if (verdict.kind === 'take' || verdict.kind === 'take-warning') taken.push(pod);
    if (!('words' in verdict) || verdict.words === undefined) continue;
    const told = verdict.kind === 'refuse' ? errors : warnings;
    const name = `${textAt(pod, 'metadata', 'namespace')}/${textAt(pod, 'metadata', 'name')}`;
    told.set(verdict.words, [...(told.get(verdict.words) ?? []), name]);
  }
  return {
    pods: taken,
    warnings: [...warnings].map(([words, names]) => `${words}: ${names.join(', ')}`),
    errors: [...errors].map(([words, names]) => `cannot delete ${words}: ${names.join(', ')}`),
  };
}

function verdictOn(call: Call, pod: JsonObject): Verdict {
  let warning: Verdict = TAKE;
  for (const filter of [leaving, ofDaemonSet, mirror, localStorage, unreplicated]) {
    const verdict = filter(call, pod);
    if (verdict.kind === 'leave' || verdict.kind === 'refuse') return verdict;
    if (verdict.kind === 'take-warning') warning = verdict;
  }
  return warning;
}

const controllerOf = (pod: JsonObject): JsonObject | undefined =>
  listAt(pod, 'metadata', 'ownerReferences').find((owner) => owner['controller'] === true);

const hasEnded = (pod: JsonObject): boolean =>
  ['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase'));

function ofDaemonSet(call: Call, pod: JsonObject): Verdict {
  const controller = controllerOf(pod);
  if (textAt(controller, 'kind') !== 'DaemonSet' || hasEnded(pod)) return TAKE;
  const name = textAt(controller, 'name');
  const type = call.api.type('daemonsets.apps');
  if (!call.api.find(refOf(type, textAt(pod, 'metadata', 'namespace'), name))) {
    const words = `daemonsets.apps ${JSON.stringify(name)} not found`;
    return call.flags.is('force') ? { kind: 'take-warning', words } : { kind: 'refuse', words };
  }
  return call.flags.is('ignore-daemonsets')
    ? { kind: 'leave', words: 'ignoring DaemonSet-managed Pods' }
    : { kind: 'refuse', words: 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' };
}

/** The kubelet's own pods come back whatever the server says. */
function mirror(_call: Call, pod: JsonObject): Verdict {
  return textAt(pod, 'metadata', 'annotations', 'kubernetes.io/config.mirror') === ''
    ? TAKE
    : { kind: 'leave' };
}

function localStorage(call: Call, pod: JsonObject): Verdict {
  const keepsData = listAt(pod, 'spec', 'volumes').some((volume) => volume['emptyDir'] !== undefined);
  if (!keepsData || hasEnded(pod)) return TAKE;
  return call.flags.is('delete-emptydir-data')
    ? { kind: 'take-warning', words: 'deleting Pods with local storage' }
    : { kind: 'refuse', words: 'Pods with local storage (use --delete-emptydir-data to override)' };
}

function unreplicated(call: Call, pod: JsonObject): Verdict {
  if (hasEnded(pod) || controllerOf(pod)) return TAKE;
  return call.flags.is('force')
    ? { kind: 'take-warning', words: 'deleting Pods that declare no controller' }
    : {
        kind: 'refuse',
        words: 'cannot delete Pods that declare no controller (use --force to override)',
      };
}

function leaving(call: Call, pod: JsonObject): Verdict {
  const seconds = call.flags.int('skip-wait-for-delete-timeout');
  const deleted = textAt(pod, 'metadata', 'deletionTimestamp');
  const isLong = deleted !== '' && wallClock(call.io) - parseTimestamp(deleted) > seconds * 1000;
  return seconds > 0 && isLong ? { kind: 'leave' } : TAKE;
}
