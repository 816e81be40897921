/**
 * Counts, for each PodDisruptionBudget, its healthy pods and how many of them may go.
 * Source: k8s.io/kubernetes pkg/controller/disruption/disruption.go, Kubernetes 1.35. Expected pods are those that exist; the
 * scale of their controllers is not asked.
 */
import { putStatus } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { at, numberAt } from '../fields.ts';
import { POD_DISRUPTION_BUDGETS } from '../kinds/pod-disruption-budget.ts';
import type { KubeObject } from '../object.ts';
import { matches, selectorOf } from '../selector.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { keyOf, splitKey } from './ownership.ts';
import { isReady } from './pod-state.ts';

const { name: BUDGETS } = POD_DISRUPTION_BUDGETS;

export const disruptionController: Controller = {
  name: 'disruption',
  watches: [BUDGETS, 'pods'],
  react: ({ resource, before, after }, { store }) => {
    const object = after ?? before;
    if (!object) return [];
    if (resource === BUDGETS) return after ? [{ key: keyOf(after), after: 0 }] : [];
    if (resource !== 'pods' || !store.table(BUDGETS)) return [];
    return store.list(BUDGETS, object.metadata.namespace).map((budget) => ({ key: keyOf(budget), after: 0 }));
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const budget = tx.get(BUDGETS, namespace, name);
    if (budget) count(tx, budget);
  },
};

function count(tx: ClusterTransaction, budget: KubeObject): void {
  const selector = selectorOf(budget.spec?.['selector']);
  const pods = tx
    .list('pods', budget.metadata.namespace)
    .filter(({ metadata }) => matches(selector, metadata.labels) && metadata.deletionTimestamp === undefined);
  const currentHealthy = pods.filter(isReady).length;
  const desiredHealthy = desired(budget, pods.length);
  const disruptionsAllowed = Math.max(0, currentHealthy - desiredHealthy);
  const generation = budget.metadata.generation ?? 0;
  const enough = disruptionsAllowed > 0;
  const known = at(budget.status, 'conditions', 0);
  const status = enough ? 'True' : 'False';
  putStatus(tx, POD_DISRUPTION_BUDGETS, budget, {
    conditions: [
      {
        lastTransitionTime:
          at(known, 'status') === status ? (at(known, 'lastTransitionTime') ?? tx.timestamp) : tx.timestamp,
        message: '',
        observedGeneration: generation,
        reason: enough ? 'SufficientPods' : 'InsufficientPods',
        status,
        type: 'DisruptionAllowed',
      },
    ],
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    expectedPods: pods.length,
    observedGeneration: generation,
  });
}

/** Percentages round up, as the real ones do. */
function desired({ spec }: KubeObject, pods: number): number {
  const amount = (field: string): number => {
    const value = at(spec, field);
    return typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((Number.parseInt(value, 10) * pods) / 100)
      : numberAt(spec, field) || Number(value ?? 0);
  };
  if (at(spec, 'maxUnavailable') !== undefined) return Math.max(0, pods - amount('maxUnavailable'));
  return at(spec, 'minAvailable') === undefined ? 1 : amount('minAvailable');
}
