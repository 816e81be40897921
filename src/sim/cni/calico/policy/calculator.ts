/**
 * Felix's calculation graph for policy as a function of the datastore: what applies to the endpoints of one node, the rules
 * that are active because of it, and the IP sets those name. Without policies it costs a look at the node's own pods.
 * Sources: felix/calc/{calc_graph,active_rules_calculator,policy_resolver}.go, Calico v3.32.1.
 */
import { parseIp } from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ObjectStore } from '../../../kube/store.ts';
import * as kinds from '../kinds.ts';
import type { Labels } from '../selector.ts';
import { stableList } from '../stable.ts';
import {
  policyKey,
  type ActivePolicy,
  type HostEndpoint,
  type IpSet,
  type Policy,
  type Profile,
  type Rule,
  type RuleAction,
  type RuleSide,
  type WorkloadEndpoint,
} from './active.ts';
import {
  endpointIndex,
  labelsIn,
  profileTables,
  readHostEndpoint,
  readPod,
  sameLabelled,
  sameLabels,
  type Labelled,
  type ProfileLabels,
} from './endpoints.ts';
import type { IpSetDefinition } from './ip-set-definition.ts';
import { selectedSet, serviceIpSet } from './ip-sets.ts';
import { knownTiers, POLICY_RESOURCES, type KnownPolicy, type KnownTier } from './policies.ts';
import { applicableTiers, tierLists } from './tiers.ts';

/** A pod's network on the node, as its sandbox has it. */
export interface LocalWorkload {
  readonly namespace: string;
  readonly pod: string;
  readonly network: { readonly hostInterface: string };
}

/** Remembers one node's last answers: parts of the next that are the same are the very same. */
export type PolicyCalculator = (
  store: ObjectStore,
  node: string,
  workloads: readonly LocalWorkload[],
) => ActivePolicy;

export function policyCalculator(): PolicyCalculator {
  const stableLocals = stableList(sameLocal);
  const stableProfiles = stableList(sameProfile);
  const stableSets = stableList<IpSet>();
  const calculated = memoize(calculate);
  const sets = memoize((all: readonly IpSet[]) => new Map(all.map((set) => [set.id, set])));
  const complete = memoize((active: Calculated, ipSets: ReadonlyMap<string, IpSet>): ActivePolicy => ({
    workloads: active.workloads,
    hosts: active.hosts,
    policies: active.policies,
    profiles: active.profiles,
    ipSets,
  }));
  const answer = (store: ObjectStore, node: string, workloads: readonly LocalWorkload[]): ActivePolicy => {
    const locals = stableLocals(workloads.flatMap((workload) => localOf(store, workload)));
    const hosts = hostEndpointsOf(store.table(kinds.HOST_ENDPOINTS)).get(node) ?? NO_HOSTS;
    const profiles = stableProfiles(profilesOf(store, locals, hosts));
    const active = calculated(knownTiers(store), locals, hosts, profiles);
    return complete(active, sets(stableSets(ipSets(store, active.sets))));
  };
  let last: { readonly read: readonly unknown[]; readonly answer: ActivePolicy } | undefined;
  return (store, node, workloads) => {
    const read = [node, workloads, ...READ.map((resource) => store.table(resource))];
    if (!last?.read.every((item, index) => item === read[index]))
      last = { read, answer: answer(store, node, workloads) };
    return last.answer;
  };
}

/** All that an answer depends on. */
const READ: readonly string[] = [
  ...POLICY_RESOURCES,
  kinds.TIERS,
  kinds.PODS,
  kinds.NAMESPACES,
  kinds.SERVICE_ACCOUNTS,
  kinds.HOST_ENDPOINTS,
  kinds.NETWORK_SETS,
  kinds.GLOBAL_NETWORK_SETS,
  kinds.ENDPOINT_SLICES,
];

/** A pod of this node that has an endpoint. */
interface Local {
  readonly workload: LocalWorkload;
  readonly endpoint: Labelled;
}

const sameLocal = (a: Local, b: Local): boolean =>
  a.workload.network.hostInterface === b.workload.network.hostInterface &&
  a.workload.namespace === b.workload.namespace &&
  a.workload.pod === b.workload.pod &&
  sameLabelled(a.endpoint, b.endpoint);

const readPods = new WeakMap<KubeObject, Labelled | null>();

/** None for a sandbox whose pod the datastore does not know, or no longer counts as an endpoint. */
function localOf(store: ObjectStore, workload: LocalWorkload): readonly Local[] {
  const pod = store.get(kinds.PODS, workload.namespace, workload.pod);
  if (!pod) return [];
  const before = readPods.get(pod);
  const endpoint = before === undefined ? (readPod(pod) ?? null) : before;
  readPods.set(pod, endpoint);
  return endpoint ? [{ workload, endpoint }] : [];
}

/** A profile and the labels it lends, if it exists. */
type LentLabels = readonly [name: string, labels: Labels | undefined];

const sameProfile = ([a, labels]: LentLabels, [b, others]: LentLabels): boolean =>
  a === b &&
  (labels === others || (labels !== undefined && others !== undefined && sameLabels(labels, others)));

