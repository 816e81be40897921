/**
 * Installs Calico, by its manifest (manifests/calico.yaml: a ConfigMap, the calico-node DaemonSet and the calico-kube-controllers
 * Deployment) or by tigera-operator (`operator/`), with what calico-node writes when it first starts.
 * Source: manifests/calico.yaml, node/pkg/lifecycle/startup/startup.go, libcalico-go/lib/clientv3/client.go, Calico v3.32.1.
 * RBAC and host path volumes are left out of the workloads' templates.
 */
import type { JsonObject } from '../../../base/json.ts';
import { formatCidr } from '../../../model/ip.ts';
import { formatCidr6 } from '../../../model/ipv6.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Controller } from '../../kube/controller.ts';
import type { HasMachine } from '../../kube/controllers/kubelet.ts';
import { podsWithLabel } from '../../kube/controllers/ownership.ts';
import { handle } from '../../kube/facade.ts';
import { objectAt, textAt } from '../../kube/fields.ts';
import { CUSTOM_RESOURCE_DEFINITIONS, definitionOf } from '../../kube/kinds/custom-resource-definition.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { confd } from './confd.ts';
import { newMetadata, NO_METADATA } from './datastore.ts';
import { felixProcesses } from './felix-daemon.ts';
import { DEFAULT_CONFIG } from './ipam/ipam-store.ts';
import { withPoolDefaults } from './ippool.ts';
import { tendConfiguration } from './kube-controllers/configuration.ts';
import { hostEndpoints } from './kube-controllers/host-endpoints.ts';
import { ipamCollector } from './kube-controllers/ipam-collector.ts';
import { loadBalancer } from './kube-controllers/load-balancer.ts';
import {
  API_VERSION,
  BGP_CONFIGURATIONS,
  CALICO_VERSION,
  CLUSTER_INFORMATIONS,
  FELIX_CONFIGURATIONS,
  IPAM_CONFIGS,
  IP_POOLS,
  TIERS,
} from './kinds.ts';
import { calicoManifest } from './manifest.ts';
import { keepEnvironment, readEnvironment, type Backend, type NodeEnvironment } from './node-environment.ts';
import { installOperator } from './operator/install.ts';
import { CALICO_NAMESPACE } from './operator/kinds.ts';
import { calicoRegistry } from './registry.ts';
import { calicoNode, calicoNodeProcess, tendNode } from './node-agent.ts';
import { writeAddress } from './node-address.ts';
import { nodeStatusReporter } from './node-status/reporter.ts';
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
  hostEndpoints,
  nodeStatusReporter,
  confd,
];

/** The same in a cluster whose pods run: each works only while its own does. */
export const deployedCalico = (hasMachine: HasMachine): readonly Controller[] => [
  felixProcesses,
  calicoNode(hasMachine),
  calicoNodeProcess,
  whileDeployed(ipamCollector),
  whileDeployed(loadBalancer),
  whileDeployed(hostEndpoints),
  nodeStatusReporter,
  confd,
];

/** Where a manifest and where the operator puts Calico. */
const NAMESPACES = ['kube-system', CALICO_NAMESPACE];

/** Until kube-controllers runs again its work waits. */
const RECHECK = 5_000;

const whileDeployed = (controller: Controller): Controller => ({
  ...controller,
  reconcile: (tx, key) => {
    const pods = NAMESPACES.flatMap((namespace) =>
      podsWithLabel(tx, namespace, 'k8s-app', 'calico-kube-controllers'),
    );
    if (pods.some((pod) => textAt(pod.status, 'phase') === 'Running')) controller.reconcile(tx, key);
    else tx.schedule(controller.name, key, RECHECK);
  },
});

export type InstallKind = 'manifest' | 'operator';

export interface CalicoInstall {
  readonly topology: Topology;
  /** `manifest` unless said. */
  readonly kind?: InstallKind;
  /**
   * `default`: calico-node creates default-ipv4-ippool and, in a dual-stack cluster, default-ipv6-ippool; `none` as with
   * NO_DEFAULT_POOLS, when a lab brings its own.
   */
  readonly pools: 'default' | 'none';
  /** `vxlan` and `none` run no BIRD. */
  readonly backend?: Backend;
}

