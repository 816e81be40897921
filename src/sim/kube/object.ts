/**
 * Kubernetes objects as the store holds them: plain JSON with the metadata every kind shares.
 * Source: k8s.io/apimachinery/pkg/apis/meta/v1/types.go, Kubernetes 1.35.
 */
import type { JsonObject } from '../../base/json.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
  /** Kinds without spec (ConfigMap, Event, EndpointSlice, ...) keep their own members here by name. */
  readonly [member: string]: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly generateName?: string;
  /** Who manages which fields, in the form of the wire: see `managed-fields.ts`. */
  readonly managedFields?: readonly JsonObject[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** `<plural>.<group>` (core: just the plural), e.g. `pods`, `deployments.apps`, `ippools.crd.projectcalico.org`. */
export type ResourceName = string;
