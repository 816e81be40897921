/**
 * The CEL rules of the CRDs of policy: what the API server refuses when kubectl writes one. calicoctl's own, stricter checks
 * are in `validator.ts`.
 * Source: x-kubernetes-validations in libcalico-go/config/crd, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { invalid, required, type FieldError } from '../../../kube/field-error.ts';
import { at, listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { violations, type CrdRules, type SpecRule } from '../crd-rules.ts';

const has = (value: JsonObject, ...path: readonly string[]): boolean => at(value, ...path) !== undefined;
const isTrue = (value: JsonObject, name: string): boolean => at(value, name) === true;

const GLOBAL_RULES: readonly SpecRule[] = [
  {
    message: 'preDNAT and doNotTrack cannot both be true',
    broken: (spec) => isTrue(spec, 'preDNAT') && isTrue(spec, 'doNotTrack'),
  },
  {
    message: 'preDNAT policy cannot have any egress rules',
    broken: (spec) => isTrue(spec, 'preDNAT') && listAt(spec, 'egress').length > 0,
  },
  {
    message: "preDNAT policy cannot have 'Egress' type",
    broken: (spec) => isTrue(spec, 'preDNAT') && textsAt(spec, 'types').includes('Egress'),
  },
  {
    message: 'applyOnForward must be true if either preDNAT or doNotTrack is true',
    broken: (spec) =>
      (isTrue(spec, 'preDNAT') || isTrue(spec, 'doNotTrack')) && !isTrue(spec, 'applyOnForward'),
    invalid: true,
  },
];

const RULE_RULES: readonly SpecRule[] = [
  {
    message: 'rules with HTTP match must have protocol TCP or unset',
    broken: (rule) =>
      has(rule, 'http') &&
      has(rule, 'protocol') &&
      at(rule, 'protocol') !== 'TCP' &&
      at(rule, 'protocol') !== 6,
    invalid: true,
  },
  {
    message: 'HTTP match is only valid on Allow rules',
    broken: (rule) => textAt(rule, 'action') !== 'Allow' && has(rule, 'http'),
  },
  {
    message: 'ports and notPorts cannot be specified with services',
    broken: (rule) =>
      has(rule, 'destination', 'services') &&
      [...textsAt(rule, 'destination', 'ports'), ...textsAt(rule, 'destination', 'notPorts')].length > 0,
  },
];

const ICMP_RULES: readonly SpecRule[] = [
  {
    message: 'ICMP code specified without an ICMP type',
    broken: (icmp) => has(icmp, 'code') && !has(icmp, 'type'),
    invalid: true,
  },
];

const ruleErrors = ({ spec = {} }: KubeObject): readonly FieldError[] =>
  ['egress', 'ingress'].flatMap((direction) =>
    listAt(spec, direction).flatMap((rule, index) => {
      const path = `spec.${direction}[${index}]`;
      return [
        ...(at(rule, 'ipVersion') === undefined || [4, 6].includes(Number(at(rule, 'ipVersion')))
          ? []
          : [unsupportedVersion(rule, path)]),
        ...['icmp', 'notICMP'].flatMap((field) =>
          violations(ICMP_RULES, objectAt(rule, field), `${path}.${field}`),
        ),
        ...violations(RULE_RULES, rule, path),
      ];
    }),
  );

const unsupportedVersion = (rule: JsonObject, path: string): FieldError => ({
  type: 'FieldValueNotSupported',
  field: `${path}.ipVersion`,
  value: at(rule, 'ipVersion') ?? null,
  detail: 'supported values: "4", "6"',
});

/** minItems and maxItems of a list of types. */
function countErrors({ spec = {} }: KubeObject, field: string): readonly FieldError[] {
  const types = at(spec, field);
  const path = `spec.${field}`;
  if (!Array.isArray(types) || types.length > 0) return [];
  return [invalid(path, types.length, `${path} in body should have at least 1 items`)];
}

export const networkPolicyRules: CrdRules = (object) => [
  ...countErrors(object, 'types'),
  ...ruleErrors(object),
];

export const globalNetworkPolicyRules: CrdRules = (object, before) => [
  ...networkPolicyRules(object, before),
  ...violations(GLOBAL_RULES, object.spec ?? {}, 'spec'),
];

export const stagedKubernetesNetworkPolicyRules: CrdRules = (object) => countErrors(object, 'policyTypes');

export const hostEndpointRules: CrdRules = ({ spec }) =>
  spec === undefined
    ? []
    : violations(
        [
          {
            message: 'at least one of interfaceName or expectedIPs must be specified',
            broken: () => textAt(spec, 'interfaceName') === '' && textsAt(spec, 'expectedIPs').length === 0,
            invalid: true,
          },
          {
            message: 'node must be specified',
            broken: () => textAt(spec, 'node') === '',
            invalid: true,
          },
        ],
        spec,
        'spec',
      );

const TIER_ACTIONS: Readonly<Record<string, string>> = {
  'kube-admin': 'Pass',
  'kube-baseline': 'Pass',
  default: 'Deny',
};

/** Rules about the whole object name no field. */
const WHOLE = '<nil>';

export function tierRules({ metadata, spec }: KubeObject): readonly FieldError[] {
  if (spec === undefined) return [required('spec')];
  const action = TIER_ACTIONS[metadata.name];
  if (action === undefined || textAt(spec, 'defaultAction') === action) return [];
  return [invalid(WHOLE, 'object', `The '${metadata.name}' tier must have default action '${action}'`)];
}
