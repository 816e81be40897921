/**
 * What Calico's client library checks before it writes a resource of policy, beyond what the API server does, with its words
 * and in its order: field by field, a struct's own rules after its fields.
 * Source: libcalico-go/lib/validator/v3/validator.go and the struct tags of api/pkg/apis/projectcalico/v3, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { at, listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import { keyProblems, valueProblems } from '../../../kube/label-syntax.ts';
import { parseAddress, parseNetwork } from '../ip-network.ts';
import { tagFailure, type ErroredField } from '../validation.ts';
import { ruleErrors } from './rule-validator.ts';
import { GLOBAL_ONLY_THERE, isName, isSelector, problem, tagged, type Errors } from './field-checks.ts';

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const NAME_LIMIT = 253;
const TIER_NAME_LIMIT = 63;

type Resource = JsonObject;

const nameOf = (resource: Resource): string => textAt(resource, 'metadata', 'name');

/** What is asked of every resource's metadata. */
function metadataErrors(resource: Resource): Errors {
  const name = nameOf(resource);
  const form = `'-' or '.' (regex: ${SUBDOMAIN})`;
  return [
    ...tooLong(name, NAME_LIMIT),
    ...(isName(name)
      ? []
      : [problem('Metadata.Name', `name must consist of lower case alphanumeric characters, ${form}`, name)]),
    ...labelErrors(objectAt(resource, 'metadata', 'labels')),
  ];
}

const tooLong = (name: string, limit: number): Errors =>
  name.length > limit
    ? [problem('Metadata.Name', `name is too long by ${name.length - limit} bytes`, name)]
    : [];

const labelErrors = (labels: JsonObject): Errors =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...keyProblems(key).map((reason) => problem('Metadata.Labels (label)', reason, key)),
    ...valueProblems(String(value)).map((reason) =>
      problem('Metadata.Labels (value)', reason, String(value)),
    ),
  ]);

/** One dot at most, and of the forms with a prefix of other orchestrators. */
const POLICY_NAME = new RegExp(`^((${LABEL})(\\.${LABEL})?|((?:knp|ossg)\\.default\\.(${SUBDOMAIN})))$`);
const GLOBAL_POLICY_NAME = new RegExp(`^(${LABEL}\\.)?${LABEL}$`);

function policyNameErrors(resource: Resource, form: RegExp): Errors {
  const name = nameOf(resource);
  const reason = `name must consist of lower case alphanumeric characters or '-' (regex: ${LABEL})`;
  return [
    ...tooLong(name, NAME_LIMIT),
    ...(form.test(name) ? [] : [problem('Metadata.Name', reason, name)]),
    ...labelErrors(objectAt(resource, 'metadata', 'labels')),
  ];
}

/** Tags of the fields that both kinds of policy have. */
function specFields(spec: JsonObject): Errors {
  return [
    ...tagged('Tier', 'name', at(spec, 'tier'), isName),
    ...listAt(spec, 'ingress').flatMap(ruleErrors),
    ...listAt(spec, 'egress').flatMap(ruleErrors),
    ...tagged('Selector', 'selector', at(spec, 'selector'), isSelector),
    ...textsAt(spec, 'types').flatMap((type, index) =>
      tagged(`Types[${index}]`, 'policyType', type, (text) => text === 'Ingress' || text === 'Egress'),
    ),
    ...tagged('ServiceAccountSelector', 'selector', at(spec, 'serviceAccountSelector'), isSelector),
    ...tagged('NamespaceSelector', 'selector', at(spec, 'namespaceSelector'), isSelector),
  ];
}

function repeatedTypes(spec: JsonObject, struct: string): Errors {
  const types = textsAt(spec, 'types');
  return types
    .filter((type, index) => types.indexOf(type) < index)
    .map((type) => problem(`${struct}.Types`, `'${type}' type specified more than once`, [...types]));
}

/** Services may only stand at the far end of a rule. */
function serviceSides(spec: JsonObject): Errors {
  const misplaced = (direction: string, side: string, reason: string): Errors =>
    listAt(spec, direction).flatMap((rule) => {
      const services = at(rule, side, 'services');
      const application = direction === 'egress' && at(rule, 'http') !== undefined;
      return [
        ...(services === undefined ? [] : [problem('Services', reason, goServices(services))]),
        ...(application ? [problem('HTTP', 'not allowed in egress rule')] : []),
      ];
    });
  return [
    ...misplaced('egress', 'source', 'not allowed in egress rule source'),
    ...misplaced('ingress', 'destination', 'not allowed in ingress rule destination'),
  ];
}

