/**
 * The Installation: what the operator's core controller fills in, what it refuses, and what it reads.
 * Source: pkg/controller/installation/{core_controller,validation}.go, tigera/operator v1.42.3. Left out: other CNI plugins, clouds, Windows, VPP and what the Enterprise variant adds.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { parseIpCidr } from '../../../../model/ip-family.ts';
import { compact, listAt, objectAt, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { COMPLETE_FINALIZER, INSTALLATION_FINALIZER } from './kinds.ts';
import { isV6 } from './pool-spec.ts';

export const networkOf = (spec: JsonObject | undefined): JsonObject => objectAt(spec, 'calicoNetwork');
export const poolsOf = (spec: JsonObject | undefined): readonly JsonObject[] =>
  listAt(spec, 'calicoNetwork', 'ipPools');

/** Unless it says Disabled. */
export const usesBgp = (spec: JsonObject | undefined): boolean => networkOf(spec)['bgp'] === 'Enabled';

const FIRST_FOUND = { firstFound: true };

export interface Surroundings {
  /** CIDRs of the pools that are enabled. */
  readonly pools: readonly string[];
  /** What the nodes' provider IDs tell. */
  readonly provider: string;
}

/** The spec with everything that the core controller fills in. */
export function withDefaults(spec: JsonObject, { pools, provider }: Surroundings): JsonObject {
  const cni = objectAt(spec, 'cni');
  const network = networkOf(spec);
  const cniLogging = objectAt(spec, 'logging', 'cni');
  const update = objectAt(spec, 'nodeUpdateStrategy');
  const needs = (v6: boolean): boolean => pools.some((cidr) => isV6(cidr) === v6);
  const dataplane = network['linuxDataplane'] ?? 'Iptables';
  return compact({
    ...spec,
    calicoNetwork: compact({
      bgp: 'Enabled',
      hostPorts: 'Enabled',
      linuxDataplane: 'Iptables',
      ...(dataplane === 'Iptables' && { linuxPolicySetupTimeoutSeconds: 0 }),
      multiInterfaceMode: 'None',
      ...(needs(false) && { nodeAddressAutodetectionV4: FIRST_FOUND }),
      ...(needs(true) && { nodeAddressAutodetectionV6: FIRST_FOUND }),
      windowsDataplane: 'Disabled',
      ...network,
    }),
    cni: compact({
      binDir: '/opt/cni/bin',
      confDir: '/etc/cni/net.d',
      ...cni,
      ipam: { type: 'Calico', ...objectAt(cni, 'ipam') },
      type: cni['type'] ?? 'Calico',
    }),
    controlPlaneReplicas: spec['controlPlaneReplicas'] ?? 2,
    flexVolumePath: spec['flexVolumePath'] ?? '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
    kubeletVolumePluginPath: spec['kubeletVolumePluginPath'] ?? '/var/lib/kubelet',
    ...(provider !== '' && { kubernetesProvider: spec['kubernetesProvider'] ?? provider }),
    logging: {
      ...objectAt(spec, 'logging'),
      cni: {
        logFileMaxAgeDays: 30,
        logFileMaxCount: 10,
        logFileMaxSize: '100Mi',
        logSeverity: 'Info',
        ...cniLogging,
      },
    },
    nodeUpdateStrategy: {
      type: 'RollingUpdate',
      ...update,
      rollingUpdate: { maxUnavailable: 1, ...objectAt(update, 'rollingUpdate') },
    },
    nonPrivileged: spec['nonPrivileged'],
    variant: spec['variant'] ?? 'Calico',
  });
}

/** Kind is told by the provider IDs of its nodes. */
export const providerOf = (nodes: readonly KubeObject[]): string =>
  nodes.some(({ spec }) => textAt(spec, 'providerID').startsWith('kind://')) ? 'Kind' : '';

