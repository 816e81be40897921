/**
 * APIServices: which server answers for a group and version. The API server's own are listed as `Local`; others are registered with
 * a service, and are available as long as it has somebody behind it.
 * Source: k8s.io/kube-aggregator pkg/apis/apiregistration/v1, pkg/controllers/status/remote, Kubernetes 1.35. They can be read
 * only; extensions register theirs by their controllers.
 */
import type { Controller } from '../controller.ts';
import { conditionOf, withCondition } from '../controllers/pod-state.ts';
import { at, listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType, type Served } from '../resource.ts';
import type { ObjectStore } from '../store.ts';
import type { ClusterTransaction } from '../transaction.ts';

const GROUP = 'apiregistration.k8s.io';
const NAME = `apiservices.${GROUP}`;

type Store = Pick<ObjectStore, 'get'>;

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

const isAvailable = (service: KubeObject): boolean =>
  textAt(conditionOf(service, 'Available'), 'status') === 'True';

function availability(service: KubeObject): string {
  const available = conditionOf(service, 'Available');
  const status = textAt(available, 'status') || 'Unknown';
  return status === 'True' ? status : `${status} (${textAt(available, 'reason')})`;
}

const serviceOf = ({ spec }: KubeObject): string => {
  const name = textAt(spec, 'service', 'name');
  return name === '' ? 'Local' : `${textAt(spec, 'service', 'namespace')}/${name}`;
};

export interface ApiServiceOptions {
  /** The groups and versions that the API server itself serves. */
  readonly local: (store: Store) => readonly GroupVersion[];
  readonly servedIn: (store: Store) => Served;
}

export const apiServices = ({ local, servedIn }: ApiServiceOptions): ResourceType => ({
  name: NAME,
  group: GROUP,
  version: 'v1',
  plural: 'apiservices',
  singular: 'apiservice',
  kind: 'APIService',
  listKind: 'APIServiceList',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  columns: [NAME_COLUMN, column('Service', serviceOf), column('Available', availability), AGE_COLUMN],
  status: true,
  computed: (tx) => [...local(tx).map((version) => localService(tx, version)), ...tx.list(NAME)].sort(byName),
  servedIn,
});

const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name < b.metadata.name ? -1 : 1);

function localService(tx: ClusterTransaction, { group, version }: GroupVersion): KubeObject {
  const creationTimestamp = tx.get('namespaces', undefined, 'kube-system')?.metadata.creationTimestamp;
  const since = creationTimestamp ?? tx.timestamp;
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'APIService',
    metadata: {
      name: `${version}.${group}`,
      creationTimestamp: since,
      labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
    },
    spec: { group, groupPriorityMinimum: group === '' ? 18000 : 17000, version, versionPriority: 15 },
    status: {
      conditions: [
        {
          lastTransitionTime: since,
          message: 'Local APIServices are always available',
          reason: 'Local',
          status: 'True',
          type: 'Available',
        },
      ],
    },
  };
}

/** Whether the kinds of an extension's group and version are served. */
export function servedBy(store: Store, name: string): Served {
  const service = store.get(NAME, undefined, name);
  if (!service) return 'absent';
  return isAvailable(service) ? 'served' : 'unavailable';
}

const CONTROLLER = 'api-service-availability';
const DELAY = 100;

/** Looks whether the services of registered extensions have somebody behind them. */
export const apiServiceAvailability: Controller = {
  name: CONTROLLER,
  watches: [NAME, 'services', 'endpointslices.discovery.k8s.io'],
  react: ({ resource, before, after }, { store }) => {
    if (resource === NAME) return after ? [{ key: after.metadata.name, after: DELAY }] : [];
    const table = store.table(NAME);
    if (!table) return [];
    const namespace = (after ?? before)?.metadata.namespace;
    return [...table.values()]
      .filter(({ spec }) => textAt(spec, 'service', 'namespace') === namespace)
      .map(({ metadata }) => ({ key: metadata.name, after: DELAY }));
  },
  reconcile: (tx, name) => {
    const service = tx.get(NAME, undefined, name);
    if (!service) return;
    const before = listAt(service.status, 'conditions');
    const conditions = withCondition(before, conditionNow(tx, service), tx.timestamp);
    const known = conditionOf(service, 'Available');
    const made = conditions.find(({ type }) => type === 'Available');
    if (known && made && known['status'] === made['status'] && known['reason'] === made['reason']) return;
    tx.put(NAME, { ...service, status: { conditions } });
  },
};

function conditionNow(
  tx: ClusterTransaction,
  { spec }: KubeObject,
): { readonly type: string; readonly status: string; readonly reason: string; readonly message: string } {
  const [namespace, name] = [textAt(spec, 'service', 'namespace'), textAt(spec, 'service', 'name')];
  const not = (reason: string, message: string): ReturnType<typeof conditionNow> => ({
    message,
    reason,
    status: 'False',
    type: 'Available',
  });
  const service = tx.get('services', namespace, name);
  if (!service) return not('ServiceNotFound', `service/${name} in "${namespace}" is not present`);
  if (hasEndpoint(tx, namespace, name))
    return { message: 'all checks passed', reason: 'Passed', status: 'True', type: 'Available' };
  const port = textAt(listAt(service.spec, 'ports')[0], 'name');
  return not(
    'MissingEndpoints',
    `endpoints for service/${name} in "${namespace}" have no addresses with port name "${port}"`,
  );
}

const hasEndpoint = (tx: ClusterTransaction, namespace: string, service: string): boolean =>
  tx
    .list('endpointslices.discovery.k8s.io', namespace)
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
    .some((slice) =>
      listAt(slice, 'endpoints').some((endpoint) => at(endpoint, 'conditions', 'ready') !== false),
    );
