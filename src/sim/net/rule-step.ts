/**
 * The step of a trace that tells of a rule's match. Printing a rule takes longer than a packet takes to meet it, and Felix's
 * rules carry hashes of all rules before them: the text is made when somebody first reads it, and is always the same.
 */
import type { NetnsId, Step } from '../../model/trace.ts';
import { lateField } from '../core/late-field.ts';
import type { ProgramChain, ProgramRule } from './netfilter-program.ts';
import type { RuleVerdict } from './netfilter-plan.ts';

export type RuleMatch = Extract<Step, { readonly kind: 'rule' }>;

export interface Matched {
  readonly chain: ProgramChain;
  readonly rule: ProgramRule;
  readonly verdict: RuleVerdict;
}

const withText = lateField('rule', (rule: ProgramRule) => rule.text);

/** A plain value, as all steps are: copies and clones take the text along. */
export function ruleStep(at: NetnsId, { chain, rule, verdict }: Matched): RuleMatch {
  const { decision } = rule.rule;
  const step = { kind: 'rule', at, table: chain.table, chain: chain.name, verdict } as const;
  return withText(decision ? { ...step, decision } : step, rule);
}
