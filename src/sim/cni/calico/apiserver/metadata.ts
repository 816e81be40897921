/**
 * The two faces of a Calico resource: projectcalico.org/v3, which calicoctl and Calico's API server show, and crd.projectcalico.org/v1, which is
 * stored. The v3 metadata is kept as JSON in an annotation of the v1 object, and the UID is the stored one with the bits of
 * each byte reversed.
 * Source: libcalico-go/lib/backend/k8s/resources/resources.go, conversion.ConvertUID, Calico v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { METADATA_ANNOTATION } from '../datastore.ts';

const members = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

export const V3 = 'projectcalico.org/v3';

/** Members of metadata in the order of Go's struct, for JSON output. */
const ORDER = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

export function ordered(value: JsonObject, order: readonly string[]): JsonObject {
  const rest = Object.keys(value)
    .filter((key) => !order.includes(key))
    .sort();
  const keys = [...order, ...rest].filter((key) => value[key] !== undefined);
  return Object.fromEntries(keys.map((key) => [key, value[key]]));
}

export const orderedMetadata = (metadata: JsonObject): JsonObject => ordered(metadata, ORDER);

/** Metadata as v3 shows it. */
export function v3Metadata({ metadata }: KubeObject): JsonObject {
  const { annotations: all = {}, labels, ...own } = metadata;
  const { [METADATA_ANNOTATION]: text, ...others } = all;
  const uid = metadata.uid === undefined ? undefined : convertUid(metadata.uid);
  if (text === undefined)
    return orderedMetadata({
      ...(own as unknown as JsonObject),
      uid,
      labels: some(labels),
      annotations: some(all),
    });
  const kept = parsed(text);
  return orderedMetadata({
    ...kept,
    ...owned(kept, 'projectcalico.org/v3'),
    name: metadata.name,
    namespace: metadata.namespace,
    uid,
    resourceVersion: metadata.resourceVersion,
    creationTimestamp: kept['creationTimestamp'] ?? metadata.creationTimestamp,
    labels: some({ ...labels, ...members(kept['labels']) }),
    annotations: some({ ...others, ...members(kept['annotations']) }),
  });
}

const BOTH: readonly Json[] = ['projectcalico.org/v3', 'crd.projectcalico.org/v1'];

/** Owners of Calico's own kinds, named as in the other face. */
function owned({ ownerReferences }: JsonObject, apiVersion: string): JsonObject {
  if (!Array.isArray(ownerReferences)) return {};
  const references = ownerReferences.map((reference): Json => {
    const owner = members(reference);
    if (!BOTH.includes(owner['apiVersion'] ?? '')) return owner;
    return { ...owner, apiVersion, uid: convertUid(String(owner['uid'] ?? '')) };
  });
  return { ownerReferences: references };
}

/** The annotation that keeps v3 metadata. */
function keptMetadata(metadata: JsonObject, keepsName: boolean): string {
  const { name, namespace: _namespace, uid: _uid, resourceVersion: _version, ...rest } = metadata;
  const kept = { ...(keepsName && { name }), ...rest, ...owned(rest, 'crd.projectcalico.org/v1') };
  return JSON.stringify(ordered(kept, ORDER));
}

/** What Calico calls its own shows on the stored object, too. */
function own(pairs: Json | undefined): Readonly<Record<string, Json | undefined>> {
  const calico = (key: string): boolean =>
    key.includes('projectcalico.org/') || key.includes('operator.tigera.io/');
  return Object.fromEntries(Object.entries(members(pairs)).filter(([key]) => calico(key)));
}

/** Metadata of the v1 object that stores a v3 resource; that of policies keeps the name, too. */
export function v1Metadata(metadata: JsonObject, keepsName = false): JsonObject {
  const { name, namespace, resourceVersion, uid } = metadata;
  const labels = some(own(metadata['labels']));
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(typeof uid === 'string' && { uid: convertUid(uid) }),
    ...(labels && { labels }),
    annotations: {
      ...own(metadata['annotations']),
      [METADATA_ANNOTATION]: keptMetadata(metadata, keepsName),
    },
  };
}

export function convertUid(uid: string): string {
  const bytes = uid.replaceAll('-', '').match(/../g) ?? [];
  if (bytes.length !== 16) return uid;
  const reversed = bytes.map((pair, at) => (at === 6 || at === 8 ? pair : reversedByte(pair))).join('');
  return reversed.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function reversedByte(pair: string): string {
  const bits = Number.parseInt(pair, 16).toString(2).padStart(8, '0');
  return Number.parseInt([...bits].reverse().join(''), 2)
    .toString(16)
    .padStart(2, '0');
}

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch (problem) {
    if (problem instanceof SyntaxError) return {};
    throw problem;
  }
}

/** Empty maps are left out, as Go's omitempty does. */
const some = (map: Readonly<Record<string, Json | undefined>> | undefined): JsonObject | undefined =>
  map === undefined || Object.keys(map).length === 0 ? undefined : map;
