/**
 * Calico's objects in the cluster's API, as its client library sees them: cluster-wide custom resources read and written
 * by name. One implementation works inside a transaction (controllers, the CNI plugin), the other through API requests
 * (calicoctl), and IPAM runs on either.
 */
import type { JsonObject } from '../../../base/json.ts';
import type { KubeObject, ObjectMeta, ResourceName } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { API_VERSION } from './kinds.ts';

export interface Datastore {
  /** Cluster-wide objects. */
  get(resource: ResourceName, name: string): KubeObject | undefined;
  /** In name order; only names that begin with `prefix` when given. */
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
}

/** Where Calico's client keeps the metadata of its own resource, as JSON; IPAM's objects have none. */
export const METADATA_ANNOTATION = 'projectcalico.org/metadata';
export const NO_METADATA = '{}';

export function newMetadata(tx: ClusterTransaction, name: string, calico: string): ObjectMeta {
  return {
    name,
    uid: tx.uid(),
    creationTimestamp: tx.timestamp,
    generation: 1,
    annotations: { [METADATA_ANNOTATION]: calico },
  };
}

export function transactionDatastore(tx: ClusterTransaction): Datastore {
  return {
    get: (resource, name) => tx.get(resource, undefined, name),
    list: (resource, prefix = '') => [...(tx.state.store.table(resource)?.withPrefix(`/${prefix}`) ?? [])],
    put: (resource, { kind, name, spec }) => {
      const before = tx.get(resource, undefined, name);
      const metadata = before
        ? { ...before.metadata, generation: (before.metadata.generation ?? 0) + 1 }
        : newMetadata(tx, name, NO_METADATA);
      return tx.put(resource, { apiVersion: API_VERSION, kind, metadata, spec });
    },
    delete: (resource, name) => tx.delete(resource, undefined, name),
    get timestamp() {
      return tx.timestamp;
    },
    get clock() {
      return tx.state.epoch + tx.now;
    },
  };
}
