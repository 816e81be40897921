/** Services, endpoints, slices and network policies in `kubectl describe`. Source: kubectl/pkg/describe/describe.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, numberAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import { hostPort } from '../../../../model/host-port.ts';
import { formatLabelSelector, formatLabels } from '../../../kube/selector.ts';
import type { Call } from '../call.ts';
import { parseTimestamp } from '../../../core/time.ts';
import { heading, type Document } from './document.ts';

const joined = (texts: readonly string[]): string => (texts.length === 0 ? '<none>' : texts.join(','));

export function describeService(page: Document, service: JsonObject, call: Call): void {
  const spec = objectAt(service, 'spec');
  heading(page, service, { namespaced: true });
  page.line(0, `Selector:\t${formatLabels(objectAt(spec, 'selector'))}`);
  page.line(0, `Type:\t${textAt(spec, 'type')}`);
  optional(page, 'IP Family Policy', textAt(spec, 'ipFamilyPolicy'));
  page.line(0, `IP Families:\t${joined(textsAt(spec, 'ipFamilies'))}`);
  page.line(0, `IP:\t${textAt(spec, 'clusterIP')}`);
  page.line(0, `IPs:\t${joined(textsAt(spec, 'clusterIPs'))}`);
  optional(page, 'External IPs', textsAt(spec, 'externalIPs').join(','));
  optional(page, 'Desired LoadBalancer IP', textAt(spec, 'loadBalancerIP'));
  optional(page, 'External Name', textAt(spec, 'externalName'));
  optional(page, 'LoadBalancer Ingress', ingressText(service));
  const slices = slicesOf(call, service);
  for (const port of listAt(spec, 'ports')) describePort(page, port, slices);
  page.line(0, `Session Affinity:\t${textAt(spec, 'sessionAffinity')}`);
  optional(page, 'External Traffic Policy', textAt(spec, 'externalTrafficPolicy'));
  optional(page, 'Internal Traffic Policy', textAt(spec, 'internalTrafficPolicy'));
  const healthCheck = numberAt(spec, 'healthCheckNodePort');
  if (healthCheck !== 0) page.line(0, `HealthCheck NodePort:\t${healthCheck}`);
  optional(page, 'LoadBalancer Source Ranges', textsAt(spec, 'loadBalancerSourceRanges').join(','));
  optional(page, 'Traffic Distribution', textAt(spec, 'trafficDistribution'));
}

function optional(page: Document, title: string, value: string): void {
  if (value !== '') page.line(0, `${title}:\t${value}`);
}

function ingressText(service: JsonObject): string {
  return listAt(service, 'status', 'loadBalancer', 'ingress')
    .map((one) => {
      const [ip, mode] = [textAt(one, 'ip'), textAt(one, 'ipMode')];
      return ip === '' ? textAt(one, 'hostname') : `${ip}${mode === '' ? '' : ` (${mode})`}`;
    })
    .join(', ');
}

function slicesOf(call: Call, service: JsonObject): readonly JsonObject[] {
  const type = call.api.types.named('endpointslices.discovery.k8s.io');
  if (!type) return [];
  return call.api.items(type, textAt(service, 'metadata', 'namespace'), {
    labelSelector: `kubernetes.io/service-name=${textAt(service, 'metadata', 'name')}`,
  });
}

function describePort(page: Document, port: JsonObject, slices: readonly JsonObject[]): void {
  const name = textAt(port, 'name') || '<unset>';
  const protocol = textAt(port, 'protocol');
  page.line(0, `Port:\t${name}\t${numberAt(port, 'port')}/${protocol}`);
  page.line(0, `TargetPort:\t${String(port['targetPort'] ?? 0)}/${protocol}`);
  const nodePort = numberAt(port, 'nodePort');
  if (nodePort !== 0) page.line(0, `NodePort:\t${name}\t${nodePort}/${protocol}`);
  page.line(0, `Endpoints:\t${endpointsText(slices, textAt(port, 'name'))}`);
}

const SHOWN = 3;

function endpointsText(slices: readonly JsonObject[], portName: string): string {
  if (slices.length === 0) return '<none>';
  const found = slices.flatMap((slice) => {
    const ready = listAt(slice, 'endpoints').filter((one) => objectAt(one, 'conditions')['ready'] !== false);
    const ports = listAt(slice, 'ports');
    if (ports.length === 0) return ready.map((one) => textsAt(one, 'addresses')[0] ?? '');
    return ports
      .filter((port) => textAt(port, 'name') === portName)
      .flatMap((port) =>
        ready.map((one) => hostPort(textsAt(one, 'addresses')[0] ?? '', numberAt(port, 'port'))),
      );
  });
  const text = found.slice(0, SHOWN).join(',');
  return found.length > SHOWN ? `${text} + ${found.length - SHOWN} more...` : text;
}

export function describeEndpoints(page: Document, endpoints: JsonObject): void {
  heading(page, endpoints, { namespaced: true });
  page.line(0, 'Subsets:');
  for (const subset of listAt(endpoints, 'subsets')) {
    const ips = (member: string): string => joined(listAt(subset, member).map((one) => textAt(one, 'ip')));
    page.line(1, `Addresses:\t${ips('addresses')}`);
    page.line(1, `NotReadyAddresses:\t${ips('notReadyAddresses')}`);
    const ports = listAt(subset, 'ports');
    if (ports.length > 0) {
      page.line(1, 'Ports:');
      page.line(2, 'Name\tPort\tProtocol');
      page.line(2, '----\t----\t--------');
      for (const port of ports)
        page.line(
          2,
          `${textAt(port, 'name') || '<unset>'}\t${numberAt(port, 'port')}\t${textAt(port, 'protocol')}`,
        );
    }
    page.line(0, '');
  }
}

export function describeEndpointSlice(page: Document, slice: JsonObject): void {
  heading(page, slice, { namespaced: true });
  page.line(0, `AddressType:\t${textAt(slice, 'addressType')}`);
  const ports = listAt(slice, 'ports');
  page.line(0, ports.length === 0 ? 'Ports: <unset>' : 'Ports:');
  if (ports.length > 0) {
    page.line(1, 'Name\tPort\tProtocol');
    page.line(1, '----\t----\t--------');
  }
  for (const port of ports) {
    page.line(
      1,
      `${textAt(port, 'name') || '<unset>'}\t${String(port['port'] ?? '<unset>')}\t${textAt(port, 'protocol')}`,
    );
  }
  const endpoints = listAt(slice, 'endpoints');
  page.line(0, endpoints.length === 0 ? 'Endpoints: <none>' : 'Endpoints:');
  for (const endpoint of endpoints) describeEndpoint(page, endpoint);
}

function describeEndpoint(page: Document, endpoint: JsonObject): void {
  page.line(1, `- Addresses:\t${textsAt(endpoint, 'addresses').join(', ') || '<none>'}`);
  page.line(2, 'Conditions:');
  page.line(3, `Ready:\t${String(objectAt(endpoint, 'conditions')['ready'] ?? '<unset>')}`);
  page.line(2, `Hostname:\t${textAt(endpoint, 'hostname') || '<unset>'}`);
  const target = objectAt(endpoint, 'targetRef');
  if (Object.keys(target).length > 0)
    page.line(2, `TargetRef:\t${textAt(target, 'kind')}/${textAt(target, 'name')}`);
  page.line(2, `NodeName:\t${textAt(endpoint, 'nodeName') || '<unset>'}`);
  page.line(2, `Zone:\t${textAt(endpoint, 'zone') || '<unset>'}`);
}

export function describeNetworkPolicy(page: Document, policy: JsonObject): void {
  const spec = objectAt(policy, 'spec');
  page.line(0, `Name:\t${textAt(policy, 'metadata', 'name')}`);
  page.line(0, `Namespace:\t${textAt(policy, 'metadata', 'namespace')}`);
  page.line(0, `Created on:\t${goTime(textAt(policy, 'metadata', 'creationTimestamp'))}`);
  page.labels('Labels', objectAt(policy, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(policy, 'metadata', 'annotations'));
  page.line(0, 'Spec:');
  const selector = objectAt(spec, 'podSelector');
  const everyPod = Object.keys(selector).length === 0;
  page.write(1, 'PodSelector: ');
  page.line(
    2,
    everyPod
      ? '<none> (Allowing the specific traffic to all pods in this namespace)'
      : formatLabelSelector(selector),
  );
  const types = textsAt(spec, 'policyTypes');
  for (const direction of [INGRESS, EGRESS]) {
    if (!types.includes(direction.type)) page.line(1, `Not affecting ${direction.name} traffic`);
    else {
      page.line(1, `Allowing ${direction.name} traffic:`);
      describeRules(page, direction, listAt(spec, direction.name));
    }
  }
  page.line(1, `Policy Types: ${types.length === 0 ? '<none>' : types.join(', ')}`);
}

/** Go's default form of a time: `2026-05-01 10:00:00 +0000 UTC`. */
function goTime(time: string): string {
  return time === ''
    ? '0001-01-01 00:00:00 +0000 UTC'
    : `${new Date(parseTimestamp(time)).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

interface Direction {
  readonly type: 'Ingress' | 'Egress';
  readonly name: 'ingress' | 'egress';
  readonly peers: 'from' | 'to';
  readonly title: 'From' | 'To';
  readonly restrictedBy: 'source' | 'destination';
}

const INGRESS: Direction = {
  type: 'Ingress',
  name: 'ingress',
  peers: 'from',
  title: 'From',
  restrictedBy: 'source',
};
const EGRESS: Direction = {
  type: 'Egress',
  name: 'egress',
  peers: 'to',
  title: 'To',
  restrictedBy: 'destination',
};

function describeRules(page: Document, direction: Direction, rules: readonly JsonObject[]): void {
  if (rules.length === 0)
    return page.line(2, `<none> (Selected pods are isolated for ${direction.name} connectivity)`);
  rules.forEach((rule, index) => {
    const ports = listAt(rule, 'ports');
    if (ports.length === 0) page.line(2, 'To Port: <any> (traffic allowed to all ports)');
    for (const port of ports) page.line(2, portText(port));
    const peers = listAt(rule, direction.peers);
    if (peers.length === 0)
      page.line(2, `${direction.title}: <any> (traffic not restricted by ${direction.restrictedBy})`);
    for (const peer of peers) {
      page.line(2, `${direction.title}:`);
      describePeer(page, peer);
    }
    if (index !== rules.length - 1) page.line(2, '----------');
  });
}

function portText(port: JsonObject): string {
  const protocol = textAt(port, 'protocol') || 'TCP';
  const first = port['port'] === undefined ? '<nil>' : String(port['port']);
  return port['endPort'] === undefined
    ? `To Port: ${first}/${protocol}`
    : `To Port Range: ${first}-${numberAt(port, 'endPort')}/${protocol}`;
}

function describePeer(page: Document, peer: JsonObject): void {
  if (peer['ipBlock'] !== undefined) {
    page.line(3, 'IPBlock:');
    page.line(4, `CIDR: ${textAt(peer, 'ipBlock', 'cidr')}`);
    page.line(4, `Except: ${textsAt(peer, 'ipBlock', 'except').join(', ')}`);
  }
  if (peer['namespaceSelector'] !== undefined)
    page.line(3, `NamespaceSelector: ${formatLabelSelector(objectAt(peer, 'namespaceSelector'))}`);
  if (peer['podSelector'] !== undefined)
    page.line(3, `PodSelector: ${formatLabelSelector(objectAt(peer, 'podSelector'))}`);
}
