/**
 * What makes a service invalid, in the API server's words; whether its addresses and ports can be had is asked last, as there.
 * Source: k8s.io/kubernetes pkg/apis/core/validation/validation.go validateService, pkg/registry/core/service/{ipallocator,
 * portallocator}, Kubernetes 1.35. A health check port that is taken is refused as invalid; the server calls that an internal
 * error.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { cidrContains, formatCidr, parseCidr, parseIpv4, type Cidr } from '../../../model/ip.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { isExternallyAccessible, needsHealthCheck, NODE_PORTS, taken } from './service-allocation.ts';

type Spec = JsonObject | undefined;

export function validateService(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  range: Cidr,
): readonly FieldError[] {
  const { spec } = service;
  const wrong = [
    ...(before ? updateErrors(spec, before.spec) : []),
    ...typeErrors(spec),
    ...portsErrors(spec),
    ...affinityErrors(spec),
    ...addressErrors(spec),
    ...balancerErrors(spec),
    ...trafficErrors(spec),
  ];
  return wrong.length > 0 ? wrong : allocationErrors(service, before, tx, range);
}

const typeOf = (spec: Spec): string => textAt(spec, 'type');
const isHeadless = (spec: Spec): boolean => textAt(spec, 'clusterIP') === 'None';

function updateErrors(spec: Spec, old: Spec): readonly FieldError[] {
  const [address, known] = [textAt(spec, 'clusterIP'), textAt(old, 'clusterIP')];
  const isNamed = typeOf(spec) === 'ExternalName' || typeOf(old) === 'ExternalName';
  const moved = !isNamed && known !== '' && address !== known;
  const balanced = typeOf(spec) === 'LoadBalancer' && typeOf(old) === 'LoadBalancer';
  const [check, oldCheck] = [numberAt(spec, 'healthCheckNodePort'), numberAt(old, 'healthCheckNodePort')];
  return [
    ...(moved ? [invalid('spec.clusterIPs[0]', [address], 'may not change once set')] : []),
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

const ADDRESS_RULE = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

function addressErrors(spec: Spec): readonly FieldError[] {
  const clusterIp = textAt(spec, 'clusterIP');
  const isAddress = clusterIp === '' || clusterIp === 'None' || parseIpv4(clusterIp) !== undefined;
  return [
    ...(isAddress ? [] : [invalid('spec.clusterIPs[0]', clusterIp, ADDRESS_RULE)]),
    ...textsAt(spec, 'externalIPs').flatMap((text, index) =>
      externalIpErrors(text, `spec.externalIPs[${index}]`),
    ),
  ];
}

function externalIpErrors(text: string, path: string): readonly FieldError[] {
  const address = parseIpv4(text);
  if (address === undefined) return [invalid(path, text, ADDRESS_RULE)];
  const special = SPECIAL.find(({ prefix }) => cidrContains(prefix, address));
  return special ? [invalid(path, text, special.rule.replace('%', text))] : [];
}

const SPECIAL: readonly { readonly prefix: Cidr; readonly rule: string }[] = [
  { text: '0.0.0.0/32', rule: 'may not be unspecified (%)' },
  { text: '127.0.0.0/8', rule: 'may not be in the loopback range (127.0.0.0/8, ::1/128)' },
  { text: '169.254.0.0/16', rule: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)' },
  { text: '224.0.0.0/24', rule: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)' },
].flatMap(({ text, rule }) => {
  const prefix = parseCidr(text);
  return prefix ? [{ prefix, rule }] : [];
});

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
      parseCidr(text.trim())
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

function allocationErrors(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  range: Cidr,
): readonly FieldError[] {
  const { spec } = service;
  const portError = (port: number, path: string): readonly FieldError[] => {
    const why = port === 0 ? undefined : portProblem(port, tx, before ?? service);
    return why === undefined ? [] : [invalid(path, port, why)];
  };
  return [
    ...clusterIpErrors(service, before, tx, range),
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

function clusterIpErrors(
  service: KubeObject,
  before: KubeObject | undefined,
  tx: ClusterTransaction,
  range: Cidr,
): readonly FieldError[] {
  const clusterIp = textAt(service.spec, 'clusterIP');
  const address = parseIpv4(clusterIp);
  if (address === undefined || textAt(before?.spec, 'clusterIP') === clusterIp) return [];
  const failed = (why: string): FieldError =>
    invalid('spec.clusterIPs', [clusterIp], `failed to allocate IP ${clusterIp}: ${why}`);
  if (!cidrContains(range, address)) {
    const valid = `The range of valid IPs is ${formatCidr(range)}`;
    return [failed(`the provided IP (${clusterIp}) is not in the valid range. ${valid}`)];
  }
  return taken(tx, clusterIp, before ?? service) ? [failed('provided IP is already allocated')] : [];
}
