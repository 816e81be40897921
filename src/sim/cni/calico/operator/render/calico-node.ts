/**
 * calico-node as the operator deploys it: its service accounts, the CNI configuration and the DaemonSet, with what the Installation
 * says in their environment. Source: pkg/render/node.go, tigera/operator v1.42.3. RBAC is left out, and of the DaemonSet the volumes
 * and their mounts, security contexts, and the variables and hash annotations that are about certificates.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { hex, utf8 } from '../../../../../base/bytes.ts';
import type { Json, JsonObject } from '../../../../../base/json.ts';
import { objectAt, textAt } from '../../../../kube/fields.ts';
import type { KubeObject } from '../../../../kube/object.ts';
import { autodetectionMethod, networkOf, usesBgp } from '../installation.ts';
import { CALICO_NAMESPACE } from '../kinds.ts';
import { apiRoot, endpointVariables, type ServiceEndpoint } from '../service-endpoint.ts';
import {
  fromField,
  imageOf,
  liveness,
  onLinux,
  readiness,
  serviceAccount,
  TOLERATE_ALL,
  variable,
  workload,
} from './workloads.ts';

export interface NodeFacts {
  readonly spec: JsonObject;
  /** The families of the pools that are enabled. */
  readonly v4: boolean;
  readonly v6: boolean;
  /** Of the service of Goldmane, where there is one. */
  readonly goldmane: string | undefined;
  /** Where the operator finds the API server. */
  readonly kubernetes: ServiceEndpoint | undefined;
}

export function renderCalicoNode(facts: NodeFacts): readonly KubeObject[] {
  const configuration = cniConfiguration(facts);
  return [
    serviceAccount('calico-node'),
    serviceAccount('calico-cni-plugin'),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cni-config', namespace: CALICO_NAMESPACE },
      data: { config: configuration },
    },
    daemonSet(facts, configuration),
  ];
}

const mtuOf = (spec: JsonObject): number => Number(networkOf(spec)['mtu'] ?? 0);

/** Members in the order of their names, as Go writes a map. */
function cniConfiguration({ spec, v4, v6, kubernetes }: NodeFacts): string {
  const network = networkOf(spec);
  const logging = objectAt(spec, 'logging', 'cni');
  const plugin: JsonObject = {
    calico_api_group: '',
    container_settings: { allow_ip_forwarding: network['containerIPForwarding'] === 'Enabled' },
    datastore_type: 'kubernetes',
    endpoint_status_dir: '/var/run/calico/endpoint-status',
    ipam: { assign_ipv4: String(v4), assign_ipv6: String(v6), type: 'calico-ipam' },
    kubernetes: {
      ...(kubernetes && { k8s_api_root: apiRoot(kubernetes) }),
      kubeconfig: '__KUBECONFIG_FILEPATH__',
    },
    log_file_max_age: logging['logFileMaxAgeDays'],
    log_file_max_count: logging['logFileMaxCount'],
    log_file_max_size: mebibytes(logging['logFileMaxSize']),
    log_file_path: '/var/log/calico/cni/cni.log',
    log_level: logging['logSeverity'],
    mtu: mtuOf(spec),
    nodename_file_optional: false,
    policy: { type: 'k8s' },
    policy_setup_timeout_seconds: network['linuxPolicySetupTimeoutSeconds'] ?? 0,
    type: 'calico',
  };
  const plugins = [plugin, ...portMapping(network), ...tuning(network)];
  return `{\n\t\t\t  "name": "k8s-pod-network",\n\t\t\t  "cniVersion": "0.3.1",\n\t\t\t  "plugins": ${JSON.stringify(plugins)}\n\t\t\t}`;
}

const UNITS: Readonly<Record<string, number>> = { Ki: 1 / 1024, Mi: 1, Gi: 1024 };

function mebibytes(size: Json | undefined): number {
  const [, count = '0', unit = ''] = /^(\d+)([KMG]i)$/.exec(String(size)) ?? [];
  return Math.floor(Number(count) * (UNITS[unit] ?? 0));
}

const portMapping = (network: JsonObject): readonly JsonObject[] =>
  network['hostPorts'] === 'Enabled'
    ? [{ capabilities: { portMappings: true }, snat: true, type: 'portmap' }]
    : [];

function tuning({ sysctl }: JsonObject): readonly JsonObject[] {
  if (!Array.isArray(sysctl)) return [];
  const settings = sysctl.map((each) => [textAt(each, 'key'), textAt(each, 'value')] as const);
  return [{ sysctl: Object.fromEntries(settings), type: 'tuning' }];
}

/** Of the ConfigMap's data as Go's %q prints a map (AnnotationHash, pkg/render/common/meta/meta.go). */
const configurationHash = (configuration: string): string =>
  hex(sha1(utf8(`map["config":${JSON.stringify(configuration)}]`)));

function daemonSet(facts: NodeFacts, configuration: string): KubeObject {
  const { spec, goldmane } = facts;
  const annotations = { 'hash.operator.tigera.io/cni-config': configurationHash(configuration) };
  return workload('DaemonSet', {
    name: 'calico-node',
    spec: {
      updateStrategy: spec['nodeUpdateStrategy'],
      template: {
        metadata: { annotations },
        spec: {
          ...onLinux(),
          tolerations: TOLERATE_ALL,
          ...(goldmane !== undefined && {
            hostAliases: [{ hostnames: ['goldmane.calico-system.svc'], ip: goldmane }],
          }),
          serviceAccountName: 'calico-node',
          terminationGracePeriodSeconds: 5,
          hostNetwork: true,
          dnsPolicy: 'ClusterFirstWithHostNet',
          priorityClassName: 'system-node-critical',
          initContainers: initContainers(facts),
          containers: [nodeContainer(facts)],
        },
      },
    },
  });
}

