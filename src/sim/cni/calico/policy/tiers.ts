/**
 * The policies of one endpoint, tier by tier: of all known ones those that select it, sorted into the lists of the tables in
 * which they are rendered.
 * Sources: felix/calc/policy_resolver.go, felix/calc/event_sequencer.go (tierInfoToProtoTierInfo), Calico v3.32.1.
 */
import { evaluate } from '../selector.ts';
import type { TierInfo } from './active.ts';
import { labelsOf, type Labelled, type ProfileLabels } from './endpoints.ts';
import type { KnownPolicy, KnownTier } from './policies.ts';

/** Policies that select an endpoint, in order; tiers without any are left out. */
export function applicableTiers(
  endpoint: Labelled,
  tiers: readonly KnownTier[],
  profiles: ProfileLabels,
): readonly KnownTier[] {
  if (tiers.length === 0) return tiers;
  const labels = labelsOf(endpoint, profiles);
  return tiers
    .map((tier) => ({
      ...tier,
      policies: tier.policies.filter(({ selector }) => evaluate(selector, labels)),
    }))
    .filter(({ policies }) => policies.length > 0);
}

export interface TierLists {
  readonly tiers: readonly TierInfo[];
  readonly untrackedTiers: readonly TierInfo[];
  readonly preDnatTiers: readonly TierInfo[];
  readonly forwardTiers: readonly TierInfo[];
}

export const tierLists = (tiers: readonly KnownTier[]): TierLists => ({
  tiers: tierInfos(tiers, isPlain),
  untrackedTiers: tierInfos(tiers, ({ policy }) => policy.untracked).map(passing),
  preDnatTiers: tierInfos(tiers, ({ policy }) => policy.preDnat && !policy.untracked, 'ingress').map(passing),
  forwardTiers: tierInfos(tiers, (known) => isPlain(known) && known.applyOnForward),
});

const isPlain = ({ policy }: KnownPolicy): boolean => !policy.untracked && !policy.preDnat;

/** Normal policy is still to come after raw and mangle, so these lists deny nothing by default. */
const passing = (tier: TierInfo): TierInfo => ({ ...tier, defaultAction: 'Pass' });

function tierInfos(
  tiers: readonly KnownTier[],
  belongs: (known: KnownPolicy) => boolean,
  only?: 'ingress',
): readonly TierInfo[] {
  return tiers
    .map(({ name, defaultAction, policies }): TierInfo => {
      const mine = policies.filter(belongs);
      return {
        name,
        defaultAction,
        ingressPolicies: mine.filter(({ ingress }) => ingress).map(({ policy }) => policy.id),
        egressPolicies: only ? [] : mine.filter(({ egress }) => egress).map(({ policy }) => policy.id),
      };
    })
    .filter(({ ingressPolicies, egressPolicies }) => ingressPolicies.length > 0 || egressPolicies.length > 0);
}
