/**
 * Deleting: at once, gracefully (pods), or by marking an object whose finalizers must run first.
 * Source: k8s.io/apiserver pkg/registry/rest/delete.go, pkg/registry/generic/registry/store.go; core pod strategy.
 */
import { timestamp } from '../core/time.ts';
import { numberAt, textAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import type { ResourceType } from './resource.ts';
import type { ClusterTransaction } from './transaction.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeletionOptions {
  readonly propagation?: Propagation;
  /** Overrides the pod's own grace period; 0 removes it at once. */
  readonly gracePeriodSeconds?: number;
}

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** Undefined when the object is gone; otherwise the object as it waits for its end. */
export function deleteObject(
  tx: ClusterTransaction,
  type: Pick<ResourceType, 'name'>,
  object: KubeObject,
  options: DeletionOptions = {},
): KubeObject | undefined {
  const { metadata } = object;
  const finalizers = withPropagation(metadata.finalizers ?? [], options.propagation);
  const grace = type.name === 'pods' ? podGrace(object, options.gracePeriodSeconds) : 0;
  const contents = type.name === 'namespaces';
  if (grace === 0 && finalizers.length === 0 && !contents) {
    tx.delete(type.name, metadata.namespace, metadata.name);
    return undefined;
  }
  if (metadata.deletionTimestamp !== undefined && (metadata.deletionGracePeriodSeconds ?? 0) <= grace)
    return object;
  return mark(tx, type, object, { grace, finalizers });
}

function mark(
  tx: ClusterTransaction,
  type: Pick<ResourceType, 'name'>,
  object: KubeObject,
  { grace, finalizers }: { readonly grace: number; readonly finalizers: readonly string[] },
): KubeObject {
  const { metadata } = object;
  const contents = type.name === 'namespaces';
  return tx.put(type.name, {
    ...object,
    ...(contents ? { status: { ...object.status, phase: 'Terminating' } } : {}),
    metadata: {
      ...metadata,
      deletionTimestamp: timestamp(tx.epoch, tx.now + grace * 1000),
      deletionGracePeriodSeconds: grace,
      ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  });
}

function withPropagation(
  finalizers: readonly string[],
  propagation: Propagation | undefined,
): readonly string[] {
  const kept =
    propagation === undefined
      ? finalizers
      : finalizers.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  if (propagation === 'Foreground') return [...kept, FOREGROUND];
  return propagation === 'Orphan' ? [...kept, ORPHAN] : kept;
}

const DEFAULT_GRACE = 30;

/** A pod that no kubelet runs, or that has ended, needs no grace. */
function podGrace(pod: KubeObject, asked: number | undefined): number {
  const phase = textAt(pod.status, 'phase');
  if (textAt(pod.spec, 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  if (asked !== undefined) return Math.max(asked, 0);
  const own = pod.spec?.['terminationGracePeriodSeconds'];
  return own === undefined ? DEFAULT_GRACE : numberAt(pod.spec, 'terminationGracePeriodSeconds');
}
