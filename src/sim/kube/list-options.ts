/**
 * Of which moment a client wants a list, an object or a watch: `resourceVersion` and `resourceVersionMatch`, what is wrong with
 * them, and the list of a moment that has passed, as long as the store remembers what has happened since.
 * Source: k8s.io/apimachinery pkg/apis/meta/internalversion/{defaults,validation}, k8s.io/apiserver pkg/storage/{interfaces,
 * errors,api_object_versioner}.go and pkg/storage/cacher, Kubernetes 1.35. Left out: the three seconds for which a server waits
 * until it has heard of a version that it does not know yet.
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { ApiRequest } from './api.ts';
import {
  badRequest,
  invalidObject,
  listExpired,
  tooLargeVersion,
  unknownFailure,
  type Failure,
} from './failure.ts';
import { forbidden, notSupported, type FieldError } from './field-error.ts';
import type { KubeObject, ResourceName } from './object.ts';
import { objectKey, type ObjectStore } from './store.ts';

const LIST_OPTIONS = {
  name: 'listoptions',
  group: 'meta.k8s.io',
  plural: 'listoptions',
  kind: 'ListOptions',
};

const MATCH = 'resourceVersionMatch';
const EXACT = 'Exact';
const NOT_OLDER = 'NotOlderThan';

type Query = Readonly<Record<string, string>>;

export const isWatchQuery = ({ watch = '' }: Query): boolean => watch === 'true' || watch === '1';

/** What a list is to be of: now, or a moment. */
export interface Moment {
  /** Absent for now. */
  readonly exactly?: number;
}

/** The error of a list or watch request's options; undefined when they are sound. */
export function optionsFault({ query = {} }: ApiRequest): Failure | undefined {
  const faults = isWatchQuery(query) ? watchFaults(query) : listFaults(query);
  if (faults.length > 0) return invalidObject(LIST_OPTIONS, '', faults);
  if (!isWatchQuery(query)) return versionFault(query);
  const version = versionOf(query);
  return version.ok ? undefined : unknownFailure(version.error);
}

function listFaults({ resourceVersionMatch: match = '', ...query }: Query): readonly FieldError[] {
  const version = query['resourceVersion'] ?? '';
  const refused = (detail: string): FieldError => forbidden(MATCH, detail);
  const faults: FieldError[] = [];
  if (match !== '') {
    if (version === '') faults.push(refused(`${MATCH} is forbidden unless resourceVersion is provided`));
    if (query['continue']) faults.push(refused(`${MATCH} is forbidden when continue is provided`));
    if (match !== EXACT && match !== NOT_OLDER)
      faults.push(notSupported(MATCH, match, [EXACT, NOT_OLDER, '']));
    if (match === EXACT && version === '0')
      faults.push(refused(`${MATCH} "exact" is forbidden for resourceVersion "0"`));
  }
  if (query['sendInitialEvents'] !== undefined)
    faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return faults;
}

function watchFaults({ resourceVersionMatch: match = '', ...query }: Query): readonly FieldError[] {
  const refused = (detail: string): FieldError => forbidden(MATCH, detail);
  const sendsInitial = query['sendInitialEvents'] !== undefined;
  const faults: FieldError[] = [];
  if (sendsInitial && match !== NOT_OLDER)
    faults.push(refused(`sendInitialEvents requires setting ${MATCH} to ${NOT_OLDER}`));
  if (match === '') return faults;
  if (!sendsInitial)
    faults.push(refused(`${MATCH} is forbidden for watch unless sendInitialEvents is provided`));
  if (match !== NOT_OLDER) faults.push(notSupported(MATCH, match, [NOT_OLDER]));
  if (query['continue']) faults.push(refused(`${MATCH} is forbidden when continue is provided`));
  return faults;
}

const MOST = 2n ** 64n;

/** The version that a request names; 0 when it names none. The error is the text of what Go's parser says. */
function versionOf({ resourceVersion: text = '' }: Query): Result<number, string> {
  if (text === '' || text === '0') return ok(0);
  const problem = !/^\d+$/.test(text)
    ? 'invalid syntax'
    : BigInt(text) >= MOST
      ? 'value out of range'
      : undefined;
  if (problem === undefined) return ok(Number(text));
  const told = JSON.stringify(text);
  return err(`resourceVersion: Invalid value: ${told}: strconv.ParseUint: parsing ${told}: ${problem}`);
}

function versionFault(query: Query): Failure | undefined {
  const { resourceVersion = '' } = query;
  if (query['continue'] && resourceVersion !== '' && resourceVersion !== '0')
    return badRequest('specifying resource version is not allowed when using continue');
  const version = versionOf(query);
  return version.ok ? undefined : badRequest(`invalid resource version: ${version.error}`);
}

/** Which moment a list is of; the error is one of the options, or a version that nobody has heard of. */
export function momentOf(store: ObjectStore, request: ApiRequest): Result<Moment, Failure> {
  const fault = optionsFault(request);
  if (fault) return err(fault);
  const { query = {} } = request;
  // What else is wrong with a watch it says itself.
  if (isWatchQuery(query)) return ok({});
  const known = freshEnough(store, query);
  if (!known.ok || known.value === 0) return known.ok ? ok({}) : known;
  // Without a match a limit asks for exactly that moment, as in the days before there were matches.
  const isExact = query[MATCH] === undefined ? Number(query['limit'] ?? 0) > 0 : query[MATCH] === EXACT;
  return ok(isExact ? { exactly: known.value } : {});
}

/** The version that a request wants at least; the error is of one that the store has not come to. */
export function freshEnough(store: ObjectStore, query: Query = {}): Result<number, Failure> {
  const version = versionOf(query);
  if (!version.ok) return err(unknownFailure(version.error));
  return version.value > store.revision
    ? err(tooLargeVersion(query['resourceVersion'] ?? '', store.revision))
    : version;
}

interface Listed {
  readonly resource: ResourceName;
  /** All of them without one. */
  readonly namespace: string | undefined;
}

/** The objects of a resource as they were, in the order of their keys; the error is 410 Expired. */
export function listAt(
  store: ObjectStore,
  { resource, namespace }: Listed,
  revision: number,
): Result<readonly KubeObject[], Failure> {
  const since = store.since(revision);
  if (!since) return err(listExpired());
  let table = store.table(resource);
  for (const change of since.toReversed()) {
    if (change.resource !== resource || !table) continue;
    const key = objectKey(change.object.metadata.namespace, change.object.metadata.name);
    table = change.before ? table.set(key, change.before) : table.delete(key);
  }
  if (!table) return ok([]);
  return ok([...(namespace === undefined ? table.values() : table.withPrefix(`${namespace}/`))]);
}
