/** The objects of manifests/calico.yaml that a learner sees in kube-system, Calico v3.32.1. */
import type { JsonObject } from '../../../base/json.ts';
import type { Backend } from './node-environment.ts';

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

const cniNetworkConfig = (dualStack: boolean): JsonObject => ({
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
      ipam: { type: 'calico-ipam', ...(dualStack && { assign_ipv4: 'true', assign_ipv6: 'true' }) },
      policy: { type: 'k8s' },
      kubernetes: { kubeconfig: '__KUBECONFIG_FILEPATH__' },
    },
    { type: 'portmap', snat: true, capabilities: { portMappings: true } },
  ],
});

/** In the order of creation; for a dual-stack cluster as the documentation tells people to change it. */
export function calicoManifest(backend: Backend, dualStack: boolean): readonly Posted[] {
  return [
    ...['calico-kube-controllers', 'calico-node', 'calico-cni-plugin'].map(serviceAccount),
    configMap(backend, dualStack),
    { path: `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets`, body: nodeDaemonSet(backend, dualStack) },
    { path: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, body: CONTROLLERS_DEPLOYMENT },
  ];
}

const serviceAccount = (name: string): Posted => ({
  path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
  body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } },
});

const configMap = (backend: string, dualStack: boolean): Posted => ({
  path: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  body: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'calico-config', namespace: NAMESPACE },
    data: {
      calico_backend: backend,
      cni_network_config: JSON.stringify(cniNetworkConfig(dualStack), undefined, 2).replace(
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

/** Without BIRD the probes ask for Felix alone. */
function nodeProbes(backend: Backend): JsonObject {
  const asked = (state: 'live' | 'ready'): JsonObject => ({
    exec: {
      command: ['/bin/calico-node', `-felix-${state}`, ...(backend === 'bird' ? [`-bird-${state}`] : [])],
    },
    periodSeconds: 10,
    timeoutSeconds: 10,
  });
  return {
    livenessProbe: { ...asked('live'), initialDelaySeconds: 10, failureThreshold: 6 },
    readinessProbe: asked('ready'),
  };
}

const value = (name: string, text: string): JsonObject => ({ name, value: text });
const field = (name: string, fieldPath: string): JsonObject => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});
const configured = (name: string, key: string): JsonObject => ({
  name,
  valueFrom: { configMapKeyRef: { name: 'calico-config', key } },
});

/** Lets people name another way to the API server. */
const SERVICES_ENDPOINT: readonly JsonObject[] = [
  { configMapRef: { name: 'kubernetes-services-endpoint', optional: true } },
];

const PRIVILEGED = { securityContext: { privileged: true } };

/** `path name`, as the container sees it. */
const mounts = (...paths: readonly string[]): readonly JsonObject[] =>
  paths.map((each) => {
    const [mountPath = '', name = '', readOnly] = each.split(' ');
    return { mountPath, name, ...(readOnly === 'ro' && { readOnly: true }) };
  });

const INIT_CONTAINERS: readonly JsonObject[] = [
  {
    ...container('upgrade-ipam', IMAGES.cni),
    command: ['/opt/cni/bin/calico-ipam', '-upgrade'],
    envFrom: SERVICES_ENDPOINT,
    env: [
      field('KUBERNETES_NODE_NAME', 'spec.nodeName'),
      configured('CALICO_NETWORKING_BACKEND', 'calico_backend'),
    ],
    volumeMounts: mounts('/var/lib/cni/networks host-local-net-dir', '/host/opt/cni/bin cni-bin-dir'),
    ...PRIVILEGED,
  },
  {
    ...container('install-cni', IMAGES.cni),
    command: ['/opt/cni/bin/install'],
    envFrom: SERVICES_ENDPOINT,
    env: [
      value('CNI_CONF_NAME', '10-calico.conflist'),
      configured('CNI_NETWORK_CONFIG', 'cni_network_config'),
      field('KUBERNETES_NODE_NAME', 'spec.nodeName'),
      configured('CNI_MTU', 'veth_mtu'),
      value('SLEEP', 'false'),
    ],
    volumeMounts: mounts('/host/opt/cni/bin cni-bin-dir', '/host/etc/cni/net.d cni-net-dir'),
    ...PRIVILEGED,
  },
  {
    ...container('ebpf-bootstrap', IMAGES.node),
    command: ['calico-node', '-init', '-best-effort'],
    volumeMounts: [
      ...mounts('/sys/fs sys-fs', '/var/run/calico var-run-calico').map((mount) => ({
        ...mount,
        mountPropagation: 'Bidirectional',
      })),
      ...mounts('/nodeproc nodeproc ro'),
    ],
    ...PRIVILEGED,
  },
];

const NODE_MOUNTS = mounts(
  '/host/etc/cni/net.d cni-net-dir',
  '/lib/modules lib-modules ro',
  '/run/xtables.lock xtables-lock',
  '/var/run/calico var-run-calico',
  '/var/lib/calico var-lib-calico',
  '/var/run/nodeagent policysync',
  '/sys/fs/bpf bpffs',
  '/var/log/calico/cni cni-log-dir ro',
);

const hostPath = (name: string, path: string, type?: string): JsonObject => ({
  name,
  hostPath: { path, ...(type !== undefined && { type }) },
});

const NODE_VOLUMES: readonly JsonObject[] = [
  hostPath('lib-modules', '/lib/modules'),
  hostPath('var-run-calico', '/var/run/calico', 'DirectoryOrCreate'),
  hostPath('var-lib-calico', '/var/lib/calico', 'DirectoryOrCreate'),
  hostPath('xtables-lock', '/run/xtables.lock', 'FileOrCreate'),
  hostPath('sys-fs', '/sys/fs/', 'DirectoryOrCreate'),
  hostPath('bpffs', '/sys/fs/bpf', 'Directory'),
  hostPath('nodeproc', '/proc'),
  hostPath('cni-bin-dir', '/opt/cni/bin', 'DirectoryOrCreate'),
  hostPath('cni-net-dir', '/etc/cni/net.d'),
  hostPath('cni-log-dir', '/var/log/calico/cni'),
  hostPath('host-local-net-dir', '/var/lib/cni/networks'),
  hostPath('policysync', '/var/run/nodeagent', 'DirectoryOrCreate'),
];

const SECCOMP = { seccompProfile: { type: 'RuntimeDefault' } };

const nodeVariables = (dualStack: boolean): readonly JsonObject[] => [
  value('DATASTORE_TYPE', 'kubernetes'),
  value('WAIT_FOR_DATASTORE', 'true'),
  field('NODENAME', 'spec.nodeName'),
  configured('CALICO_NETWORKING_BACKEND', 'calico_backend'),
  value('CLUSTER_TYPE', 'k8s,bgp'),
  value('IP', 'autodetect'),
  ...(dualStack ? [value('IP6', 'autodetect')] : []),
  value('CALICO_IPV4POOL_IPIP', 'Always'),
  value('CALICO_IPV4POOL_VXLAN', 'Never'),
  value('CALICO_IPV6POOL_VXLAN', 'Never'),
  ...['FELIX_IPINIPMTU', 'FELIX_VXLANMTU', 'FELIX_WIREGUARDMTU'].map((name) => configured(name, 'veth_mtu')),
  value('CALICO_DISABLE_FILE_LOGGING', 'true'),
  value('FELIX_DEFAULTENDPOINTTOHOSTACTION', 'ACCEPT'),
  value('FELIX_IPV6SUPPORT', String(dualStack)),
  value('FELIX_HEALTHENABLED', 'true'),
];

const nodeDaemonSet = (backend: Backend, dualStack: boolean): JsonObject => ({
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
        securityContext: SECCOMP,
        terminationGracePeriodSeconds: 0,
        priorityClassName: 'system-node-critical',
        initContainers: INIT_CONTAINERS,
        containers: [
          {
            ...container('calico-node', IMAGES.node),
            envFrom: SERVICES_ENDPOINT,
            env: nodeVariables(dualStack),
            resources: { requests: { cpu: '250m' } },
            lifecycle: { preStop: { exec: { command: ['/bin/calico-node', '-shutdown'] } } },
            ...nodeProbes(backend),
            volumeMounts: NODE_MOUNTS,
            ...PRIVILEGED,
          },
        ],
        volumes: NODE_VOLUMES,
      },
    },
  },
});

const statusCheck = (flag: string): JsonObject => ({
  exec: { command: ['/usr/bin/check-status', flag] },
  periodSeconds: 10,
});

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
      metadata: {
        name: 'calico-kube-controllers',
        namespace: NAMESPACE,
        labels: labelled('calico-kube-controllers'),
      },
      spec: {
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/master', effect: 'NoSchedule' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
        ],
        serviceAccountName: 'calico-kube-controllers',
        securityContext: SECCOMP,
        priorityClassName: 'system-cluster-critical',
        containers: [
          {
            ...container('calico-kube-controllers', IMAGES.controllers),
            env: [value('ENABLED_CONTROLLERS', 'node,loadbalancer'), value('DATASTORE_TYPE', 'kubernetes')],
            livenessProbe: {
              ...statusCheck('-l'),
              initialDelaySeconds: 10,
              failureThreshold: 6,
              timeoutSeconds: 10,
            },
            readinessProbe: statusCheck('-r'),
            securityContext: { runAsNonRoot: true },
          },
        ],
      },
    },
  },
};
