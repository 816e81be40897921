/**
 * Policy specs of projectcalico.org/v3 as typed data. What the API's schema lets through is read as it stands; what Felix
 * would fail to parse (a net, a port) is left out, as Felix leaves it out.
 * Source: api/pkg/apis/projectcalico/v3/{networkpolicy,globalnetworkpolicy,policy_common}.go, Calico v3.32.1.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { at, listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { IcmpMatch, PortRange, Protocol } from './active.ts';

export type Action = 'Allow' | 'Deny' | 'Log' | 'Pass';

export interface PolicySpec {
  readonly tier: string;
  /** Absent: after all that have one. */
  readonly order?: number;
  readonly selector: string;
  /** GlobalNetworkPolicy only. */
  readonly namespaceSelector: string;
  readonly serviceAccountSelector: string;
  /** As stored; empty means both to Felix, though clients fill it in from the rules. */
  readonly types: readonly string[];
  readonly ingress: readonly RuleSpec[];
  readonly egress: readonly RuleSpec[];
  readonly doNotTrack: boolean;
  readonly preDnat: boolean;
  readonly applyOnForward: boolean;
}

export interface RuleSpec {
  readonly action: Action;
  readonly ipVersion?: 4 | 6;
  /** Names in lower case, as Felix compares them. */
  readonly protocol?: Protocol;
  readonly notProtocol?: Protocol;
  readonly icmp?: IcmpMatch;
  readonly notIcmp?: IcmpMatch;
  readonly source: EntityRule;
  readonly destination: EntityRule;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A range of numbers, or the name of a port of the endpoint. */
export type Port = PortRange | string;

export interface EntityRule {
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  readonly selector: string;
  readonly notSelector: string;
  readonly namespaceSelector: string;
  readonly ports: readonly Port[];
  readonly notPorts: readonly Port[];
  readonly serviceAccounts?: { readonly names: readonly string[]; readonly selector: string };
  readonly services?: { readonly name: string; readonly namespace: string };
}

export const ANYONE: EntityRule = {
  nets: [],
  notNets: [],
  selector: '',
  notSelector: '',
  namespaceSelector: '',
  ports: [],
  notPorts: [],
};

export function readPolicySpec(spec: JsonObject | undefined): PolicySpec {
  const order = at(spec, 'order');
  return {
    tier: textAt(spec, 'tier') || 'default',
    ...(typeof order === 'number' && { order }),
    selector: textAt(spec, 'selector'),
    namespaceSelector: textAt(spec, 'namespaceSelector'),
    serviceAccountSelector: textAt(spec, 'serviceAccountSelector'),
    types: textsAt(spec, 'types'),
    ingress: listAt(spec, 'ingress').map(readRule),
    egress: listAt(spec, 'egress').map(readRule),
    doNotTrack: at(spec, 'doNotTrack') === true,
    preDnat: at(spec, 'preDNAT') === true,
    applyOnForward: at(spec, 'applyOnForward') === true,
  };
}

function readRule(rule: JsonObject): RuleSpec {
  const version = at(rule, 'ipVersion');
  const protocol = readProtocol(at(rule, 'protocol'));
  const notProtocol = readProtocol(at(rule, 'notProtocol'));
  const icmp = readIcmp(at(rule, 'icmp'));
  const notIcmp = readIcmp(at(rule, 'notICMP'));
  return {
    action: (textAt(rule, 'action') || 'Allow') as Action,
    ...((version === 4 || version === 6) && { ipVersion: version }),
    ...(protocol !== undefined && { protocol }),
    ...(notProtocol !== undefined && { notProtocol }),
    ...(icmp && { icmp }),
    ...(notIcmp && { notIcmp }),
    source: readEntity(objectAt(rule, 'source')),
    destination: readEntity(objectAt(rule, 'destination')),
    annotations: textMembers(objectAt(rule, 'metadata', 'annotations')),
  };
}

const textMembers = (value: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(value).map(([key, member]) => [key, String(member)]));

/** A number, also one written as text, or a name. */
function readProtocol(value: Json | undefined): Protocol | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value === '') return undefined;
  return /^\d+$/.test(value) ? Number(value) : value.toLowerCase();
}

function readIcmp(value: Json | undefined): IcmpMatch | undefined {
  const type = at(value, 'type');
  const code = at(value, 'code');
  if (typeof type !== 'number') return undefined;
  return { type, ...(typeof code === 'number' && { code }) };
}

function readEntity(entity: JsonObject): EntityRule {
  const accounts = at(entity, 'serviceAccounts');
  const services = at(entity, 'services');
  return {
    nets: textsAt(entity, 'nets'),
    notNets: textsAt(entity, 'notNets'),
    selector: textAt(entity, 'selector'),
    notSelector: textAt(entity, 'notSelector'),
    namespaceSelector: textAt(entity, 'namespaceSelector'),
    ports: readPorts(at(entity, 'ports')),
    notPorts: readPorts(at(entity, 'notPorts')),
    ...(accounts !== undefined && {
      serviceAccounts: { names: textsAt(accounts, 'names'), selector: textAt(accounts, 'selector') },
    }),
    ...(services !== undefined && {
      services: { name: textAt(services, 'name'), namespace: textAt(services, 'namespace') },
    }),
  };
}

const readPorts = (value: Json | undefined): readonly Port[] =>
  Array.isArray(value) ? (value as readonly Json[]).flatMap((port) => readPort(port) ?? []) : [];

const PORT_LIMIT = 65535;

/** `80`, `"80"`, `"80:90"` or a name; undefined for numbers that are no ports. */
export function readPort(value: Json): Port | undefined {
  const text = String(value);
  const numbers = /^(\d+)(?::(\d+))?$/.exec(text);
  if (!numbers) return text === '' ? undefined : text;
  const first = Number(numbers[1]);
  const last = Number(numbers[2] ?? numbers[1]);
  return last <= PORT_LIMIT && first <= last ? { first, last } : undefined;
}
