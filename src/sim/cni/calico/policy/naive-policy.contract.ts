/**
 * Policy by the book: what the documentation of Kubernetes and Calico says a list of objects does to one packet, worked out by
 * going through all of them. It shares no step with the calculation (no IP sets, no composed selectors, no conversion of
 * Kubernetes policies, no memory), so that the two can be held against each other.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { ipv4 } from '../../../../model/ip.ts';
import { at, listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import { selects } from '../selector.ts';
import {
  NUMBERS,
  within,
  type Direction,
  type LabSketch,
  type Named,
  type Packet,
  type PodSketch,
  type PolicySketch,
} from './policy-lab.contract.ts';

/** Someone a selector can speak of. */
interface Thing {
  readonly labels: Named;
  readonly namespace?: string;
  readonly account?: string;
  readonly nets: readonly string[];
  readonly ports: PodSketch['ports'];
}

const podThing = ({ labels, namespace, account, address, ports }: PodSketch): Thing => ({
  labels: {
    ...labels,
    'projectcalico.org/namespace': namespace,
    'projectcalico.org/orchestrator': 'k8s',
    'projectcalico.org/serviceaccount': account,
  },
  namespace,
  account,
  nets: [`${address}/32`],
  ports,
});

const things = ({ pods, sets = [] }: LabSketch): readonly Thing[] => [
  ...pods.map(podThing),
  ...sets.map(({ labels, namespace, nets }): Thing => ({
    labels: namespace === undefined ? labels : { ...labels, 'projectcalico.org/namespace': namespace },
    ...(namespace !== undefined && { namespace }),
    nets,
    ports: [],
  })),
];

const chosen = (selector: string, labels: Named): boolean => selects(selector, labels) ?? false;

const namespaceLabels = (lab: LabSketch, name: string): Named => ({
  ...lab.namespaces[name],
  'projectcalico.org/name': name,
});

function namespaceMatches(lab: LabSketch, selector: string, thing: Thing): boolean {
  if (selector === 'global()') return thing.namespace === undefined;
  return thing.namespace !== undefined && chosen(selector, namespaceLabels(lab, thing.namespace));
}

const accountLabels = (lab: LabSketch, { namespace = '', account = '' }: Thing): Named => ({
  ...lab.accounts[`${namespace}/${account}`],
  'projectcalico.org/name': account,
});

/** Whether the naive reading of all policies lets the packet in (or out) at the pod. */
export function naiveVerdict(lab: LabSketch, pod: PodSketch, direction: Direction, packet: Packet): boolean {
  const here = lab.policies.filter(
    (policy) =>
      !policy.kind.startsWith('Staged') && appliesTo(lab, policy, pod) && governs(policy, direction),
  );
  for (const tier of tiersInOrder(lab, here)) {
    const policies = here.filter((policy) => tierOf(policy) === tier.name).sort(byOrder);
    const action =
      policies
        .map((policy) => decision(lab, policy, direction, packet))
        .find((found) => found !== undefined) ?? tier.defaultAction;
    if (action === 'Allow') return true;
    if (action === 'Deny') return false;
  }
  return lab.namespaces[pod.namespace] !== undefined;
}

const tierOf = ({ kind, spec }: PolicySketch): string =>
  kind === 'KubernetesNetworkPolicy' ? 'default' : textAt(spec, 'tier') || 'default';

function tiersInOrder(
  lab: LabSketch,
  policies: readonly PolicySketch[],
): readonly { readonly name: string; readonly defaultAction: string }[] {
  return [...new Set(policies.map(tierOf))]
    .map((name) => {
      const tier = lab.tiers?.[name];
      return {
        name,
        order: tier ? (tier.order ?? 1_000_000) : Infinity,
        defaultAction: tier?.defaultAction ?? 'Deny',
      };
    })
    .sort((a, b) => (a.order === b.order ? (a.name < b.name ? -1 : 1) : a.order - b.order));
}

function byOrder(a: PolicySketch, b: PolicySketch): number {
  const orderOf = ({ kind, spec }: PolicySketch): number =>
    kind === 'KubernetesNetworkPolicy' ? 1000 : Number(at(spec, 'order') ?? Number.MAX_VALUE);
  const tie = ({ name, namespace = '', kind }: PolicySketch): string => `${name}/${namespace}/${kind}`;
  return orderOf(a) - orderOf(b) || (tie(a) < tie(b) ? -1 : 1);
}

function governs({ kind, spec }: PolicySketch, direction: Direction): boolean {
  const types = textsAt(spec, kind === 'KubernetesNetworkPolicy' ? 'policyTypes' : 'types');
  const type = direction === 'ingress' ? 'Ingress' : 'Egress';
  if (types.length > 0) return types.includes(type);
  return kind !== 'KubernetesNetworkPolicy' || type === 'Ingress';
}

