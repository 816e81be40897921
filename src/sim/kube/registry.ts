/**
 * The kinds an API server knows, found by path, by kind, or by the name an object store uses. Immutable: `with` adds the
 * kinds of a CNI provider.
 */
import type { ResourceName } from './object.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';

export class Registry {
  readonly types: readonly ResourceType[];
  readonly #byName: ReadonlyMap<ResourceName, ResourceType>;
  readonly #byPath: ReadonlyMap<string, ResourceType>;
  readonly #byKind: ReadonlyMap<string, ResourceType>;

  private constructor(types: readonly ResourceType[]) {
    this.types = types;
    this.#byName = new Map(types.map((type) => [type.name, type]));
    this.#byPath = new Map(types.map((type) => [`${apiVersionOf(type)}/${type.plural}`, type]));
    this.#byKind = new Map(types.map((type) => [`${apiVersionOf(type)}/${type.kind}`, type]));
  }

  static of(types: readonly ResourceType[]): Registry {
    return new Registry(types);
  }

  /** Adds kinds; one of a name already known replaces it. */
  with(types: readonly ResourceType[]): Registry {
    const names = new Set(types.map((type) => type.name));
    return new Registry([...this.types.filter((type) => !names.has(type.name)), ...types]);
  }

  byName(name: ResourceName): ResourceType | undefined {
    return this.#byName.get(name);
  }

  /** `apiVersion` as in objects: `v1`, `apps/v1`. */
  byPlural(apiVersion: string, plural: string): ResourceType | undefined {
    return this.#byPath.get(`${apiVersion}/${plural}`);
  }

  byKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  /** Groups in the order of discovery: core first, then as registered; each with its versions. */
  groups(): readonly { readonly group: string; readonly versions: readonly string[] }[] {
    const groups = new Map<string, Set<string>>();
    for (const type of this.types) {
      const versions = groups.get(type.group) ?? new Set<string>();
      groups.set(type.group, versions.add(type.version));
    }
    return [...groups].map(([group, versions]) => ({ group, versions: [...versions] }));
  }

  inGroupVersion(group: string, version: string): readonly ResourceType[] {
    return this.types.filter((type) => type.group === group && type.version === version);
  }
}
