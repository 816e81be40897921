/**
 * What lies below a pod: streams (served by a listener, listed here for discovery), its log, evictions, and the binding by
 * which a scheduler puts it on a node.
 * Source: k8s.io/kubernetes pkg/registry/core/pod/storage/storage.go, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { conflict, type Failure } from '../failure.ts';
import { textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { Subresource } from '../resource.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { EVICTION } from './pod-disruption-budget.ts';

const PODS = { name: 'pods', group: '', plural: 'pods', kind: 'Pod' };

const stream = (name: string, kind: string): Subresource => ({
  name,
  kind,
  group: '',
  version: 'v1',
  verbs: ['create', 'get'],
});

function bind(pod: KubeObject, body: JsonObject, tx: ClusterTransaction): Result<JsonObject, Failure> {
  const { name } = pod.metadata;
  const placed = textAt(pod.spec, 'nodeName');
  if (placed !== '') {
    return err(
      conflict(
        { ...PODS, name: 'pods/binding' },
        name,
        `pod ${name} is already assigned to node ${JSON.stringify(placed)}`,
      ),
    );
  }
  tx.put('pods', { ...pod, spec: { ...pod.spec, nodeName: textAt(body, 'target', 'name') } });
  return ok({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

export const POD_SUBRESOURCES: readonly Subresource[] = [
  stream('attach', 'PodAttachOptions'),
  { name: 'binding', kind: 'Binding', group: '', version: 'v1', verbs: ['create'], create: bind },
  EVICTION,
  stream('exec', 'PodExecOptions'),
  { name: 'log', kind: 'Pod', group: '', version: 'v1', verbs: ['get'] },
  stream('portforward', 'PodPortForwardOptions'),
];
