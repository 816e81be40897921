/**
 * A Kubernetes NetworkPolicy as the Calico policy it stands for: order 1000 in the default tier, one rule for each protocol
 * and peer, with ports merged into ranges.
 * Source: libcalico-go/lib/backend/k8s/conversion/conversion.go (K8sNetworkPolicyToCalico), Calico v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { at, listAt, textAt, textsAt } from '../../../kube/fields.ts';
import { formatNetwork, parseNetwork } from '../ip-network.ts';
import { ANYONE, readPort, type EntityRule, type PolicySpec, type Port, type RuleSpec } from './spec.ts';

const KUBERNETES_ORDER = 1000;
const EVERY_POD = "projectcalico.org/orchestrator == 'k8s'";

export function kubernetesPolicySpec(spec: JsonObject | undefined): PolicySpec {
  const types = textsAt(spec, 'policyTypes');
  const listed = ['Ingress', 'Egress'].filter((type) => types.includes(type));
  return {
    tier: 'default',
    order: KUBERNETES_ORDER,
    selector: podSelector(at(spec, 'podSelector')),
    namespaceSelector: '',
    serviceAccountSelector: '',
    types: listed.length === 0 ? ['Ingress'] : listed,
    ingress: listAt(spec, 'ingress').flatMap((rule) => rules(rule, 'from')),
    egress: listAt(spec, 'egress').flatMap((rule) => rules(rule, 'to')),
    doNotTrack: false,
    preDnat: false,
    applyOnForward: false,
  };
}

const podSelector = (selector: Json | undefined): string => [EVERY_POD, ...terms(selector)].join(' && ');

/** None given: the policy's own namespace, which the empty text stands for. An empty one: every namespace. */
function namespaceSelector(selector: Json | undefined): string {
  if (!isJsonObject(selector)) return '';
  const all = terms(selector);
  return all.length === 0 ? 'all()' : all.join(' && ');
}

function terms(selector: Json | undefined): readonly string[] {
  const labels = at(selector, 'matchLabels');
  const pairs = isJsonObject(labels) ? Object.entries(labels) : [];
  return [
    ...pairs.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key} == '${String(value)}'`),
    ...listAt(selector, 'matchExpressions').flatMap(expression),
  ];
}

function expression(requirement: JsonObject): readonly string[] {
  const key = textAt(requirement, 'key');
  const values = textsAt(requirement, 'values').join("', '");
  switch (textAt(requirement, 'operator')) {
    case 'In':
      return [`${key} in { '${values}' }`];
    case 'NotIn':
      return [`${key} not in { '${values}' }`];
    case 'Exists':
      return [`has(${key})`];
    case 'DoesNotExist':
      return [`! has(${key})`];
    default:
      return [];
  }
}

/** None when a port of it cannot be understood: the whole rule is dropped. */
function rules(rule: JsonObject, peersAt: 'from' | 'to'): readonly RuleSpec[] {
  const peers = listAt(rule, peersAt);
  const protocols = portsByProtocol(listAt(rule, 'ports'));
  if (!protocols) return [];
  return [...protocols.keys()].sort().flatMap((protocol) => {
    const ports = mergedPorts(protocols.get(protocol) ?? []);
    const sides = peers.length === 0 ? [ANYONE] : peers.map(peer);
    return sides.map((side): RuleSpec => ({
      action: 'Allow',
      ...(protocol !== '' && { protocol: protocol.toLowerCase() }),
      source: peersAt === 'from' ? side : ANYONE,
      destination: peersAt === 'from' ? { ...ANYONE, ports } : { ...side, ports },
      annotations: {},
    }));
  });
}

/** Protocol to ports, an empty list meaning all of them; the empty protocol means all traffic. */
function portsByProtocol(ports: readonly JsonObject[]): ReadonlyMap<string, readonly Port[]> | undefined {
  if (ports.length === 0) return new Map([['', []]]);
  const found = new Map<string, readonly Port[]>();
  for (const entry of ports) {
    const protocol = textAt(entry, 'protocol') || 'TCP';
    const typed = at(entry, 'port');
    if (typed === undefined || typed === null) {
      found.set(protocol, []);
      continue;
    }
    const end = at(entry, 'endPort');
    const port = readPort(end === undefined || end === null ? typed : `${String(typed)}:${String(end)}`);
    if (port === undefined) return undefined;
    const before = found.get(protocol);
    if (!before || before.length > 0) found.set(protocol, [...(before ?? []), port]);
  }
  return found;
}

/** Names first, then as few ranges as cover the numbers; a list with at most one number stays as it is. */
export function mergedPorts(ports: readonly Port[]): readonly Port[] {
  const ranges = ports.filter((port) => typeof port !== 'string');
  const numbers = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (ports.length <= 1 || numbers <= 1) return ports;
  const merged: { first: number; last: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first || a.last - b.last)) {
    const before = merged.at(-1);
    if (before && range.first <= before.last + 1) before.last = Math.max(before.last, range.last);
    else merged.push({ ...range });
  }
  return [...ports.filter((port) => typeof port === 'string'), ...merged];
}

function peer(entry: JsonObject): EntityRule {
  const block = at(entry, 'ipBlock');
  if (isJsonObject(block)) {
    const net = network(textAt(block, 'cidr'));
    const except = textsAt(block, 'except').map(network);
    return {
      ...ANYONE,
      nets: net === undefined ? [] : [net],
      notNets: except.flatMap((each) => each ?? []),
    };
  }
  return {
    ...ANYONE,
    selector: podSelector(at(entry, 'podSelector')),
    namespaceSelector: namespaceSelector(at(entry, 'namespaceSelector')),
  };
}

/** With its host bits cleared. */
function network(text: string): string | undefined {
  const parsed = parseNetwork(text);
  return parsed && formatNetwork(parsed);
}
