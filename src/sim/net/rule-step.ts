/**
 * The step of a trace that tells of a rule's match. Printing a rule takes longer than a packet takes to meet it, and Felix's
 * rules carry hashes of all rules before them: the text is made when somebody first reads it, and is always the same.
 */
import type { NetnsId, Step } from '../../model/trace.ts';
import type { ProgramChain, ProgramRule } from './netfilter-program.ts';
import type { RuleVerdict } from './netfilter-plan.ts';

export type RuleMatch = Extract<Step, { readonly kind: 'rule' }>;

export class RuleStep implements RuleMatch {
  readonly kind = 'rule';
  readonly at: NetnsId;
  readonly table: string;
  readonly chain: string;
  declare readonly rule: string;
  readonly verdict: RuleVerdict;
  declare readonly decision?: NonNullable<RuleMatch['decision']>;
  readonly #matched: ProgramRule;

  /** An own property, which copies and clones take along. */
  static readonly #TEXT = {
    enumerable: true,
    get(this: RuleStep): string {
      return this.#matched.text;
    },
  };

  constructor(at: NetnsId, chain: ProgramChain, matched: ProgramRule, verdict: RuleVerdict) {
    this.at = at;
    this.table = chain.table;
    this.chain = chain.name;
    this.#matched = matched;
    Object.defineProperty(this, 'rule', RuleStep.#TEXT);
    this.verdict = verdict;
    const { decision } = matched.rule;
    if (decision) this.decision = decision;
  }
}
