/**
 * KubeControllersConfiguration `default`: created by calico-kube-controllers when it is missing, and what of it is obeyed
 * here: the grace period of leaked addresses, and which Services get an address. Its status says what runs.
 * Source: kube-controllers/pkg/config/runconfig.go, libcalico-go/lib/clientv3/kubecontrollersconfig.go, Calico v3.32.1, with
 * the environment of manifests/calico.yaml. A change is obeyed at once; the real process starts anew for it.
 */
import { jsonEquals, type JsonObject } from '../../../../base/json.ts';
import type { Millis } from '../../../core/time.ts';
import { compact, objectAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { newMetadata } from '../datastore.ts';
import { parseGoDuration } from '../go-time.ts';
import { API_VERSION, KUBE_CONTROLLERS_CONFIGURATIONS } from '../kinds.ts';

const PERIOD = { reconcilerPeriod: '5m0s' };

export const DEFAULT_KUBE_CONTROLLERS: JsonObject = {
  controllers: {
    loadBalancer: { assignIPs: 'AllServices' },
    namespace: PERIOD,
    node: {
      hostEndpoint: { autoCreate: 'Disabled', createDefaultHostEndpoint: 'Enabled' },
      leakGracePeriod: '15m0s',
      ...PERIOD,
      syncLabels: 'Enabled',
    },
    policy: PERIOD,
    policyMigration: { enabled: 'Enabled' },
    serviceAccount: PERIOD,
    workloadEndpoint: PERIOD,
  },
  etcdV3CompactionPeriod: '10m0s',
  healthChecks: 'Enabled',
  logSeverityScreen: 'Info',
  prometheusMetricsPort: 9094,
};

export interface KubeControllersConfig {
  /** 0: neither leaked addresses nor unused blocks are collected. */
  readonly leakGracePeriod: Millis;
  readonly assignIps: string;
}

const LEAK_GRACE_PERIOD = 15 * 60_000;

export function kubeControllersConfig(tx: ClusterTransaction): KubeControllersConfig {
  const controllers = objectAt(stored(tx)?.spec, 'controllers');
  const period = parseGoDuration(textAt(controllers, 'node', 'leakGracePeriod'));
  return {
    leakGracePeriod: period ?? LEAK_GRACE_PERIOD,
    assignIps: textAt(controllers, 'loadBalancer', 'assignIPs') || 'AllServices',
  };
}

const stored = (tx: ClusterTransaction): KubeObject | undefined =>
  tx.get(KUBE_CONTROLLERS_CONFIGURATIONS, undefined, 'default');

/** Sees to it that the object exists and that its status tells what runs. */
export function tendConfiguration(tx: ClusterTransaction): void {
  const object: KubeObject = stored(tx) ?? {
    apiVersion: API_VERSION,
    kind: 'KubeControllersConfiguration',
    metadata: newMetadata(tx, 'default', JSON.stringify({ creationTimestamp: tx.timestamp })),
    spec: DEFAULT_KUBE_CONTROLLERS,
  };
  const status = runningStatus(object.spec ?? {});
  if (!jsonEquals(object.status, status)) tx.put(KUBE_CONTROLLERS_CONFIGURATIONS, { ...object, status });
}

/** Which controllers run is the environment's say; the object settles the rest. */
function runningStatus(spec: JsonObject): JsonObject {
  const { node, loadBalancer } = objectAt(spec, 'controllers');
  const { hostEndpoint, leakGracePeriod } = objectAt(node);
  return {
    environmentVars: { DATASTORE_TYPE: 'kubernetes', ENABLED_CONTROLLERS: 'node,loadbalancer' },
    runningConfig: compact({
      controllers: {
        loadBalancer: { assignIPs: textAt(loadBalancer, 'assignIPs') || 'AllServices' },
        // Nodes have their labels already in this datastore, whatever the object wants.
        node: compact({ hostEndpoint, leakGracePeriod, syncLabels: 'Disabled' }),
        policyMigration: { enabled: textAt(spec, 'controllers', 'policyMigration', 'enabled') || 'Enabled' },
      },
      etcdV3CompactionPeriod: spec['etcdV3CompactionPeriod'],
      healthChecks: spec['healthChecks'],
      logSeverityScreen: spec['logSeverityScreen'],
    }),
  };
}
