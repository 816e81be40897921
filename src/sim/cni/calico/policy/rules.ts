/**
 * Rules of a policy with their selectors, named ports and services resolved to IP sets.
 * Sources: libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go, felix/calc/{rule_scanner,rule_convert}.go,
 * Calico v3.32.1.
 */
import { formatNetwork, hostNetwork, parseAddress, parseNetwork } from '../ip-network.ts';
import { knownSelector, type SelectorNode } from '../selector.ts';
import type { Protocol, Rule, RuleAction, RuleSide } from './active.ts';
import {
  namedPortSet,
  selectorSet,
  serviceSet,
  type IpSetDefinition,
  type PortProtocol,
} from './ip-set-definition.ts';
import { entitySelector } from './rule-selectors.ts';
import type { Action, EntityRule, Port, RuleSpec } from './spec.ts';

export interface ResolvedRules {
  readonly rules: readonly Rule[];
  /** The sets the rules name; one may occur several times. */
  readonly sets: readonly IpSetDefinition[];
}

const EVERYTHING: SelectorNode = { kind: 'all' };

/** `namespace` is that of the policy, empty for global ones. Undefined when a selector is malformed. */
export function resolveRules(specs: readonly RuleSpec[], namespace: string): ResolvedRules | undefined {
  const rules: Rule[] = [];
  const sets: IpSetDefinition[] = [];
  for (const spec of specs) {
    const resolved = resolveRule(spec, namespace);
    if (!resolved) return undefined;
    rules.push(resolved.rule);
    sets.push(...resolved.sets);
  }
  return { rules, sets };
}

function resolveRule(
  spec: RuleSpec,
  namespace: string,
): { readonly rule: Rule; readonly sets: readonly IpSetDefinition[] } | undefined {
  const protocol = spec.protocol === undefined ? 'any' : portProtocol(spec.protocol);
  const source = resolveSide(spec.source, namespace, protocol);
  const destination = resolveSide(spec.destination, namespace, protocol);
  if (!source || !destination) return undefined;
  const from = serviceOf(spec.source, false);
  const to = serviceOf(spec.destination, true);
  const version = spec.ipVersion ?? versionOf(spec.protocol);
  return {
    rule: {
      action: ACTIONS[spec.action],
      ...(version && { ipVersion: version }),
      ...(spec.protocol !== undefined && { protocol: spec.protocol }),
      ...(spec.notProtocol !== undefined && { notProtocol: spec.notProtocol }),
      ...(spec.icmp && { icmp: spec.icmp }),
      ...(spec.notIcmp && { notIcmp: spec.notIcmp }),
      src: { ...source.side, ipSetIds: [...source.side.ipSetIds, ...from.map(({ id }) => id)] },
      dst: destination.side,
      dstIpPortSetIds: to.map(({ id }) => id),
      annotations: Object.entries(spec.annotations).sort(([a], [b]) => (a < b ? -1 : 1)),
    },
    sets: [...source.sets, ...destination.sets, ...from, ...to],
  };
}

const ACTIONS: Readonly<Record<Action, RuleAction>> = {
  Allow: 'allow',
  Deny: 'deny',
  Log: 'log',
  Pass: 'pass',
};

function versionOf(protocol: Protocol | undefined): 4 | 6 | undefined {
  if (protocol === 'icmp') return 4;
  return protocol === 'icmpv6' ? 6 : undefined;
}

/** A named port's protocol in the name of its set: TCP for all that is neither UDP nor SCTP. */
function portProtocol(protocol: Protocol): PortProtocol {
  if (protocol === 'udp' || protocol === 17) return 'udp';
  return protocol === 'sctp' || protocol === 132 ? 'sctp' : 'tcp';
}

interface ResolvedSide {
  readonly side: RuleSide;
  readonly sets: readonly IpSetDefinition[];
}

/** Undefined when a selector is malformed. */
function resolveSide(
  entity: EntityRule,
  namespace: string,
  protocol: PortProtocol | 'any',
): ResolvedSide | undefined {
  const criteria = combined(entitySelector(entity, namespace), entity.notSelector);
  const selector = parsed(criteria.positive);
  const notSelector = parsed(criteria.negative);
  if (selector === 'malformed' || notSelector === 'malformed') return undefined;
  const named = (ports: readonly Port[]): readonly IpSetDefinition[] =>
    ports
      .filter((port) => typeof port === 'string')
      .map((port) => namedPortSet(port, protocol, selector ?? EVERYTHING));
  const numbers = entity.ports.filter((port) => typeof port !== 'string');
  const ports = named(entity.ports);
  const notPorts = named(entity.notPorts);
  // Sets of named ports hold selected endpoints only, so the selector's own set would say it twice.
  const chosen = selector && (numbers.length > 0 || ports.length === 0) ? [selectorSet(selector)] : [];
  const unwanted = notSelector ? [selectorSet(notSelector)] : [];
  return {
    side: {
      nets: entity.nets.flatMap(canonicalNet),
      ports: numbers,
      namedPortIpSetIds: ports.map(({ id }) => id),
      ipSetIds: chosen.map(({ id }) => id),
      notNets: entity.notNets.flatMap(canonicalNet),
      notPorts: entity.notPorts.filter((port) => typeof port !== 'string'),
      notNamedPortIpSetIds: notPorts.map(({ id }) => id),
      notIpSetIds: unwanted.map(({ id }) => id),
    },
    sets: [...ports, ...notPorts, ...chosen, ...unwanted],
  };
}

/** A negative criterion beside a positive one makes that smaller; alone it stands, for it speaks of strangers too. */
function combined(
  positive: string,
  negative: string,
): { readonly positive: string; readonly negative: string } {
  if (positive === '' || negative === '') return { positive, negative };
  return { positive: `(${positive}) && (!(${negative}))`, negative: '' };
}

function parsed(text: string): SelectorNode | undefined | 'malformed' {
  if (text === '') return undefined;
  const selector = knownSelector(text);
  return selector.ok ? selector.value : 'malformed';
}

function serviceOf({ services }: EntityRule, withPorts: boolean): readonly IpSetDefinition[] {
  if (!services || services.name === '') return [];
  return [serviceSet(`${services.namespace}/${services.name}`, withPorts)];
}

/** With a length and without host bits; what is no net is left out. */
export function canonicalNet(text: string): readonly string[] {
  const network = parseNetwork(text);
  if (network) return [formatNetwork(network)];
  const address = parseAddress(text);
  return address ? [formatNetwork(hostNetwork(address))] : [];
}
