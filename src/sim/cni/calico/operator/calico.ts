/**
 * The core controller: it fills in the Installation, refuses what cannot be, and brings calico-node, Typha, calico-kube-controllers
 * and the CSI driver about, with what FelixConfiguration and BGPConfiguration must say beside them.
 * Source: pkg/controller/installation/{core_controller,typha_autoscaler}.go, tigera/operator v1.42.3. Left out: taking Calico away
 * in stages when the Installation is deleted; what it owns goes with it at once.
 */
import { jsonEquals, type JsonObject } from '../../../../base/json.ts';
import { putStatus, storeUpdate } from '../../../kube/admission.ts';
import { numberAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { podsWithLabel } from '../../../kube/controllers/ownership.ts';
import { nodeMtu } from '../cni-plugin.ts';
import { newMetadata } from '../datastore.ts';
import {
  API_VERSION,
  BGP_CONFIGURATIONS,
  CALICO_VERSION,
  FELIX_CONFIGURATIONS,
  IP_POOLS,
  NODES,
} from '../kinds.ts';
import { ensure, remove, type Operator } from './component.ts';
import { installationFault, networkOf, providerOf, withDefaults, withFinalizers } from './installation.ts';
import {
  CALICO_NAMESPACE,
  DEFAULT,
  GOLDMANES,
  installationIn,
  INSTALLATIONS,
  OPERATOR_NAMESPACE,
} from './kinds.ts';
import { isV6 } from './pool-spec.ts';
import { renderCalicoNode } from './render/calico-node.ts';
import { renderCsi, renderKubeControllers, renderTypha, typhaReplicas } from './render/control-plane.ts';
import { kubernetesEndpoint } from './service-endpoint.ts';
import { degrade, fine, found, notFound } from './status.ts';

const COMPONENT = 'calico';

export function reconcileCalico(operator: Operator): void {
  const { tx } = operator;
  const written = installationIn(tx);
  if (!written) {
    notFound(tx, COMPONENT);
    return;
  }
  found(tx, COMPONENT, written);
  if (written.metadata.deletionTimestamp !== undefined) {
    letGo(operator, written);
    return;
  }
  const installation = filledIn(operator, written);
  if (!installation) return;
  found(tx, COMPONENT, installation);
  const spec = installation.spec ?? {};
  const pools = enabledPools(tx);
  if (pools.length === 0) {
    degrade(tx, COMPONENT, 'ResourceNotFound', 'waiting for enabled IP pools to be created');
    return;
  }
  ensure(operator, namespace(), installation);
  const goldmane = goldmaneAddress(tx);
  if (goldmane === 'awaited') {
    degrade(tx, COMPONENT, 'ResourceNotFound', 'Goldmane enabled, waiting for Service to receive an IP');
    return;
  }
  configureFelix(tx, spec);
  configureBgp(tx, spec);
  const kubernetes = kubernetesEndpoint(tx);
  const [v4, v6] = [pools.some((cidr) => !isV6(cidr)), pools.some(isV6)];
  for (const object of [
    ...renderTypha(spec, kubernetes),
    ...renderCalicoNode({ spec, v4, v6, goldmane, kubernetes }),
    ...(spec['kubeletVolumePluginPath'] === 'None' ? [] : renderCsi(spec)),
    ...renderKubeControllers(spec),
  ])
    ensure(operator, object, installation);
  if (spec['kubeletVolumePluginPath'] === 'None')
    for (const object of renderCsi(spec)) remove(operator, object);
  scaleTypha(operator);
  fine(tx, COMPONENT, { daemonSets: ['calico-node'], deployments: ['calico-kube-controllers'] });
}

/** What the Installation tells once everything is available. */
export function tellInstallation({ tx, registry, topology }: Operator): void {
  const installation = installationIn(tx);
  const type = registry.byName(INSTALLATIONS);
  if (!installation || !type) return;
  const { spec = {}, status } = installation;
  const fixed = numberAt(networkOf(spec), 'mtu');
  const [pod] = podsWithLabel(tx, OPERATOR_NAMESPACE, 'name', OPERATOR_NAMESPACE);
  const host = textAt(pod?.spec, 'nodeName');
  const mtu = fixed > 0 ? fixed : host === '' ? 0 : nodeMtu(tx, topology, host);
  putStatus(tx, type, installation, {
    ...status,
    calicoVersion: CALICO_VERSION,
    computed: spec,
    ...(mtu > 0 && { mtu }),
    variant: textAt(spec, 'variant'),
  });
}

/** Written back to the API, so that nobody is surprised by a later default; undefined when it cannot be. */
function filledIn({ tx, registry }: Operator, written: KubeObject): KubeObject | undefined {
  const type = registry.byName(INSTALLATIONS);
  const surroundings = { pools: enabledPools(tx), provider: providerOf(tx.list(NODES)) };
  const spec = withDefaults(written.spec ?? {}, surroundings);
  const fault = installationFault(spec);
  if (fault !== undefined) {
    degrade(tx, COMPONENT, 'InvalidConfigurationError', `Invalid Installation provided: ${fault}`);
    return undefined;
  }
  const finalizers = withFinalizers(written.metadata.finalizers);
  const isNew = !jsonEquals(spec, written.spec);
  const generation = (written.metadata.generation ?? 1) + (isNew ? 1 : 0);
  const filled = { ...written, metadata: { ...written.metadata, finalizers, generation }, spec };
  return type ? storeUpdate(tx, type, filled, written) : undefined;
}

const enabledPools = (tx: ClusterTransaction): readonly string[] =>
  tx.list(IP_POOLS).flatMap(({ spec }) => (spec?.['disabled'] === true ? [] : [textAt(spec, 'cidr')]));

const namespace = (): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: CALICO_NAMESPACE,
    labels: {
      name: CALICO_NAMESPACE,
      'pod-security.kubernetes.io/enforce': 'privileged',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    },
  },
});

