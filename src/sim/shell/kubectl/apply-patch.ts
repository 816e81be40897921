/**
 * The patch of a client-side `kubectl apply`: what the manifest changes against the live object, plus the deletion of
 * what the last applied manifest had and this one has not. Lists of built-in kinds merge by key (strategic merge), those
 * of custom resources are replaced (JSON merge patch). Sources: apimachinery strategicpatch/patch.go and
 * jsonmergepatch, kubectl/pkg/cmd/apply/patcher.go v0.35; merge keys from k8s.io/api types.go.
 * Left out: `$setElementOrder` (order of list elements follows the live object) and `$retainKeys`.
 */
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';

export type MergeStyle = 'strategic' | 'merge';

/** `original` is the last applied manifest, empty when there was none. An empty patch means no change. */
export function threeWayPatch(
  objects: { readonly original: JsonObject; readonly modified: JsonObject; readonly current: JsonObject },
  style: MergeStyle,
): JsonObject {
  return diffMaps(objects, { style, path: [] });
}

interface Place {
  readonly style: MergeStyle;
  /** Field names down to here; list elements add nothing. */
  readonly path: readonly string[];
}

interface Three<T> {
  readonly original: T | undefined;
  readonly modified: T;
  readonly current: T;
}

function diffMaps(three: Three<JsonObject>, place: Place): JsonObject {
  const patch: Record<string, Json> = {};
  const { original = {}, modified, current } = three;
  for (const key of Object.keys(modified)) {
    const wanted = modified[key];
    // A null in a manifest says the field is to be removed: kubectl sends it on when there is something to remove.
    if (wanted === undefined || (wanted === null && current[key] === undefined)) continue;
    const inner = { ...place, path: [...place.path, key] };
    const change = diffValue(
      { original: original[key], modified: wanted, current: current[key] ?? null },
      inner,
      current[key] === undefined,
    );
    if (change !== undefined) patch[key] = change;
  }
  for (const key of Object.keys(original)) {
    const gone = modified[key] === undefined && original[key] !== undefined;
    if (gone && current[key] !== undefined) patch[key] = null;
  }
  return patch;
}

/** Undefined when nothing changes. */
function diffValue(three: Three<Json>, place: Place, isNew: boolean): Json | undefined {
  const { original, modified, current } = three;
  if (isNew) return modified;
  if (isJsonObject(modified) && isJsonObject(current)) {
    const before = isJsonObject(original) ? original : {};
    const inner = diffMaps({ original: before, modified, current }, place);
    return Object.keys(inner).length === 0 ? undefined : inner;
  }
  if (Array.isArray(modified) && Array.isArray(current) && place.style === 'strategic') {
    return diffLists({ original: Array.isArray(original) ? original : [], modified, current }, place);
  }
  return jsonEquals(modified, current) ? undefined : modified;
}

function diffLists(three: Three<readonly Json[]>, place: Place): Json | undefined {
  const { original = [], modified, current } = three;
  const key = mergeKey(place.path);
  if (key === undefined || !keyed(modified, key) || !keyed(current, key)) {
    return jsonEquals(modified, current) ? undefined : modified;
  }
  const changes = [
    ...changedElements({ original, modified, current }, { ...place, key }),
    ...removedElements({ original, modified, current }, key),
  ];
  return changes.length === 0 ? undefined : changes;
}

function withKey(list: readonly Json[], key: string, id: Json | undefined): JsonObject | undefined {
  return list.filter(isJsonObject).find((item) => jsonEquals(item[key], id));
}

function changedElements(
  three: Three<readonly Json[]>,
  place: Place & { readonly key: string },
): readonly JsonObject[] {
  const { key } = place;
  return three.modified.filter(isJsonObject).flatMap((wanted) => {
    const id = wanted[key] ?? null;
    const live = withKey(three.current, key, id);
    if (!live) return [wanted];
    const before = withKey(three.original ?? [], key, id) ?? {};
    const inner = diffMaps({ original: before, modified: wanted, current: live }, place);
    return Object.keys(inner).length > 0 ? [{ ...inner, [key]: id }] : [];
  });
}

function removedElements(three: Three<readonly Json[]>, key: string): readonly JsonObject[] {
  return (three.original ?? []).filter(isJsonObject).flatMap((before) => {
    const id = before[key];
    const gone = id !== undefined && !withKey(three.modified, key, id) && withKey(three.current, key, id);
    return gone ? [{ $patch: 'delete', [key]: id }] : [];
  });
}

function keyed(list: readonly Json[], key: string): list is readonly JsonObject[] {
  return list.every((item) => isJsonObject(item) && item[key] !== undefined);
}

/** patchMergeKey of the lists of built-in kinds, by field; `ports` has two meanings. */
const MERGE_KEYS: ReadonlyMap<string, string> = new Map([
  ['containers', 'name'],
  ['initContainers', 'name'],
  ['ephemeralContainers', 'name'],
  ['env', 'name'],
  ['volumes', 'name'],
  ['volumeMounts', 'mountPath'],
  ['volumeDevices', 'devicePath'],
  ['imagePullSecrets', 'name'],
  ['hostAliases', 'ip'],
  ['topologySpreadConstraints', 'topologyKey'],
  ['conditions', 'type'],
  ['addresses', 'type'],
  ['ownerReferences', 'uid'],
  ['secrets', 'name'],
  ['podIPs', 'ip'],
  ['resourceClaims', 'name'],
]);

function mergeKey(path: readonly string[]): string | undefined {
  const field = path.at(-1) ?? '';
  if (field !== 'ports') return MERGE_KEYS.get(field);
  const parent = path.at(-2) ?? '';
  if (parent.toLowerCase().endsWith('containers')) return 'containerPort';
  return parent === 'spec' ? 'port' : undefined;
}
