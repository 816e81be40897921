/**
 * Fields, types, enumerations and defaults of the operator's custom resources.
 * Source: manifests/operator-crds.yaml, Calico v3.32.1 (facts of the API, see NOTICE). What overrides a rendered object as a
 * whole is taken as it is (`calicoNodeDaemonSet` and its like) and not honoured.
 */
import {
  any,
  array,
  boolean,
  integer,
  intOrString,
  map,
  object,
  string,
  type Schema,
} from '../../../kube/schema.ts';

const ON_OFF = string({ enum: ['Enabled', 'Disabled'] });

const CONDITIONS: Schema = array(
  object(
    {
      lastTransitionTime: string({ format: 'date-time' }),
      message: string(),
      observedGeneration: integer({ format: 'int64' }),
      reason: string(),
      status: string({ enum: ['True', 'False', 'Unknown'] }),
      type: string(),
    },
    { required: ['lastTransitionTime', 'status', 'type'] },
  ),
);

const IP_POOL: Schema = object(
  {
    allowedUses: array(string()),
    assignmentMode: string(),
    blockSize: integer({ format: 'int32' }),
    cidr: string(),
    disableBGPExport: boolean({ default: false }),
    disableNewAllocations: boolean(),
    encapsulation: string({ enum: ['IPIPCrossSubnet', 'IPIP', 'VXLAN', 'VXLANCrossSubnet', 'None'] }),
    name: string(),
    natOutgoing: ON_OFF,
    nodeSelector: string(),
  },
  { required: ['cidr'] },
);

const AUTODETECTION: Schema = object({
  canReach: string(),
  cidrs: array(string()),
  firstFound: boolean(),
  interface: string(),
  kubernetes: string({ enum: ['NodeInternalIP'] }),
  skipInterface: string(),
});

const CALICO_NETWORK: Schema = object({
  bgp: ON_OFF,
  bpfNetworkBootstrap: ON_OFF,
  clusterRoutingMode: string({ enum: ['BIRD', 'Felix'] }),
  containerIPForwarding: ON_OFF,
  hostPorts: ON_OFF,
  ipPools: array(IP_POOL),
  kubeProxyManagement: ON_OFF,
  linuxDataplane: string({ enum: ['Iptables', 'BPF', 'VPP', 'Nftables'] }),
  linuxPolicySetupTimeoutSeconds: integer({ format: 'int32' }),
  mtu: integer({ format: 'int32' }),
  multiInterfaceMode: string({ enum: ['None', 'Multus'] }),
  nodeAddressAutodetectionV4: AUTODETECTION,
  nodeAddressAutodetectionV6: AUTODETECTION,
  sysctl: array(object({ key: string(), value: string() }, { required: ['key', 'value'] })),
  windowsDataplane: string({ enum: ['HNS', 'Disabled'] }),
});

const CNI: Schema = object(
  {
    binDir: string(),
    confDir: string(),
    ipam: object(
      { type: string({ enum: ['Calico', 'HostLocal', 'AmazonVPC', 'AzureVNET'] }) },
      { required: ['type'] },
    ),
    type: string({ enum: ['Calico', 'GKE', 'AmazonVPC', 'AzureVNET'] }),
  },
  { required: ['type'] },
);

const LOGGING: Schema = object({
  cni: object({
    logFileMaxAgeDays: integer({ format: 'int32' }),
    logFileMaxCount: integer({ format: 'int32' }),
    logFileMaxSize: intOrString(),
    logSeverity: string({ enum: ['Error', 'Warning', 'Info', 'Debug'] }),
  }),
});

const OVERRIDES = [
  'azure',
  'calicoKubeControllersDeployment',
  'calicoNodeDaemonSet',
  'calicoNodeWindowsDaemonSet',
  'calicoWindowsUpgradeDaemonSet',
  'certificateManagement',
  'componentResources',
  'csiNodeDriverDaemonSet',
  'proxy',
  'tlsCipherSuites',
  'typhaAffinity',
  'typhaDeployment',
  'windowsNodes',
] as const;

export const INSTALLATION_SPEC: Schema = object({
  ...Object.fromEntries(OVERRIDES.map((name) => [name, any()])),
  calicoNetwork: CALICO_NETWORK,
  cni: CNI,
  controlPlaneNodeSelector: map(string()),
  controlPlaneReplicas: integer({ format: 'int32' }),
  controlPlaneTolerations: array(any()),
  fipsMode: ON_OFF,
  flexVolumePath: string(),
  imagePath: string(),
  imagePrefix: string(),
  imagePullSecrets: array(object({ name: string({ default: '' }) })),
  kubeletVolumePluginPath: string(),
  kubernetesProvider: string({
    enum: ['', 'EKS', 'GKE', 'AKS', 'OpenShift', 'DockerEnterprise', 'RKE2', 'TKG', 'Kind'],
  }),
  logging: LOGGING,
  nodeMetricsPort: integer({ format: 'int32' }),
  nodeUpdateStrategy: object({
    rollingUpdate: object({ maxSurge: intOrString(), maxUnavailable: intOrString() }),
    type: string(),
  }),
  nonPrivileged: string(),
  registry: string(),
  serviceCIDRs: array(string()),
  typhaMetricsPort: integer({ format: 'int32' }),
  variant: string({ enum: ['Calico', 'TigeraSecureEnterprise'] }),
});

export const INSTALLATION_STATUS: Schema = object({
  calicoVersion: string(),
  computed: INSTALLATION_SPEC,
  conditions: CONDITIONS,
  imageSet: string(),
  mtu: integer({ format: 'int32' }),
  variant: string(),
});

const LOG_SEVERITY = object({
  logSeverity: string({ enum: ['Fatal', 'Error', 'Warn', 'Info', 'Debug', 'Trace'], default: 'Info' }),
});

export const API_SERVER_SPEC: Schema = object({
  apiServerDeployment: any(),
  calicoWebhooksDeployment: any(),
  logging: object({ apiServer: LOG_SEVERITY, queryServer: LOG_SEVERITY }),
});

export const STATUS_WITH_STATE: Schema = object({ conditions: CONDITIONS, state: string() });
export const STATUS_OF_CONDITIONS: Schema = object({ conditions: CONDITIONS });
export const NO_SPEC: Schema = object({});
export const GOLDMANE_SPEC: Schema = object({
  goldmaneDeployment: any(),
  metricsPort: integer({ format: 'int32' }),
});
export const WHISKER_SPEC: Schema = object({ notifications: string(), whiskerDeployment: any() });
export const IMAGE_SET_SPEC: Schema = object({
  images: array(object({ digest: string(), image: string() }, { required: ['digest', 'image'] })),
});
export const UNTYPED: Schema = any();
