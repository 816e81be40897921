/** A pod's quality of service from its requests and limits. Source: k8s.io/kubectl/pkg/util/qos/qos.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, objectAt } from '../../../kube/fields.ts';
import { parseQuantity } from '../output/quantity.ts';

const COMPUTE = ['cpu', 'memory'] as const;

export function qosClass(pod: JsonObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...listAt(pod, 'spec', 'containers'), ...listAt(pod, 'spec', 'initContainers')];
  const amounts = containers.map((container) => ({
    limits: objectAt(container, 'resources', 'limits'),
    requests: objectAt(container, 'resources', 'requests'),
  }));
  const has = (resources: JsonObject, name: string): boolean =>
    (parseQuantity(String(resources[name] ?? '')) ?? 0) > 0;
  const any = amounts.some(({ limits, requests }) =>
    COMPUTE.some((name) => has(limits, name) || has(requests, name)),
  );
  if (!any) return 'BestEffort';
  const guaranteed = amounts.every(({ limits, requests }) =>
    COMPUTE.every(
      (name) => has(limits, name) && (requests[name] === undefined || requests[name] === limits[name]),
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
