/**
 * Kinds whose objects follow from the rest of the cluster: component statuses, which the API server asks for on the spot,
 * and the leases by which kubelets and control plane components show that they live. They can be read only.
 * Source: k8s.io/kubernetes pkg/registry/core/componentstatus, pkg/kubelet (node leases every 10 s), client-go leaderelection.
 */
import type { JsonObject } from '../../../base/json.ts';
import { timestamp, type Millis } from '../../core/time.ts';
import { listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { builtin } from './builtin.ts';

const condition = (status: KubeObject): JsonObject =>
  listAt(status, 'conditions').find((item) => item['type'] === 'Healthy') ?? {};

export const COMPONENT_STATUSES: ResourceType = builtin(
  {
    kind: 'ComponentStatus',
    plural: 'componentstatuses',
    shortNames: ['cs'],
    columns: [
      NAME_COLUMN,
      column('Status', (status) => (condition(status)['status'] === 'True' ? 'Healthy' : 'Unhealthy')),
      column('Message', (status) => textAt(condition(status), 'message')),
      column('Error', (status) => textAt(condition(status), 'error')),
    ],
  },
  {
    namespaced: false,
    verbs: ['get', 'list'],
    warning: 'v1 ComponentStatus is deprecated in v1.19+',
    computed: () =>
      ['controller-manager', 'etcd-0', 'scheduler'].map((name) => ({
        apiVersion: 'v1',
        kind: 'ComponentStatus',
        metadata: { name },
        conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
      })),
  },
);

const NODE_LEASES = 'kube-node-lease';
/** Milliseconds between two renewals, and seconds a lease lasts. */
const KUBELET = { every: 10_000, lasts: 40 };
const LEADER = { every: 2_000, lasts: 15 };

interface Holding {
  readonly name: string;
  readonly namespace: string;
  readonly holder: string;
  readonly rhythm: typeof KUBELET;
  readonly since: string;
}

function leaseOf(tx: ClusterTransaction, { name, namespace, holder, rhythm, since }: Holding): KubeObject {
  const { epoch } = tx.state;
  const renewed: Millis = Math.floor(tx.now / rhythm.every) * rhythm.every;
  const micro = (text: string): string => text.replace('Z', '.000000Z');
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, creationTimestamp: since },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: rhythm.lasts,
      renewTime: micro(timestamp(epoch, renewed)),
      ...(rhythm === LEADER ? { acquireTime: micro(since), leaseTransitions: 0 } : {}),
    },
  };
}

function leases(tx: ClusterTransaction): readonly KubeObject[] {
  const nodes = tx.list('nodes');
  const leaders = nodes.filter(({ metadata }) =>
    Object.hasOwn(metadata.labels ?? {}, 'node-role.kubernetes.io/control-plane'),
  );
  const born = (node: KubeObject): string => node.metadata.creationTimestamp ?? tx.timestamp;
  return [
    ...nodes.map((node) =>
      leaseOf(tx, {
        name: node.metadata.name,
        namespace: NODE_LEASES,
        holder: node.metadata.name,
        rhythm: KUBELET,
        since: born(node),
      }),
    ),
    ...leaders.slice(0, 1).flatMap((node) =>
      ['kube-controller-manager', 'kube-scheduler'].map((name) =>
        leaseOf(tx, {
          name,
          namespace: 'kube-system',
          holder: `${node.metadata.name}_${(node.metadata.uid ?? '').replace(/^.{8}/, name === 'kube-scheduler' ? '5c4ed01e' : 'c0a7401e')}`,
          rhythm: LEADER,
          since: born(node),
        }),
      ),
    ),
  ];
}

export const LEASES: ResourceType = builtin(
  {
    kind: 'Lease',
    plural: 'leases',
    group: 'coordination.k8s.io',
    columns: [NAME_COLUMN, column('Holder', (lease) => textAt(lease.spec, 'holderIdentity')), AGE_COLUMN],
  },
  { verbs: ['get', 'list'], computed: leases },
);