function appliesTo(lab: LabSketch, { kind, namespace, spec }: PolicySketch, pod: PodSketch): boolean {
  const thing = podThing(pod);
  if (namespace !== undefined && namespace !== pod.namespace) return false;
  if (kind === 'KubernetesNetworkPolicy') return labelSelector(objectAt(spec, 'podSelector'), pod.labels);
  const inNamespaces = textAt(spec, 'namespaceSelector');
  const accounts = textAt(spec, 'serviceAccountSelector');
  return (
    chosen(textAt(spec, 'selector'), thing.labels) &&
    (inNamespaces === '' || namespaceMatches(lab, inNamespaces, thing)) &&
    (accounts === '' || chosen(accounts, accountLabels(lab, thing)))
  );
}

function decision(
  lab: LabSketch,
  policy: PolicySketch,
  direction: Direction,
  packet: Packet,
): string | undefined {
  const rules = listAt(policy.spec, direction);
  if (policy.kind === 'KubernetesNetworkPolicy') {
    return rules.some((rule) => kubernetesRule(lab, policy, rule, direction, packet)) ? 'Allow' : undefined;
  }
  const hit = rules.find((rule) => textAt(rule, 'action') !== 'Log' && calicoRule(lab, policy, rule, packet));
  return hit && textAt(hit, 'action');
}

/* Kubernetes */

function labelSelector(selector: JsonObject, labels: Named): boolean {
  const pairs = Object.entries(objectAt(selector, 'matchLabels'));
  return (
    pairs.every(([key, value]) => labels[key] === value) &&
    listAt(selector, 'matchExpressions').every((expression) => {
      const value = labels[textAt(expression, 'key')];
      const among = value !== undefined && textsAt(expression, 'values').includes(value);
      switch (textAt(expression, 'operator')) {
        case 'In':
          return among;
        case 'NotIn':
          return !among;
        case 'Exists':
          return value !== undefined;
        default:
          return value === undefined;
      }
    })
  );
}

function kubernetesRule(
  lab: LabSketch,
  policy: PolicySketch,
  rule: JsonObject,
  direction: Direction,
  packet: Packet,
): boolean {
  const peers = listAt(rule, direction === 'ingress' ? 'from' : 'to');
  const ports = listAt(rule, 'ports');
  const other = direction === 'ingress' ? packet.src : packet.dst;
  return (
    (peers.length === 0 || peers.some((peer) => kubernetesPeer(lab, policy, peer, other))) &&
    (ports.length === 0 ||
      ports.some((port) => kubernetesPort(lab, rule, { port, direction, packet }, policy)))
  );
}

function kubernetesPeer(lab: LabSketch, policy: PolicySketch, peer: JsonObject, address: string): boolean {
  const block = at(peer, 'ipBlock');
  if (block !== undefined) {
    return (
      within(textAt(block, 'cidr'), ipv4(address)) &&
      !textsAt(block, 'except').some((net) => within(net, ipv4(address)))
    );
  }
  return lab.pods.some(
    (pod) =>
      pod.address === address &&
      (at(peer, 'namespaceSelector') === undefined
        ? pod.namespace === policy.namespace
        : labelSelector(objectAt(peer, 'namespaceSelector'), lab.namespaces[pod.namespace] ?? {})) &&
      labelSelector(objectAt(peer, 'podSelector'), pod.labels),
  );
}

interface PortQuestion {
  readonly port: JsonObject;
  readonly direction: Direction;
  readonly packet: Packet;
}

function kubernetesPort(
  lab: LabSketch,
  rule: JsonObject,
  { port: entry, packet }: PortQuestion,
  _policy: PolicySketch,
): boolean {
  const protocol = (textAt(entry, 'protocol') || 'TCP').toLowerCase();
  if (protocol !== packet.protocol) return false;
  const wanted = at(entry, 'port');
  if (wanted === undefined) return true;
  if (typeof wanted === 'number') {
    return wanted <= packet.dstPort && packet.dstPort <= Number(at(entry, 'endPort') ?? wanted);
  }
  return lab.pods.some(
    (pod) =>
      pod.address === packet.dst &&
      pod.ports.some(
        ({ name, port, protocol: speaks }) =>
          name === wanted && port === packet.dstPort && speaks.toLowerCase() === protocol,
      ),
  );
}

/* Calico */

function calicoRule(lab: LabSketch, policy: PolicySketch, rule: JsonObject, packet: Packet): boolean {
  const protocol = at(rule, 'protocol');
  const not = at(rule, 'notProtocol');
  const speaks = (wanted: unknown): boolean =>
    typeof wanted === 'number'
      ? wanted === NUMBERS[packet.protocol]
      : String(wanted).toLowerCase() === packet.protocol;
  const icmp = (wanted: JsonObject): boolean =>
    packet.icmp?.type === at(wanted, 'type') &&
    (at(wanted, 'code') === undefined || packet.icmp?.code === at(wanted, 'code'));
  return (
    (protocol === undefined || speaks(protocol)) &&
    (not === undefined || !speaks(not)) &&
    (at(rule, 'icmp') === undefined || icmp(objectAt(rule, 'icmp'))) &&
    (at(rule, 'notICMP') === undefined || !icmp(objectAt(rule, 'notICMP'))) &&
    entity(lab, policy, objectAt(rule, 'source'), { packet, address: packet.src, port: packet.srcPort }) &&
    entity(lab, policy, objectAt(rule, 'destination'), {
      packet,
      address: packet.dst,
      port: packet.dstPort,
    }) &&
    serviceMatches(lab, rule, packet)
  );
}