/** With the core controller's own. */
export const withFinalizers = (before: readonly string[] = []): readonly string[] => [
  ...new Set([...before, INSTALLATION_FINALIZER, COMPLETE_FINALIZER]),
];

const IPIP = ['IPIP', 'IPIPCrossSubnet'];

/** What is wrong with a filled-in spec, in the core controller's words; undefined when nothing is. */
export function installationFault(spec: JsonObject): string | undefined {
  return (
    poolsFault(spec) ??
    autodetectionFault(objectAt(networkOf(spec), 'nodeAddressAutodetectionV4')) ??
    autodetectionFault(objectAt(networkOf(spec), 'nodeAddressAutodetectionV6')) ??
    numbersFault(spec)
  );
}

function poolsFault(spec: JsonObject): string | undefined {
  const byBird = networkOf(spec)['clusterRoutingMode'] !== 'Felix';
  for (const { cidr, encapsulation } of poolsOf(spec)) {
    const isIpip = IPIP.includes(String(encapsulation));
    if (isV6(cidr) && isIpip)
      return `IPIP encapsulation is not supported by IPv6 pools, but it is set for ${String(cidr)}`;
    if (usesBgp(spec) || !byBird) continue;
    if (isIpip) return 'with BIRD cluster routing mode, IPIP encapsulation requires that BGP is enabled';
    if (encapsulation === 'None')
      return 'with BIRD cluster routing mode, unencapsulated IP pools require that BGP is enabled';
  }
  return undefined;
}

function autodetectionFault(method: JsonObject): string | undefined {
  const cidrs = Array.isArray(method['cidrs']) ? method['cidrs'].map(String) : [];
  const wrong = cidrs.find((cidr) => !parseIpCidr(cidr));
  if (wrong !== undefined) return `invalid CIDR provided for node address autodetection: ${wrong}`;
  const chosen = [
    method['interface'],
    method['skipInterface'],
    method['canReach'],
    method['firstFound'] === true,
    cidrs.length > 0,
    method['kubernetes'],
  ].filter((each) => each !== undefined && each !== '' && each !== false);
  return chosen.length > 1
    ? 'no more than one node address autodetection method can be specified per-family'
    : undefined;
}

function numbersFault(spec: JsonObject): string | undefined {
  const seconds = networkOf(spec)['linuxPolicySetupTimeoutSeconds'];
  if (typeof seconds === 'number' && seconds < 0)
    return 'spec.calicoNetwork.linuxPolicySetupTimeoutSeconds negative value is not valid';
  for (const [member, label] of [
    ['flexVolumePath', 'FlexVolumePath'],
    ['kubeletVolumePluginPath', 'KubeletVolumePluginPath'],
  ] as const) {
    const path = textAt(spec, member);
    if (path !== 'None' && !path.startsWith('/'))
      return `installation spec.${label} '${path}' is not an absolute path`;
  }
  const replicas = spec['controlPlaneReplicas'];
  if (typeof replicas === 'number' && replicas <= 0)
    return 'installation spec.ControlPlaneReplicas should be greater than 0';
  return spec['nonPrivileged'] === 'Enabled'
    ? 'non-privileged Calico is deprecated and cannot be Enabled; please, remove this field from your installation spec'
    : undefined;
}

/** The method as calico-node's variable names it; empty without one. */
export function autodetectionMethod(method: JsonObject): string {
  const text = (member: string): string => textAt(method, member);
  if (text('interface') !== '') return `interface=${text('interface')}`;
  if (text('skipInterface') !== '') return `skip-interface=${text('skipInterface')}`;
  if (text('canReach') !== '') return `can-reach=${text('canReach')}`;
  if (method['firstFound'] === true) return 'first-found';
  const { cidrs } = method;
  if (Array.isArray(cidrs) && cidrs.length > 0) return `cidr=${cidrs.map(String).join(',')}`;
  return text('kubernetes') === 'NodeInternalIP' ? 'kubernetes-internal-ip' : '';
}
