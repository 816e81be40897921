/**
 * What custom resources of their own ask the operator for: Calico's API server, Goldmane, which gathers flows, and Whisker, which
 * shows them. Source: pkg/render/apiserver.go, pkg/render/{goldmane,whisker}/component.go, tigera/operator v1.42.3. RBAC,
 * volumes, security contexts, certificates with their variables and hash annotations, and what Whisker is told of the cluster are
 * left out; Goldmane and Whisker run and do nothing.
 */
import type { JsonObject } from '../../../../../base/json.ts';
import { textAt } from '../../../../kube/fields.ts';
import type { KubeObject } from '../../../../kube/object.ts';
import { CALICO_NAMESPACE, V3_API_SERVICE } from '../kinds.ts';
import {
  disruptionBudget,
  imageOf,
  onLinux,
  readiness,
  service,
  serviceAccount,
  tolerateControlPlane,
  tolerateCriticalAddons,
  variable,
  workload,
} from './workloads.ts';

const API_SERVER = 'calico-apiserver';
const SERVICE = 'calico-api';
const PORT = 5443;
const SELECTED = { apiserver: 'true' };

/** `spec`: the Installation's; `own`: the APIServer's. */
export const renderApiServer = (spec: JsonObject, own: JsonObject): readonly KubeObject[] => [
  serviceAccount(API_SERVER),
  service(
    SERVICE,
    { ports: [{ name: 'apiserver', port: 443, protocol: 'TCP', targetPort: PORT }], selector: SELECTED },
    { 'k8s-app': SERVICE },
  ),
  workload('Deployment', {
    name: API_SERVER,
    labels: SELECTED,
    spec: {
      replicas: spec['controlPlaneReplicas'],
      strategy: { type: 'RollingUpdate' },
      selector: { matchLabels: SELECTED },
      template: {
        metadata: { name: API_SERVER, namespace: CALICO_NAMESPACE, labels: SELECTED },
        spec: {
          ...onLinux(spec['controlPlaneNodeSelector']),
          ...(Number(spec['controlPlaneReplicas']) > 1 && { affinity: { podAntiAffinity: apart() } }),
          serviceAccountName: API_SERVER,
          tolerations: tolerateControlPlane(spec),
          containers: [apiServerContainer(spec, own)],
        },
      },
    },
  }),
  disruptionBudget(API_SERVER, SELECTED),
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: V3_API_SERVICE },
    spec: {
      group: 'projectcalico.org',
      groupPriorityMinimum: 1500,
      service: { name: SERVICE, namespace: CALICO_NAMESPACE, port: 443 },
      version: 'v3',
      versionPriority: 200,
    },
  },
];

const apart = (): JsonObject => ({
  preferredDuringSchedulingIgnoredDuringExecution: [
    'kubernetes.io/hostname',
    'topology.kubernetes.io/zone',
  ].map((topologyKey) => ({
    weight: 100,
    podAffinityTerm: {
      labelSelector: { matchLabels: { 'k8s-app': API_SERVER } },
      namespaces: [CALICO_NAMESPACE, 'tigera-system', 'calico-apiserver'],
      topologyKey,
    },
  })),
});

const apiServerContainer = (spec: JsonObject, own: JsonObject): JsonObject => ({
  name: API_SERVER,
  image: imageOf(spec, 'apiserver'),
  imagePullPolicy: 'IfNotPresent',
  args: [
    `--secure-port=${PORT}`,
    '--tls-private-key-file=/calico-apiserver-certs/tls.key',
    '--tls-cert-file=/calico-apiserver-certs/tls.crt',
  ],
  env: [
    variable('DATASTORE_TYPE', 'kubernetes'),
    variable('LOG_LEVEL', (textAt(own, 'logging', 'apiServer', 'logSeverity') || 'info').toLowerCase()),
    variable('MULTI_INTERFACE_MODE', textAt(spec, 'calicoNetwork', 'multiInterfaceMode').toLowerCase()),
  ],
  readinessProbe: readiness({
    httpGet: { path: '/readyz', port: PORT, scheme: 'HTTPS' },
    periodSeconds: 60,
  }),
});

const GOLDMANE = 'goldmane';
const GOLDMANE_PORT = 7443;

export const renderGoldmane = (spec: JsonObject): readonly KubeObject[] => [
  serviceAccount(GOLDMANE),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: GOLDMANE, namespace: CALICO_NAMESPACE },
    data: { 'config.json': '{"emitFlows":false}' },
  },
  service(GOLDMANE, {
    ports: [{ port: GOLDMANE_PORT, protocol: 'TCP', targetPort: GOLDMANE_PORT }],
    selector: { 'k8s-app': GOLDMANE },
  }),
  extension(spec, GOLDMANE, [
    {
      name: GOLDMANE,
      image: imageOf(spec, 'goldmane'),
      imagePullPolicy: 'IfNotPresent',
      env: [
        variable('LOG_LEVEL', 'INFO'),
        variable('PORT', String(GOLDMANE_PORT)),
        variable('FILE_CONFIG_PATH', '/config/config.json'),
        variable('HEALTH_ENABLED', 'true'),
      ],
      readinessProbe: readiness({ exec: { command: ['/health', '-ready'] } }),
      livenessProbe: readiness({ exec: { command: ['/health', '-live'] }, periodSeconds: 60 }),
    },
  ]),
];

const WHISKER = 'whisker';
const WHISKER_PORT = 8081;

/** `spec`: the Installation's; `own`: Whisker's, filled in. */
export const renderWhisker = (spec: JsonObject, own: JsonObject): readonly KubeObject[] => [
  serviceAccount(WHISKER),
  service(WHISKER, {
    ports: [{ port: WHISKER_PORT, protocol: 'TCP', targetPort: WHISKER_PORT }],
    selector: { 'k8s-app': WHISKER },
  }),
  extension(spec, WHISKER, [
    {
      name: WHISKER,
      image: imageOf(spec, 'whisker'),
      imagePullPolicy: 'IfNotPresent',
      env: [variable('LOG_LEVEL', 'INFO'), variable('NOTIFICATIONS', textAt(own, 'notifications'))],
    },
    {
      name: 'whisker-backend',
      image: imageOf(spec, 'whisker-backend'),
      imagePullPolicy: 'IfNotPresent',
      env: [
        variable('LOG_LEVEL', 'INFO'),
        variable('PORT', '3002'),
        variable('GOLDMANE_HOST', `goldmane.${CALICO_NAMESPACE}.svc.cluster.local:${GOLDMANE_PORT}`),
      ],
    },
  ]),
];

const extension = (spec: JsonObject, name: string, containers: readonly JsonObject[]): KubeObject =>
  workload('Deployment', {
    name,
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      template: {
        metadata: { name },
        spec: {
          ...onLinux(spec['controlPlaneNodeSelector']),
          tolerations: tolerateCriticalAddons(spec),
          serviceAccountName: name,
          containers,
        },
      },
    },
  });
