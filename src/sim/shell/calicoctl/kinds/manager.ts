/**
 * What calicoctl can do with one kind of resource.
 * Source: calicoctl/calicoctl/resourcemgr/resourcemgr.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import type { ErroredField } from '../../../cni/calico/validation.ts';
import type { Schema } from '../../../kube/schema.ts';
import type { Client } from '../client.ts';
import type { Outcome } from '../failure.ts';

export interface Identity {
  readonly namespace: string;
  readonly name: string;
}

/** A cell of the ps and wide tables. */
export type Cell = (resource: JsonObject, config: CellConfig) => string;

export interface CellConfig {
  /** AS number of nodes that have none of their own. */
  readonly asNumber: string;
}

export interface ResourceManager {
  readonly kind: string;
  /** Lower case, the kind's own name first. */
  readonly aliases: readonly string[];
  readonly namespaced: boolean;
  readonly headings: readonly string[];
  readonly wide: readonly string[];
  readonly cells: Readonly<Record<string, Cell>>;
  /** What a document of this kind may hold under `spec` (and `status`). */
  readonly spec: Schema;
  readonly status?: Schema;
  /** What the client library's validator alone finds wrong with a resource (`calicoctl validate`). */
  readonly errors?: (resource: JsonObject) => readonly ErroredField[];
  /** A `<Kind>List`. */
  list(client: Client, namespace: string): Outcome<JsonObject>;
  get(client: Client, identity: Identity): Outcome<JsonObject>;
  create(client: Client, resource: JsonObject): Outcome<JsonObject>;
  /** `resource` carries the stored metadata. */
  update(client: Client, resource: JsonObject): Outcome<JsonObject>;
  delete(client: Client, identity: Identity): Promise<Outcome<JsonObject>>;
}
