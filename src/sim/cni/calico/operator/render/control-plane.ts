/**
 * What runs beside calico-node: Typha, calico-kube-controllers and the CSI driver.
 * Source: pkg/render/{typha,csi}.go, pkg/render/kubecontrollers, tigera/operator v1.42.3. RBAC, volumes, security contexts and
 * certificates, with their variables and hash annotations, are left out; what Felix would hear through Typha it reads itself.
 */
import type { JsonObject } from '../../../../../base/json.ts';
import type { KubeObject } from '../../../../kube/object.ts';
import { endpointVariables, type ServiceEndpoint } from '../service-endpoint.ts';
import {
  disruptionBudget,
  fromField,
  imageOf,
  liveness,
  onLinux,
  readiness,
  service,
  serviceAccount,
  TOLERATE_ALL,
  tolerateCriticalAddons,
  variable,
  workload,
} from './workloads.ts';

const TYPHA = 'calico-typha';
const TYPHA_PORT = 5473;
/** One less than Felix's. */
const TYPHA_HEALTH_PORT = 9098;
const GRACE = 300;

export const renderTypha = (
  spec: JsonObject,
  kubernetes: ServiceEndpoint | undefined,
): readonly KubeObject[] => [
  serviceAccount(TYPHA),
  disruptionBudget(TYPHA, { 'k8s-app': TYPHA }),
  service(
    TYPHA,
    {
      ports: [{ name: TYPHA, port: TYPHA_PORT, protocol: 'TCP', targetPort: TYPHA }],
      selector: { 'k8s-app': TYPHA },
    },
    { 'k8s-app': TYPHA },
  ),
  workload('Deployment', {
    name: TYPHA,
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '100%' } },
      revisionHistoryLimit: 2,
      template: {
        spec: {
          ...onLinux(),
          tolerations: TOLERATE_ALL,
          affinity: { podAntiAffinity: awayFromOthers() },
          serviceAccountName: TYPHA,
          terminationGracePeriodSeconds: GRACE,
          hostNetwork: true,
          priorityClassName: 'system-cluster-critical',
          containers: [typhaContainer(spec, kubernetes)],
        },
      },
    },
  }),
];

const awayFromOthers = (): JsonObject => ({
  preferredDuringSchedulingIgnoredDuringExecution: [
    {
      weight: 1,
      podAffinityTerm: {
        labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: [TYPHA] }] },
        topologyKey: 'topology.kubernetes.io/zone',
      },
    },
  ],
});

const typhaContainer = (spec: JsonObject, kubernetes: ServiceEndpoint | undefined): JsonObject => ({
  name: TYPHA,
  image: imageOf(spec, 'typha'),
  imagePullPolicy: 'IfNotPresent',
  env: [
    variable('TYPHA_LOGSEVERITYSCREEN', 'info'),
    variable('TYPHA_LOGFILEPATH', 'none'),
    variable('TYPHA_LOGSEVERITYSYS', 'none'),
    variable('TYPHA_CONNECTIONREBALANCINGMODE', 'kubernetes'),
    variable('TYPHA_DATASTORETYPE', 'kubernetes'),
    variable('TYPHA_HEALTHENABLED', 'true'),
    variable('TYPHA_HEALTHPORT', String(TYPHA_HEALTH_PORT)),
    variable('TYPHA_K8SNAMESPACE', 'calico-system'),
    variable('TYPHA_SHUTDOWNTIMEOUTSECS', String(GRACE)),
    variable('TYPHA_CLIENTCN', 'typha-client'),
    ...endpointVariables(kubernetes),
  ],
  ports: [{ containerPort: TYPHA_PORT, name: TYPHA, protocol: 'TCP' }],
  livenessProbe: liveness({
    httpGet: { host: 'localhost', path: '/liveness', port: TYPHA_HEALTH_PORT },
    timeoutSeconds: 10,
  }),
  readinessProbe: readiness({
    httpGet: { host: 'localhost', path: '/readiness', port: TYPHA_HEALTH_PORT },
    timeoutSeconds: 10,
  }),
});

