/** All controllers of the control plane, the scheduler and the kubelets. A CNI provider adds its own beside them. */
import { daemonSetController } from './controllers/daemon-set-controller.ts';
import { deploymentController } from './controllers/deployment-controller.ts';
import { disruptionController } from './controllers/disruption-controller.ts';
import { endpointsController } from './controllers/endpoints-controller.ts';
import { garbageCollector } from './controllers/garbage-collector.ts';
import { eventExpiry } from './controllers/housekeeping.ts';
import { kubelet, type HasMachine, type IsProbed } from './controllers/kubelet.ts';
import { namespaceController } from './controllers/namespace-controller.ts';
import { nodeAgent } from './controllers/node-agent.ts';
import { nodeLifecycle } from './controllers/node-lifecycle.ts';
import { replicaSetController } from './controllers/replica-set-controller.ts';
import { scheduler } from './controllers/scheduler.ts';
import { statefulSetController } from './controllers/stateful-set-controller.ts';
import { taintEviction } from './controllers/taint-eviction.ts';
import type { Controller } from './controller.ts';
import type { Registry } from './registry.ts';
import type { CniPlugin } from './sandbox.ts';

export interface KubeControllerOptions {
  readonly cni: CniPlugin;
  /** Built-in kinds and those of the CNI provider: what namespaces contain and owners own. */
  readonly registry: Registry;
  /** Where the scheduler runs, for the source of its events; `control-plane` unless said. */
  readonly controlPlane?: string;
  /** Nodes with a machine, on which a kubelet runs; all unless said. */
  readonly hasMachine?: HasMachine;
  /** Pods that are ready when their prober says so; none unless said. */
  readonly isProbed?: IsProbed;
}

/** A CA bundle in form only: no TLS is spoken in the simulator. */
const ROOT_CA = '-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n';

export const kubeControllers = ({
  cni,
  registry,
  controlPlane = 'control-plane',
  hasMachine = () => true,
  isProbed = () => false,
}: KubeControllerOptions): readonly Controller[] => [
  namespaceController(registry, ROOT_CA),
  deploymentController,
  replicaSetController,
  daemonSetController,
  statefulSetController,
  scheduler(controlPlane),
  kubelet({ cni, hasMachine, isProbed }),
  nodeAgent({ name: 'kube-proxy', stoppedBy: ['kube-proxy'] }),
  endpointsController,
  garbageCollector(registry),
  nodeLifecycle(hasMachine),
  taintEviction,
  disruptionController,
  eventExpiry,
];
