/**
 * Members of IP sets. What is remembered of a set is brought up to date by what has changed since, so a pod that comes or goes
 * costs one evaluation a set, not one for each pod of the cluster; the answer depends on the datastore alone.
 * Sources: felix/labelindex/named_port_index.go, felix/serviceindex/serviceindex.go, Calico v3.32.1. Prefixes inside others
 * of the same set are left out, as with nftablesMode Auto.
 */
import type { Ip } from '../../../../model/ip.ts';
import {
  addressBits,
  compareIps,
  ipCidrContains,
  ipCidrEquals,
  ipCidrOf,
  parseIp,
  type IpCidr,
} from '../../../../model/ip-family.ts';
import { Table } from '../../../core/table.ts';
import { listAt, numberAt, textAt, textsAt, at } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { IpPort, IpSet } from './active.ts';
import { evaluate } from '../selector.ts';
import {
  accountProfile,
  labelsIn,
  labelsOf,
  namespaceProfile,
  type EndpointIndex,
  type Labelled,
  type ProfileLabels,
  type ProfileTables,
} from './endpoints.ts';
import type { IpSetDefinition, PortProtocol } from './ip-set-definition.ts';

type SelectorSet = Exclude<IpSetDefinition, { readonly kind: 'service' }>;
type ServiceSet = Extract<IpSetDefinition, { readonly kind: 'service' }>;

/** What an endpoint adds to a set. */
type Share = readonly IpCidr[] | readonly IpPort[];

interface Remembered {
  index: EndpointIndex;
  /** By table and key of the endpoint. */
  readonly shares: Map<string, Share>;
  set: IpSet;
}

const REMEMBERED_LIMIT = 2000;
const remembered = new Map<string, Remembered>();

const NO_PROFILES: ProfileTables = { namespaces: Table.empty(), accounts: Table.empty() };

/** The very same set while its members are the same. */
export function selectedSet(definition: SelectorSet, index: EndpointIndex): IpSet {
  const memory = remembered.get(definition.id) ?? {
    index: { labelled: index.labelled.map(() => Table.empty<Labelled>()), profiles: NO_PROFILES },
    shares: new Map(),
    set: emptySet(definition),
  };
  if (remembered.size > REMEMBERED_LIMIT) remembered.clear();
  remembered.set(definition.id, memory);
  if (update(memory, definition, index)) memory.set = setOf(definition, [...memory.shares.values()]);
  memory.index = index;
  return memory.set;
}

/** Whether a share has changed. */
function update(memory: Remembered, definition: SelectorSet, index: EndpointIndex): boolean {
  let changed = false;
  const lentBy = labelsIn(index.profiles);
  const look = (key: string, labelled: Labelled | undefined): void => {
    const before = memory.shares.get(key);
    const now = labelled && shareOf(definition, labelled, lentBy);
    if (now === before) return;
    changed = true;
    if (now) memory.shares.set(key, now);
    else memory.shares.delete(key);
  };
  index.labelled.forEach((table, number) => {
    const old = memory.index.labelled[number] ?? Table.empty<Labelled>();
    for (const { key, after } of table.differences(old)) look(`${number}${key}`, after);
  });
  const lent = changedProfiles(memory.index.profiles, index.profiles);
  if (lent.size > 0) {
    index.labelled.forEach((table, number) => {
      for (const [key, labelled] of table.entries()) {
        if (labelled.profiles.some((profile) => lent.has(profile))) look(`${number}${key}`, labelled);
      }
    });
  }
  return changed;
}

function changedProfiles(before: ProfileTables, after: ProfileTables): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const { key } of after.namespaces.differences(before.namespaces))
    changed.add(namespaceProfile(key.slice(1)));
  for (const { key } of after.accounts.differences(before.accounts)) {
    const [namespace = '', name = ''] = key.split('/');
    changed.add(accountProfile(namespace, name));
  }
  return changed;
}

/** Undefined for an endpoint that is not in the set. The same endpoint has the same share. */
function shareOf(definition: SelectorSet, labelled: Labelled, profiles: ProfileLabels): Share | undefined {
  if (!evaluate(definition.selector, labelsOf(labelled, profiles))) return undefined;
  return definition.kind === 'selector' ? labelled.nets : portsOf(labelled, definition);
}

const sharedPorts = new WeakMap<Labelled, Map<string, readonly IpPort[]>>();

