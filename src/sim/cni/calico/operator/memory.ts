/**
 * What the operator's process holds in memory about each of its components: whether its resource was found, what is wrong with it
 * by the controller's own word, and what it waits for. It ends with the process.
 * Source: pkg/controller/status/status.go, tigera/operator v1.42.3.
 */
import { jsonEquals, type Json } from '../../../../base/json.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import type { Component } from './kinds.ts';

/** By component; a table of the store that no API serves. */
export const OPERATOR_MEMORY = 'operatormemory.simulator';

/** Reasons of TigeraStatus conditions. */
export type StatusReason =
  | 'InvalidConfigurationError'
  | 'ResourceCreateError'
  | 'ResourceNotFound'
  | 'ResourceNotReady'
  | 'ResourceReadError'
  | 'ResourceScalingError'
  | 'ResourceUpdateError'
  | 'ResourceValidationError';

export interface Memory {
  /** Undefined until its resource has been asked for. */
  readonly enabled?: boolean;
  readonly degraded?: { readonly reason: StatusReason; readonly message: string };
  /** What it is made of may be looked at. */
  readonly ready?: boolean;
  readonly daemonSets?: readonly string[];
  readonly deployments?: readonly string[];
  /** Of the resource that it was last reconciled for. */
  readonly generation?: number;
}

export const recall = (tx: ClusterTransaction, component: Component): Memory =>
  (tx.get(OPERATOR_MEMORY, undefined, component)?.spec ?? {}) as unknown as Memory;

export function remember(tx: ClusterTransaction, component: Component, memory: Memory): void {
  const spec = JSON.parse(JSON.stringify(memory)) as Readonly<Record<string, Json>>;
  if (jsonEquals(tx.get(OPERATOR_MEMORY, undefined, component)?.spec, spec)) return;
  tx.put(OPERATOR_MEMORY, {
    apiVersion: 'simulator/v1',
    kind: 'OperatorMemory',
    metadata: { name: component },
    spec,
  });
}

export function forgetAll(tx: ClusterTransaction): void {
  for (const { metadata } of tx.list(OPERATOR_MEMORY)) tx.delete(OPERATOR_MEMORY, undefined, metadata.name);
}
