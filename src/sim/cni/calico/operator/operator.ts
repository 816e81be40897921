/**
 * tigera-operator: controllers that bring about what its custom resources say, and put back what others change, as long as its own
 * pod runs. What one of them tells the others are waiting for, so each change of a status is looked at by all.
 * Source: cmd/main.go, pkg/controller, tigera/operator v1.42.3. Left out: the backstop of looking at everything every five minutes.
 */
import type { Topology } from '../../../../model/topology.ts';
import type { Change, Controller } from '../../../kube/controller.ts';
import { podsWithLabel } from '../../../kube/controllers/ownership.ts';
import { conditionOf } from '../../../kube/controllers/pod-state.ts';
import { listAt, textAt } from '../../../kube/fields.ts';
import type { Registry } from '../../../kube/registry.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import {
  BGP_CONFIGURATIONS,
  FELIX_CONFIGURATIONS,
  IP_POOLS,
  NETWORK_POLICIES,
  NODES,
  TIERS,
} from '../kinds.ts';
import { reconcileCalico, tellInstallation } from './calico.ts';
import type { Operator } from './component.ts';
import {
  reconcileApiServer,
  reconcileGoldmane,
  reconcileTiers,
  reconcileWhisker,
  tellApiServer,
} from './extensions.ts';
import { reconcilePools } from './ip-pools.ts';
import {
  API_SERVERS,
  CALICO_NAMESPACE,
  COMPONENTS,
  GOLDMANES,
  INSTALLATIONS,
  OPERATOR as NAME,
  OPERATOR_NAMESPACE,
  TIGERA_STATUSES,
  WHISKERS,
  type Component,
} from './kinds.ts';
import { forgetAll, OPERATOR_MEMORY } from './memory.ts';
import { tellStatus } from './status.ts';

/** Between a change and the controllers' look at it. */
const REACTION = 50;
/** Between two looks at the state of what a component is made of. */
const STATUS_INTERVAL = 5_000;

const RESOURCES = [INSTALLATIONS, API_SERVERS, GOLDMANES, WHISKERS, TIGERA_STATUSES];
/** Of these only what stands in calico-system is the operator's. */
const OWNED = [
  'daemonsets.apps',
  'deployments.apps',
  'services',
  'serviceaccounts',
  'configmaps',
  'poddisruptionbudgets.policy',
];
const CALICO = [IP_POOLS, FELIX_CONFIGURATIONS, BGP_CONFIGURATIONS, TIERS, NETWORK_POLICIES];

/** Keys: `reconcile` for all controllers, `look` when a state moved, `status` when the operator looks at states. */
export const tigeraOperator = (topology: Topology, registry: Registry): Controller => ({
  name: NAME,
  watches: [...RESOURCES, ...OWNED, ...CALICO, NODES, 'pods', OPERATOR_MEMORY],
  react: (change, { store }) =>
    store.table(INSTALLATIONS) ? keysFor(change).map((key) => ({ key, after: REACTION })) : NOTHING,
  reconcile: (tx, key) => {
    const process = runningProcess(tx);
    if (process === undefined) return;
    const operator = { tx, registry, topology };
    if (isNewProcess(tx, process)) forgetAll(tx);
    rememberProcess(tx, process);
    if (key === 'look') tx.schedule(NAME, 'status', STATUS_INTERVAL - (tx.now % STATUS_INTERVAL));
    else if (key === 'status') lookAtStates(operator);
    else reconcileAll(operator);
  },
});

const NOTHING: readonly never[] = [];

function keysFor({ resource, before, after }: Change): readonly string[] {
  const object = after ?? before;
  const namespace = object?.metadata.namespace;
  if (resource === 'pods') return podKeys(namespace);
  if (resource === OPERATOR_MEMORY) return ['look'];
  if (resource === NODES) return !before || !after || before.spec !== after.spec ? ['reconcile'] : NOTHING;
  if (!OWNED.includes(resource)) return ['reconcile'];
  return namespace === CALICO_NAMESPACE ? ['reconcile', 'look'] : NOTHING;
}

function podKeys(namespace: string | undefined): readonly string[] {
  if (namespace === OPERATOR_NAMESPACE) return ['reconcile'];
  return namespace === CALICO_NAMESPACE ? ['look'] : NOTHING;
}

/** Every controller looks; what has nothing to do does nothing. */
export function reconcileAll(operator: Operator): void {
  reconcileGoldmane(operator);
  reconcileCalico(operator);
  reconcilePools(operator);
  reconcileApiServer(operator);
  reconcileTiers(operator);
  reconcileWhisker(operator);
}

function lookAtStates(operator: Operator): void {
  const { tx } = operator;
  for (const component of COMPONENTS) tellStatus(operator, component);
  if (isAvailable(tx, 'calico')) tellInstallation(operator);
  if (isAvailable(tx, 'apiserver')) tellApiServer(operator);
}

function isAvailable(tx: ClusterTransaction, component: Component): boolean {
  const status = tx.get(TIGERA_STATUSES, undefined, component);
  return status !== undefined && textAt(conditionOf(status, 'Available'), 'status') === 'True';
}

/** The container of the operator's pod that runs. */
function runningProcess(tx: ClusterTransaction): string | undefined {
  const pods = podsWithLabel(tx, OPERATOR_NAMESPACE, 'name', OPERATOR_NAMESPACE);
  const running = pods.find(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined && textAt(status, 'phase') === 'Running',
  );
  return running && textAt(listAt(running.status, 'containerStatuses')[0], 'containerID');
}

/** One record: the process that remembers. No API serves it. */
const OPERATOR_PROCESS = 'operatorprocess.simulator';

const isNewProcess = (tx: ClusterTransaction, process: string): boolean =>
  tx.get(OPERATOR_PROCESS, undefined, NAME)?.spec?.['process'] !== process;

function rememberProcess(tx: ClusterTransaction, process: string): void {
  if (!isNewProcess(tx, process)) return;
  tx.put(OPERATOR_PROCESS, {
    apiVersion: 'simulator/v1',
    kind: 'OperatorProcess',
    metadata: { name: NAME },
    spec: { process },
  });
}
