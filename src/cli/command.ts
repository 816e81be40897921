/** A subcommand of `underlay`. */
import type { Arguments, CommandSpec } from './arguments.ts';

export interface CliCommand {
  /** `lab test`: the words that call it. */
  readonly name: string;
  readonly spec: CommandSpec;
  /** Resolves to the exit code: one of `EXIT`, or that of the command it ran for the user. */
  run(args: Arguments): Promise<number>;
}
