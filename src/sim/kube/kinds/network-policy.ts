/**
 * NetworkPolicy (networking.k8s.io/v1): how the API server defaults, checks and prints one. The CNI provider enforces it.
 * Sources: k8s.io/kubernetes pkg/apis/networking/{v1/defaults,validation/validation}.go, pkg/printers/internalversion
 * printNetworkPolicy, apimachinery meta/v1/validation, Kubernetes 1.35. Of IPv6 blocks only the form is checked.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import type { InterfaceAddress, Ip } from '../../../model/ip.ts';
import { ipCidrContains, ipCidrOf, parseIpInterfaceAddress } from '../../../model/ip-family.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, objectAt, textAt, textsAt } from '../fields.ts';
import { keyProblems, valueProblems } from '../label-syntax.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import { formatLabelSelector } from '../selector.ts';
import { builtin } from './builtin.ts';

type Errors = readonly FieldError[];

export const NETWORK_POLICIES: ResourceType = builtin(
  {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    group: 'networking.k8s.io',
    shortNames: ['netpol'],
    columns: [
      NAME_COLUMN,
      column('Pod-Selector', (object) => formatLabelSelector(object.spec?.['podSelector'])),
      AGE_COLUMN,
    ],
  },
  {
    generation: true,
    defaults: (object) => {
      if (textsAt(object.spec, 'policyTypes').length > 0) return object;
      const egress = listAt(object.spec, 'egress').length > 0;
      return { ...object, spec: { ...object.spec, policyTypes: egress ? TYPES : ['Ingress'] } };
    },
    validate: ({ spec = {} }) => [
      ...selectorErrors(objectAt(spec, 'podSelector'), 'spec.podSelector'),
      ...listAt(spec, 'ingress').flatMap((rule, index) => ruleErrors(rule, 'from', `spec.ingress[${index}]`)),
      ...listAt(spec, 'egress').flatMap((rule, index) => ruleErrors(rule, 'to', `spec.egress[${index}]`)),
      ...typeErrors(textsAt(spec, 'policyTypes')),
    ],
  },
);

const TYPES = ['Ingress', 'Egress'];

function typeErrors(types: readonly string[]): Errors {
  if (types.length > TYPES.length)
    return [invalid('spec.policyTypes', [...types], 'may not specify more than two policyTypes')];
  return types.flatMap((type, index) =>
    TYPES.includes(type) ? [] : [notSupported(`spec.policyTypes[${index}]`, type, TYPES)],
  );
}

const ruleErrors = (rule: JsonObject, peers: 'from' | 'to', path: string): Errors => [
  ...listAt(rule, 'ports').flatMap((port, index) => portErrors(port, `${path}.ports[${index}]`)),
  ...listAt(rule, peers).flatMap((peer, index) => peerErrors(peer, `${path}.${peers}[${index}]`)),
];

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];

function portErrors(entry: JsonObject, path: string): Errors {
  const protocol = at(entry, 'protocol');
  const known = protocol === undefined || PROTOCOLS.includes(String(protocol));
  return [
    ...(known ? [] : [notSupported(`${path}.protocol`, protocol, PROTOCOLS)]),
    ...numberErrors(at(entry, 'port') ?? undefined, at(entry, 'endPort') ?? undefined, path),
  ];
}

function numberErrors(port: Json | undefined, end: Json | undefined, path: string): Errors {
  const wrongEnd = (detail: string): Errors =>
    end === undefined ? [] : [invalid(`${path}.endPort`, end, detail)];
  if (port === undefined) return wrongEnd('may not be specified when `port` is not specified');
  if (typeof port !== 'number') {
    return [
      ...wrongEnd('may not be specified when `port` is non-numeric'),
      ...portNameProblems(String(port)).map((detail) => invalid(`${path}.port`, port, detail)),
    ];
  }
  return [
    ...rangeErrors(port, `${path}.port`),
    ...(typeof end === 'number' && end < port ? wrongEnd('must be greater than or equal to `port`') : []),
    ...(typeof end === 'number' ? rangeErrors(end, `${path}.endPort`) : []),
  ];
}

const rangeErrors = (port: number, path: string): Errors =>
  port >= 1 && port <= 65535 ? [] : [invalid(path, port, 'must be between 1 and 65535, inclusive')];

const PORT_NAME_LIMIT = 15;

function portNameProblems(name: string): readonly string[] {
  const rules: readonly (readonly [boolean, string])[] = [
    [name.length <= PORT_NAME_LIMIT, `must be no more than ${PORT_NAME_LIMIT} characters`],
    [/^[-a-z0-9]+$/.test(name), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
    [/[a-z]/.test(name), 'must contain at least one letter (a-z)'],
    [!name.includes('--'), 'must not contain consecutive hyphens'],
    [!/^-|-$/.test(name), 'must not begin or end with a hyphen'],
  ];
  return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
}

function peerErrors(peer: JsonObject, path: string): Errors {
  const given = ['podSelector', 'namespaceSelector', 'ipBlock'].filter((field) => isJsonObject(peer[field]));
  const block = given.includes('ipBlock');
  return [
    ...given.flatMap((field) =>
      field === 'ipBlock'
        ? blockErrors(objectAt(peer, field), `${path}.${field}`)
        : selectorErrors(objectAt(peer, field), `${path}.${field}`),
    ),
    ...(given.length === 0 ? [required(path, 'must specify a peer')] : []),
    ...(given.length > 1 && block ? [forbidden(path, 'may not specify both ipBlock and another peer')] : []),
  ];
}

const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
function blockErrors(block: JsonObject, path: string): Errors {
  const text = textAt(block, 'cidr');
  if (text === '') return [required(`${path}.cidr`)];
  const whole = parseIpInterfaceAddress(text);
  if (!whole) return [invalid(`${path}.cidr`, text, NO_CIDR)];
  return textsAt(block, 'except').flatMap((exception, index) => {
    const field = `${path}.except[${index}]`;
    const part = parseIpInterfaceAddress(exception);
    if (!part) return [invalid(field, exception, NO_CIDR)];
    return isStrictPart(part, whole) ? [] : [invalid(field, exception, 'must be a strict subset of `cidr`')];
  });
}

const isStrictPart = (part: InterfaceAddress<Ip>, whole: InterfaceAddress<Ip>): boolean =>
  part.length > whole.length && ipCidrContains(ipCidrOf(whole.address, whole.length), part.address);

const selectorErrors = (selector: JsonObject, path: string): Errors => [
  ...Object.entries(objectAt(selector, 'matchLabels')).flatMap(([key, value]) => [
    ...keyProblems(key).map((problem) => invalid(`${path}.matchLabels`, key, problem)),
    ...valueProblems(String(value)).map((problem) => invalid(`${path}.matchLabels`, String(value), problem)),
  ]),
  ...listAt(selector, 'matchExpressions').flatMap((expression, index) =>
    expressionErrors(expression, `${path}.matchExpressions[${index}]`),
  ),
];

function expressionErrors(expression: JsonObject, path: string): Errors {
  const operator = textAt(expression, 'operator');
  const key = textAt(expression, 'key');
  const values = textsAt(expression, 'values');
  return [
    ...operatorErrors(operator, values.length, path),
    ...keyProblems(key).map((problem) => invalid(`${path}.key`, key, problem)),
    ...values.flatMap((value, index) =>
      valueProblems(value).map((problem) => invalid(`${path}.values[${index}]`, value, problem)),
    ),
  ];
}

function operatorErrors(operator: string, values: number, path: string): Errors {
  if (operator === 'In' || operator === 'NotIn') {
    if (values > 0) return [];
    return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if (operator !== 'Exists' && operator !== 'DoesNotExist')
    return [invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  if (values === 0) return [];
  return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
}
