/** The kinds that are stored as Calico's own custom resources. */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { ok } from '../../../../base/result.ts';
import { API_VERSION, GROUP } from '../../../cni/calico/kinds.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Schema } from '../../../kube/schema.ts';
import { collection, type Client } from '../client.ts';
import { identifier, members, type Outcome } from '../failure.ts';
import { V3, v1Metadata, v3Metadata } from '../metadata.ts';
import type { Cell, Identity, ResourceManager } from './manager.ts';

export interface CustomKind {
  readonly kind: string;
  readonly plural: string;
  readonly aliases: readonly string[];
  readonly headings: readonly string[];
  readonly wide?: readonly string[];
  readonly cells: Readonly<Record<string, Cell>>;
  readonly spec: Schema;
  /** What the client library makes of a stored spec. */
  readonly read?: (spec: JsonObject) => JsonObject;
}

export const specOf = (resource: JsonObject): JsonObject => members(resource['spec']);
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

export const listObject = (kind: string, items: readonly JsonObject[], version: string): JsonObject => ({
  kind: `${kind}List`,
  apiVersion: V3,
  metadata: { resourceVersion: version },
  items,
});

export function customManager(custom: CustomKind): ResourceManager {
  const { kind, plural } = custom;
  const base = collection(`${plural}.${GROUP}`);
  const about = (resource: JsonObject): string => identifier(kind, nameOf(resource));
  const toV3 = (object: KubeObject): JsonObject => ({
    kind,
    apiVersion: V3,
    metadata: v3Metadata(object),
    spec: custom.read ? custom.read(object.spec ?? {}) : (object.spec ?? {}),
  });
  const answered = (outcome: Outcome<JsonObject>): Outcome<JsonObject> =>
    outcome.ok ? ok(toV3(outcome.value as unknown as KubeObject)) : outcome;
  const toV1 = (resource: JsonObject): JsonObject => ({
    apiVersion: API_VERSION,
    kind,
    metadata: v1Metadata(members(resource['metadata'])),
    spec: specOf(resource),
  });
  const read = (client: Client, { name }: Identity): Outcome<JsonObject> =>
    answered(client.request({ method: 'GET', path: `${base}/${name}` }, identifier(kind, name)));
  return {
    kind,
    aliases: custom.aliases,
    namespaced: false,
    headings: custom.headings,
    wide: custom.wide ?? custom.headings,
    cells: custom.cells,
    spec: custom.spec,
    list: (client) => {
      const listed = client.list(base, kind);
      return listed.ok ? ok(listObject(kind, listed.value.items.map(toV3), listed.value.version)) : listed;
    },
    get: read,
    create: (client, resource) => {
      const { resourceVersion: _version, ...metadata } = members(resource['metadata']);
      const stamped = { ...resource, metadata: { ...metadata, creationTimestamp: client.timestamp } };
      return answered(client.request({ method: 'POST', path: base, body: toV1(stamped) }, about(resource)));
    },
    update: (client, resource) =>
      answered(
        client.request(
          { method: 'PUT', path: `${base}/${nameOf(resource)}`, body: toV1(resource) },
          about(resource),
        ),
      ),
    delete: (client, identity) => {
      const stored = read(client, identity);
      const path = `${base}/${identity.name}`;
      const gone = client.request({ method: 'DELETE', path }, identifier(kind, identity.name));
      return Promise.resolve(gone.ok && stored.ok ? stored : gone);
    },
  };
}

export const itemsOf = (list: JsonObject): readonly JsonObject[] =>
  Array.isArray(list['items']) ? list['items'].filter(isJsonObject) : [];