/** Typhas for so many nodes that pods may be put on: one less than small clusters have nodes, one for 200 in large ones. */
export function typhaReplicas(nodes: number): number {
  if (nodes <= 2) return 1;
  if (nodes <= 4) return 2;
  return Math.max(3, Math.floor(nodes / 200) + 2);
}

const CONTROLLERS = 'calico-kube-controllers';

export const renderKubeControllers = (spec: JsonObject): readonly KubeObject[] => [
  serviceAccount(CONTROLLERS),
  workload('Deployment', {
    name: CONTROLLERS,
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      template: {
        metadata: { name: CONTROLLERS, namespace: 'calico-system' },
        spec: {
          ...onLinux(spec['controlPlaneNodeSelector']),
          tolerations: tolerateCriticalAddons(spec),
          serviceAccountName: CONTROLLERS,
          priorityClassName: 'system-cluster-critical',
          containers: [controllersContainer(spec)],
        },
      },
    },
  }),
  service(
    'calico-kube-controllers-metrics',
    {
      clusterIP: 'None',
      ports: [{ name: 'metrics-port', port: 9094, protocol: 'TCP', targetPort: 9094 }],
      selector: { 'k8s-app': CONTROLLERS },
    },
    { 'k8s-app': CONTROLLERS },
  ),
];

const controllersContainer = (spec: JsonObject): JsonObject => ({
  name: CONTROLLERS,
  image: imageOf(spec, 'kube-controllers'),
  imagePullPolicy: 'IfNotPresent',
  env: [
    variable('KUBE_CONTROLLERS_CONFIG_NAME', 'default'),
    variable('DATASTORE_TYPE', 'kubernetes'),
    variable('ENABLED_CONTROLLERS', 'node,loadbalancer'),
    variable('DISABLE_KUBE_CONTROLLERS_CONFIG_API', 'false'),
  ],
  livenessProbe: liveness({
    exec: { command: ['/usr/bin/check-status', '-l'] },
    failureThreshold: 6,
    initialDelaySeconds: 10,
    timeoutSeconds: 10,
  }),
  readinessProbe: readiness({ exec: { command: ['/usr/bin/check-status', '-r'] }, timeoutSeconds: 10 }),
});

const CSI = 'csi-node-driver';

/** `kubeletVolumePluginPath: None` takes the driver away. */
export const renderCsi = (spec: JsonObject): readonly KubeObject[] => [
  serviceAccount(CSI),
  workload('DaemonSet', {
    name: CSI,
    spec: {
      template: {
        metadata: { labels: { name: CSI } },
        spec: {
          ...onLinux(),
          tolerations: TOLERATE_ALL,
          serviceAccountName: CSI,
          priorityClassName: 'system-node-critical',
          containers: [
            csiContainer(spec, 'calico-csi', 'csi', {
              args: ['--nodeid=$(KUBE_NODE_NAME)', '--loglevel=$(LOG_LEVEL)'],
              env: [variable('LOG_LEVEL', 'warn'), fromField('KUBE_NODE_NAME', 'spec.nodeName')],
            }),
            csiContainer(spec, 'csi-node-driver-registrar', 'node-driver-registrar', {
              args: [
                '--v=5',
                '--csi-address=$(ADDRESS)',
                '--kubelet-registration-path=$(DRIVER_REG_SOCK_PATH)',
              ],
              env: [
                variable('ADDRESS', '/csi/csi.sock'),
                variable(
                  'DRIVER_REG_SOCK_PATH',
                  `${String(spec['kubeletVolumePluginPath'])}/plugins/csi.tigera.io/csi.sock`,
                ),
                fromField('KUBE_NODE_NAME', 'spec.nodeName'),
              ],
            }),
          ],
        },
      },
    },
  }),
];

const csiContainer = (spec: JsonObject, name: string, image: string, rest: JsonObject): JsonObject => ({
  name,
  image: imageOf(spec, image),
  imagePullPolicy: 'IfNotPresent',
  ...rest,
});
