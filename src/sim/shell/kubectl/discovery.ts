/**
 * Which resource types the server has, read as kubectl reads them: aggregated discovery at /api and /apis. Turns what a
 * learner types (`po`, `deploy`, `ippools.crd.projectcalico.org`, `all`) or a manifest says (apiVersion, kind) into a
 * type. Sources: k8s.io/api/apidiscovery/v2, k8s.io/client-go/restmapper (short names, categories), Kubernetes 1.35.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';

export const ACCEPT_DISCOVERY =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
}

/** `pod`, `deployment.apps`: the kind as messages name it. */
export function kindName(type: Pick<ResourceType, 'kind' | 'group'>): string {
  const kind = type.kind.toLowerCase();
  return type.group === '' ? kind : `${kind}.${type.group}`;
}

/** `pods`, `deployments.apps`. */
export function resourceName(type: Pick<ResourceType, 'plural' | 'group'>): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(type: Pick<ResourceType, 'group' | 'version'>): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

/** Types in the order of preference: the core group, then the others as the server lists them. */
export class ResourceTypes {
  readonly all: readonly ResourceType[];

  constructor(all: readonly ResourceType[]) {
    this.all = all;
  }

  static of(core: JsonObject, groups: JsonObject): ResourceTypes {
    return new ResourceTypes([...typesIn(core), ...typesIn(groups)]);
  }

  /** The type a word means; the plural, singular, or short name, perhaps `.group` or `.version.group`. */
  named(word: string): ResourceType | undefined {
    const text = word.toLowerCase();
    const [name, ...rest] = text.split('.');
    if (name === undefined) return undefined;
    if (rest.length === 0) return this.#byName(name, () => true);
    const group = rest.join('.');
    const [version, ...afterVersion] = rest;
    return (
      this.#byName(name, (type) => type.group === group) ??
      this.#byName(name, (type) => type.version === version && type.group === afterVersion.join('.')) ??
      // kubectl takes a prefix of a group too: `deployments.app` means apps.
      this.#byName(name, (type) => type.group.startsWith(`${group}.`) || type.group.startsWith(group))
    );
  }

  /** The types of a category such as `all`; empty when there is no such category. */
  inCategory(word: string): readonly ResourceType[] {
    return this.all.filter((type) => type.categories.includes(word));
  }

  ofKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.all.find((type) => apiVersionOf(type) === apiVersion && type.kind === kind);
  }

  #byName(name: string, fits: (type: ResourceType) => boolean): ResourceType | undefined {
    const candidates = this.all.filter(fits);
    return (
      candidates.find((type) => type.plural === name || type.singular === name) ??
      candidates.find((type) => type.shortNames.includes(name)) ??
      candidates.find((type) => type.kind.toLowerCase() === name)
    );
  }
}

function typesIn(discovery: JsonObject): readonly ResourceType[] {
  return objects(discovery['items']).flatMap((group) =>
    objects(group['versions']).flatMap((version) => {
      const name = isJsonObject(group['metadata']) ? text(group['metadata']['name']) : '';
      return objects(version['resources']).map((resource) =>
        typeOf(name, text(version['version']), resource),
      );
    }),
  );
}

function typeOf(group: string, version: string, resource: JsonObject): ResourceType {
  const kind = isJsonObject(resource['responseKind']) ? text(resource['responseKind']['kind']) : '';
  const plural = text(resource['resource']);
  return {
    group,
    version,
    kind,
    plural,
    singular: text(resource['singularResource']) || kind.toLowerCase(),
    namespaced: resource['scope'] === 'Namespaced',
    shortNames: texts(resource['shortNames']),
    categories: texts(resource['categories']),
    verbs: texts(resource['verbs']),
  };
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
