/** What a command says on stderr when it gives up, and the exit code it leaves with: an expected outcome, so a value. */
import { err, type Result } from '../../../base/result.ts';

export interface Complaint {
  readonly status: number;
  /** Whole lines, without the last newline. */
  readonly message: string;
}

export type Parsed<T> = Result<T, Complaint>;

export function complain(status: number, message: string): Result<never, Complaint> {
  return err({ status, message });
}
