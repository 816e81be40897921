/**
 * The OpenAPI v3 documents of what is served: an index, and one document for each group and version with the schemas of its
 * kinds and the paths that clients look for (`kubectl explain`, server-side validation, strategic patches). Version 2 is not
 * served: kubectl has not needed it since 1.27.
 * Source: k8s.io/kube-openapi pkg/handler3, pkg/builder3; Kubernetes 1.35.
 */
import type { JsonObject } from '../../base/json.ts';
import { VERSION } from './discovery.ts';
import { OBJECT_META, schemaOf } from './kind-schema.ts';
import { componentName, Components, reference } from './openapi-schema.ts';
import type { Registry } from './registry.ts';
import { apiVersionOf, type ResourceType, type Verb } from './resource.ts';
import { any, integer, object, string } from './schema.ts';

const LIST_META = object(
  {
    continue: string(),
    remainingItemCount: integer({ format: 'int64' }),
    resourceVersion: string(),
    selfLink: string(),
  },
  { goType: 'ListMeta' },
);

/** `api/v1`, `apis/apps/v1`: the documents' names in the index. */
const rootOf = (type: Pick<ResourceType, 'group' | 'version'>): string =>
  `${type.group === '' ? 'api' : 'apis'}/${apiVersionOf(type)}`;

/** `/openapi/v3` */
export function openApiIndex(registry: Registry): JsonObject {
  const roots = [...new Set(registry.types.map(rootOf))];
  return {
    paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])),
  };
}

const made = new WeakMap<Registry, Map<string, JsonObject>>();

/** The document of `apis/apps/v1`; undefined when nothing is served there. */
export function openApiDocument(registry: Registry, root: string): JsonObject | undefined {
  const documents = made.get(registry) ?? new Map<string, JsonObject>();
  made.set(registry, documents);
  const types = registry.types.filter((type) => rootOf(type) === root);
  if (types.length === 0) return undefined;
  const known = documents.get(root);
  if (known) return known;
  const components = new Components();
  for (const type of types) addKind(components, type);
  const document: JsonObject = {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: VERSION['gitVersion'] },
    paths: Object.fromEntries(types.flatMap((type) => Object.entries(pathsOf(type)))),
    components: { schemas: components.schemas },
  };
  documents.set(root, document);
  return document;
}

/** `io.k8s.api.core.v1.Pod`, or the reversed group as custom kinds are named: `org.projectcalico.crd.v1.IPPool`. */
export function kindComponent(type: ResourceType): string {
  const goType = type.schema?.type === 'object' ? type.schema.goType : undefined;
  if (goType !== undefined && !type.custom) return componentName(goType);
  return [...type.group.split('.').reverse(), type.version, type.kind].join('.');
}

const gvkOf = ({ group, version, kind }: ResourceType): JsonObject => ({ group, kind, version });

function addKind(components: Components, type: ResourceType): void {
  const name = kindComponent(type);
  const schema =
    schemaOf(type) ??
    object({ apiVersion: string(), kind: string(), metadata: OBJECT_META, spec: any(), status: any() });
  components.add(
    name,
    components.inline(schema, type.custom ? '' : type.kind, {
      'x-kubernetes-group-version-kind': [gvkOf(type)],
    }),
  );
  components.add(`${name}List`, {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: { allOf: [reference(name)], default: {} } },
      kind: { type: 'string' },
      metadata: components.member(LIST_META, ''),
    },
    required: ['items'],
    'x-kubernetes-group-version-kind': [{ ...gvkOf(type), kind: type.listKind }],
  });
}

const parameter = (name: string): JsonObject => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
});
const WRITING = ['dryRun', 'fieldManager', 'fieldValidation'].map(parameter);

interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly verb: Verb;
  readonly action: string;
  readonly parameters?: readonly JsonObject[];
}

const COLLECTION: readonly Operation[] = [
  { method: 'get', verb: 'list', action: 'list' },
  { method: 'post', verb: 'create', action: 'post', parameters: WRITING },
  { method: 'delete', verb: 'deletecollection', action: 'deletecollection' },
];
const OBJECT: readonly Operation[] = [
  { method: 'get', verb: 'get', action: 'get' },
  { method: 'put', verb: 'update', action: 'put', parameters: WRITING },
  { method: 'patch', verb: 'patch', action: 'patch', parameters: [...WRITING, parameter('force')] },
  { method: 'delete', verb: 'delete', action: 'delete' },
];

function pathsOf(type: ResourceType): JsonObject {
  const root = `/${rootOf(type)}`;
  const collection = type.namespaced
    ? `${root}/namespaces/{namespace}/${type.plural}`
    : `${root}/${type.plural}`;
  return {
    ...(type.namespaced && type.verbs.includes('list')
      ? { [`${root}/${type.plural}`]: operations(type, COLLECTION.slice(0, 1)) }
      : {}),
    [collection]: operations(type, COLLECTION),
    [`${collection}/{name}`]: operations(type, OBJECT),
    ...(type.status ? { [`${collection}/{name}/status`]: operations(type, OBJECT.slice(0, 3)) } : {}),
  };
}

function operations(type: ResourceType, served: readonly Operation[]): JsonObject {
  return Object.fromEntries(
    served
      .filter(({ verb }) => type.verbs.includes(verb))
      .map(({ method, action, parameters }) => [
        method,
        {
          ...(parameters ? { parameters } : {}),
          responses: {
            200: {
              description: 'OK',
              content: { 'application/json': { schema: reference(kindComponent(type)) } },
            },
          },
          'x-kubernetes-action': action,
          'x-kubernetes-group-version-kind': gvkOf(type),
        },
      ]),
  );
}
