/**
 * Calico's objects in the cluster's API, as its client library sees them: cluster-wide custom resources read and written
 * by name. One implementation works inside a transaction (controllers, the CNI plugin), the other through API requests
 * (calicoctl), and IPAM runs on either.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { Table } from '../../core/table.ts';
import type { KubeObject, ObjectMeta, ResourceName } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { API_VERSION } from './kinds.ts';

export interface Datastore {
  /** Cluster-wide objects. */
  get(resource: ResourceName, name: string): KubeObject | undefined;
  /** In name order; only names that begin with `prefix` when given. Inside a cluster the same list until one changes. */
  list(resource: ResourceName, prefix?: string): readonly KubeObject[];
  /** Creates a custom resource, or replaces its spec; metadata of a stored one stays. */
  put(resource: ResourceName, custom: CustomResource): KubeObject;
  delete(resource: ResourceName, name: string): void;
  /** RFC 3339 with seconds. */
  readonly timestamp: string;
  /** Milliseconds since 1970. */
  readonly clock: number;
}

export interface CustomResource {
  readonly kind: string;
  readonly name: string;
  readonly spec: JsonObject;
  /** Those by which Calico's client looks for it. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Where Calico's client keeps the metadata of its own resource, as JSON; IPAM's objects are not dated in it. */
export const METADATA_ANNOTATION = 'projectcalico.org/metadata';
export const NO_METADATA = '{"creationTimestamp":null}';

/** Of a new object of IPAM: its labels stand in the annotation too. */
export const ipamMetadata = ({ labels }: CustomResource): string =>
  labels ? JSON.stringify({ creationTimestamp: null, labels }) : NO_METADATA;

export function newMetadata(tx: ClusterTransaction, name: string, calico: string): ObjectMeta {
  return {
    name,
    uid: tx.uid(),
    creationTimestamp: tx.timestamp,
    generation: 1,
    annotations: { [METADATA_ANNOTATION]: calico },
  };
}

const NOTHING: readonly KubeObject[] = [];
const lists = new WeakMap<Table<KubeObject>, Map<string, readonly KubeObject[]>>();

/** What is read for every address seldom changes: pools, reservations, what a node has claimed. */
function objectsOf(table: Table<KubeObject>, prefix: string): readonly KubeObject[] {
  const known = lists.get(table) ?? new Map<string, readonly KubeObject[]>();
  lists.set(table, known);
  const objects = known.get(prefix) ?? [...table.withPrefix(`/${prefix}`)];
  known.set(prefix, objects);
  return objects;
}

export function transactionDatastore(tx: ClusterTransaction): Datastore {
  return {
    get: (resource, name) => tx.get(resource, undefined, name),
    list: (resource, prefix = '') => {
      const table = tx.table(resource);
      return table ? objectsOf(table, prefix) : NOTHING;
    },
    put: (resource, custom) => {
      const { kind, name, spec } = custom;
      const before = tx.get(resource, undefined, name);
      const metadata = before
        ? { ...before.metadata, generation: (before.metadata.generation ?? 0) + 1 }
        : { ...newMetadata(tx, name, ipamMetadata(custom)), ...(custom.labels && { labels: custom.labels }) };
      return tx.put(resource, { apiVersion: API_VERSION, kind, metadata, spec });
    },
    delete: (resource, name) => tx.delete(resource, undefined, name),
    get timestamp() {
      return tx.timestamp;
    },
    get clock() {
      return tx.epoch + tx.now;
    },
  };
}
