/** Tab completion of resource types, object names, namespaces and containers, from the cluster as it is. */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { CompletionCall } from './call.ts';
import { resourceName, type ResourceType } from './discovery.ts';
import { nameOf } from './selection.ts';

/** A type first, then names of it; `type/name` anywhere. */
export function completeResources(call: CompletionCall): readonly string[] {
  const slash = call.word.indexOf('/');
  if (slash > 0) {
    const word = call.word.slice(0, slash);
    return names(call, call.api.types.named(word)).map((name) => `${word}/${name}`);
  }
  const [first] = call.args;
  if (first === undefined) return typeWords(call);
  if (first.includes('/')) return typeWords(call);
  return names(call, call.api.types.named(first)).filter((name) => !call.args.includes(name));
}

/** Plural names; with the group where two groups share one. */
function typeWords(call: CompletionCall): readonly string[] {
  const all = call.api.types.all;
  return all.map((type) =>
    all.filter((other) => other.plural === type.plural).length > 1 ? resourceName(type) : type.plural,
  );
}

/** The first argument is a type. */
export function completeTypes(call: CompletionCall): readonly string[] {
  return call.args.length === 0 ? typeWords(call) : [];
}

export function names(call: CompletionCall, type: ResourceType | undefined): readonly string[] {
  if (!type) return [];
  return call.api.items(type, type.namespaced ? call.namespace : undefined).map(nameOf);
}

/** Names of one type, for commands that take only that (`cordon`, `taint`). */
export function completeNames(word: string): (call: CompletionCall) => readonly string[] {
  return (call) => names(call, call.api.types.named(word));
}

/** Pods for the first argument, and `type/name`. */
export function completePods(call: CompletionCall): readonly string[] {
  if (call.word.includes('/')) return completeResources(call);
  return call.args.length === 0 ? names(call, call.api.types.named('pods')) : [];
}

export function completeContainers(call: CompletionCall): readonly string[] {
  const pods = call.api.types.named('pods');
  const [pod] = call.args;
  if (!pods || pod === undefined) return [];
  const object = call.api.find({ type: pods, namespace: call.namespace, name: pod.replace(/^pods?\//, '') });
  return object ? containerNames(object) : [];
}

export function containerNames(pod: JsonObject): readonly string[] {
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  const containers = spec['containers'];
  return Array.isArray(containers)
    ? containers.flatMap((container) =>
        isJsonObject(container) && typeof container['name'] === 'string' ? [container['name']] : [],
      )
    : [];
}
