/** The names of tigera-operator: its API group, where it puts things, and what they are called (v1.42.3, of Calico v3.32.1). */
import type { KubeObject } from '../../../kube/object.ts';

export const OPERATOR_GROUP = 'operator.tigera.io';
export const OPERATOR_API = `${OPERATOR_GROUP}/v1`;
export const OPERATOR_VERSION = 'v1.42.3';

export const INSTALLATIONS = `installations.${OPERATOR_GROUP}`;
export const API_SERVERS = `apiservers.${OPERATOR_GROUP}`;
export const TIGERA_STATUSES = `tigerastatuses.${OPERATOR_GROUP}`;
export const GOLDMANES = `goldmanes.${OPERATOR_GROUP}`;
export const WHISKERS = `whiskers.${OPERATOR_GROUP}`;

/** The controller in the simulator. */
export const OPERATOR = 'tigera-operator';
export const OPERATOR_NAMESPACE = 'tigera-operator';
export const CALICO_NAMESPACE = 'calico-system';
export const DEFAULT = 'default';

export const MANAGED_BY = { key: 'app.kubernetes.io/managed-by', value: 'tigera-operator' } as const;

/** While it stands on the Installation, the operator has not put everything away. */
export const COMPLETE_FINALIZER = 'tigera.io/operator-cleanup';
export const INSTALLATION_FINALIZER = 'operator.tigera.io/installation-controller';
export const API_SERVER_FINALIZER = 'operator.tigera.io/apiserver-controller';
export const WHISKER_FINALIZER = 'operator.tigera.io/whisker-controller';
export const GOLDMANE_FINALIZER = 'operator.tigera.io/goldmane-controller';

/** The parts of the operator that report a status of their own. */
export type Component = 'calico' | 'ippools' | 'apiserver' | 'tiers' | 'goldmane' | 'whisker';

export const COMPONENTS: readonly Component[] = [
  'calico',
  'ippools',
  'apiserver',
  'tiers',
  'goldmane',
  'whisker',
];

export const V3_API_SERVICE = 'v3.projectcalico.org';

type Store = { get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined };

export const installationIn = (store: Store): KubeObject | undefined =>
  store.get(INSTALLATIONS, undefined, DEFAULT);

export const apiServerIn = (store: Store): KubeObject | undefined =>
  store.get(API_SERVERS, undefined, DEFAULT) ?? store.get(API_SERVERS, undefined, 'tigera-secure');
