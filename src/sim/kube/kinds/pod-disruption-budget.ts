/**
 * PodDisruptionBudgets, and evictions, which ask them.
 * Source: k8s.io/api policy/v1; k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go, pkg/apis/policy/validation,
 * pkg/printers/internalversion printPodDisruptionBudget, 1.35. The unhealthy pod eviction policy is not honoured.
 */
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { deleteObject, type DeletionOptions } from '../deletion.ts';
import { tooManyRequests, type Failure } from '../failure.ts';
import { invalid } from '../field-error.ts';
import { at, numberAt, objectAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType, type Subresource } from '../resource.ts';
import { matches, selectorOf } from '../selector.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { builtin } from './builtin.ts';

const limit = (budget: KubeObject, field: string): string => {
  const value = at(budget.spec, field);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'N/A';
};

export const POD_DISRUPTION_BUDGETS: ResourceType = builtin(
  {
    kind: 'PodDisruptionBudget',
    plural: 'poddisruptionbudgets',
    group: 'policy',
    shortNames: ['pdb'],
    columns: [
      NAME_COLUMN,
      column('Min Available', (budget) => limit(budget, 'minAvailable')),
      column('Max Unavailable', (budget) => limit(budget, 'maxUnavailable')),
      column('Allowed Disruptions', (budget) => numberAt(budget.status, 'disruptionsAllowed'), {
        type: 'integer',
      }),
      AGE_COLUMN,
    ],
  },
  {
    status: true,
    generation: true,
    validate: ({ spec }) =>
      at(spec, 'minAvailable') !== undefined && at(spec, 'maxUnavailable') !== undefined
        ? [invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
        : [],
  },
);

/** Budgets of the pod's namespace whose selector matches it. */
export const budgetsOf = (tx: ClusterTransaction, { metadata }: KubeObject): readonly KubeObject[] =>
  tx
    .list(POD_DISRUPTION_BUDGETS.name, metadata.namespace)
    .filter(({ spec }) => matches(selectorOf(spec?.['selector']), metadata.labels));

const DENIED = "Cannot evict pod as it would violate the pod's disruption budget.";

function evict(pod: KubeObject, body: JsonObject, tx: ClusterTransaction): Result<JsonObject, Failure> {
  const [budget] = budgetsOf(tx, pod);
  const isRunning = ['Pending', 'Running'].includes(String(pod.status?.['phase']));
  if (budget && isRunning) {
    const refusal = spend(tx, budget);
    if (refusal) return err(refusal);
  }
  const options = objectAt(body, 'deleteOptions');
  const grace = options['gracePeriodSeconds'];
  const deletion: DeletionOptions = typeof grace === 'number' ? { gracePeriodSeconds: grace } : {};
  const isDry = Array.isArray(options['dryRun']) && options['dryRun'].length > 0;
  if (!isDry) deleteObject(tx, { name: 'pods' }, pod, deletion);
  return ok({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

/** Takes one disruption from the budget; the failure says why none is left. */
function spend(tx: ClusterTransaction, budget: KubeObject): Failure | undefined {
  const { name } = budget.metadata;
  const [needs, has] = [numberAt(budget.status, 'desiredHealthy'), numberAt(budget.status, 'currentHealthy')];
  const allowed = numberAt(budget.status, 'disruptionsAllowed');
  if (allowed <= 0) {
    return tooManyRequests(
      DENIED,
      `The disruption budget ${name} needs ${needs} healthy pods and has ${has} currently`,
    );
  }
  const status = { ...budget.status, disruptionsAllowed: allowed - 1 };
  tx.put(POD_DISRUPTION_BUDGETS.name, { ...budget, status });
  return undefined;
}

export const EVICTION: Subresource = {
  name: 'eviction',
  kind: 'Eviction',
  group: 'policy',
  version: 'v1',
  verbs: ['create'],
  create: evict,
};