/** As Go prints a pointer to the struct. */
const goServices = (services: unknown): string =>
  `&{${textAt(services, 'name')} ${textAt(services, 'namespace')}}`;

function globalSelectors(spec: JsonObject, struct: string, fields: readonly string[]): Errors {
  return fields
    .filter((field) => textAt(spec, field).includes('global()'))
    .map((field) =>
      problem(
        `${struct}.${field.replace(/^./, (first) => first.toUpperCase())}`,
        GLOBAL_ONLY_THERE,
        // The value shown is the selector's, whichever field it is: a slip of upstream's.
        textAt(spec, struct === 'NetworkPolicySpec' ? field : 'selector'),
      ),
    );
}

const namespacedSpec = (spec: JsonObject): Errors => [
  ...repeatedTypes(spec, 'NetworkPolicySpec'),
  ...serviceSides(spec),
  ...globalSelectors(spec, 'NetworkPolicySpec', ['selector', 'serviceAccountSelector']),
];

function globalSpec(spec: JsonObject): Errors {
  const is = (name: string): boolean => at(spec, name) === true;
  const egress = listAt(spec, 'egress');
  const types = textsAt(spec, 'types');
  return [
    ...(is('doNotTrack') && is('preDNAT')
      ? [
          problem(
            'PolicySpec.PreDNAT',
            'PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec',
            true,
          ),
        ]
      : []),
    ...(is('preDNAT') && egress.length > 0
      ? [problem('PolicySpec.Egress', 'PreDNAT PolicySpec cannot have any Egress rules')]
      : []),
    ...(is('preDNAT') && types.includes('Egress')
      ? [problem('PolicySpec.Types', "PreDNAT PolicySpec cannot have 'egress' Type", [...types])]
      : []),
    ...(!is('applyOnForward') && (is('doNotTrack') || is('preDNAT'))
      ? [
          problem(
            'PolicySpec.ApplyOnForward',
            'ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec',
            false,
          ),
        ]
      : []),
    ...repeatedTypes(spec, 'GlobalNetworkPolicySpec'),
    ...serviceSides(spec),
    ...['egress', 'ingress'].flatMap((direction) =>
      listAt(spec, direction)
        .map((rule) => at(rule, direction === 'egress' ? 'destination' : 'source', 'services'))
        .filter((services) => services !== undefined && textAt(services, 'namespace') === '')
        .map(() => problem('Namespace', 'must specify a namespace', '')),
    ),
    ...globalSelectors(spec, 'GlobalNetworkPolicySpec', [
      'selector',
      'serviceAccountSelector',
      'namespaceSelector',
    ]),
  ];
}

const specOf = (resource: Resource): JsonObject => objectAt(resource, 'spec');

export const networkPolicyErrors = (resource: Resource): Errors => [
  ...metadataErrors(resource),
  ...specFields(specOf(resource)),
  ...policyNameErrors(resource, POLICY_NAME),
  ...namespacedSpec(specOf(resource)),
];

export const globalNetworkPolicyErrors = (resource: Resource): Errors => [
  ...metadataErrors(resource),
  ...specFields(specOf(resource)),
  ...policyNameErrors(resource, GLOBAL_POLICY_NAME),
  ...globalSpec(specOf(resource)),
];

const STAGED_ACTIONS = ['Set', 'Delete', 'Learn', 'Ignore'];

/** A staged deletion says which policy, and nothing else. */
function stagedErrors(resource: Resource, { form, struct, spec: judge }: StagedKind): Errors {
  const spec = specOf(resource);
  const said = Object.entries(spec).filter(
    ([name, value]) =>
      !['tier', 'stagedAction'].includes(name) && !(Array.isArray(value) && value.length === 0),
  );
  const reason = 'Spec fields, except Tier, should all be zero-value if stagedAction is Delete';
  return [
    ...metadataErrors(resource),
    ...tagged('StagedAction', 'stagedAction', at(spec, 'stagedAction'), (text) =>
      STAGED_ACTIONS.includes(text),
    ),
    ...specFields(spec),
    ...policyNameErrors(resource, form),
    ...(at(spec, 'stagedAction') !== 'Delete'
      ? judge(spec)
      : said.length > 0
        ? [problem(struct, reason)]
        : []),
  ];
}

interface StagedKind {
  readonly form: RegExp;
  readonly struct: string;
  readonly spec: (spec: JsonObject) => Errors;
}

export const stagedNetworkPolicyErrors = (resource: Resource): Errors =>
  stagedErrors(resource, { form: POLICY_NAME, struct: 'StagedNetworkPolicySpec', spec: namespacedSpec });

