/**
 * Policies, staged ones, their tiers, and what selectors choose besides pods: defaulted and checked by the client library
 * before they are written.
 * Source: calicoctl/calicoctl/resourcemgr/{networkpolicy,globalnetworkpolicy,tier,...}.go, libcalico-go/lib/clientv3,
 * api/pkg/defaults, libcalico-go/lib/resources/tier.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { ok } from '../../../../base/result.ts';
import * as kinds from '../../../cni/calico/kinds.ts';
import * as schemas from '../../../cni/calico/policy/schemas.ts';
import * as validator from '../../../cni/calico/policy/validator.ts';
import { strings, type ErroredField } from '../../../cni/calico/validation.ts';
import { collection, type Client } from '../client.ts';
import { invalid, members, unsupported, identifier, type Outcome } from '../failure.ts';
import { completedPolicy, TIER_LABEL, tierSpec } from '../../../cni/calico/apiserver/defaults.ts';
import { ordered, orderedMetadata } from '../../../cni/calico/apiserver/metadata.ts';
import {
  customManager,
  field,
  itemsOf,
  joinedAndCut,
  nameOf,
  namespaceOf,
  specOf,
  type CustomKind,
} from './custom.ts';
import type { Cell, ResourceManager } from './manager.ts';

interface Checked extends CustomKind {
  /** Members of the spec as Go's struct has them. */
  readonly fields: readonly string[];
  readonly errors: (resource: JsonObject) => readonly ErroredField[];
  /** What the client fills in before it looks for mistakes. */
  readonly complete?: (resource: JsonObject) => JsonObject;
  /** What must be there before one is created. */
  readonly needs?: (client: Client, resource: JsonObject) => Outcome<JsonObject>;
}

function checkedManager({ fields, errors, complete, needs, ...custom }: Checked): ResourceManager {
  const read = (spec: JsonObject): JsonObject => ordered(custom.read?.(spec) ?? withoutEmpty(spec), fields);
  const plain = customManager({ ...custom, read });
  const checked =
    (write: ResourceManager['create']): ResourceManager['create'] =>
    (client, resource) => {
      const completed = complete?.(resource) ?? resource;
      const found = errors(completed);
      return found.length > 0 ? invalid(found) : write(client, completed);
    };
  const create = checked(plain.create);
  return {
    ...plain,
    errors,
    create: (client, resource) => {
      const needed = needs?.(client, resource) ?? ok(resource);
      return needed.ok ? create(client, resource) : needed;
    },
    update: checked(plain.update),
  };
}

/** Without what Go's omitempty leaves out. */
const withoutEmpty = (spec: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(spec).filter(
      ([, value]) => value !== '' && value !== false && !(Array.isArray(value) && value.length === 0),
    ),
  );

const POLICY_FIELDS = [
  'stagedAction',
  'tier',
  'order',
  'ingress',
  'egress',
  'selector',
  'types',
  'doNotTrack',
  'preDNAT',
  'applyOnForward',
  'serviceAccountSelector',
  'namespaceSelector',
  'performanceHints',
];
const RULE_FIELDS = [
  'action',
  'ipVersion',
  'protocol',
  'icmp',
  'notProtocol',
  'notICMP',
  'source',
  'destination',
  'http',
  'metadata',
];

const plainTiers = customManager({
  kind: 'Tier',
  plural: 'tiers',
  aliases: ['tier', 'tiers'],
  headings: ['NAME', 'ORDER'],
  cells: { NAME: nameOf, ORDER: order },
  spec: schemas.TIER_SPEC,
  read: (spec) => ordered(tierSpec(spec), ['order', 'defaultAction']),
});

/** Go's struct of a tier always has a status, which no tier has. */
const withStatus = (tier: JsonObject): JsonObject => ({ ...tier, status: {} });
const onTier = (outcome: Outcome<JsonObject>): Outcome<JsonObject> =>
  outcome.ok ? ok(withStatus(outcome.value)) : outcome;

const tiers: ResourceManager = {
  ...plainTiers,
  list: (client, namespace) => {
    const listed = plainTiers.list(client, namespace);
    return listed.ok ? ok({ ...listed.value, items: itemsOf(listed.value).map(withStatus) }) : listed;
  },
  get: (client, identity) => onTier(plainTiers.get(client, identity)),
};

/** A float as Go's templates print it. */
function order(resource: JsonObject): string {
  const value = specOf(resource)['order'];
  return typeof value === 'number' ? validator.goFloat(value) : '<nil>';
}

const inTier = (client: Client, resource: JsonObject): Outcome<JsonObject> =>
  tiers.get(client, { name: String(specOf(resource)['tier'] || 'default'), namespace: '' });

type PolicyKind = Pick<Checked, 'kind' | 'plural' | 'aliases' | 'spec' | 'errors'> & {
  readonly namespaced?: boolean;
};

