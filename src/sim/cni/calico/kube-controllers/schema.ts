/**
 * The schema of KubeControllersConfiguration.
 * Source: libcalico-go/config/crd/crd.projectcalico.org_kubecontrollersconfigurations.yaml, Calico v3.32.1.
 */
import { array, integer, map, object, string, type Schema } from '../../../kube/schema.ts';

const ENABLED = ['Enabled', 'Disabled'];
const periodic = object({ reconcilerPeriod: string() });

const hostEndpoint = object({
  autoCreate: string({ enum: ENABLED }),
  createDefaultHostEndpoint: string(),
  templates: array(
    object({
      generateName: string(),
      interfaceCIDRs: array(string(), { set: true }),
      interfacePattern: string(),
      labels: map(string()),
      nodeSelector: string(),
    }),
  ),
});

const controllers = object({
  loadBalancer: object({
    assignIPs: string({ enum: ['AllServices', 'RequestedServicesOnly'], default: 'AllServices' }),
  }),
  namespace: periodic,
  node: object({
    hostEndpoint,
    leakGracePeriod: string(),
    reconcilerPeriod: string(),
    syncLabels: string({ enum: ENABLED }),
  }),
  policy: periodic,
  policyMigration: object({ enabled: string({ enum: ['Disabled', 'Enabled'], default: 'Enabled' }) }),
  serviceAccount: periodic,
  workloadEndpoint: periodic,
});

const port = integer({ format: 'int32', minimum: 0, maximum: 65535 });

export const KUBE_CONTROLLERS_CONFIGURATION_SPEC: Schema = object(
  {
    controllers,
    debugProfilePort: port,
    etcdV3CompactionPeriod: string(),
    healthChecks: string({ enum: ENABLED, default: 'Enabled' }),
    logSeverityScreen: string({ enum: ['None', 'Debug', 'Info', 'Warning', 'Error', 'Fatal', 'Panic'] }),
    prometheusMetricsPort: port,
  },
  { required: ['controllers'] },
);

export const KUBE_CONTROLLERS_CONFIGURATION_STATUS: Schema = object({
  environmentVars: map(string()),
  runningConfig: KUBE_CONTROLLERS_CONFIGURATION_SPEC,
});
