/** Making and removing pods on behalf of a controller, with the events that tell of it. */
import type { JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import { createObject } from '../admission.ts';
import { deleteObject } from '../deletion.ts';
import { objectAt } from '../fields.ts';
import { PODS } from '../kinds/pod.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import { controllerReferences } from './ownership.ts';

export interface PodWish {
  readonly owner: KubeObject;
  readonly component: string;
  /** Instead of `<owner>-<random>`. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Members of the pod spec that differ from the template. */
  readonly spec?: JsonObject;
}

const prefixOf = memoize((owner: string): string => `${owner}-`, 8);

/** A pod from the owner's `spec.template`. */
export function createPod(tx: ClusterTransaction, wish: PodWish): KubeObject {
  const { owner, component } = wish;
  const template = objectAt(owner.spec, 'template');
  const shared = objectAt(template, 'metadata', 'labels') as Readonly<Record<string, string>>;
  const labels = wish.labels ? { ...shared, ...wish.labels } : shared;
  const annotations = objectAt(template, 'metadata', 'annotations') as Readonly<Record<string, string>>;
  const pod = createObject(tx, PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: wish.name ?? '',
      ...(wish.name === undefined ? { generateName: prefixOf(owner.metadata.name) } : {}),
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: controllerReferences(owner),
    },
    // Pods of one template share its labels and its spec: what is worked out for one serves all.
    spec: wish.spec ? { ...objectAt(template, 'spec'), ...wish.spec } : objectAt(template, 'spec'),
  });
  recordEvent(tx, {
    about: owner,
    type: 'Normal',
    reason: 'SuccessfulCreate',
    message:
      component === 'statefulset-controller'
        ? `create Pod ${pod.metadata.name} in StatefulSet ${owner.metadata.name} successful`
        : `Created pod: ${pod.metadata.name}`,
    component,
  });
  return pod;
}

export function removePod(
  tx: ClusterTransaction,
  owner: KubeObject,
  pod: KubeObject,
  component: string,
): void {
  deleteObject(tx, PODS, pod);
  recordEvent(tx, {
    about: owner,
    type: 'Normal',
    reason: 'SuccessfulDelete',
    message:
      component === 'statefulset-controller'
        ? `delete Pod ${pod.metadata.name} in StatefulSet ${owner.metadata.name} successful`
        : `Deleted pod: ${pod.metadata.name}`,
    component,
  });
}
