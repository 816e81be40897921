/**
 * What a check says of the cluster: what was expected, what was observed, why it matters and where to read on.
 * `error` is neither pass nor fail: the engine could not answer, and that never reads as a wrong answer.
 */
export const CHECK_KINDS = [
  'ippool',
  'object',
  'reach',
  'route',
  'bgp',
  'ipam',
  'command',
  'script',
] as const;

export type CheckKind = (typeof CHECK_KINDS)[number];

export interface Verdict {
  readonly kind: CheckKind;
  /** The check in one line, as a person would say it: `pod/client reaches pod/far on port 80`. */
  readonly title: string;
  readonly outcome: 'pass' | 'fail' | 'error';
  readonly expected: string;
  readonly observed: string;
  /** One or two sentences: why the observation is what it is. */
  readonly why: string;
  /** A lesson section or reference page: `first-overlay#what-crosses-the-wire`. */
  readonly readOn?: string;
}

export interface StepVerdict {
  readonly step: string;
  readonly passed: boolean;
  readonly verdicts: readonly Verdict[];
}