/** Needs the Node objects and the kube-system namespace. Tunnel addresses are assigned before this returns. */
export function installCalico(tx: ClusterTransaction, install: CalicoInstall): void {
  const { topology, kind = 'manifest', pools, backend = 'bird' } = install;
  if (kind === 'manifest') {
    installManifest(tx, install);
    putGlobals(tx, CLUSTER_TYPE.manifest);
    if (pools === 'default') putDefaultPools(tx, topology);
  } else {
    putGlobals(tx, CLUSTER_TYPE.operator);
    installOperator({ tx, registry: calicoRegistry(topology), topology }, pools);
  }
  for (const node of topology.nodes) {
    // Nothing has started yet, and what is to start is not what everybody has.
    if (backend !== 'bird' || topology.podCidr6)
      keepEnvironment(tx, node.name, { process: '', environment: written(tx, kind) });
    writeAddress(tx, topology, node.name);
    tendNode(tx, node.name);
  }
  for (const type of calicoResources) tx.put(CUSTOM_RESOURCE_DEFINITIONS.name, definitionOf(type, tx));
}

const CLUSTER_TYPE = { manifest: 'k8s,bgp,kubeadm,kdd', operator: 'typha,kdd,k8s,operator,bgp,kubeadm' };

function installManifest(tx: ClusterTransaction, { topology, backend = 'bird' }: CalicoInstall): void {
  const registry = calicoRegistry(topology);
  for (const { path, body } of calicoManifest(backend, topology.podCidr6 !== undefined)) {
    const answer = handle(tx, registry, { method: 'POST', path, body });
    if (answer.code >= 300) throw new Error(`installing Calico: ${path}: ${JSON.stringify(answer.body)}`);
  }
}

/** What calico-node will start with. */
function written(tx: ClusterTransaction, kind: InstallKind): NodeEnvironment {
  const namespace = kind === 'manifest' ? 'kube-system' : CALICO_NAMESPACE;
  const { spec } = tx.get('daemonsets.apps', namespace, 'calico-node') ?? {};
  return readEnvironment(tx, namespace, objectAt(spec, 'template', 'spec'));
}

function put(
  tx: ClusterTransaction,
  resource: string,
  object: { kind: string; name: string; spec: JsonObject },
): void {
  const metadata = newMetadata(tx, object.name, JSON.stringify({ creationTimestamp: tx.timestamp }));
  tx.put(resource, { apiVersion: API_VERSION, kind: object.kind, metadata, spec: object.spec });
}

function putGlobals(tx: ClusterTransaction, clusterType: string): void {
  put(tx, CLUSTER_INFORMATIONS, {
    kind: 'ClusterInformation',
    name: 'default',
    spec: {
      calicoVersion: CALICO_VERSION,
      clusterGUID: tx.hex(32),
      clusterType,
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
  put(tx, BGP_CONFIGURATIONS, {
    kind: 'BGPConfiguration',
    name: 'default',
    spec: { logSeverityScreen: 'Info', serviceLoadBalancerAggregation: 'Enabled' },
  });
  tx.put(IPAM_CONFIGS, {
    apiVersion: API_VERSION,
    kind: 'IPAMConfig',
    metadata: newMetadata(tx, 'default', NO_METADATA),
    spec: DEFAULT_CONFIG,
  });
  tendConfiguration(tx);
  for (const { name, ...spec } of DEFAULT_TIERS) put(tx, TIERS, { kind: 'Tier', name, spec });
}

/**
 * CALICO_IPV4POOL_IPIP is Always in the manifest; the CIDRs are the cluster's pod subnets. The pool of IPv6 has no tunnel and
 * does not translate, unless its variables say so.
 */
function putDefaultPools(tx: ClusterTransaction, { podCidr, podCidr6 }: Topology): void {
  const typed = { cidr: formatCidr(podCidr), ipipMode: 'Always', natOutgoing: true, vxlanMode: 'Never' };
  put(tx, IP_POOLS, { kind: 'IPPool', name: 'default-ipv4-ippool', spec: withPoolDefaults(typed) });
  if (!podCidr6) return;
  const spec = withPoolDefaults({ cidr: formatCidr6(podCidr6), ipipMode: 'Never', vxlanMode: 'Never' });
  put(tx, IP_POOLS, { kind: 'IPPool', name: 'default-ipv6-ippool', spec });
}
