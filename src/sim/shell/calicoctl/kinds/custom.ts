/** The kinds that are stored as Calico's own custom resources. */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { ok } from '../../../../base/result.ts';
import { API_VERSION, GROUP } from '../../../cni/calico/kinds.ts';
import { strings } from '../../../cni/calico/validation.ts';
import type { ApiRequest } from '../../../kube/api.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Schema } from '../../../kube/schema.ts';
import { collection, type Client } from '../client.ts';
import { failed, identifier, invalid, members, type Outcome } from '../failure.ts';
import { nameErrors } from '../../../cni/calico/apiserver/defaults.ts';
import { V3, v1Metadata, v3Metadata } from '../../../cni/calico/apiserver/metadata.ts';
import type { Cell, Identity, ResourceManager } from './manager.ts';

export interface CustomKind {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced?: boolean;
  /** The name is kept beside the rest of the metadata, as it is for policies. */
  readonly keepsName?: boolean;
  readonly aliases: readonly string[];
  readonly headings: readonly string[];
  readonly wide?: readonly string[];
  readonly cells: Readonly<Record<string, Cell>>;
  readonly spec: Schema;
  /** What the client library makes of a stored spec. */
  readonly read?: (spec: JsonObject) => JsonObject;
}

export const specOf = (resource: JsonObject): JsonObject => members(resource['spec']);
export const namespaceOf = (resource: JsonObject): string =>
  String(members(resource['metadata'])['namespace'] ?? '');
export const nameOf = (resource: JsonObject): string => String(members(resource['metadata'])['name'] ?? '');

/** `<nil>`-free text of a scalar. */
export const text = (value: Json | undefined): string =>
  value === undefined || value === null ? '' : String(value);

/** A cell that shows a field of the spec, or `otherwise` when it is unset (as Go's templates see it). */
export const field =
  (name: string, otherwise = ''): Cell =>
  (resource) => {
    const value = specOf(resource)[name];
    return value === undefined || value === null || value === '' ? otherwise : text(value);
  };

const CUT = 80;

/** A cell that shows a list of the spec, cut off where tables get too wide. */
export const joinedAndCut =
  (name: string): Cell =>
  (resource) => {
    const joined = strings(specOf(resource)[name]).join(',');
    return joined.length > CUT ? `${joined.slice(0, CUT - 3)}...` : joined;
  };

export const listObject = (kind: string, items: readonly JsonObject[], version: string): JsonObject => ({
  kind: `${kind}List`,
  apiVersion: V3,
  metadata: { resourceVersion: version },
  items,
});

/** `NetworkPolicy(default/web)` */
const about = (kind: string, { name, namespace }: Identity): string => identifier(kind, name, namespace);

const identityOf = (resource: JsonObject): Identity => ({
  name: nameOf(resource),
  namespace: namespaceOf(resource),
});

/** Where the API keeps all of a kind; those of one namespace when it has one. */
function pathOf({ plural, namespaced }: CustomKind, namespace: string): string {
  const everywhere = collection(`${plural}.${GROUP}`);
  if (!namespaced || namespace === '') return everywhere;
  return `${everywhere.slice(0, -plural.length)}namespaces/${namespace}/${plural}`;
}

const toV3 = ({ kind, read }: CustomKind, object: KubeObject): JsonObject => ({
  kind,
  apiVersion: V3,
  metadata: v3Metadata(object),
  spec: read ? read(object.spec ?? {}) : (object.spec ?? {}),
  ...(object.status && { status: object.status }),
});

const toV1 = ({ kind, keepsName }: CustomKind, resource: JsonObject): JsonObject => ({
  apiVersion: API_VERSION,
  kind,
  metadata: v1Metadata(members(resource['metadata']), keepsName),
  spec: specOf(resource),
});

export function customManager(custom: CustomKind): ResourceManager {
  const { kind } = custom;
  const one = (identity: Identity): string => `${pathOf(custom, identity.namespace)}/${identity.name}`;
  const ask = (client: Client, request: ApiRequest, identity: Identity): Outcome<JsonObject> => {
    const answer = client.request(request, about(kind, identity));
    return answer.ok ? ok(toV3(custom, answer.value as unknown as KubeObject)) : answer;
  };
  const read = (client: Client, identity: Identity): Outcome<JsonObject> =>
    ask(client, { method: 'GET', path: one(identity) }, identity);
  return {
    kind,
    aliases: custom.aliases,
    namespaced: custom.namespaced ?? false,
    headings: custom.headings,
    wide: custom.wide ?? custom.headings,
    cells: custom.cells,
    spec: custom.spec,
    list: (client, namespace) => {
      const listed = client.list(pathOf(custom, namespace), kind);
      if (!listed.ok) return listed;
      const { items, version } = listed.value;
      const shown = items.map((item) => toV3(custom, item));
      return ok(listObject(kind, shown, version));
    },
    get: read,
    create: (client, resource) => {
      const { resourceVersion: _version, ...metadata } = members(resource['metadata']);
      const stamped = { ...resource, metadata: { ...metadata, creationTimestamp: client.timestamp } };
      const misnamed = nameErrors(nameOf(resource));
      if (misnamed.length > 0) return invalid(misnamed);
      const path = pathOf(custom, namespaceOf(resource));
      return ask(client, { method: 'POST', path, body: toV1(custom, stamped) }, identityOf(resource));
    },
    update: (client, resource) => {
      const identity = identityOf(resource);
      return ask(client, { method: 'PUT', path: one(identity), body: toV1(custom, resource) }, identity);
    },
    delete: (client, identity) => {
      if (identity.name === '') return Promise.resolve(failed('resource name may not be empty'));
      const stored = read(client, identity);
      const gone = client.request({ method: 'DELETE', path: one(identity) }, about(kind, identity));
      return Promise.resolve(gone.ok && stored.ok ? stored : gone);
    },
  };
}

export const itemsOf = (list: JsonObject): readonly JsonObject[] =>
  Array.isArray(list['items']) ? list['items'].filter(isJsonObject) : [];
