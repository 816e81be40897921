/**
 * What somebody applies to install Calico by its operator: the CRDs, tigera-operator, and the custom resources with the cluster's
 * own pod network instead of the example's. Source: manifests/{tigera-operator,custom-resources}.yaml, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import type { Topology } from '../../../../model/topology.ts';
import { definitionOf, CUSTOM_RESOURCE_DEFINITIONS } from '../../../kube/kinds/custom-resource-definition.ts';
import { createObject } from '../../../kube/admission.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { reconcileAll } from './operator.ts';
import type { Operator } from './component.ts';
import { DEFAULT, OPERATOR_API, OPERATOR_NAMESPACE, OPERATOR_VERSION } from './kinds.ts';
import { isV6, podNetworksOf } from './pool-spec.ts';
import { operatorResources } from './resources.ts';

/** Leaves a cluster as it is when the operator has looked at it for the first time. */
export function installOperator(operator: Operator, pools: 'default' | 'none'): void {
  const { tx, registry, topology } = operator;
  for (const type of operatorResources) tx.put(CUSTOM_RESOURCE_DEFINITIONS.name, definitionOf(type, tx));
  for (const object of [...operatorManifest(), ...customResources(topology, pools)]) {
    const type = registry.byKind(object.apiVersion, object.kind);
    if (!type) throw new Error(`no type for ${object.kind}`);
    createObject(tx, type, object);
  }
  // The second look finds the pools that the first one made.
  reconcileAll(operator);
  reconcileAll(operator);
}

const operatorManifest = (): readonly KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: OPERATOR_NAMESPACE,
      labels: { name: OPERATOR_NAMESPACE, 'pod-security.kubernetes.io/enforce': 'privileged' },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: OPERATOR_NAMESPACE, namespace: OPERATOR_NAMESPACE },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: OPERATOR_NAMESPACE,
      namespace: OPERATOR_NAMESPACE,
      labels: { 'k8s-app': OPERATOR_NAMESPACE },
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: { name: OPERATOR_NAMESPACE } },
      template: {
        metadata: { labels: { 'k8s-app': OPERATOR_NAMESPACE, name: OPERATOR_NAMESPACE } },
        spec: operatorPod(),
      },
    },
  },
];

const operatorPod = (): JsonObject => ({
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [
    { effect: 'NoExecute', operator: 'Exists' },
    { effect: 'NoSchedule', operator: 'Exists' },
  ],
  serviceAccountName: OPERATOR_NAMESPACE,
  terminationGracePeriodSeconds: 60,
  hostNetwork: true,
  dnsPolicy: 'ClusterFirstWithHostNet',
  containers: [
    {
      name: OPERATOR_NAMESPACE,
      image: `quay.io/tigera/operator:${OPERATOR_VERSION}`,
      imagePullPolicy: 'IfNotPresent',
      command: ['operator'],
      args: ['-manage-crds=true'],
      env: [
        { name: 'WATCH_NAMESPACE', value: '' },
        { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'OPERATOR_NAME', value: OPERATOR_NAMESPACE },
        { name: 'TIGERA_OPERATOR_INIT_IMAGE_VERSION', value: OPERATOR_VERSION },
      ],
      envFrom: [{ configMapRef: { name: 'kubernetes-services-endpoint', optional: true } }],
    },
  ],
});

const custom = (kind: string, spec: JsonObject): KubeObject => ({
  apiVersion: OPERATOR_API,
  kind,
  metadata: { name: DEFAULT },
  spec,
});

/** A lab that brings its own pools has an Installation that lists none. */
const customResources = (topology: Topology, pools: 'default' | 'none'): readonly KubeObject[] => [
  custom('Installation', {
    calicoNetwork: { ipPools: pools === 'none' ? [] : podNetworksOf(topology).map(pool) },
  }),
  custom('APIServer', {}),
  custom('Goldmane', {}),
  custom('Whisker', {}),
];

const pool = (cidr: string): JsonObject => ({
  name: isV6(cidr) ? 'default-ipv6-ippool' : 'default-ipv4-ippool',
  blockSize: isV6(cidr) ? 122 : 26,
  cidr,
  encapsulation: 'VXLANCrossSubnet',
  natOutgoing: 'Enabled',
  nodeSelector: 'all()',
});
