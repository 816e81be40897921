/**
 * Kinds that hold data and need little of the server: Namespace, ConfigMap, Secret, ServiceAccount, Event.
 * Source: k8s.io/kubernetes pkg/printers/internalversion, pkg/apis/core/v1/defaults.go, plugin/pkg/admission/
 * namespace/lifecycle, Kubernetes 1.35.
 */
import { isJsonObject, type Json } from '../../../base/json.ts';
import { forbidden, type FieldError } from '../field-error.ts';
import { at, numberAt, objectAt, textAt } from '../fields.ts';
import { ageOf } from '../human-duration.ts';
import type { KubeObject } from '../object.ts';
import { toBase64 } from '../../../base/base64.ts';
import { utf8 } from '../../../base/bytes.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import { builtin } from './builtin.ts';
import { TOKEN } from './service-account-token.ts';

const LASTING_NAMESPACES = ['default', 'kube-system', 'kube-public'];

export const NAMESPACES: ResourceType = builtin(
  {
    kind: 'Namespace',
    plural: 'namespaces',
    shortNames: ['ns'],
    columns: [NAME_COLUMN, column('Status', (object) => textAt(object.status, 'phase')), AGE_COLUMN],
  },
  {
    namespaced: false,
    status: true,
    nameRule: 'label',
    selectableFields: ['status.phase'],
    defaults: (object, _tx, before) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { 'kubernetes.io/metadata.name': object.metadata.name, ...object.metadata.labels },
      },
      spec: before?.spec ?? { finalizers: ['kubernetes'] },
      status: before?.status ?? { phase: 'Active' },
    }),
    forbid: (operation, object) =>
      operation === 'delete' && LASTING_NAMESPACES.includes(object.metadata.name)
        ? 'this namespace may not be deleted'
        : undefined,
  },
);

const size = (value: Json | undefined): number => (isJsonObject(value) ? Object.keys(value).length : 0);

/** Data of an object marked `immutable` stays, and so does the mark. */
function immutableErrors(object: KubeObject, before: KubeObject | undefined): readonly FieldError[] {
  if (before?.['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  return ['immutable', 'data', 'binaryData']
    .filter((member) => JSON.stringify(object[member]) !== JSON.stringify(before[member]))
    .map((member) => forbidden(member, why));
}

export const CONFIG_MAPS: ResourceType = builtin(
  {
    kind: 'ConfigMap',
    plural: 'configmaps',
    shortNames: ['cm'],
    columns: [
      NAME_COLUMN,
      column('Data', (object) => size(at(object, 'data')) + size(at(object, 'binaryData'))),
      AGE_COLUMN,
    ],
  },
  { validate: immutableErrors },
);

function secretDefaults(secret: KubeObject): KubeObject {
  const plain = at(secret, 'stringData');
  if (!isJsonObject(plain)) return secret;
  const { stringData: _, ...rest } = secret;
  const encoded = Object.entries(plain).map(([key, value]) => [key, toBase64(utf8(String(value)))]);
  return { ...rest, data: { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) } } as KubeObject;
}

export const SECRETS: ResourceType = builtin(
  {
    kind: 'Secret',
    plural: 'secrets',
    columns: [
      NAME_COLUMN,
      column('Type', (object) => textAt(object, 'type')),
      column('Data', (object) => size(at(object, 'data'))),
      AGE_COLUMN,
    ],
  },
  { selectableFields: ['type'], defaults: secretDefaults, validate: immutableErrors },
);

export const SERVICE_ACCOUNTS: ResourceType = builtin(
  {
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    shortNames: ['sa'],
    columns: [NAME_COLUMN, AGE_COLUMN],
  },
  { subresources: [TOKEN] },
);

const time = (event: KubeObject, member: string): string =>
  textAt(event, member) || textAt(event, 'eventTime');

function target(event: KubeObject): string {
  const kind = textAt(event, 'involvedObject', 'kind').toLowerCase();
  const name = textAt(event, 'involvedObject', 'name');
  return name === '' ? kind : `${kind}/${name}`;
}

function source(event: KubeObject): string {
  const component = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
  const host = textAt(event, 'source', 'host') || textAt(event, 'reportingInstance');
  return host === '' ? component : `${component}, ${host}`;
}

export const EVENTS: ResourceType = builtin(
  {
    kind: 'Event',
    plural: 'events',
    shortNames: ['ev'],
    columns: [
      column('Last Seen', (event, { now }) => ageOf(time(event, 'lastTimestamp') || undefined, now)),
      column('Type', (event) => textAt(event, 'type')),
      column('Reason', (event) => textAt(event, 'reason')),
      column('Object', target),
      column('Subobject', (event) => textAt(event, 'involvedObject', 'fieldPath'), { priority: 1 }),
      column('Source', source, { priority: 1 }),
      column('Message', (event) => textAt(event, 'message').trim()),
      column('First Seen', (event, { now }) => ageOf(time(event, 'firstTimestamp') || undefined, now), {
        priority: 1,
      }),
      column('Count', (event) => numberAt(event, 'count') || 1, { priority: 1 }),
      { ...NAME_COLUMN, priority: 1 },
    ],
  },
  {
    selectableFields: [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  },
);
