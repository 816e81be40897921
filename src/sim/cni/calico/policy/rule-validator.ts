/**
 * What Calico's client library checks of one rule of a policy.
 * Source: libcalico-go/lib/validator/v3/validator.go (validateRule, validateEntityRule, validateProtocol, validatePort,
 * validateICMPFields), Calico v3.32.1.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { at, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import { parseAddress, parseNetwork } from '../ip-network.ts';
import { tokenize } from '../selector-tokens.ts';
import { GLOBAL_ONLY_THERE, isName, isSelector, problem, tagged, type Errors } from './field-checks.ts';

const PORTS_NEED_PROTOCOL = 'rules that specify ports must set protocol to TCP or UDP or SCTP';
const NUMBERS_NEED_PROTOCOL = 'rules with numeric port or port range must set protocol to TCP or UDP or SCTP';

const SIDES = [
  { member: 'source', name: 'Source' },
  { member: 'destination', name: 'Destination' },
] as const;

export const ruleErrors = (rule: JsonObject): Errors => [
  ...fieldErrors(rule),
  ...portUse(rule),
  ...protocolUse(rule),
  ...netUse(rule),
  ...(textAt(rule, 'action') !== 'Allow' && at(rule, 'http') !== undefined
    ? [problem('HTTP', 'only valid for Allow rules')]
    : []),
  ...serviceUse(objectAt(rule, 'destination')),
];

const fieldErrors = (rule: JsonObject): Errors => [
  ...tagged('Action', 'action', at(rule, 'action'), (text) => /^(Allow|Deny|Log|Pass)$/.test(text)),
  ...tagged('IPVersion', 'ipVersion', at(rule, 'ipVersion'), (text) => text === '4' || text === '6'),
  ...protocolErrors(at(rule, 'protocol')),
  ...icmpErrors(objectAt(rule, 'icmp')),
  ...protocolErrors(at(rule, 'notProtocol')),
  ...icmpErrors(objectAt(rule, 'notICMP')),
  ...SIDES.flatMap(({ member }) => entityErrors(objectAt(rule, member))),
];

function protocolErrors(protocol: Json | undefined): Errors {
  if (protocol === undefined) return [];
  const text = String(protocol);
  if (/^\d+$/.test(text))
    return Number(text) === 0 ? [problem('Protocol', 'protocol number invalid', 0)] : [];
  return /^(TCP|UDP|ICMP|ICMPv6|SCTP|UDPLite)$/.test(text)
    ? []
    : [problem('Protocol', 'protocol name invalid', text)];
}

function icmpErrors(icmp: JsonObject): Errors {
  const out = (name: string, limit: number): Errors =>
    tagged(
      name.replace(/^./, (first) => first.toUpperCase()),
      'lte',
      at(icmp, name),
      (text) => Number(text) <= limit,
    );
  const lonely = at(icmp, 'code') !== undefined && at(icmp, 'type') === undefined;
  return [
    ...out('type', 254),
    ...out('code', 255),
    ...(lonely ? [problem('Code', 'ICMP code specified without an ICMP type')] : []),
  ];
}

function entityErrors(entity: JsonObject): Errors {
  const nets = (member: string, name: string): Errors =>
    textsAt(entity, member).flatMap((net, index) => tagged(`${name}[${index}]`, 'net', net, isMaskedNetwork));
  const selector = (member: string, name: string): Errors =>
    tagged(name, 'selector', at(entity, member), isSelector);
  return [
    ...nets('nets', 'Nets'),
    ...selector('selector', 'Selector'),
    ...selector('namespaceSelector', 'NamespaceSelector'),
    ...tagged('Name', 'name', at(entity, 'services', 'name'), isName),
    ...tagged('Namespace', 'name', at(entity, 'services', 'namespace'), isName),
    ...textsAt(entity, 'ports').flatMap(portErrors),
    ...nets('notNets', 'NotNets'),
    ...selector('notSelector', 'NotSelector'),
    ...textsAt(entity, 'notPorts').flatMap(portErrors),
    ...tagged('Selector', 'selector', at(entity, 'serviceAccounts', 'selector'), isSelector),
    ...selectorUse(entity),
    ...servicesAlone(entity),
  ];
}

/** A bare address, or a network without host bits. */
function isMaskedNetwork(text: string): boolean {
  const network = parseNetwork(text);
  return network ? network.base === network.address : parseAddress(text) !== undefined;
}

function portErrors(port: string): Errors {
  const numbers = /^(\d+)(?::(\d+))?$/.exec(port);
  if (!numbers || Number(numbers[1]) > 0) return [];
  return [problem('Port', 'port range invalid, port number must be between 1 and 65535', 0)];
}

function selectorUse(entity: JsonObject): Errors {
  const selector = textAt(entity, 'selector');
  const namespaces = textAt(entity, 'namespaceSelector');
  return [
    ...(selector.includes('global()') ? [problem('Selector field', GLOBAL_ONLY_THERE, selector)] : []),
    ...(namespaces.includes('global(') && !isGlobalAlone(namespaces)
      ? [problem('NamespaceSelector field', 'global() cannot be combined with other selectors', namespaces)]
      : []),
  ];
}