function policyManager(policy: PolicyKind): ResourceManager {
  const plain = checkedManager({
    ...policy,
    keepsName: true,
    headings: ['NAME', 'TIER'],
    wide: ['NAME', 'TIER', 'ORDER', 'SELECTOR'],
    cells: {
      NAME: nameOf,
      NAMESPACE: namespaceOf,
      TIER: field('tier'),
      ORDER: order,
      SELECTOR: field('selector'),
    },
    fields: POLICY_FIELDS,
    read: (spec) => withoutEmpty({ ...spec, ...rulesOf(spec, 'ingress'), ...rulesOf(spec, 'egress') }),
    complete: completedPolicy,
    needs: inTier,
  });
  const labelled = (resource: JsonObject): JsonObject => {
    const metadata = members(resource['metadata']);
    const labels = { [TIER_LABEL]: 'default', ...members(metadata['labels']) };
    return { ...resource, metadata: orderedMetadata({ ...metadata, labels }) };
  };
  const one = (outcome: Outcome<JsonObject>): Outcome<JsonObject> =>
    outcome.ok ? ok(labelled(outcome.value)) : outcome;
  return {
    ...plain,
    list: (client, namespace) => {
      const listed = plain.list(client, namespace);
      return listed.ok ? ok({ ...listed.value, items: itemsOf(listed.value).map(labelled) }) : listed;
    },
    get: (client, identity) => one(plain.get(client, identity)),
    delete: async (client, identity) => one(await plain.delete(client, identity)),
  };
}

function rulesOf(spec: JsonObject, direction: 'ingress' | 'egress'): JsonObject {
  const rules = spec[direction];
  if (!Array.isArray(rules)) return {};
  return { [direction]: rules.map((rule) => ordered(withoutNothing(members(rule)), RULE_FIELDS)) };
}

/** A side that says nothing is left out. */
const withoutNothing = (rule: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(rule).filter(
      ([name, value]) =>
        !(['source', 'destination'].includes(name) && Object.keys(members(value)).length === 0),
    ),
  );

const NETWORK_POLICY = policyManager({
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
  aliases: ['networkpolicy', 'networkpolicies', 'policy', 'np', 'policies', 'pol', 'pols'],
  spec: schemas.NETWORK_POLICY_SPEC,
  errors: validator.networkPolicyErrors,
});

/** Names under which other datastores keep the policies of Kubernetes. */
const FOREIGN_PREFIX = 'knp.default.';
const FOREIGN = 'kubernetes network policies must be managed through the kubernetes API';

const refusing =
  (operation: string, write: ResourceManager['create']): ResourceManager['create'] =>
  (client, resource) =>
    nameOf(resource).startsWith(FOREIGN_PREFIX)
      ? unsupported(operation, identifier('NetworkPolicy', nameOf(resource), namespaceOf(resource)), FOREIGN)
      : write(client, resource);

const NETWORK_POLICIES: ResourceManager = {
  ...NETWORK_POLICY,
  create: refusing('create or apply', NETWORK_POLICY.create),
  update: refusing('apply or replace', NETWORK_POLICY.update),
};

const POLICIES: readonly ResourceManager[] = [
  NETWORK_POLICIES,
  policyManager({
    kind: 'GlobalNetworkPolicy',
    plural: 'globalnetworkpolicies',
    aliases: ['globalnetworkpolicy', 'globalnetworkpolicies', 'gnp', 'gnps'],
    spec: schemas.GLOBAL_NETWORK_POLICY_SPEC,
    errors: validator.globalNetworkPolicyErrors,
  }),
  policyManager({
    kind: 'StagedNetworkPolicy',
    plural: 'stagednetworkpolicies',
    namespaced: true,
    aliases: [
      'stagednetworkpolicy',
      'stagednetworkpolicies',
      'stagedpolicy',
      'snp',
      'stagedpolicies',
      'spol',
      'spols',
    ],
    spec: schemas.STAGED_NETWORK_POLICY_SPEC,
    errors: validator.stagedNetworkPolicyErrors,
  }),
  policyManager({
    kind: 'StagedGlobalNetworkPolicy',
    plural: 'stagedglobalnetworkpolicies',
    aliases: ['stagedglobalnetworkpolicy', 'stagedglobalnetworkpolicies', 'sgnp', 'sgnps'],
    spec: schemas.STAGED_GLOBAL_NETWORK_POLICY_SPEC,
    errors: validator.stagedGlobalNetworkPolicyErrors,
  }),
];

/** A label selector as its Go type spells itself. */
const podSelector: Cell = (resource) => {
  const selector = members(specOf(resource)['podSelector']);
  const labels = Object.entries(members(selector['matchLabels'])).sort(([a], [b]) => (a < b ? -1 : 1));
  const expressions = Array.isArray(selector['matchExpressions']) ? selector['matchExpressions'] : [];
  const spelt = expressions.map((expression) => {
    const { key, operator, values } = members(expression);
    return `LabelSelectorRequirement{Key:${String(key)},Operator:${String(operator)},Values:[${strings(values).join(' ')}],},`;
  });
  const pairs = labels.map(([key, value]) => `${key}: ${String(value)},`);
  return `&LabelSelector{MatchLabels:map[string]string{${pairs.join('')}},MatchExpressions:[]LabelSelectorRequirement{${spelt.join('')}},}`;
};