/** `awaited` while Goldmane is wanted and its service is not there. */
function goldmaneAddress(tx: ClusterTransaction): string | undefined {
  if (!tx.get(GOLDMANES, undefined, DEFAULT)) return undefined;
  return textAt(tx.get('services', CALICO_NAMESPACE, 'goldmane')?.spec, 'clusterIP') || 'awaited';
}

function letGo({ tx, registry }: Operator, installation: KubeObject): void {
  const type = registry.byName(INSTALLATIONS);
  const finalizers = (installation.metadata.finalizers ?? []).filter((name) => !name.includes('tigera.io'));
  const { finalizers: _, ...metadata } = installation.metadata;
  const released = {
    ...installation,
    metadata: { ...metadata, ...(finalizers.length > 0 && { finalizers }) },
  };
  if (type) storeUpdate(tx, type, released, installation);
}

const CLUSTER_ROUTES = { Felix: ['Enabled', 'Disabled'], BIRD: ['Disabled', 'Enabled'] } as const;

const routesBy = (spec: JsonObject): readonly [string, string] | undefined => {
  const mode = networkOf(spec)['clusterRoutingMode'];
  return mode === 'Felix' || mode === 'BIRD' ? CLUSTER_ROUTES[mode] : undefined;
};

function configureFelix(tx: ClusterTransaction, spec: JsonObject): void {
  const [routes] = routesBy(spec) ?? [];
  const dataplane = networkOf(spec)['linuxDataplane'];
  const felix = {
    resource: FELIX_CONFIGURATIONS,
    kind: 'FelixConfiguration',
    annotations: { 'operator.tigera.io/bpfEnabled': String(dataplane === 'BPF') },
  };
  patch(tx, felix, (before) => ({
    healthPort: 9099,
    vxlanPort: 4789,
    vxlanVNI: 4096,
    ...before,
    bpfEnabled: dataplane === 'BPF',
    nftablesMode: dataplane === 'Nftables' ? 'Auto' : 'Disabled',
    ...(routes !== undefined && { programClusterRoutes: routes }),
  }));
}

function configureBgp(tx: ClusterTransaction, spec: JsonObject): void {
  const [, routes] = routesBy(spec) ?? [];
  if (routes === undefined) return;
  patch(tx, { resource: BGP_CONFIGURATIONS, kind: 'BGPConfiguration' }, (before) => ({
    ...before,
    programClusterRoutes: routes,
  }));
}

interface Default {
  readonly resource: string;
  readonly kind: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Changes the object `default` of a kind of Calico's, or makes it. */
function patch(
  tx: ClusterTransaction,
  { resource, kind, annotations }: Default,
  change: (spec: JsonObject) => JsonObject,
): void {
  const before = tx.get(resource, undefined, DEFAULT);
  const spec = change(before?.spec ?? {});
  if (before && jsonEquals(spec, before.spec)) return;
  const made = newMetadata(tx, DEFAULT, JSON.stringify({ creationTimestamp: tx.timestamp }));
  const metadata = before ? { ...before.metadata, generation: (before.metadata.generation ?? 0) + 1 } : made;
  const said = annotations && { annotations: { ...metadata.annotations, ...annotations } };
  tx.put(resource, { apiVersion: API_VERSION, kind, metadata: { ...metadata, ...said }, spec });
}

/** The autoscaler counts the nodes that pods may be put on. */
function scaleTypha({ tx }: Operator): void {
  const deployment = tx.get('deployments.apps', CALICO_NAMESPACE, 'calico-typha');
  const schedulable = tx.list(NODES).filter(({ spec }) => spec?.['unschedulable'] !== true).length;
  const replicas = typhaReplicas(schedulable);
  if (!deployment || numberAt(deployment.spec, 'replicas') === replicas) return;
  const generation = (deployment.metadata.generation ?? 0) + 1;
  tx.put('deployments.apps', {
    ...deployment,
    metadata: { ...deployment.metadata, generation },
    spec: { ...deployment.spec, replicas },
  });
}
