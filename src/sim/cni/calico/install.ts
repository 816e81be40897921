/**
 * A manifest install of Calico (manifests/calico.yaml): its ConfigMap, the calico-node DaemonSet and the
 * calico-kube-controllers Deployment with their service accounts, and what calico-node writes when it first starts.
 * Source: manifests/calico.yaml, node/pkg/lifecycle/startup/startup.go, libcalico-go/lib/clientv3/client.go, Calico v3.32.1.
 * RBAC, host path volumes and environment variables are left out of the workloads' templates.
 */
import type { JsonObject } from '../../../base/json.ts';
import { formatCidr } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Controller } from '../../kube/controller.ts';
import type { HasMachine } from '../../kube/controllers/kubelet.ts';
import { podsWithLabel } from '../../kube/controllers/ownership.ts';
import { handle } from '../../kube/facade.ts';
import { textAt } from '../../kube/fields.ts';
import { builtinRegistry } from '../../kube/builtin-registry.ts';
import { CUSTOM_RESOURCE_DEFINITIONS, definitionOf } from '../../kube/kinds/custom-resource-definition.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { confd } from './confd.ts';
import { newMetadata } from './datastore.ts';
import { felixProcesses } from './felix-daemon.ts';
import { DEFAULT_CONFIG } from './ipam/ipam-store.ts';
import { withPoolDefaults } from './ippool.ts';
import { tendConfiguration } from './kube-controllers/configuration.ts';
import { ipamCollector } from './kube-controllers/ipam-collector.ts';
import { loadBalancer } from './kube-controllers/load-balancer.ts';
import {
  API_VERSION,
  CALICO_VERSION,
  CLUSTER_INFORMATIONS,
  FELIX_CONFIGURATIONS,
  IPAM_CONFIGS,
  IP_POOLS,
  TIERS,
} from './kinds.ts';
import { calicoManifest, type Backend } from './manifest.ts';
import { calicoNode, calicoNodeProcess, tendNode } from './node-agent.ts';
import { writeAddress } from './node-address.ts';
import { calicoResources } from './resources.ts';

/** The tiers that always exist. */
const DEFAULT_TIERS = [
  { name: 'default', defaultAction: 'Deny', order: 1_000_000 },
  { name: 'kube-admin', defaultAction: 'Pass', order: 1000 },
  { name: 'kube-baseline', defaultAction: 'Pass', order: 10_000_000 },
];

/**
 * What runs in a Calico cluster, besides Felix, which is derived, and BIRD, which `routing/` runs. Felix's processes come
 * first: one that stops keeps to what stood before calico-node wrote anything about the change.
 */
export const calicoControllers: readonly Controller[] = [
  felixProcesses,
  calicoNode(() => true),
  ipamCollector,
  loadBalancer,
  confd,
];

/** The same in a cluster whose pods run: each works only while its own does. */
export const deployedCalico = (hasMachine: HasMachine): readonly Controller[] => [
  felixProcesses,
  calicoNode(hasMachine),
  calicoNodeProcess,
  whileDeployed(ipamCollector),
  whileDeployed(loadBalancer),
  confd,
];

/** Until kube-controllers runs again its work waits. */
const RECHECK = 5_000;

const whileDeployed = (controller: Controller): Controller => ({
  ...controller,
  reconcile: (tx, key) => {
    const pods = podsWithLabel(tx, 'kube-system', 'k8s-app', 'calico-kube-controllers');
    if (pods.some((pod) => textAt(pod.status, 'phase') === 'Running')) controller.reconcile(tx, key);
    else tx.schedule(controller.name, key, RECHECK);
  },
});

export interface CalicoInstall {
  readonly topology: Topology;
  /** `default`: calico-node creates default-ipv4-ippool; `none` as with NO_DEFAULT_POOLS, when a lab brings its own. */
  readonly pools: 'default' | 'none';
  /** `vxlan` and `none` run no BIRD. */
  readonly backend?: Backend;
}

/** Needs the Node objects and the kube-system namespace. Tunnel addresses are assigned before this returns. */
export function installCalico(tx: ClusterTransaction, install: CalicoInstall): void {
  const registry = builtinRegistry(install.topology).with(calicoResources);
  for (const { path, body } of calicoManifest(install.backend ?? 'bird')) {
    const answer = handle(tx, registry, { method: 'POST', path, body });
    if (answer.code >= 300) throw new Error(`installing Calico: ${path}: ${JSON.stringify(answer.body)}`);
  }
  putGlobals(tx);
  if (install.pools === 'default') putDefaultPool(tx, install.topology);
  for (const node of install.topology.nodes) {
    writeAddress(tx, install.topology, node.name);
    tendNode(tx, node.name);
  }
  for (const type of calicoResources) tx.put(CUSTOM_RESOURCE_DEFINITIONS.name, definitionOf(type, tx));
}

function put(
  tx: ClusterTransaction,
  resource: string,
  object: { kind: string; name: string; spec: JsonObject },
): void {
  const metadata = newMetadata(tx, object.name, JSON.stringify({ creationTimestamp: tx.timestamp }));
  tx.put(resource, { apiVersion: API_VERSION, kind: object.kind, metadata, spec: object.spec });
}

function putGlobals(tx: ClusterTransaction): void {
  put(tx, CLUSTER_INFORMATIONS, {
    kind: 'ClusterInformation',
    name: 'default',
    spec: {
      calicoVersion: CALICO_VERSION,
      clusterGUID: tx.hex(32),
      clusterType: 'k8s,bgp,kubeadm,kdd',
      datastoreReady: true,
    },
  });
  put(tx, FELIX_CONFIGURATIONS, {
    kind: 'FelixConfiguration',
    name: 'default',
    spec: {
      bpfConnectTimeLoadBalancing: 'TCP',
      bpfHostNetworkedNATWithoutCTLB: 'Enabled',
      bpfLogLevel: '',
      floatingIPs: 'Disabled',
      logSeverityScreen: 'Info',
      nftablesMode: 'Auto',
      reportingInterval: '0s',
    },
  });
  tx.put(IPAM_CONFIGS, {
    apiVersion: API_VERSION,
    kind: 'IPAMConfig',
    metadata: newMetadata(tx, 'default', '{}'),
    spec: DEFAULT_CONFIG,
  });
  tendConfiguration(tx);
  for (const { name, ...spec } of DEFAULT_TIERS) put(tx, TIERS, { kind: 'Tier', name, spec });
}

/** CALICO_IPV4POOL_IPIP is Always in the manifest; the CIDR is the cluster's pod subnet. */
function putDefaultPool(tx: ClusterTransaction, topology: Topology): void {
  const typed = {
    cidr: formatCidr(topology.podCidr),
    ipipMode: 'Always',
    natOutgoing: true,
    vxlanMode: 'Never',
  };
  put(tx, IP_POOLS, { kind: 'IPPool', name: 'default-ipv4-ippool', spec: withPoolDefaults(typed) });
}
