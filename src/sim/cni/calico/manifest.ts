/** The objects of manifests/calico.yaml that a learner sees in kube-system, Calico v3.32.1. */
import type { JsonObject } from '../../../base/json.ts';

interface Posted {
  readonly path: string;
  readonly body: JsonObject;
}

const NAMESPACE = 'kube-system';
const IMAGES = {
  cni: 'quay.io/calico/cni:v3.32.1',
  node: 'quay.io/calico/node:v3.32.1',
  controllers: 'quay.io/calico/kube-controllers:v3.32.1',
} as const;

const CNI_NETWORK_CONFIG = {
  name: 'k8s-pod-network',
  cniVersion: '0.3.1',
  plugins: [
    {
      type: 'calico',
      log_level: 'info',
      log_file_path: '/var/log/calico/cni/cni.log',
      datastore_type: 'kubernetes',
      nodename: '__KUBERNETES_NODE_NAME__',
      mtu: '__CNI_MTU__',
      ipam: { type: 'calico-ipam' },
      policy: { type: 'k8s' },
      kubernetes: { kubeconfig: '__KUBECONFIG_FILEPATH__' },
    },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ],
};

/** calico_backend: `vxlan` leaves the routes to Felix alone, `none` runs neither BIRD nor confd. */
export type Backend = 'bird' | 'vxlan' | 'none';

/** In the order of creation. */
export function calicoManifest(backend: Backend): readonly Posted[] {
  return [
    ...['calico-kube-controllers', 'calico-node', 'calico-cni-plugin'].map(serviceAccount),
    configMap(backend),
    { path: `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets`, body: NODE_DAEMON_SET },
    { path: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, body: CONTROLLERS_DEPLOYMENT },
  ];
}

const serviceAccount = (name: string): Posted => ({
  path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
  body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } },
});

const configMap = (backend: string): Posted => ({
  path: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  body: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'calico-config', namespace: NAMESPACE },
    data: {
      calico_backend: backend,
      cni_network_config: JSON.stringify(CNI_NETWORK_CONFIG, undefined, 2).replace(
        '"__CNI_MTU__"',
        '__CNI_MTU__',
      ),
      typha_service_name: 'none',
      veth_mtu: '0',
    },
  },
});

const container = (name: string, image: string): JsonObject => ({
  name,
  image,
  imagePullPolicy: 'IfNotPresent',
});
const labelled = (name: string): JsonObject => ({ 'k8s-app': name });

const NODE_DAEMON_SET: JsonObject = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'calico-node', namespace: NAMESPACE, labels: labelled('calico-node') },
  spec: {
    selector: { matchLabels: labelled('calico-node') },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    template: {
      metadata: { labels: labelled('calico-node') },
      spec: {
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        hostNetwork: true,
        tolerations: [
          { effect: 'NoSchedule', operator: 'Exists' },
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { effect: 'NoExecute', operator: 'Exists' },
        ],
        serviceAccountName: 'calico-node',
        terminationGracePeriodSeconds: 0,
        priorityClassName: 'system-node-critical',
        initContainers: [
          container('upgrade-ipam', IMAGES.cni),
          container('install-cni', IMAGES.cni),
          container('ebpf-bootstrap', IMAGES.node),
        ],
        containers: [{ ...container('calico-node', IMAGES.node), resources: { requests: { cpu: '250m' } } }],
      },
    },
  },
};

const CONTROLLERS_DEPLOYMENT: JsonObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'calico-kube-controllers',
    namespace: NAMESPACE,
    labels: labelled('calico-kube-controllers'),
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: labelled('calico-kube-controllers') },
    strategy: { type: 'Recreate' },
    template: {
      metadata: { labels: labelled('calico-kube-controllers') },
      spec: {
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
        ],
        serviceAccountName: 'calico-kube-controllers',
        priorityClassName: 'system-cluster-critical',
        containers: [container('calico-kube-controllers', IMAGES.controllers)],
      },
    },
  },
};