function portsOf(
  labelled: Labelled,
  { port: name, protocol }: Extract<SelectorSet, { readonly kind: 'named-port' }>,
): readonly IpPort[] {
  const known = sharedPorts.get(labelled) ?? new Map<string, readonly IpPort[]>();
  sharedPorts.set(labelled, known);
  const key = `${protocol},${name}`;
  const before = known.get(key);
  if (before) return before;
  const ports = labelled.ports
    .filter((port) => port.name === name && (protocol === 'any' || port.protocol === protocol))
    .flatMap((port) =>
      labelled.nets.map(({ base }): IpPort => ({ address: base, protocol: port.protocol, port: port.port })),
    );
  known.set(key, ports);
  return ports;
}

const emptySet = (definition: SelectorSet): IpSet => setOf(definition, []);

function setOf({ kind, id }: SelectorSet, shares: readonly Share[]): IpSet {
  return kind === 'selector'
    ? { id, type: 'NET', members: distinctNets(shares.flat() as readonly IpCidr[], 'widest') }
    : { id, type: 'IP_AND_PORT', members: distinctPorts(shares.flat() as readonly IpPort[]) };
}

/** In order of address; `widest` leaves out what lies inside another one. */
function distinctNets(nets: readonly IpCidr[], keep: 'all' | 'widest'): readonly IpCidr[] {
  const kept: IpCidr[] = [];
  for (const net of [...nets].sort((a, b) => compareIps(a.base, b.base) || a.length - b.length)) {
    const last = kept.at(-1);
    const covered = last && (keep === 'widest' ? holds(last, net) : ipCidrEquals(last, net));
    if (!covered) kept.push(net);
  }
  return kept;
}

const holds = (wide: IpCidr, net: IpCidr): boolean =>
  wide.length <= net.length && ipCidrContains(wide, net.base);

const comparePorts = (a: IpPort, b: IpPort): number =>
  compareIps(a.address, b.address) ||
  (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : a.port - b.port);

function distinctPorts(ports: readonly IpPort[]): readonly IpPort[] {
  const sorted = [...ports].sort(comparePorts);
  return sorted.filter((port, at) => at === 0 || comparePorts(port, sorted[at - 1] as IpPort) !== 0);
}

interface RememberedService {
  readonly slices: Table<KubeObject> | undefined;
  readonly set: IpSet;
}

const services = new Map<string, RememberedService>();

/** From the EndpointSlices of a service; readiness does not matter. */
export function serviceIpSet(definition: ServiceSet, slices: Table<KubeObject> | undefined): IpSet {
  const before = services.get(definition.id);
  if (before && before.slices === slices) return before.set;
  const now = readService(definition, slices);
  const set = before && sameMembers(before.set, now) ? before.set : now;
  if (services.size > REMEMBERED_LIMIT) services.clear();
  services.set(definition.id, { slices, set });
  return set;
}

function readService({ id, service, withPorts }: ServiceSet, slices: Table<KubeObject> | undefined): IpSet {
  const [namespace = '', name = ''] = service.split('/');
  const mine = [...(slices?.withPrefix(`${namespace}/`) ?? [])].filter(
    ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
  );
  if (withPorts) return { id, type: 'IP_AND_PORT', members: distinctPorts(mine.flatMap(slicePorts)) };
  const nets = mine.flatMap(addresses).map((address) => ipCidrOf(address, addressBits(address)));
  return { id, type: 'NET', members: distinctNets(nets, 'all') };
}

const addresses = (slice: KubeObject): readonly Ip[] =>
  listAt(slice, 'endpoints').flatMap((endpoint) =>
    textsAt(endpoint, 'addresses').flatMap((address) => parseIp(address) ?? []),
  );

const SERVICE_PROTOCOLS: Readonly<Record<string, PortProtocol>> = { UDP: 'udp', SCTP: 'sctp' };

const slicePorts = (slice: KubeObject): readonly IpPort[] =>
  listAt(slice, 'ports')
    .filter((entry) => typeof at(entry, 'port') === 'number')
    .flatMap((entry) =>
      addresses(slice).map((address) => ({
        address,
        protocol: SERVICE_PROTOCOLS[textAt(entry, 'protocol')] ?? 'tcp',
        port: numberAt(entry, 'port'),
      })),
    );

function sameMembers(a: IpSet, b: IpSet): boolean {
  if (a.members.length !== b.members.length) return false;
  return a.type === 'NET' && b.type === 'NET'
    ? a.members.every((net, at) => ipCidrEquals(net, b.members[at] as IpCidr))
    : a.type === 'IP_AND_PORT' &&
        b.type === 'IP_AND_PORT' &&
        a.members.every((port, at) => comparePorts(port, b.members[at] as IpPort) === 0);
}
