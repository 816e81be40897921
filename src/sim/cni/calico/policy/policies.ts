/**
 * All policies of the datastore, of every kind, in the order in which Felix looks at them: by tier, then by order, and ties
 * by name, namespace and kind.
 * Sources: felix/calc/policy_sorter.go, libcalico-go/lib/backend/syncersv1/updateprocessors, Calico v3.32.1.
 */
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { at, textAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ObjectStore } from '../../../kube/store.ts';
import * as kinds from '../kinds.ts';
import { canonicalSelector, knownSelector, type SelectorNode } from '../selector.ts';
import type { Policy, PolicyId, PolicyKind } from './active.ts';
import type { IpSetDefinition } from './ip-set-definition.ts';
import { kubernetesPolicySpec } from './kubernetes-policy.ts';
import { globalSelector, namespacedSelector } from './rule-selectors.ts';
import { resolveRules } from './rules.ts';
import { readPolicySpec, type PolicySpec } from './spec.ts';

type Objects = Table<KubeObject> | undefined;

/** A policy and what Felix needs to know to place it. */
export interface KnownPolicy {
  readonly policy: Policy;
  readonly selector: SelectorNode;
  readonly order: number;
  readonly ingress: boolean;
  readonly egress: boolean;
  readonly applyOnForward: boolean;
  readonly sets: readonly IpSetDefinition[];
}

export interface KnownTier {
  readonly name: string;
  readonly defaultAction: 'Deny' | 'Pass';
  /** In order of evaluation. */
  readonly policies: readonly KnownPolicy[];
}

interface PolicyResource {
  readonly resource: string;
  readonly kind: PolicyKind;
  /** Written in the API of Kubernetes. */
  readonly kubernetes?: true;
}

const RESOURCES: readonly PolicyResource[] = [
  { resource: kinds.NETWORK_POLICIES, kind: 'NetworkPolicy' },
  { resource: kinds.GLOBAL_NETWORK_POLICIES, kind: 'GlobalNetworkPolicy' },
  { resource: kinds.KUBERNETES_NETWORK_POLICIES, kind: 'KubernetesNetworkPolicy', kubernetes: true },
  { resource: kinds.STAGED_NETWORK_POLICIES, kind: 'StagedNetworkPolicy' },
  { resource: kinds.STAGED_GLOBAL_NETWORK_POLICIES, kind: 'StagedGlobalNetworkPolicy' },
  {
    resource: kinds.STAGED_KUBERNETES_NETWORK_POLICIES,
    kind: 'StagedKubernetesNetworkPolicy',
    kubernetes: true,
  },
];

export const POLICY_RESOURCES: readonly string[] = RESOURCES.map(({ resource }) => resource);

const NO_TIERS: readonly KnownTier[] = [];

/** Tiers that hold policies, in order. The same list as before while no tier and no policy has changed. */
export function knownTiers(store: ObjectStore): readonly KnownTier[] {
  const tables = POLICY_RESOURCES.map((resource) => store.table(resource));
  if (tables.every((table) => !table || table.size === 0)) return NO_TIERS;
  return sorted(store.table(kinds.TIERS), ...tables);
}

const sorted = memoize((tiers: Objects, ...tables: readonly Objects[]): readonly KnownTier[] => {
  const byTier = new Map<string, KnownPolicy[]>();
  tables.forEach((table, index) => {
    const resource = RESOURCES[index];
    for (const object of table?.values() ?? []) {
      const known = resource && knownPolicy(resource, object);
      if (!known) continue;
      const { tier } = known.policy;
      byTier.set(tier, [...(byTier.get(tier) ?? []), known]);
    }
  });
  const ordered = [...byTier].map(([name, policies]) => ({
    ...tierOf(tiers?.get(`/${name}`), name),
    policies: policies.sort(byOrder),
  }));
  return ordered.sort(
    (a, b) => compare(a.missing, b.missing) || compare(a.order, b.order) || compareText(a.name, b.name),
  );
}, 4);

const DEFAULT_TIER_ORDER = 1_000_000;

/** A tier that does not exist comes last, and denies. */
function tierOf(
  tier: KubeObject | undefined,
  name: string,
): Pick<KnownTier, 'name' | 'defaultAction'> & { readonly order: number; readonly missing: number } {
  const order = at(tier?.spec, 'order');
  return {
    name,
    defaultAction: textAt(tier?.spec, 'defaultAction') === 'Pass' ? 'Pass' : 'Deny',
    order: typeof order === 'number' ? order : DEFAULT_TIER_ORDER,
    missing: tier ? 0 : 1,
  };
}

const byOrder = (a: KnownPolicy, b: KnownPolicy): number =>
  compare(a.order, b.order) || compareText(tieBreaker(a.policy.id), tieBreaker(b.policy.id));

const tieBreaker = ({ name, namespace, kind }: PolicyId): string => `${name}/${namespace}/${kind}`;

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Objects never change, so what was understood of one holds for good; null for what Felix ignores. */
const understood = new WeakMap<KubeObject, KnownPolicy | null>();

function knownPolicy(resource: PolicyResource, object: KubeObject): KnownPolicy | undefined {
  const before = understood.get(object);
  if (before !== undefined) return before ?? undefined;
  const known = understand(resource, object);
  understood.set(object, known ?? null);
  return known;
}

/** Undefined for what Felix treats as missing: a staged deletion, and policies with a malformed selector. */
function understand({ kind, kubernetes }: PolicyResource, object: KubeObject): KnownPolicy | undefined {
  if (textAt(object.spec, 'stagedAction') === 'Delete') return undefined;
  const { namespace = '', name } = object.metadata;
  const spec = kubernetes ? kubernetesPolicySpec(object.spec) : readPolicySpec(object.spec);
  const selector = knownSelector(
    namespace === '' ? globalSelector(spec) : namespacedSelector(spec, namespace),
  );
  const inbound = resolveRules(spec.ingress, namespace);
  const outbound = resolveRules(spec.egress, namespace);
  if (!selector.ok || !inbound || !outbound) return undefined;
  const { policy, ...place } = placed(spec, { kind, namespace, name });
  return {
    ...place,
    selector: selector.value,
    policy: {
      ...policy,
      originalSelector: canonicalSelector(selector.value),
      inboundRules: inbound.rules,
      outboundRules: outbound.rules,
    },
    sets: [...inbound.sets, ...outbound.sets],
  };
}

function placed(
  spec: PolicySpec,
  id: PolicyId,
): Omit<KnownPolicy, 'selector' | 'sets' | 'policy'> & {
  readonly policy: Pick<Policy, 'id' | 'tier' | 'untracked' | 'preDnat'>;
} {
  return {
    policy: { id, tier: spec.tier, untracked: spec.doNotTrack, preDnat: spec.preDnat },
    order: spec.order ?? Infinity,
    ingress: spec.types.length === 0 || spec.types.includes('Ingress'),
    egress: spec.types.length === 0 || spec.types.includes('Egress'),
    applyOnForward: spec.applyOnForward,
  };
}