const initial = (spec: JsonObject, name: string, image: string): JsonObject => ({
  name,
  image: imageOf(spec, image),
  imagePullPolicy: 'IfNotPresent',
});

function initContainers({ spec, kubernetes }: NodeFacts): readonly JsonObject[] {
  const flexvol =
    spec['flexVolumePath'] === 'None' ? [] : [initial(spec, 'flexvol-driver', 'pod2daemon-flexvol')];
  const installer: JsonObject = {
    ...initial(spec, 'install-cni', 'cni'),
    command: ['/opt/cni/bin/install'],
    env: [
      variable('CNI_CONF_NAME', '10-calico.conflist'),
      variable('SLEEP', 'false'),
      variable('CNI_NET_DIR', textAt(spec, 'cni', 'confDir')),
      {
        name: 'CNI_NETWORK_CONFIG',
        valueFrom: { configMapKeyRef: { name: 'cni-config', key: 'config' } },
      },
      ...endpointVariables(kubernetes),
    ],
  };
  const bpf = {
    ...initial(spec, 'ebpf-bootstrap', 'node'),
    command: ['calico-node', '-init', '-best-effort'],
  };
  return [...flexvol, bpf, installer];
}

function nodeContainer(facts: NodeFacts): JsonObject {
  const { spec } = facts;
  const ready = ['/bin/calico-node', ...(usesBgp(spec) ? ['-bird-ready'] : []), '-felix-ready'];
  return {
    ...initial(spec, 'calico-node', 'node'),
    env: variables(facts),
    lifecycle: { preStop: { exec: { command: ['/bin/calico-node', '-shutdown'] } } },
    livenessProbe: liveness({
      httpGet: { host: 'localhost', path: '/liveness', port: 9099 },
      timeoutSeconds: 10,
    }),
    readinessProbe: readiness({ exec: { command: ready }, timeoutSeconds: 10 }),
  };
}

function variables(facts: NodeFacts): readonly JsonObject[] {
  const { spec, goldmane, kubernetes } = facts;
  const bgp = usesBgp(spec);
  const mtu = mtuOf(spec);
  const fixed = (...names: readonly string[]): readonly JsonObject[] =>
    mtu > 0 ? names.map((name) => variable(name, String(mtu))) : [];
  return [
    variable('DATASTORE_TYPE', 'kubernetes'),
    variable('WAIT_FOR_DATASTORE', 'true'),
    variable('CLUSTER_TYPE', `k8s,operator${bgp ? ',bgp' : ''}`),
    variable('CALICO_DISABLE_FILE_LOGGING', 'false'),
    variable('FELIX_DEFAULTENDPOINTTOHOSTACTION', 'ACCEPT'),
    variable('FELIX_HEALTHENABLED', 'true'),
    variable('FELIX_HEALTHPORT', '9099'),
    fromField('NODENAME', 'spec.nodeName'),
    fromField('NAMESPACE', 'metadata.namespace'),
    variable('FELIX_TYPHAK8SNAMESPACE', CALICO_NAMESPACE),
    variable('FELIX_TYPHAK8SSERVICENAME', 'calico-typha'),
    variable('NO_DEFAULT_POOLS', 'true'),
    ...(goldmane === undefined
      ? []
      : [
          variable('FELIX_FLOWLOGSGOLDMANESERVER', 'goldmane.calico-system.svc:7443'),
          variable('FELIX_FLOWLOGSFLUSHINTERVAL', '15'),
        ]),
    variable('FELIX_TYPHACN', 'typha-server'),
    variable('CALICO_MANAGE_CNI', 'true'),
    ...fixed('FELIX_VXLANMTU', 'FELIX_WIREGUARDMTU'),
    variable('CALICO_NETWORKING_BACKEND', bgp ? 'bird' : 'vxlan'),
    ...(bgp ? fixed('FELIX_IPINIPMTU') : []),
    ...addressVariables(spec, mtu),
    ...metrics(spec),
    ...endpointVariables(kubernetes),
  ];
}

function addressVariables(spec: JsonObject, mtu: number): readonly JsonObject[] {
  const network = networkOf(spec);
  const v4 = autodetectionMethod(objectAt(network, 'nodeAddressAutodetectionV4'));
  const v6 = autodetectionMethod(objectAt(network, 'nodeAddressAutodetectionV6'));
  const by = (name: string, method: string): readonly JsonObject[] =>
    method === ''
      ? [variable(name, 'none')]
      : [variable(name, 'autodetect'), variable(`${name}_AUTODETECTION_METHOD`, method)];
  const large = v6 !== '' && mtu > 0 ? ['FELIX_VXLANMTUV6', 'FELIX_WIREGUARDMTUV6'] : [];
  return [
    ...by('IP', v4),
    ...by('IP6', v6),
    variable('FELIX_IPV6SUPPORT', String(v6 !== '')),
    ...large.map((name) => variable(name, String(mtu))),
  ];
}

const metrics = ({ nodeMetricsPort: port }: JsonObject): readonly JsonObject[] =>
  typeof port === 'number'
    ? [
        variable('FELIX_PROMETHEUSMETRICSENABLED', 'true'),
        variable('FELIX_PROMETHEUSMETRICSPORT', String(port)),
      ]
    : [];
