/**
 * The second layer of a pool's checks: the v3 validator, which `calicoctl validate` runs alone.
 * Source: libcalico-go/lib/validator/v3/validator.go validateIPPoolSpec and the struct tags of api/…/v3/ippool.go, v3.32.1.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import {
  formatNetwork,
  hostNetwork,
  networksOverlap,
  parseAddress,
  parseNetwork,
  type IpNetwork,
} from './ip-network.ts';
import { parseSelector } from './selector.ts';
import { strings, tagFailure, type ErroredField } from './validation.ts';

/** The same words in both layers. */
export const TOO_SMALL =
  'IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size.';

export const LINK_LOCAL = {
  4: { network: parseNetwork('169.254.0.0/16'), text: 'IPv4 Link Local range 169.254.0.0/16' },
  6: { network: parseNetwork('fe80::/10'), text: 'IPv6 Link Local range fe80::/10' },
} as const;

const MODES = ['Never', 'Always', 'CrossSubnet'];

/** Struct tags first, in field order, then the rules of the spec as a whole. */
export function validatorErrors(spec: JsonObject): readonly ErroredField[] {
  return [...tagErrors(spec), ...specErrors(spec)];
}

function tagErrors(spec: JsonObject): readonly ErroredField[] {
  const text = (name: string): string => String(spec[name] ?? '');
  const checks: readonly (readonly [string, string, string, (value: string) => boolean])[] = [
    ['CIDR', 'net', 'cidr', (value) => networkOrAddress(value) !== undefined],
    ['VXLANMode', 'vxlanMode', 'vxlanMode', (value) => value === '' || MODES.includes(value)],
    ['IPIPMode', 'ipIpMode', 'ipipMode', (value) => value === '' || MODES.includes(value)],
    ['NodeSelector', 'selector', 'nodeSelector', (value) => parseSelector(value).ok],
    ['NamespaceSelector', 'selector', 'namespaceSelector', (value) => parseSelector(value).ok],
    [
      'AssignmentMode',
      'assignmentMode',
      'assignmentMode',
      (value) => ['', 'Automatic', 'Manual'].includes(value),
    ],
  ];
  return checks.flatMap(([field, tag, member, accepts]) =>
    accepts(text(member)) ? [] : [tagFailure(field, tag, text(member))],
  );
}

function networkOrAddress(text: string): IpNetwork | undefined {
  const bare = parseAddress(text);
  return bare ? hostNetwork(bare) : parseNetwork(text);
}

const field = (name: string, reason: string, value: Json | undefined): ErroredField => ({
  name: `IPpool.${name}`,
  reason,
  value: value ?? '',
});

const enabled = (mode: Json | undefined): boolean => mode === 'Always' || mode === 'CrossSubnet';

function specErrors(spec: JsonObject): readonly ErroredField[] {
  const typed = String(spec['cidr'] ?? '');
  const empty = typed === '' ? [field('CIDR', 'IPPool CIDR must be specified', typed)] : [];
  const network = networkOrAddress(typed);
  if (!network) return [...empty, field('CIDR', 'IPPool CIDR must be a valid subnet', typed)];
  const loadBalancer = strings(spec['allowedUses']).includes('LoadBalancer');
  return [
    ...modeErrors(spec, network, loadBalancer),
    ...cidrErrors(spec, network),
    ...useErrors(spec, loadBalancer),
    ...loadBalancerErrors(spec, loadBalancer, formatNetwork(network)),
    ...selectorErrors(spec),
  ];
}

function modeErrors(spec: JsonObject, network: IpNetwork, loadBalancer: boolean): readonly ErroredField[] {
  const { ipipMode, vxlanMode } = spec;
  const found = (reason: string): ErroredField => field('IPIPMode', reason, ipipMode);
  return [
    ...(network.version === 6 && ipipMode !== 'Never'
      ? [found("IPIPMode other than 'Never' is not supported on an IPv6 IP pool")]
      : []),
    ...(enabled(ipipMode) && enabled(vxlanMode)
      ? [found('IPIPMode and VXLANMode cannot be enabled on LoadBalancer IP pool')]
      : []),
    ...(loadBalancer && (enabled(ipipMode) || enabled(vxlanMode))
      ? [found('Neither IPIPMode nor VXLANMode can be enabled on AllowedUses LoadBalancer IP pool')]
      : []),
  ];
}

function cidrErrors(spec: JsonObject, network: IpNetwork): readonly ErroredField[] {
  const found = (reason: string): ErroredField => field('CIDR', reason, formatNetwork(network));
  const blockSize = Number(spec['blockSize'] ?? 0) || (network.version === 4 ? 26 : 122);
  const linkLocal = LINK_LOCAL[network.version];
  return [
    ...(spec['disabled'] !== true && network.length > blockSize ? [found(TOO_SMALL)] : []),
    ...(network.base === network.address ? [] : [found('IP pool CIDR is not strictly masked')]),
    ...(linkLocal.network && networksOverlap(linkLocal.network, network)
      ? [found(`IP pool range overlaps with ${linkLocal.text}`)]
      : []),
  ];
}

function useErrors(spec: JsonObject, loadBalancer: boolean): readonly ErroredField[] {
  const uses = strings(spec['allowedUses']);
  return uses.flatMap((use) => {
    if (use === 'LoadBalancer') return [];
    if (use !== 'Workload' && use !== 'Tunnel') return [field('AllowedUses', `unknown use: ${use}`, uses)];
    if (!loadBalancer) return [];
    return [field('AllowedUses', `LoadBalancer cannot be used at the same time as: ${use}`, uses)];
  });
}

function loadBalancerErrors(spec: JsonObject, loadBalancer: boolean, cidr: string): readonly ErroredField[] {
  if (!loadBalancer) return [];
  const prefix = 'IP Pool with AllowedUse LoadBalancer must have';
  return [
    ...(spec['disableBGPExport'] === true
      ? [field('DisableBGPExport', `${prefix} DisableBGPExport set to true`, cidr)]
      : []),
    ...(spec['nodeSelector'] === 'all()'
      ? []
      : [field('NodeSelector', `${prefix} node selector set to all()`, cidr)]),
  ];
}

function selectorErrors(spec: JsonObject): readonly ErroredField[] {
  const { nodeSelector, namespaceSelector } = spec;
  const notGlobal = (name: string, member: string, value: Json | undefined): readonly ErroredField[] => {
    const reason = `global() selector is not valid for IPPool ${member} - use all() instead`;
    return String(value ?? '').includes('global(') ? [field(name, reason, value)] : [];
  };
  const tunnelled =
    'IP Pool with AllowedUse Tunnel cannot have namespaceSelector specified - tunnel IPs are not namespaced resources';
  return [
    ...(strings(spec['allowedUses']).includes('Tunnel') && namespaceSelector
      ? [field('NamespaceSelector', tunnelled, namespaceSelector)]
      : []),
    ...notGlobal('NodeSelector', 'nodeSelector', nodeSelector),
    ...notGlobal('NamespaceSelector', 'namespaceSelector', namespaceSelector),
  ];
}
