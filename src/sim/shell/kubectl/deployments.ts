/** A deployment and its replica sets, as clients tell them apart. Source: k8s.io/kubectl/pkg/util/deployment v0.35. */
import { jsonEquals, type JsonObject } from '../../../base/json.ts';
import { listAt, objectAt, textAt } from '../../kube/fields.ts';
import { printSelector, selectorOf } from '../../kube/selector.ts';
import type { Call } from './call.ts';

/** Replica sets that the deployment controls, in the order of the list. */
export function replicaSetsOf(call: Pick<Call, 'api'>, deployment: JsonObject): readonly JsonObject[] {
  const type = call.api.types.named('replicasets.apps');
  if (!type) return [];
  const uid = textAt(deployment, 'metadata', 'uid');
  const labelSelector = printSelector(selectorOf(objectAt(deployment, 'spec', 'selector')));
  return call.api
    .items(type, textAt(deployment, 'metadata', 'namespace'), { labelSelector })
    .filter((set) => isControlledBy(set, uid));
}

export function isControlledBy(object: JsonObject, uid: string): boolean {
  return listAt(object, 'metadata', 'ownerReferences').some(
    (owner) => owner['controller'] === true && owner['uid'] === uid,
  );
}

/** The replica set whose template is the deployment's. */
export function newReplicaSet(deployment: JsonObject, sets: readonly JsonObject[]): JsonObject | undefined {
  const wanted = objectAt(deployment, 'spec', 'template');
  return sets.find((set) => jsonEquals(withoutHash(objectAt(set, 'spec', 'template')), withoutHash(wanted)));
}

function withoutHash(template: JsonObject): JsonObject {
  const metadata = objectAt(template, 'metadata');
  const { 'pod-template-hash': _hash, ...labels } = objectAt(metadata, 'labels');
  const { creationTimestamp: _never, ...rest } = metadata;
  return { ...template, metadata: { ...rest, labels } };
}

export function revisionOf(object: JsonObject): number {
  return Number(textAt(object, 'metadata', 'annotations', 'deployment.kubernetes.io/revision') || '0');
}
