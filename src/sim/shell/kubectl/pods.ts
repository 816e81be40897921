/**
 * Finding the pod that `exec`, `logs` and `run` mean: `web`, `pod/web`, or the first pod of `deploy/web`, and its
 * container. Source: k8s.io/kubectl/pkg/polymorphichelpers, pkg/cmd/util/podcmd v0.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { listAt, objectAt, textAt } from '../../kube/fields.ts';
import { printSelector, selectorOf } from '../../kube/selector.ts';
import type { Call } from './call.ts';
import { Failure } from './failure.ts';
import { refOf } from './targets.ts';

/** The object an argument names: a bare word is a pod. */
export function podLikeObject(call: Call, argument: string): JsonObject {
  const [word, name, ...more] = argument.includes('/') ? argument.split('/') : ['pods', argument];
  if (more.length > 0)
    throw new Failure('error: arguments in resource/name form may not have more than one slash');
  if (word === undefined || word === '' || name === undefined || name === '') {
    throw new Failure('error: arguments in resource/name form must have a single resource and name');
  }
  const type = call.api.type(word);
  const object = call.api.get(refOf(type, call.namespace, name));
  return {
    apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    ...object,
  };
}

/** Pods behind an object, the readiest first; the object itself when it is a pod. */
export function podsOf(call: Call, object: JsonObject): readonly JsonObject[] {
  if (object['kind'] === 'Pod') return [object];
  const selector = selectorText(object);
  if (selector === '') {
    throw new Failure(
      `error: cannot attach to *unstructured.Unstructured: selector for ${String(object['kind'])} not implemented`,
    );
  }
  const pods = call.api.items(call.api.type('pods'), textAt(object, 'metadata', 'namespace'), {
    labelSelector: selector,
  });
  return [...pods].sort((a, b) => Number(isReady(b)) - Number(isReady(a)));
}

function selectorText(object: JsonObject): string {
  const selector = objectAt(object, 'spec', 'selector');
  const isMap = Object.values(selector).every((value) => typeof value === 'string');
  return printSelector(selectorOf(isMap ? { matchLabels: selector } : selector));
}

function isReady(pod: JsonObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => condition['type'] === 'Ready' && condition['status'] === 'True',
  );
}

/** The container a command goes to; says which one when it had to choose. */
export async function defaultContainer(call: Call, pod: JsonObject, wanted: string): Promise<string> {
  const groups = [
    { list: listAt(pod, 'spec', 'containers'), note: '' },
    { list: listAt(pod, 'spec', 'ephemeralContainers'), note: ' (ephem)' },
    { list: listAt(pod, 'spec', 'initContainers'), note: ' (init)' },
  ];
  const all = groups.flatMap(({ list, note }) =>
    list.map((container) => ({ name: textAt(container, 'name'), note })),
  );
  if (wanted !== '') {
    if (all.some(({ name }) => name === wanted)) return wanted;
    throw new Failure(
      `Error from server (BadRequest): container ${wanted} is not valid for pod ${textAt(pod, 'metadata', 'name')}`,
    );
  }
  const annotations = objectAt(pod, 'metadata', 'annotations');
  const chosen = annotations['kubectl.kubernetes.io/default-container'];
  if (typeof chosen === 'string' && all.some(({ name }) => name === chosen)) return chosen;
  const first = all[0]?.name ?? '';
  if (all.length > 1) {
    await call.err(
      `Defaulted container ${JSON.stringify(first)} out of: ${all.map(({ name, note }) => name + note).join(', ')}\n`,
    );
  }
  return first;
}

/** Why nothing can run in a pod that has ended; undefined when it has not. */
export function completed(pod: JsonObject): string | undefined {
  const phase = textAt(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed'
    ? `error: cannot exec into a container in a completed pod; current phase is ${phase}`
    : undefined;
}

/** Why nothing can run in a container; undefined when it runs. */
export function notRunning(pod: JsonObject, container: string): string | undefined {
  const name = textAt(pod, 'metadata', 'name');
  if (textAt(pod, 'spec', 'nodeName') === '') {
    return `Error from server (BadRequest): pod ${name} does not have a host assigned`;
  }
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const status = statuses.find((candidate) => candidate['name'] === container);
  if (objectAt(status, 'state')['running'] !== undefined) return undefined;
  return `error: Internal error occurred: unable to upgrade connection: container not found (${JSON.stringify(container)})`;
}
