/** What the operator's workloads have in common: images, tolerations, probes, and the forms of their objects. */
import type { Json, JsonObject } from '../../../../../base/json.ts';
import type { KubeObject } from '../../../../kube/object.ts';
import { CALICO_VERSION } from '../../kinds.ts';
import { CALICO_NAMESPACE } from '../kinds.ts';

/** The registry and path of an Installation, or Calico's own. */
export function imageOf(spec: JsonObject, name: string): string {
  const registry = String(spec['registry'] ?? 'quay.io/').replace(/\/?$/, '/');
  return `${registry}${String(spec['imagePath'] ?? 'calico')}/${String(spec['imagePrefix'] ?? '')}${name}:${CALICO_VERSION}`;
}

export const TOLERATE_ALL: Json = [
  { key: 'CriticalAddonsOnly', operator: 'Exists' },
  { effect: 'NoSchedule', operator: 'Exists' },
  { effect: 'NoExecute', operator: 'Exists' },
];

const CONTROL_PLANE: readonly JsonObject[] = [
  { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' },
  { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
];

const extra = (spec: JsonObject): readonly Json[] =>
  Array.isArray(spec['controlPlaneTolerations']) ? spec['controlPlaneTolerations'] : [];

export const tolerateControlPlane = (spec: JsonObject): Json => [...extra(spec), ...CONTROL_PLANE];
export const tolerateCriticalAddons = (spec: JsonObject): Json => [
  ...extra(spec),
  ...CONTROL_PLANE,
  { key: 'CriticalAddonsOnly', operator: 'Exists' },
];

/** What a probe leaves open. */
export const liveness = (probe: JsonObject): JsonObject => ({
  failureThreshold: 3,
  periodSeconds: 60,
  successThreshold: 1,
  timeoutSeconds: 5,
  ...probe,
});
export const readiness = (probe: JsonObject): JsonObject => ({
  ...liveness({}),
  periodSeconds: 30,
  ...probe,
});

export const variable = (name: string, value: string): JsonObject => ({ name, value });
export const fromField = (name: string, fieldPath: string): JsonObject => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

export const onLinux = (selector: Json | undefined = {}): JsonObject => ({
  nodeSelector: { ...(selector as JsonObject), 'kubernetes.io/os': 'linux' },
});

interface Workload {
  readonly name: string;
  readonly spec: JsonObject;
  readonly labels?: Readonly<Record<string, string>>;
}

export const workload = (kind: 'DaemonSet' | 'Deployment', { name, spec, labels }: Workload): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: CALICO_NAMESPACE, ...(labels && { labels }) },
  spec,
});

export const serviceAccount = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: CALICO_NAMESPACE },
});

export const service = (
  name: string,
  spec: JsonObject,
  labels?: Readonly<Record<string, string>>,
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: CALICO_NAMESPACE, ...(labels && { labels }) },
  spec,
});

/** At most one of a workload's pods away at a time. */
export const disruptionBudget = (name: string, matchLabels: JsonObject): KubeObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name, namespace: CALICO_NAMESPACE },
  spec: { maxUnavailable: 1, selector: { matchLabels } },
});
