/**
 * The one shape of every endpoint's chain, of pods and of hosts: what belongs to a known connection passes, then failsafe
 * ports, then tier by tier the policies, then the profiles, and what nobody allowed is dropped. Chains for packets that are
 * not tracked, not yet translated or only forwarded leave out parts of it.
 * Source: felix/rules/endpoints.go endpointIptablesChain, Calico v3.32.1. Left out: QoS controls, flow logs.
 */
import type { PolicyDirection } from '../../../../../model/policy-decision.ts';
import { act, felixChain, on, rule, shared, type FelixChain, type FelixRule } from './felix-rule.ts';
import { profileChain } from './policy.ts';
import { MARK } from './sets.ts';
import { enforced, groupTargets, type TierGroups } from './tiers.ts';

export interface EndpointChain {
  readonly name: string;
  /** Whose traffic it judges, for people: `default/web-0`, `host endpoint node1-eth0`. */
  readonly endpoint: string;
  readonly direction: PolicyDirection;
  readonly kind: 'normal' | 'forward' | 'untracked' | 'pre-dnat';
  readonly tiers: readonly TierGroups[];
  /** Asked by normal chains only. */
  readonly profiles: readonly string[];
  /** Where ports are that no policy closes. */
  readonly failsafe?: string;
  /** Packets of known connections leave the table for good, or return marked (mangle on the way out). */
  readonly allow: 'accept' | 'return';
  /** Before any policy: packets in tunnels that a pod may not send. */
  readonly first?: readonly FelixRule[];
}

export function endpointChain(wanted: EndpointChain): FelixChain {
  const { name, kind, failsafe, first = [] } = wanted;
  return felixChain(name, [
    ...(kind === 'untracked' ? [] : CONNECTION_RULES[wanted.allow]),
    ...(failsafe === undefined ? [] : [rule([], act.jump(failsafe))]),
    UNDECIDED,
    ...first,
    ...wanted.tiers.flatMap((tier) => tierRules(tier, wanted)),
    ...(kind === 'forward' && wanted.tiers.length === 0 ? FORWARDED_BY_DEFAULT : []),
    ...(kind === 'normal' ? profileRules(wanted) : []),
  ]);
}

/** Rules that are the same in every endpoint's chain are made once. */
const UNDECIDED = rule([], act.clearMark(MARK.accept | MARK.pass));
const INVALID = rule([on.invalid()], act.drop());
const CONNECTION_RULES: Readonly<Record<EndpointChain['allow'], readonly FelixRule[]>> = {
  accept: [rule([on.established()], act.accept()), INVALID],
  return: [
    rule([on.established()], act.setMark(MARK.accept)),
    rule([on.established()], act.return()),
    INVALID,
  ],
};
const jumpTo = shared((profile: string) => rule([], act.jump(profile)));
const PROFILE_ACCEPTED = rule([on.markSet(MARK.accept)], act.return(), 'Return if profile accepted');
const POLICY_ACCEPTED = rule([on.markSet(MARK.accept)], act.return(), 'Return if policy accepted');

function tierRules(tier: TierGroups, { kind, direction, endpoint }: EndpointChain): readonly FelixRule[] {
  if (tier.groups.length === 0) return [];
  const jumps = tier.groups.flatMap((group) =>
    groupTargets(group).flatMap((chain) => [
      rule([on.markClear(MARK.pass)], act.jump(chain)),
      ...(kind === 'untracked' ? [rule([on.markSet(MARK.accept)], act.notrack())] : []),
      POLICY_ACCEPTED,
    ]),
  );
  const policies = tier.groups.flatMap(enforced);
  const drops = policies.length > 0 && tier.defaultAction !== 'Pass';
  return [
    rule([], act.clearMark(MARK.pass), `Start of tier ${tier.name}`),
    ...jumps,
    ...(drops && (kind === 'normal' || kind === 'forward')
      ? [
          rule(
            [on.markClear(MARK.pass)],
            act.drop(),
            `End of tier ${tier.name}. Drop if no policies passed packet`,
            { by: 'tier', tier: tier.name, direction, endpoint, policies },
          ),
        ]
      : []),
  ];
}

const FORWARDED_BY_DEFAULT: readonly FelixRule[] = [
  rule([], act.setMark(MARK.accept), 'Allow forwarded traffic by default'),
  rule([], act.return(), 'Return for accepted forward traffic'),
];

const profileRules = ({ profiles, direction, endpoint }: EndpointChain): readonly FelixRule[] => [
  ...profiles.flatMap((profile) => [jumpTo(profileChain(profile, direction)), PROFILE_ACCEPTED]),
  rule([], act.drop(), 'Drop if no profiles matched', { by: 'no-profile', direction, endpoint }),
];
