/**
 * The kinds an API server knows, found by path, by kind, or by the name an object store uses. Immutable: `with` adds the
 * kinds of a CNI provider, `servedIn` leaves out those that a cluster does not serve at present.
 */
import type { ResourceName } from './object.ts';
import { apiVersionOf, type ResourceType } from './resource.ts';
import type { ObjectStore } from './store.ts';

export class Registry {
  readonly types: readonly ResourceType[];
  readonly #byName: ReadonlyMap<ResourceName, ResourceType>;
  readonly #byPath: ReadonlyMap<string, ResourceType>;
  readonly #byKind: ReadonlyMap<string, ResourceType>;
  /** Kinds that are not always served, and the registries without some of them. */
  readonly #passing: readonly ResourceType[];
  readonly #present = new Map<string, Registry>();

  private constructor(types: readonly ResourceType[]) {
    this.types = types;
    this.#byName = new Map(types.map((type) => [type.name, type]));
    this.#byPath = new Map(types.map((type) => [`${apiVersionOf(type)}/${type.plural}`, type]));
    this.#byKind = new Map(types.map((type) => [`${apiVersionOf(type)}/${type.kind}`, type]));
    this.#passing = types.filter((type) => type.servedIn !== undefined);
  }

  static of(types: readonly ResourceType[]): Registry {
    return new Registry(types);
  }

  /** Adds kinds; one of a name already known takes its place. */
  with(types: readonly ResourceType[]): Registry {
    const given = new Map(types.map((type) => [type.name, type]));
    const replaced = this.types.map((type) => given.get(type.name) ?? type);
    return new Registry([...replaced, ...types.filter(({ name }) => !this.#byName.has(name))]);
  }

  /** The kinds that a cluster with these objects serves; the same registry as long as they are the same. */
  servedIn(store: Pick<ObjectStore, 'get'>): Registry {
    if (this.#passing.length === 0) return this;
    const away = this.#passing.filter((type) => type.servedIn?.(store) !== 'served');
    const key = away.map(({ name }) => name).join(' ');
    const known = this.#present.get(key);
    if (known) return known;
    const left = new Set(away);
    const made = new Registry(this.types.filter((type) => !left.has(type)));
    this.#present.set(key, made);
    return made;
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
