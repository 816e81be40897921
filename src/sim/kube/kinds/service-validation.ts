/**
 * What makes a service invalid, in the API server's words. Whether it can have its families and addresses is asked first, as there;
 * ports are asked for last.
 * Source: k8s.io/kubernetes pkg/apis/core/validation/validation.go validateService, pkg/registry/core/service/{ipallocator,
 * portallocator}, Kubernetes 1.35. A health check port that is taken is refused as invalid; the server calls that an internal
 * error.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { ipCidrContains, parseIp, parseIpCidr, type IpCidr } from '../../../model/ip-family.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import {
  addressProblem,
  isExternallyAccessible,
  needsAddresses,
  needsHealthCheck,
  NODE_PORTS,
  taken,
} from './service-allocation.ts';
import { familyChangeErrors } from './service-family-change.ts';
import { ADDRESS_RULE, familyOfRange, settleFamilies, type ServiceRanges } from './service-families.ts';

type Spec = JsonObject | undefined;

export function validateService(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  ranges: ServiceRanges,
): readonly FieldError[] {
  const { spec } = service;
  const unavailable = addressedErrors(service, before, tx, ranges);
  if (unavailable.length > 0) return unavailable;
  const wrong = [
    ...(before ? updateErrors(spec, before.spec) : []),
    ...typeErrors(spec),
    ...portsErrors(spec),
    ...affinityErrors(spec),
    ...addressErrors(spec),
    ...balancerErrors(spec),
    ...trafficErrors(spec),
  ];
  return wrong.length > 0 ? wrong : portAllocationErrors(service, before, tx);
}

const typeOf = (spec: Spec): string => textAt(spec, 'type');
const isHeadless = (spec: Spec): boolean => textAt(spec, 'clusterIP') === 'None';

function updateErrors(spec: Spec, old: Spec): readonly FieldError[] {
  const isNamed = typeOf(spec) === 'ExternalName' || typeOf(old) === 'ExternalName';
  const balanced = typeOf(spec) === 'LoadBalancer' && typeOf(old) === 'LoadBalancer';
  const [check, oldCheck] = [numberAt(spec, 'healthCheckNodePort'), numberAt(old, 'healthCheckNodePort')];
  return [
    ...(isNamed ? [] : familyChangeErrors(spec, old)),
    ...(balanced && textAt(spec, 'loadBalancerClass') !== textAt(old, 'loadBalancerClass')
      ? [invalid('spec.loadBalancerClass', at(spec, 'loadBalancerClass'), 'may not change once set')]
      : []),
    ...(needsHealthCheck(spec) && needsHealthCheck(old) && check !== oldCheck
      ? [forbidden('spec.healthCheckNodePort', 'field is immutable')]
      : []),
  ];
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function typeErrors(spec: Spec): readonly FieldError[] {
  const type = typeOf(spec);
  if (type === 'ExternalName') return externalNameErrors(spec);
  const cannotBeHeadless = isHeadless(spec) && (type === 'LoadBalancer' || type === 'NodePort');
  return [
    ...(listAt(spec, 'ports').length === 0 && !isHeadless(spec) ? [required('spec.ports')] : []),
    ...(cannotBeHeadless
      ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
      : []),
    ...(TYPES.includes(type) ? [] : [notSupported('spec.type', type, TYPES)]),
  ];
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function externalNameErrors(spec: Spec): readonly FieldError[] {
  const name = textAt(spec, 'externalName').replace(/\.$/, '');
  return [
    ...['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']
      .filter((field) => at(spec, field) !== undefined)
      .map((field) => forbidden(`spec.${field}`, 'may not be set for ExternalName services')),
    ...(name === '' ? [required('spec.externalName')] : []),
    ...(name === '' || SUBDOMAIN.test(name) ? [] : [invalid('spec.externalName', name, SUBDOMAIN_RULE)]),
  ];
}

function portsErrors(spec: Spec): readonly FieldError[] {
  const ports = listAt(spec, 'ports');
  const repeated = (key: (port: JsonObject) => string): ((port: JsonObject, index: number) => boolean) => {
    const keys = ports.map(key);
    return (_, index) => keys.indexOf(keys[index] ?? '') < index;
  };
  const withProtocol =
    (field: string) =>
    (port: JsonObject): string =>
      `${textAt(port, 'protocol')} ${numberAt(port, field)}`;
  const [sameName, sameNodePort, samePort] = [
    repeated((port) => textAt(port, 'name')),
    repeated(withProtocol('nodePort')),
    repeated(withProtocol('port')),
  ];
  const each = (test: (port: JsonObject, path: string, index: number) => readonly FieldError[]) =>
    ports.flatMap((port, index) => test(port, `spec.ports[${index}]`, index));
  return [
    ...each((port, path, index) =>
      portErrors(port, path, { count: ports.length, again: sameName(port, index) }),
    ),
    ...each((port, path) =>
      typeOf(spec) === 'ClusterIP' && numberAt(port, 'nodePort') !== 0
        ? [forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
        : [],
    ),
    ...each((port, path, index) =>
      numberAt(port, 'nodePort') !== 0 && sameNodePort(port, index)
        ? [duplicate(`${path}.nodePort`, numberAt(port, 'nodePort'))]
        : [],
    ),
    ...each((port, path, index) => (samePort(port, index) ? [duplicate(path, portKey(port))] : [])),
  ];
}

/** The port as the server compares it, with Go's names for its fields. */
const portKey = (port: JsonObject): Json => ({
  Name: '',
  Protocol: textAt(port, 'protocol'),
  AppProtocol: null,
  Port: numberAt(port, 'port'),
  TargetPort: 0,
  NodePort: 0,
});

