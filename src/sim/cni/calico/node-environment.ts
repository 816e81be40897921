/**
 * The environment that a node's calico-node pod was started with: which backend carries routes, the MTU that somebody fixed, how
 * the host's address is found, and what its `install-cni` made of the CNI configuration. References to ConfigMaps are resolved
 * when the container starts, so a changed ConfigMap does nothing until the next start.
 * Sources: node/filesystem/etc/rc.local, node/pkg/lifecycle/startup, felix/config/config_params.go, cni-plugin/pkg/install,
 * Calico v3.32.1. Left out: variables that nothing here honours. A MTU of 0 leaves the choice to FelixConfiguration.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import type { IpFamily } from '../../../model/ip-family.ts';
import { podsOnNode } from '../../kube/controllers/ownership.ts';
import { at, listAt, numberAt, textAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ObjectStore } from '../../kube/store.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';

/** `vxlan` leaves the routes to Felix alone, `none` leaves addresses and routes to others; neither runs BIRD or confd. */
export type Backend = 'bird' | 'vxlan' | 'none';

export interface NodeEnvironment {
  readonly backend: Backend;
  /** FELIX_VXLANMTU and FELIX_IPINIPMTU; 0 when nothing is fixed. */
  readonly vxlanMtu: number;
  readonly ipipMtu: number;
  /** IP: `autodetect`, or an address with or without a mask; `none` and nothing leave the Node as it is. */
  readonly ip: string;
  readonly ipMethod: string;
  readonly ip6: string;
  readonly ip6Method: string;
  /** FELIX_IPV6SUPPORT. */
  readonly ipv6Support: boolean;
  /** `mtu` of the CNI configuration for pods made from now on; 0: what Felix found. */
  readonly podMtu: number;
  /** Families of which a pod gets an address: `assign_ipv4` and `assign_ipv6` of the CNI configuration. */
  readonly podFamilies: readonly IpFamily[];
  /** `allow_ip_forwarding` of the CNI configuration. */
  readonly podForwarding: boolean;
}

/** As the manifest has it. */
const DEFAULT: NodeEnvironment = {
  backend: 'bird',
  vxlanMtu: 0,
  ipipMtu: 0,
  ip: 'autodetect',
  ipMethod: 'first-found',
  ip6: '',
  ip6Method: 'first-found',
  ipv6Support: false,
  podMtu: 0,
  podFamilies: [4],
  podForwarding: false,
};

/** By node: the process and what it was started with. A table of the store that no API serves. */
export const NODE_ENVIRONMENTS = 'nodeenvironments.simulator';

const CONTAINER = 'calico-node';
const NAMESPACES = ['kube-system', 'calico-system'];

export const isCalicoNode = (pod: KubeObject | undefined): boolean =>
  pod?.metadata.labels?.['k8s-app'] === CONTAINER;

/** The ID of the calico-node container that runs in a pod. */
export function runningContainer(pod: KubeObject | undefined): string | undefined {
  const status = listAt(pod?.status, 'containerStatuses').find(({ name }) => name === CONTAINER);
  return at(status, 'state', 'running') === undefined ? undefined : textAt(status, 'containerID');
}

/** The pod on a node whose calico-node runs. */
export const runningPod = (tx: ClusterTransaction, node: string): KubeObject | undefined =>
  podsOnNode(tx, node).find(
    (pod) =>
      isCalicoNode(pod) &&
      NAMESPACES.includes(pod.metadata.namespace ?? '') &&
      pod.metadata.deletionTimestamp === undefined &&
      runningContainer(pod) !== undefined,
  );

/** Of the process that started last; as the manifest has it before the first one. */
export const nodeEnvironment = (record: KubeObject | undefined): NodeEnvironment =>
  (record?.spec?.['environment'] as unknown as NodeEnvironment | undefined) ?? DEFAULT;

