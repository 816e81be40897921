/** The scale subresource: replicas read and written without the rest. Source: k8s.io/api autoscaling/v1 Scale. */
import type { JsonObject } from '../../base/json.ts';
import { compact, numberAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import { AGE_COLUMN, NAME_COLUMN, type PrinterColumn } from './resource.ts';
import { printSelector, selectorOf } from './selector.ts';

export function scaleOf(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: compact({ name, namespace, uid, resourceVersion, creationTimestamp }),
    spec: { replicas: numberAt(object.spec, 'replicas') },
    status: {
      replicas: numberAt(object.status, 'replicas'),
      selector: printSelector(selectorOf(object.spec?.['selector'])),
    },
  };
}

/** Source: k8s.io/kubernetes pkg/printers/internalversion/printers.go, printScale. */
export const SCALE_COLUMNS: readonly PrinterColumn[] = [
  NAME_COLUMN,
  { name: 'Desired', type: 'integer', priority: 0, cell: ({ spec }) => numberAt(spec, 'replicas') },
  { name: 'Available', type: 'integer', priority: 0, cell: ({ status }) => numberAt(status, 'replicas') },
  AGE_COLUMN,
];

/** The object with the replicas that a Scale asks for. */
export const scaled = (object: KubeObject, scale: JsonObject): KubeObject => ({
  ...object,
  spec: { ...object.spec, replicas: numberAt(scale, 'spec', 'replicas') },
});