const inPortRange = (port: number): boolean => port >= 1 && port <= 65535;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

function portErrors(
  port: JsonObject,
  path: string,
  { count, again }: { readonly count: number; readonly again: boolean },
): readonly FieldError[] {
  const target = at(port, 'targetPort');
  const range = 'must be between 1 and 65535, inclusive';
  const protocols = ['SCTP', 'TCP', 'UDP'];
  const name = textAt(port, 'name');
  return [
    ...(count > 1 && name === '' ? [required(`${path}.name`)] : []),
    ...(name === '' || LABEL.test(name) ? [] : [invalid(`${path}.name`, name, LABEL_RULE)]),
    ...(name !== '' && again ? [duplicate(`${path}.name`, name)] : []),
    ...(inPortRange(numberAt(port, 'port')) ? [] : [invalid(`${path}.port`, numberAt(port, 'port'), range)]),
    ...(protocols.includes(textAt(port, 'protocol'))
      ? []
      : [notSupported(`${path}.protocol`, textAt(port, 'protocol'), protocols)]),
    ...(typeof target === 'number' && !inPortRange(target)
      ? [invalid(`${path}.targetPort`, target, range)]
      : []),
  ];
}

const MOST_STICKY_SECONDS = 86400;

function affinityErrors(spec: Spec): readonly FieldError[] {
  const affinity = textAt(spec, 'sessionAffinity');
  if (affinity !== 'ClientIP' && affinity !== 'None')
    return [notSupported('spec.sessionAffinity', affinity, ['ClientIP', 'None'])];
  if (affinity === 'None') return [];
  const seconds = numberAt(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds');
  return seconds > 0 && seconds <= MOST_STICKY_SECONDS
    ? []
    : [
        invalid(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${MOST_STICKY_SECONDS}`,
        ),
      ];
}

const addressErrors = (spec: Spec): readonly FieldError[] =>
  textsAt(spec, 'externalIPs').flatMap((text, index) => externalIpErrors(text, `spec.externalIPs[${index}]`));

function externalIpErrors(text: string, path: string): readonly FieldError[] {
  const address = parseIp(text);
  if (address === undefined) return [invalid(path, text, ADDRESS_RULE)];
  const special = SPECIAL.find(({ prefixes }) => prefixes.some((prefix) => ipCidrContains(prefix, address)));
  return special ? [invalid(path, text, special.rule.replace('%', text))] : [];
}

const SPECIAL: readonly { readonly prefixes: readonly IpCidr[]; readonly rule: string }[] = [
  { texts: ['0.0.0.0/32', '::/128'], rule: 'may not be unspecified (%)' },
  { texts: ['127.0.0.0/8', '::1/128'], rule: 'may not be in the loopback range (127.0.0.0/8, ::1/128)' },
  {
    texts: ['169.254.0.0/16', 'fe80::/10'],
    rule: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  },
  {
    texts: ['224.0.0.0/24', 'ff02::/16'],
    rule: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  },
].map(({ texts, rule }) => ({ prefixes: texts.flatMap((text) => parseIpCidr(text) ?? []), rule }));

const FOR_BALANCERS = "may only be used when `type` is 'LoadBalancer'";

function balancerErrors(spec: Spec): readonly FieldError[] {
  const isBalancer = typeOf(spec) === 'LoadBalancer';
  const ranges = textsAt(spec, 'loadBalancerSourceRanges');
  const path = 'spec.LoadBalancerSourceRanges';
  const onlyThere = (field: string): readonly FieldError[] =>
    !isBalancer && at(spec, field) !== undefined ? [forbidden(`spec.${field}`, FOR_BALANCERS)] : [];
  return [
    ...(ranges.length > 0 && !isBalancer ? [forbidden(path, FOR_BALANCERS)] : []),
    ...ranges.flatMap((text, index) =>
      parseIpCidr(text.trim())
        ? []
        : [
            invalid(
              `${path}[${index}]`,
              text.trim(),
              'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
            ),
          ],
    ),
    ...onlyThere('allocateLoadBalancerNodePorts'),
    ...onlyThere('loadBalancerClass'),
  ];
}

const POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];

function trafficErrors(spec: Spec): readonly FieldError[] {
  const external = textAt(spec, 'externalTrafficPolicy');
  const internal = textAt(spec, 'internalTrafficPolicy');
  const spread = textAt(spec, 'trafficDistribution');
  const path = 'spec.externalTrafficPolicy';
  return [
    ...(external !== '' && !isExternallyAccessible(spec)
      ? [invalid(path, external, 'may only be set for externally-accessible services')]
      : []),
    ...(isExternallyAccessible(spec) && !POLICIES.includes(external)
      ? [notSupported(path, external, POLICIES)]
      : []),
    ...healthCheckErrors(spec),
    ...(internal !== '' && !POLICIES.includes(internal)
      ? [notSupported('spec.internalTrafficPolicy', internal, POLICIES)]
      : []),
    ...(spread !== '' && !DISTRIBUTIONS.includes(spread)
      ? [notSupported('spec.trafficDistribution', spread, DISTRIBUTIONS)]
      : []),
  ];
}

function healthCheckErrors(spec: Spec): readonly FieldError[] {
  const port = numberAt(spec, 'healthCheckNodePort');
  if (needsHealthCheck(spec) || port === 0) return [];
  const rule = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  return [invalid('spec.healthCheckNodePort', port, rule)];
}

function portAllocationErrors(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
): readonly FieldError[] {
  const { spec } = service;
  const portError = (port: number, path: string): readonly FieldError[] => {
    const why = port === 0 ? undefined : portProblem(port, tx, before ?? service);
    return why === undefined ? [] : [invalid(path, port, why)];
  };
  return [
    ...listAt(spec, 'ports').flatMap((port, index) =>
      portError(numberAt(port, 'nodePort'), `spec.ports[${index}].nodePort`),
    ),
    ...portError(numberAt(spec, 'healthCheckNodePort'), 'spec.healthCheckNodePort'),
  ];
}

function portProblem(port: number, tx: ClusterTransaction, own: KubeObject): string | undefined {
  if (port < NODE_PORTS.first || port > NODE_PORTS.last)
    return `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`;
  return taken(tx, `port/${port}`, own) ? 'provided port is already allocated' : undefined;
}

function addressedErrors(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  ranges: ServiceRanges,
): readonly FieldError[] {
  const spec = service.spec ?? {};
  if (typeOf(spec) === 'ExternalName') return [];
  const { errors } = settleFamilies(spec, before?.spec, ranges.map(familyOfRange));
  if (errors.length > 0) return errors;
  const asked = textsAt(spec, 'clusterIPs');
  if (isHeadless(spec) || !needsAddresses(spec, before)) return [];
  // Families without an address yet stand in the list as empty texts.
  const all = textsAt(spec, 'ipFamilies').map((_, index) => asked[index] ?? '');
  return asked.flatMap((text) => {
    const why = addressProblem(text, tx, ranges, before);
    return why === undefined
      ? []
      : [invalid('spec.clusterIPs', all, `failed to allocate IP ${text}: ${why}`)];
  });
}