function serviceMatches(lab: LabSketch, rule: JsonObject, packet: Packet): boolean {
  const find = (side: string): LabSketch['services'] =>
    (lab.services ?? []).filter(
      ({ name, namespace }) =>
        name === textAt(rule, side, 'services', 'name') &&
        namespace === textAt(rule, side, 'services', 'namespace'),
    );
  const from =
    at(rule, 'source', 'services') === undefined ||
    (find('source') ?? []).some(({ addresses }) => addresses.includes(packet.src));
  const to =
    at(rule, 'destination', 'services') === undefined ||
    (find('destination') ?? []).some(
      ({ addresses, ports }) =>
        addresses.includes(packet.dst) &&
        ports.some(
          ({ protocol, port }) => protocol.toLowerCase() === packet.protocol && port === packet.dstPort,
        ),
    );
  return from && to;
}

interface Side {
  readonly packet: Packet;
  readonly address: string;
  readonly port: number;
}

function entity(lab: LabSketch, policy: PolicySketch, rule: JsonObject, side: Side): boolean {
  const inNet = (net: string): boolean => within(net, ipv4(side.address));
  const nets = textsAt(rule, 'nets');
  const ports = at(rule, 'ports');
  const notPorts = at(rule, 'notPorts');
  return (
    (nets.length === 0 || nets.some(inNet)) &&
    !textsAt(rule, 'notNets').some(inNet) &&
    whoMatches(lab, policy, rule, side) &&
    (!Array.isArray(ports) || portMatches(lab, policy, rule, { ...side, ports })) &&
    !(Array.isArray(notPorts) && portMatches(lab, policy, rule, { ...side, ports: notPorts }))
  );
}

const speaksOfSomeone = (rule: JsonObject): boolean =>
  textAt(rule, 'selector') !== '' ||
  textAt(rule, 'namespaceSelector') !== '' ||
  at(rule, 'serviceAccounts') !== undefined;

function whoMatches(lab: LabSketch, policy: PolicySketch, rule: JsonObject, { address }: Side): boolean {
  const there = things(lab).filter(({ nets }) => nets.some((net) => within(net, ipv4(address))));
  const not = textAt(rule, 'notSelector');
  const positive = speaksOfSomeone(rule) || (not !== '' && policy.namespace !== undefined);
  return positive
    ? there.some((thing) => isMeant(lab, policy, rule, thing))
    : not === '' || !there.some((thing) => chosen(not, thing.labels));
}

function isMeant(lab: LabSketch, policy: PolicySketch, rule: JsonObject, thing: Thing): boolean {
  const inNamespaces = textAt(rule, 'namespaceSelector');
  const not = textAt(rule, 'notSelector');
  const names = textsAt(rule, 'serviceAccounts', 'names');
  const accounts = textAt(rule, 'serviceAccounts', 'selector');
  return (
    (inNamespaces === ''
      ? policy.namespace === undefined || thing.namespace === policy.namespace
      : namespaceMatches(lab, inNamespaces, thing)) &&
    chosen(textAt(rule, 'selector'), thing.labels) &&
    (not === '' || !chosen(not, thing.labels)) &&
    (names.length === 0 || (thing.account !== undefined && names.includes(thing.account))) &&
    (accounts === '' || (thing.account !== undefined && chosen(accounts, accountLabels(lab, thing))))
  );
}

/** A number, a range, or the name of a port of one that the rule means. */
function portMatches(
  lab: LabSketch,
  policy: PolicySketch,
  rule: JsonObject,
  { packet, address, port, ports }: Side & { readonly ports: readonly unknown[] },
): boolean {
  const protocol = at(rule, 'protocol');
  return ports.some((wanted) => {
    const range = /^(\d+)(?::(\d+))?$/.exec(String(wanted));
    if (range) {
      const speaks = ['tcp', 'udp', 'sctp'].includes(packet.protocol);
      return speaks && Number(range[1]) <= port && port <= Number(range[2] ?? range[1]);
    }
    return things(lab).some(
      (thing) =>
        thing.nets.includes(`${address}/32`) &&
        (!speaksOfSomeone(rule) || isMeant(lab, policy, rule, thing)) &&
        thing.ports.some(
          (own) =>
            own.name === wanted &&
            own.port === port &&
            own.protocol.toLowerCase() === packet.protocol &&
            (protocol === undefined || String(protocol).toLowerCase() === packet.protocol),
        ),
    );
  });
}