const STAGED_KUBERNETES = checkedManager({
  kind: 'StagedKubernetesNetworkPolicy',
  plural: 'stagedkubernetesnetworkpolicies',
  namespaced: true,
  aliases: [
    'stagedkubernetesnetworkpolicy',
    'stagedkubernetesnetworkpolicies',
    'stagedkubernetespolicy',
    'sknp',
    'stagedkubernetespolicies',
    'skpol',
    'skpols',
  ],
  headings: ['NAME'],
  wide: ['NAME', 'PODSELECTOR'],
  cells: { NAME: nameOf, NAMESPACE: namespaceOf, PODSELECTOR: podSelector },
  spec: schemas.STAGED_KUBERNETES_NETWORK_POLICY_SPEC,
  fields: ['stagedAction', 'podSelector', 'ingress', 'egress', 'policyTypes'],
  errors: validator.stagedKubernetesNetworkPolicyErrors,
});

/** Kinds of policy that keep a tier from being deleted. */
const IN_TIERS = [
  kinds.NETWORK_POLICIES,
  kinds.GLOBAL_NETWORK_POLICIES,
  kinds.STAGED_NETWORK_POLICIES,
  kinds.STAGED_GLOBAL_NETWORK_POLICIES,
];

const isInTier = (client: Client, resource: string, tier: string): boolean => {
  const listed = client.list(collection(resource), resource);
  return listed.ok && listed.value.items.some(({ spec }) => spec?.['tier'] === tier);
};

const checkedTier =
  (write: ResourceManager['create']): ResourceManager['create'] =>
  (client, resource) => {
    const whole = { ...resource, spec: tierSpec(specOf(resource)) };
    const found = validator.tierErrors(whole);
    return found.length > 0 ? invalid(found) : write(client, whole);
  };

const TIER: ResourceManager = {
  ...tiers,
  errors: validator.tierErrors,
  create: checkedTier(tiers.create),
  update: checkedTier(tiers.update),
  list: (client, namespace) => {
    const listed = tiers.list(client, namespace);
    if (!listed.ok) return listed;
    const orderOf = (tier: JsonObject): number => Number(specOf(tier)['order']);
    const items = [...itemsOf(listed.value)].sort((a, b) => orderOf(a) - orderOf(b));
    return ok({ ...listed.value, items });
  },
  delete: (client, identity) => {
    const { name } = identity;
    if (Object.hasOwn(validator.TIER_ORDERS, name))
      return Promise.resolve(unsupported('Delete', name, `Cannot delete ${name} tier`));
    if (IN_TIERS.some((resource) => isInTier(client, resource, name)))
      return Promise.resolve(unsupported('delete', name, 'Cannot delete a non-empty tier'));
    return tiers.delete(client, identity);
  },
};

const networkSet = {
  headings: ['NAME'],
  wide: ['NAME', 'NETS'],
  cells: { NAME: nameOf, NAMESPACE: namespaceOf, NETS: joinedAndCut('nets') },
  spec: schemas.NETWORK_SET_SPEC,
  fields: ['nets'],
  errors: validator.networkSetErrors,
};

const joined =
  (name: string): Cell =>
  (resource) =>
    strings(specOf(resource)[name]).join(',');

export const POLICY_KINDS: readonly ResourceManager[] = [
  ...POLICIES,
  STAGED_KUBERNETES,
  TIER,
  checkedManager({
    ...networkSet,
    kind: 'NetworkSet',
    plural: 'networksets',
    namespaced: true,
    aliases: ['networkset', 'networksets', 'netsets'],
  }),
  checkedManager({
    ...networkSet,
    kind: 'GlobalNetworkSet',
    plural: 'globalnetworksets',
    aliases: ['globalnetworkset', 'globalnetworksets', 'gnetsets'],
  }),
  checkedManager({
    kind: 'HostEndpoint',
    plural: 'hostendpoints',
    aliases: ['hostendpoint', 'hostendpoints', 'hep', 'heps'],
    headings: ['NAME', 'NODE'],
    wide: ['NAME', 'NODE', 'INTERFACE', 'IPS', 'PROFILES'],
    cells: {
      NAME: nameOf,
      NODE: field('node'),
      INTERFACE: field('interfaceName'),
      IPS: joined('expectedIPs'),
      PROFILES: joined('profiles'),
    },
    spec: schemas.HOST_ENDPOINT_SPEC,
    fields: ['node', 'interfaceName', 'expectedIPs', 'profiles', 'ports'],
    errors: validator.hostEndpointErrors,
  }),
];
