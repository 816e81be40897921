/**
 * Kinds that an aggregated API server serves: what it shows are objects of another kind in the same store, and what is
 * written to it is written to that kind, whose own rules hold, too. Nothing is kept twice, so both always agree.
 * Source: Kubernetes "Aggregation Layer"; k8s.io/apiserver pkg/registry/generic/registry/dryrun.go, Kubernetes 1.35.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { deleteObject, type DeletionOptions } from './deletion.ts';
import type { Failure } from './failure.ts';
import type { KubeObject, ResourceName } from './object.ts';
import type { ResourceType } from './resource.ts';
import type { StoreEvent } from './store.ts';
import type { ClusterTransaction } from './transaction.ts';

export interface View {
  /** The kind whose objects are shown. */
  readonly of: ResourceType;
  /** The same object for the same stored one. */
  shown(stored: KubeObject): KubeObject;
  /** What is to be stored for a written object; `before` is what is stored now. A failure is the server's own refusal. */
  kept(
    object: KubeObject,
    before: KubeObject | undefined,
    tx: ClusterTransaction,
  ): Result<KubeObject, Failure>;
  /** Puts things in order before an object goes, or refuses. */
  leaving?(stored: KubeObject, tx: ClusterTransaction): Failure | undefined;
}

type Viewed = Pick<ResourceType, 'name' | 'view'>;

/** Where the store has the objects of a kind. */
export const storedAs = ({ name, view }: Viewed): ResourceName => view?.of.name ?? name;

export const shownAs = ({ view }: Viewed, stored: KubeObject): KubeObject =>
  view ? view.shown(stored) : stored;

export function shownChange(type: Viewed, change: StoreEvent): StoreEvent {
  if (!type.view) return change;
  const { before } = change;
  return {
    ...change,
    object: shownAs(type, change.object),
    ...(before && { before: shownAs(type, before) }),
  };
}

/** What the kind behind a view refuses is an error inside the server in front of it. */
export const insideFailure = <T>(answer: Result<T, Failure>): Result<T, Failure> =>
  answer.ok ? answer : err({ code: 500, reason: '', message: answer.error.message });

/** Deletes an object that may be one of a view; otherwise the object as it waits for its end, undefined when it is gone. */
export function deleteShown(
  tx: ClusterTransaction,
  type: ResourceType,
  object: KubeObject,
  options: DeletionOptions,
): Result<KubeObject | undefined, Failure> {
  const { view } = type;
  if (!view) return ok(deleteObject(tx, type, object, options));
  const { namespace, name } = object.metadata;
  const stored = tx.get(view.of.name, namespace, name);
  if (stored && (object.metadata.finalizers ?? []).length > 0) return marked(tx, { view, object, stored });
  const why = stored && view.leaving?.(stored, tx);
  if (why) return err(why);
  const current = tx.get(view.of.name, namespace, name);
  const waiting = current && deleteObject(tx, view.of, current, options);
  return ok(waiting && view.shown(waiting));
}

/** Its finalizers are those that the view shows: the stored object need not know of them. */
function marked(
  tx: ClusterTransaction,
  { view, object, stored }: { readonly view: View; readonly object: KubeObject; readonly stored: KubeObject },
): Result<KubeObject, Failure> {
  if (object.metadata.deletionTimestamp !== undefined) return ok(object);
  const metadata = { ...object.metadata, deletionTimestamp: tx.timestamp, deletionGracePeriodSeconds: 0 };
  const kept = view.kept({ ...object, metadata }, stored, tx);
  if (!kept.ok) return kept;
  const { labels, annotations } = kept.value.metadata;
  const whole = { ...stored.metadata, ...(labels && { labels }), ...(annotations && { annotations }) };
  return ok(view.shown(tx.put(view.of.name, { ...kept.value, metadata: whole })));
}
