/**
 * The CEL rules of Calico's CRDs: what the API server refuses when kubectl writes one. calicoctl's own, stricter checks
 * are in `ippool.ts`.
 * Source: x-kubernetes-validations in libcalico-go/config/crd, Calico v3.32.1. Those of policy are in
 * `policy/crd-rules.ts`.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { forbidden, invalid, type FieldError } from '../../kube/field-error.ts';
import { listAt } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';

/** All violations of a kind's rules; `before` on updates. */
export type CrdRules = (object: KubeObject, before: KubeObject | undefined) => readonly FieldError[];

type Judge = (spec: JsonObject) => boolean;

export interface SpecRule {
  readonly message: string;
  readonly broken: Judge;
  /** The API server's word: `Invalid value` instead of `Forbidden`. */
  readonly invalid?: boolean;
}

const isSet = (value: Json | undefined): boolean =>
  value !== undefined && value !== null && value !== '' && value !== 0;
const enabled = (mode: Json | undefined): boolean => isSet(mode) && mode !== 'Never';
const uses = (spec: JsonObject, use: string): boolean =>
  Array.isArray(spec['allowedUses']) && spec['allowedUses'].includes(use);

const IP_POOL_RULES: readonly SpecRule[] = [
  {
    message: 'ipipMode and vxlanMode cannot both be enabled',
    broken: (spec) => enabled(spec['ipipMode']) && enabled(spec['vxlanMode']),
  },
  {
    message: 'LoadBalancer IP pool cannot have IPIP or VXLAN enabled',
    broken: (spec) => uses(spec, 'LoadBalancer') && (enabled(spec['ipipMode']) || enabled(spec['vxlanMode'])),
  },
  {
    message: 'LoadBalancer cannot be combined with Workload or Tunnel allowed uses',
    broken: (spec) => uses(spec, 'LoadBalancer') && (uses(spec, 'Workload') || uses(spec, 'Tunnel')),
  },
  {
    message: 'IPIP is not supported on IPv6 pools',
    broken: (spec) => String(spec['cidr'] ?? '').includes(':') && enabled(spec['ipipMode']),
  },
];

const BGP_CONFIGURATION_RULES: readonly SpecRule[] = ['nodeMeshPassword', 'nodeMeshMaxRestartTime'].map(
  (field) => ({
    message: `${field} cannot be set when nodeToNodeMeshEnabled is false`,
    broken: (spec) => spec[field] !== undefined && spec['nodeToNodeMeshEnabled'] === false,
  }),
);

const both = (message: string, a: string, b: string): SpecRule => ({
  message,
  broken: (spec) => isSet(spec[a]) && isSet(spec[b]),
});

const BGP_PEER_RULES: readonly SpecRule[] = [
  both('node and nodeSelector cannot both be set', 'node', 'nodeSelector'),
  both('peerIP and peerSelector cannot both be set', 'peerIP', 'peerSelector'),
  both('asNumber must be empty when peerSelector is set', 'peerSelector', 'asNumber'),
  both('peerIP must be empty when localWorkloadSelector is set', 'localWorkloadSelector', 'peerIP'),
  both(
    'peerSelector must be empty when localWorkloadSelector is set',
    'localWorkloadSelector',
    'peerSelector',
  ),
  {
    message: 'asNumber is required when localWorkloadSelector is set',
    broken: (spec) => isSet(spec['localWorkloadSelector']) && !isSet(spec['asNumber']),
    invalid: true,
  },
];

/** Of each rule of a BGPFilter. */
const BGP_FILTER_RULES: readonly SpecRule[] = [
  {
    message: 'cidr and matchOperator must both be set or both be empty',
    broken: (rule) => isSet(rule['cidr']) !== isSet(rule['matchOperator']),
    invalid: true,
  },
  {
    message: 'cidr is required when prefixLength is set',
    broken: (rule) => rule['prefixLength'] !== undefined && !isSet(rule['cidr']),
    invalid: true,
  },
  {
    message: 'operations may only be used with action Accept',
    broken: ({ operations, action }) =>
      Array.isArray(operations) && operations.length > 0 && action !== 'Accept',
    invalid: true,
  },
];

const FELIX_RULES: readonly SpecRule[] = [
  {
    message: 'routeTableRange and routeTableRanges cannot both be set',
    broken: (spec) => spec['routeTableRange'] !== undefined && spec['routeTableRanges'] !== undefined,
  },
];

export const violations = (
  rules: readonly SpecRule[],
  value: JsonObject,
  path: string,
): readonly FieldError[] =>
  rules
    .filter((rule) => rule.broken(value))
    .map((rule) => (rule.invalid ? invalid(path, 'object', rule.message) : forbidden(path, rule.message)));

const judged =
  (rules: readonly SpecRule[]): CrdRules =>
  ({ spec = {} }) =>
    violations(rules, spec, 'spec');

/** `pattern` of logSeverityScreen: a Go expression that ignores case. */
function severityErrors({ spec }: KubeObject): readonly FieldError[] {
  const severity = spec?.['logSeverityScreen'];
  const names = 'Trace|Debug|Info|Warning|Error|Fatal';
  if (severity === undefined || new RegExp(`^(${names})?$`, 'i').test(String(severity))) return [];
  const path = 'spec.logSeverityScreen';
  return [invalid(path, severity, `${path} in body should match '^(?i)(${names})?$'`)];
}

/** Transition rules (`self == oldSelf`) apply only while the field is on both sides. */
function fixedFields(object: KubeObject, before: KubeObject | undefined): readonly FieldError[] {
  const changed = (field: string): boolean => {
    const [now, then] = [object.spec?.[field], before?.spec?.[field]];
    return now !== undefined && then !== undefined && now !== then;
  };
  const advice = 'cannot be changed; follow IP pool migration guide to avoid corruption.';
  return [
    ...(changed('blockSize') ? [invalid('spec.blockSize', 'integer', `Block size ${advice}`)] : []),
    ...(changed('cidr') ? [invalid('spec.cidr', 'string', `CIDR ${advice}`)] : []),
  ];
}

export const ipPoolRules: CrdRules = (object, before) => [
  ...judged(IP_POOL_RULES)(object, before),
  ...fixedFields(object, before),
];
export const bgpConfigurationRules: CrdRules = (object, before) => [
  ...severityErrors(object),
  ...judged(BGP_CONFIGURATION_RULES)(object, before),
];
export const bgpFilterRules: CrdRules = ({ spec }) =>
  ['exportV4', 'exportV6', 'importV4', 'importV6'].flatMap((list) =>
    listAt(spec, list).flatMap((rule, index) => violations(BGP_FILTER_RULES, rule, `spec.${list}[${index}]`)),
  );
export const bgpPeerRules = judged(BGP_PEER_RULES);
export const felixConfigurationRules = judged(FELIX_RULES);