/** Of a process: as it is remembered, or as its pod is written now. */
export function environmentOf(tx: ClusterTransaction, node: string, pod: KubeObject): NodeEnvironment {
  const record = tx.get(NODE_ENVIRONMENTS, undefined, node);
  const isOurs = record?.spec?.['process'] === runningContainer(pod);
  return isOurs ? nodeEnvironment(record) : readEnvironment(tx, pod.metadata.namespace ?? '', pod.spec);
}

/** A process has started, or is about to, with what its pod says. */
export function keepEnvironment(
  tx: ClusterTransaction,
  node: string,
  { process, environment }: { readonly process: string; readonly environment: NodeEnvironment },
): void {
  const spec = { process, environment: environment as unknown as JsonObject };
  tx.put(NODE_ENVIRONMENTS, {
    apiVersion: 'simulator/v1',
    kind: 'NodeEnvironment',
    metadata: { name: node },
    spec,
  });
}

/** What a pod of this form would start with now. */
export function readEnvironment(
  store: Pick<ObjectStore, 'get'>,
  namespace: string,
  podSpec: unknown,
): NodeEnvironment {
  const container = listAt(podSpec, 'containers').find(({ name }) => name === CONTAINER);
  const variables = variablesOf(store, namespace, container);
  const installer = listAt(podSpec, 'initContainers').find(({ name }) => name === 'install-cni');
  return {
    backend: backendNamed(variables.get('CALICO_NETWORKING_BACKEND') ?? ''),
    vxlanMtu: count(variables.get('FELIX_VXLANMTU')),
    ipipMtu: count(variables.get('FELIX_IPINIPMTU')),
    ip: variables.get('IP') ?? '',
    ipMethod: variables.get('IP_AUTODETECTION_METHOD') ?? DEFAULT.ipMethod,
    ip6: variables.get('IP6') ?? '',
    ip6Method: variables.get('IP6_AUTODETECTION_METHOD') ?? DEFAULT.ip6Method,
    ipv6Support: (variables.get('FELIX_IPV6SUPPORT') ?? 'true') === 'true',
    ...cniConfiguration(variablesOf(store, namespace, installer)),
  };
}

/** rc.local starts BIRD for every other name, too. */
const backendNamed = (name: string): Backend => (name === 'vxlan' || name === 'none' ? name : 'bird');

const count = (text: string | undefined): number =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;

/** Variables with a value, or with one in a ConfigMap of the pod's namespace. */
function variablesOf(
  store: Pick<ObjectStore, 'get'>,
  namespace: string,
  container: JsonObject | undefined,
): ReadonlyMap<string, string> {
  return new Map(
    listAt(container, 'env').flatMap((variable): readonly (readonly [string, string])[] => {
      const key = at(variable, 'valueFrom', 'configMapKeyRef');
      const data = key && store.get('configmaps', namespace, textAt(key, 'name'))?.['data'];
      const value = key ? at(data, textAt(key, 'key')) : variable['value'];
      return typeof value === 'string' ? [[textAt(variable, 'name'), value]] : [];
    }),
  );
}

type CniFacts = Pick<NodeEnvironment, 'podMtu' | 'podFamilies' | 'podForwarding'>;

/** What install-cni writes to /etc/cni/net.d/10-calico.conflist. */
function cniConfiguration(variables: ReadonlyMap<string, string>): CniFacts {
  const template = variables.get('CNI_NETWORK_CONFIG') ?? '';
  const text = template.replaceAll('__CNI_MTU__', variables.get('CNI_MTU') ?? '1500');
  const plugin = listAt(parsed(text), 'plugins').find(({ type }) => type === 'calico');
  return {
    podMtu: numberAt(plugin, 'mtu'),
    podFamilies: [
      ...(textAt(plugin, 'ipam', 'assign_ipv4') === 'false' ? [] : [4 as const]),
      ...(textAt(plugin, 'ipam', 'assign_ipv6') === 'true' ? [6 as const] : []),
    ],
    podForwarding: at(plugin, 'container_settings', 'allow_ip_forwarding') === true,
  };
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}
