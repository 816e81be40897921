/**
 * An endpoint's tiers with their policies in groups: neighbours with the same selector always apply together, and a group of
 * more than one gets a chain of its own that endpoints share.
 * Source: felix/rules/endpoints.go PolicyGroup, felix/dataplane/linux/endpoint_mgr.go groupPolicies, Calico v3.32.1.
 */
import { sha3_224 } from '@noble/hashes/sha3.js';
import { utf8 } from '../../../../../base/bytes.ts';
import type { PolicyDirection } from '../../../../../model/policy-decision.ts';
import { base64url } from '../../base64url.ts';
import { isStaged, policyKey, type Policy, type PolicyId, type TierInfo } from '../../policy/active.ts';
import { act, felixChain, on, rule, type FelixChain, type FelixRule } from './felix-rule.ts';
import { policyChain } from './policy.ts';
import { MARK } from './sets.ts';

export interface PolicyGroup {
  readonly direction: PolicyDirection;
  readonly selector: string;
  readonly policies: readonly PolicyId[];
}

/** A tier in one direction. */
export interface TierGroups {
  readonly name: string;
  readonly defaultAction: TierInfo['defaultAction'];
  readonly groups: readonly PolicyGroup[];
}

export function tierGroups(
  tiers: readonly TierInfo[],
  direction: PolicyDirection,
  policies: ReadonlyMap<string, Policy>,
): readonly TierGroups[] {
  return tiers.map((tier) => ({
    name: tier.name,
    defaultAction: tier.defaultAction,
    groups: grouped(
      direction === 'ingress' ? tier.ingressPolicies : tier.egressPolicies,
      direction,
      policies,
    ),
  }));
}

function grouped(
  ids: readonly PolicyId[],
  direction: PolicyDirection,
  policies: ReadonlyMap<string, Policy>,
): readonly PolicyGroup[] {
  const groups: { direction: PolicyDirection; selector: string; policies: PolicyId[] }[] = [];
  for (const id of ids) {
    const selector = policies.get(policyKey(id))?.originalSelector ?? '';
    const last = groups.at(-1);
    if (last?.selector === selector) last.policies.push(id);
    else groups.push({ direction, selector, policies: [id] });
  }
  return groups;
}

export const enforced = ({ policies }: PolicyGroup): readonly PolicyId[] =>
  policies.filter((id) => !isStaged(id));

/** Chains the endpoint jumps to: the policies themselves while there are fewer than two, else the group's. */
export function groupTargets(group: PolicyGroup): readonly string[] {
  const own = enforced(group);
  return own.length > 1 ? [groupChainName(group)] : own.map((id) => policyChain(id, group.direction));
}

const GROUP_PREFIX: Readonly<Record<PolicyDirection, string>> = {
  ingress: 'cali-gi-',
  egress: 'cali-go-',
};
const DIRECTION_WORD: Readonly<Record<PolicyDirection, string>> = { ingress: 'inbound', egress: 'outbound' };
const GROUP_ID_LENGTH = 20;

function groupChainName({ direction, selector, policies }: PolicyGroup): string {
  const lines = [
    selector,
    DIRECTION_WORD[direction],
    String(policies.length),
    ...policies.map(({ kind, namespace, name }) => `{Name: ${name}, Namespace: ${namespace}, Kind: ${kind}}`),
  ];
  const id = base64url(sha3_224(utf8(lines.map((line) => `${line}\n`).join(''))));
  return `${GROUP_PREFIX[direction]}${id.slice(0, GROUP_ID_LENGTH)}`;
}

/** After so many jumps the group looks whether a policy has decided. */
const RETURN_STRIDE = 5;

/** The chain of a group that has one. */
export function groupChains(group: PolicyGroup): readonly FelixChain[] {
  const own = enforced(group);
  if (own.length < 2) return [];
  const decided = MARK.pass | MARK.accept;
  const rules = own.flatMap((id, at): readonly FelixRule[] => {
    const startsBlock = at % RETURN_STRIDE === 0;
    const look =
      startsBlock && at > 0 ? [rule([on.markNotClear(decided)], act.return(), 'Return on verdict')] : [];
    const undecided = startsBlock ? [] : [on.markClear(decided)];
    return [...look, rule(undecided, act.jump(policyChain(id, group.direction)))];
  });
  return [felixChain(groupChainName(group), rules)];
}
