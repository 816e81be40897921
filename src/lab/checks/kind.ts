/**
 * What a kind of check is: the shape it has in a lab file, how a person would say it, and how it asks the cluster.
 * A kind asks through `Probe` alone, so that no check can tell which engine answers.
 */
import type { Result } from '../../base/result.ts';
import type { LabError, Probe } from '../ports.ts';
import type { CheckKind, Verdict } from '../verdict.ts';

/** What a check found; the runner adds title, kind and outcome. */
export interface Finding {
  readonly passed: boolean;
  readonly expected: string;
  readonly observed: string;
  readonly why: string;
}

export interface CheckDefinition<T> {
  readonly kind: CheckKind;
  title(check: T): string;
  evaluate(check: T, probe: Probe, signal: AbortSignal): Promise<Result<Finding, LabError>>;
}

/** Keys every check may carry besides its own. */
export interface Remarks {
  readonly why?: string | undefined;
  readonly readOn?: string | undefined;
}

export async function judge<T extends Remarks>(
  definition: CheckDefinition<T>,
  check: T,
  probe: Probe,
  signal: AbortSignal,
): Promise<Verdict> {
  const title = definition.title(check);
  const found = await definition.evaluate(check, probe, signal);
  const rest = check.readOn === undefined ? {} : { readOn: check.readOn };
  if (!found.ok) {
    return {
      kind: definition.kind,
      title,
      outcome: 'error',
      expected: title,
      observed: found.error.message,
      why: `The lab could not answer, which says nothing about your work. ${found.error.remedy}`,
      ...rest,
    };
  }
  const { passed, expected, observed } = found.value;
  const outcome = passed ? 'pass' : 'fail';
  return {
    kind: definition.kind,
    title,
    outcome,
    expected,
    observed,
    why: reasons(found.value, check.why),
    ...rest,
  };
}

/** The lab's own explanation, behind what was found wrong in this very case. */
function reasons({ passed, why }: Finding, remark: string | undefined): string {
  if (remark === undefined) return why;
  return passed || why === remark ? remark : `${why} ${remark}`;
}