function isGlobalAlone(selector: string): boolean {
  const tokens = tokenize(selector);
  return tokens.ok && tokens.value.length <= 2 && tokens.value[0]?.kind === 'global';
}

function servicesAlone(entity: JsonObject): Errors {
  const services = at(entity, 'services');
  if (services === undefined) return [];
  const shown = `&{${textAt(services, 'name')} ${textAt(services, 'namespace')}}`;
  const beside = (reason: string, ...fields: readonly string[]): Errors => {
    const set = fields.some((name) => {
      const value = at(entity, name);
      return value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
    });
    return set
      ? [problem('Services field', `cannot specify ${reason} and Services on the same rule`, shown)]
      : [];
  };
  return [
    ...(textAt(services, 'name') === ''
      ? [problem('Services field', 'must specify a service name', shown)]
      : []),
    ...beside('NamespaceSelector', 'namespaceSelector'),
    ...beside('Selector/NotSelector', 'selector', 'notSelector'),
    ...beside('ServiceAccounts', 'serviceAccounts'),
    ...beside('Nets/NotNets', 'nets', 'notNets'),
  ];
}

/** Ports only beside a protocol that has them; names do without. */
function portUse(rule: JsonObject): Errors {
  const protocol = at(rule, 'protocol');
  const supports = ['TCP', 'UDP', 'SCTP', '6', '17', '132'].includes(String(protocol));
  return SIDES.flatMap(({ member, name }) =>
    (['ports', 'notPorts'] as const).flatMap((field) => {
      const ports = textsAt(rule, member, field);
      const numbers = ports.filter((port) => /^\d/.test(port));
      const wrong = protocol === undefined ? numbers.length > 0 : !supports && ports.length > 0;
      const reason = protocol === undefined ? NUMBERS_NEED_PROTOCOL : PORTS_NEED_PROTOCOL;
      const shown = `${name}.${field === 'ports' ? 'Ports' : 'NotPorts'}`;
      return wrong ? [problem(shown, reason, [...ports])] : [];
    }),
  );
}

function protocolUse(rule: JsonObject): Errors {
  const protocol = at(rule, 'protocol');
  const version = at(rule, 'ipVersion');
  const about = (name: string): boolean => protocol === name || at(rule, 'notProtocol') === name;
  const clashes = (name: string, wanted: number): Errors =>
    about(name) && version !== undefined && version !== wanted
      ? [problem('IPVersion', `must set ipversion to '${wanted}' with protocol ${name.toLowerCase()}`)]
      : [];
  return [
    ...(at(rule, 'http') !== undefined && protocol !== undefined && protocol !== 'TCP'
      ? [
          problem(
            'Protocol',
            'rules that specify HTTP fields must set protocol to TCP or empty',
            String(protocol),
          ),
        ]
      : []),
    ...(at(rule, 'icmp') !== undefined && protocol !== 'ICMP' && protocol !== 'ICMPv6'
      ? [problem('ICMP', 'rules that specify ICMP fields must set protocol to ICMP')]
      : []),
    ...clashes('ICMP', 4),
    ...clashes('ICMPv6', 6),
  ];
}

function netUse(rule: JsonObject): Errors {
  const errors: Errors[] = [];
  const seen = new Set<4 | 6>();
  const version = at(rule, 'ipVersion');
  for (const { member, name } of SIDES) {
    for (const field of ['nets', 'notNets'] as const) {
      const shown = `${name}.${field === 'nets' ? 'Nets' : 'NotNets'}`;
      const nets = textsAt(rule, member, field);
      const versions = new Set(nets.flatMap((net) => parseNetwork(net)?.version ?? []));
      errors.push(nets.flatMap((net) => netErrors(net, shown)));
      if (version !== undefined && [...versions].some((each) => each !== version))
        errors.push([
          problem(shown, "rule IP version doesn't match CIDR version", [...textsAt(rule, 'source', 'nets')]),
        ]);
      for (const each of versions) seen.add(each);
      if (versions.size > 0 && seen.size > 1)
        errors.push([problem(shown, 'rule contains both IPv4 and IPv6 CIDRs', [...nets])]);
    }
  }
  return errors.flat();
}

function netErrors(net: string, shown: string): Errors {
  if (!parseNetwork(net)) return [problem(shown, 'invalid CIDR', net)];
  if (!shown.endsWith('NotNets') || (net !== '0.0.0.0/0' && net !== '::/0')) return [];
  return [
    problem(shown, 'catch-all CIDR in negation creates logical contradiction (matches no traffic)', net),
  ];
}

/** A service brings its ports. */
function serviceUse(destination: JsonObject): Errors {
  if (at(destination, 'services') === undefined) return [];
  return (['ports', 'notPorts'] as const).flatMap((field) => {
    const ports = textsAt(destination, field);
    if (ports.length === 0) return [];
    const name = field === 'ports' ? 'Ports' : 'NotPorts';
    return [
      problem(`Destination.${name}`, `cannot specify ${field.toLowerCase()} with a service selector`, [
        ...ports,
      ]),
    ];
  });
}
