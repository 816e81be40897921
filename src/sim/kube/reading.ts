/** GET of objects, collections and subresources. */
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Table } from '../core/table.ts';
import { asJson } from './admission.ts';
import type { ApiRequest } from './api.ts';
import { objectNotFound, unknownResource, type Failure } from './failure.ts';
import { freshEnough, listAt, momentOf, type Moment } from './list-options.ts';
import type { KubeObject } from './object.ts';
import { podLog } from './pod-log.ts';
import type { Target } from './path.ts';
import { everything, filterOf } from './query.ts';
import { apiVersionOf, wallClock, type ResourceType } from './resource.ts';
import { SCALE_COLUMNS, scaleOf } from './scale.ts';
import { pageOf } from './paging.ts';
import { tableOf, wantsTable } from './table-response.ts';
import type { ClusterTransaction } from './transaction.ts';
import { shownAs, storedAs } from './views.ts';

export type Answer = Result<JsonObject, Failure>;

/** The object a request names. */
export function found(tx: ClusterTransaction, target: Target): Result<KubeObject, Failure> {
  const { type, namespace, name = '' } = target;
  const object = type.computed
    ? objectsOf(tx, target).find(({ metadata }) => metadata.name === name)
    : tx.get(storedAs(type), type.namespaced ? namespace : undefined, name);
  return object ? ok(shownAs(type, object)) : err(objectNotFound(type, name));
}

/** All objects of a kind, of one namespace when the request names it. */
function objectsOf(tx: ClusterTransaction, { type, namespace }: Target): readonly KubeObject[] {
  if (!type.computed) {
    const stored = storedList(tx.state.store.table(storedAs(type)), namespace);
    return type.view ? stored.map((object) => shownAs(type, object)) : stored;
  }
  return type
    .computed(tx)
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
}

interface StoredList {
  readonly namespace: string | undefined;
  readonly objects: readonly KubeObject[];
}

const storedLists = new WeakMap<Table<KubeObject>, StoredList>();

/** Clients read a long list in pieces, and each piece begins with all of it. */
function storedList(
  table: Table<KubeObject> | undefined,
  namespace: string | undefined,
): readonly KubeObject[] {
  if (!table) return [];
  const known = storedLists.get(table);
  if (known && known.namespace === namespace) return known.objects;
  const objects = table.withPrefix(namespace === undefined ? '' : `${namespace}/`);
  storedLists.set(table, { namespace, objects });
  return objects;
}

export function getObject(tx: ClusterTransaction, target: Target, request: ApiRequest): Answer {
  const known = freshEnough(tx.state.store, request.query);
  if (!known.ok) return known;
  const object = found(tx, target);
  if (!object.ok) return object;
  const asTable = (type: Pick<ResourceType, 'columns'>): JsonObject =>
    table(tx, { type }, request, {
      objects: [object.value],
      resourceVersion: object.value.metadata.resourceVersion,
    });
  const whole = (): JsonObject =>
    wantsTable(request) ? asTable(target.type) : (asJson(object.value) as JsonObject);
  switch (target.subresource) {
    case undefined:
      return ok(whole());
    case 'status':
      return target.type.status ? ok(whole()) : err(unknownResource());
    case 'scale':
      if (!target.type.scale) return err(unknownResource());
      return ok(wantsTable(request) ? asTable({ columns: SCALE_COLUMNS }) : scaleOf(object.value));
    case 'log':
      return target.type.name === 'pods'
        ? podLog(tx, { pod: object.value, query: request.query ?? {}, logs: target.type.logs })
        : err(unknownResource());
    default:
      return err(unknownResource());
  }
}

/** The objects that a list, a watch or a deletecollection selects. */
export function selected(
  tx: ClusterTransaction,
  target: Target,
  request: ApiRequest,
): Result<readonly KubeObject[], Failure> {
  const moment = momentOf(tx.state.store, request);
  if (!moment.ok) return moment;
  // The namespace has been seen to where objects have one.
  const { namespace: _, ...anywhere } = target;
  const filter = filterOf(target.type.namespaced ? anywhere : target, request);
  if (!filter.ok) return filter;
  const objects = objectsAt(tx, target, moment.value);
  if (!objects.ok || filter.value === everything) return objects;
  return ok(objects.value.filter(filter.value));
}

function objectsAt(
  tx: ClusterTransaction,
  target: Target,
  { exactly }: Moment,
): Result<readonly KubeObject[], Failure> {
  const { type, namespace } = target;
  if (exactly === undefined || type.computed) return ok(objectsOf(tx, target));
  const then = listAt(tx.state.store, { resource: storedAs(type), namespace }, exactly);
  return then.ok ? ok(then.value.map((object) => shownAs(type, object))) : then;
}

export function listObjects(tx: ClusterTransaction, target: Target, request: ApiRequest): Answer {
  const matching = selected(tx, target, request);
  if (!matching.ok) return matching;
  const page = pageOf(matching.value, request);
  if (!page.ok) return page;
  const { objects, ...rest } = page.value;
  const { store } = tx.state;
  const moment = momentOf(store, request);
  const revision = moment.ok ? (moment.value.exactly ?? store.revision) : store.revision;
  const metadata = { resourceVersion: String(revision), ...rest };
  if (wantsTable(request)) {
    const whole = table(tx, target, request, { objects, resourceVersion: metadata.resourceVersion });
    return ok({ ...whole, metadata });
  }
  return ok({
    kind: target.type.listKind,
    apiVersion: apiVersionOf(target.type),
    metadata,
    items: objects.map(asJson),
  });
}

const table = (
  tx: ClusterTransaction,
  { type }: { readonly type: Pick<ResourceType, 'columns'> },
  request: ApiRequest,
  {
    objects,
    resourceVersion = '',
  }: { readonly objects: readonly KubeObject[]; readonly resourceVersion?: string | undefined },
): JsonObject =>
  tableOf(type, objects, {
    now: wallClock(tx.state.epoch, tx.now),
    include: request.query?.['includeObject'],
    resourceVersion,
  });