export const stagedGlobalNetworkPolicyErrors = (resource: Resource): Errors =>
  stagedErrors(resource, {
    form: GLOBAL_POLICY_NAME,
    struct: 'StagedGlobalNetworkPolicySpec',
    spec: globalSpec,
  });

export function stagedKubernetesNetworkPolicyErrors(resource: Resource): Errors {
  const { stagedAction, ...said } = specOf(resource);
  const reason = 'Spec fields should all be zero-value if stagedAction is Delete';
  return [
    ...metadataErrors(resource),
    ...tagged('StagedAction', 'stagedAction', stagedAction, (text) => STAGED_ACTIONS.includes(text)),
    ...(stagedAction === 'Delete' && Object.keys(said).length > 0
      ? [problem('StagedKubernetesNetworkPolicySpec', reason)]
      : []),
  ];
}

export const TIER_ORDERS: Readonly<Record<string, number>> = {
  default: 1_000_000,
  'kube-admin': 1000,
  'kube-baseline': 10_000_000,
};

/** As Go's %v prints a float. */
export const goFloat = (value: number): string =>
  value < 1e6 ? String(value) : value.toExponential().replace(/e\+(\d)$/, 'e+0$1');

/** After defaulting. */
export function tierErrors(resource: Resource): Errors {
  const name = nameOf(resource);
  const order = TIER_ORDERS[name];
  const actual = at(specOf(resource), 'order');
  const form = `name must consist of lower case alphanumeric characters or '-' (regex: ${LABEL})`;
  return [
    ...metadataErrors(resource),
    ...tagged('DefaultAction', 'oneof', at(specOf(resource), 'defaultAction'), (text) =>
      ['Deny', 'Pass'].includes(text),
    ),
    ...tooLong(name, TIER_NAME_LIMIT),
    ...(new RegExp(`^${LABEL}$`).test(name) ? [] : [problem('Metadata.Name', form, name)]),
    ...(order !== undefined && actual !== order
      ? [problem('TierSpec.Order', `${name} tier order must be ${goFloat(order)}`)]
      : []),
    ...labelErrors(objectAt(resource, 'metadata', 'labels')),
  ];
}

export const networkSetErrors = (resource: Resource): Errors => [
  ...metadataErrors(resource),
  ...textsAt(resource, 'spec', 'nets').flatMap((net, index) =>
    tagged(`Nets[${index}]`, 'cidr', net, (text) => (parseNetwork(text) ?? parseAddress(text)) !== undefined),
  ),
  ...(at(resource, 'metadata', 'labels', 'projectcalico.org/namespace') === undefined
    ? []
    : [
        problem(
          'Metadata.Labels (label)',
          'projectcalico.org/namespace is not a valid label name',
          'projectcalico.org/namespace',
        ),
      ]),
];

const INTERFACE = /^[a-zA-Z0-9_.-]{1,15}$/;
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

export function hostEndpointErrors(resource: Resource): Errors {
  const spec = specOf(resource);
  const name = textAt(spec, 'interfaceName');
  return [
    ...metadataErrors(resource),
    ...tagged('Node', 'name', at(spec, 'node'), isName),
    ...tagged('InterfaceName', 'interface', name, (text) => text === '*' || INTERFACE.test(text)),
    ...textsAt(spec, 'expectedIPs').flatMap((address, index) =>
      tagged(`ExpectedIPs[${index}]`, 'ip', address, (text) => parseAddress(text) !== undefined),
    ),
    ...textsAt(spec, 'profiles').flatMap((profile, index) =>
      tagged(`Profiles[${index}]`, 'name', profile, isName),
    ),
    ...listAt(spec, 'ports').flatMap(endpointPortErrors),
    ...(name === '' && textsAt(spec, 'expectedIPs').length === 0
      ? [problem('InterfaceName', 'no interface or expected IPs have been specified', '')]
      : []),
    ...(textAt(spec, 'node') === '' ? [problem('InterfaceName', 'no node has been specified', '')] : []),
  ];
}

const PORT_PROTOCOLS = ['TCP', 'UDP', 'SCTP', '6', '17', '132'];

function endpointPortErrors(entry: JsonObject): readonly ErroredField[] {
  const name = textAt(entry, 'name');
  const protocol = String(at(entry, 'protocol') ?? '');
  return [
    ...(PORT_NAME.test(name) ? [] : [tagFailure('Name', 'portName', name)]),
    ...(at(entry, 'port') === 0 ? [tagFailure('Port', 'gt', 0)] : []),
    ...(PORT_PROTOCOLS.includes(protocol)
      ? []
      : [problem('EndpointPort.Protocol', 'EndpointPort protocol does not support ports.', protocol)]),
  ];
}