/** The profiles of the node's own endpoints, by name: others are nobody's business here. */
function profilesOf(
  store: ObjectStore,
  locals: readonly Local[],
  hosts: readonly KubeObject[],
): readonly LentLabels[] {
  const labelsOf = labelsIn(profileTables(store));
  const names = new Set(locals.flatMap(({ endpoint }) => endpoint.profiles));
  for (const { spec } of hosts) for (const name of textsAt(spec, 'profiles')) names.add(name);
  return [...names].sort().map((name) => [name, labelsOf(name)]);
}

const NO_HOSTS: readonly KubeObject[] = [];

/** By node, in order of name. */
const hostEndpointsOf = memoize((table: Table<KubeObject> | undefined) => {
  const byNode = new Map<string, KubeObject[]>();
  for (const object of table?.values() ?? []) {
    const node = textAt(object.spec, 'node');
    byNode.set(node, [...(byNode.get(node) ?? []), object]);
  }
  return byNode;
}, 2);

interface Calculated extends Omit<ActivePolicy, 'ipSets'> {
  readonly sets: readonly IpSetDefinition[];
}

function calculate(
  tiers: readonly KnownTier[],
  locals: readonly Local[],
  hostObjects: readonly KubeObject[],
  lent: readonly LentLabels[],
): Calculated {
  const byProfile = new Map(lent);
  const profiles: ProfileLabels = (name) => byProfile.get(name);
  const found = new Map<string, KnownPolicy>();
  const tiersOf = (endpoint: Labelled): readonly KnownTier[] => {
    const applicable = applicableTiers(endpoint, tiers, profiles);
    for (const { policies } of applicable) {
      for (const known of policies) found.set(policyKey(known.policy.id), known);
    }
    return applicable;
  };
  const workloads = new Map(
    locals.map((local) => [local.workload.network.hostInterface, workloadOf(local, tiersOf(local.endpoint))]),
  );
  const hosts = new Map(
    hostObjects.map((object) => [object.metadata.name, hostOf(object, tiersOf(readHostEndpoint(object)))]),
  );
  const policies = [...found.keys()].sort().flatMap((key) => found.get(key) ?? []);
  return {
    workloads,
    hosts,
    policies: new Map(policies.map(({ policy }): [string, Policy] => [policyKey(policy.id), policy])),
    profiles: new Map(lent.map(([name]) => [name, profileOf(name, profiles)])),
    sets: distinct(policies.flatMap(({ sets }) => sets)),
  };
}

const workloadOf = ({ workload, endpoint }: Local, tiers: readonly KnownTier[]): WorkloadEndpoint => ({
  name: workload.network.hostInterface,
  namespace: workload.namespace,
  pod: workload.pod,
  state: 'active',
  tiers: tierLists(tiers).tiers,
  profileIds: endpoint.profiles,
});

const hostOf = ({ metadata, spec }: KubeObject, tiers: readonly KnownTier[]): HostEndpoint => ({
  id: metadata.name,
  interfaceName: textAt(spec, 'interfaceName'),
  expectedAddresses: textsAt(spec, 'expectedIPs').flatMap((text) => parseIp(text) ?? []),
  profileIds: textsAt(spec, 'profiles'),
  ...tierLists(tiers),
});

const NOTHING: RuleSide = {
  nets: [],
  ports: [],
  namedPortIpSetIds: [],
  ipSetIds: [],
  notNets: [],
  notPorts: [],
  notNamedPortIpSetIds: [],
  notIpSetIds: [],
};

const all = (action: RuleAction): readonly Rule[] => [
  { action, src: NOTHING, dst: NOTHING, dstIpPortSetIds: [], annotations: [] },
];
const ALLOW = all('allow');
const DENY = all('deny');
const NO_RULES: readonly Rule[] = [];

const DEFAULT_ALLOW = 'projectcalico-default-allow';

/** A namespace's allows, a service account's only lends labels, and one that does not exist denies. */
function profileOf(name: string, profiles: ProfileLabels): Profile {
  const exists = profiles(name) !== undefined;
  if (name === DEFAULT_ALLOW || (exists && name.startsWith('kns.')))
    return { name, inboundRules: ALLOW, outboundRules: ALLOW };
  if (exists) return { name, inboundRules: NO_RULES, outboundRules: NO_RULES };
  return { name, inboundRules: DENY, outboundRules: DENY };
}

function distinct(definitions: readonly IpSetDefinition[]): readonly IpSetDefinition[] {
  const byId = new Map(definitions.map((definition) => [definition.id, definition]));
  return [...byId.keys()].sort().flatMap((id) => byId.get(id) ?? []);
}

function ipSets(store: ObjectStore, definitions: readonly IpSetDefinition[]): readonly IpSet[] {
  if (definitions.length === 0) return [];
  const index = endpointIndex(store);
  const slices = store.table(kinds.ENDPOINT_SLICES);
  return definitions.map((definition) =>
    definition.kind === 'service' ? serviceIpSet(definition, slices) : selectedSet(definition, index),
  );
}
