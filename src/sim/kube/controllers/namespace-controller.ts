/**
 * Gives every namespace its default ServiceAccount and root CA bundle, and empties namespaces on their way out.
 * Source: k8s.io/kubernetes pkg/controller/{namespace,serviceaccount}, pkg/controller/certificates/rootcacertpublisher,
 * Kubernetes 1.35.
 */
import { createObject } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { deleteObject } from '../deletion.ts';
import { CONFIG_MAPS, SERVICE_ACCOUNTS } from '../kinds/plain.ts';
import type { KubeObject } from '../object.ts';
import type { Registry } from '../registry.ts';
import type { ClusterTransaction } from '../transaction.ts';

/** Between two looks at whether a namespace has emptied. */
const RECHECK = 500;

const ROOT_CA = 'kube-root-ca.crt';

export const namespaceController = (registry: Registry, rootCa: string): Controller => ({
  name: 'namespace',
  watches: ['namespaces', 'serviceaccounts', 'configmaps'],
  react: ({ resource, before, after }) => {
    if (resource === 'namespaces') return after ? [{ key: after.metadata.name, after: 0 }] : [];
    const lost = after === undefined && before !== undefined && belongsToEvery(resource, before);
    return lost ? [{ key: before.metadata.namespace ?? '', after: 10 }] : [];
  },
  reconcile: (tx, key) => {
    const namespace = tx.get('namespaces', undefined, key);
    if (!namespace) return;
    if (namespace.metadata.deletionTimestamp === undefined) furnish(tx, key, rootCa);
    else empty(tx, registry, namespace);
  },
});

const belongsToEvery = (resource: string, object: KubeObject): boolean =>
  (resource === 'serviceaccounts' && object.metadata.name === 'default') ||
  (resource === 'configmaps' && object.metadata.name === ROOT_CA);

function furnish(tx: ClusterTransaction, namespace: string, rootCa: string): void {
  if (!tx.get('serviceaccounts', namespace, 'default')) {
    createObject(tx, SERVICE_ACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
  }
  if (tx.get('configmaps', namespace, ROOT_CA)) return;
  createObject(tx, CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: ROOT_CA,
      namespace,
      annotations: {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      },
    },
    data: { 'ca.crt': rootCa },
  });
}

/** Deletes what is inside; when nothing is left, the namespace itself goes. */
function empty(tx: ClusterTransaction, registry: Registry, namespace: KubeObject): void {
  const { name } = namespace.metadata;
  let left = 0;
  for (const type of registry.types) {
    if (!type.namespaced) continue;
    for (const object of tx.list(type.name, name)) {
      const waits =
        object.metadata.deletionTimestamp !== undefined || deleteObject(tx, type, object) !== undefined;
      if (waits) left += 1;
    }
  }
  if (left > 0) tx.schedule('namespace', name, RECHECK);
  else if ((namespace.metadata.finalizers ?? []).length === 0) tx.delete('namespaces', undefined, name);
}
