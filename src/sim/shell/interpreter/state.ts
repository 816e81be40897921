/** The state of one shell process. A subshell starts with a copy, so that what it changes ends with it, as after fork(2). */
import type { CompoundCommand, CompoundList, Redirected } from 'unbash';
import { Variables } from './variables.ts';

export interface ShellFunction {
  readonly body: CompoundCommand | Redirected | CompoundList;
  /** As it was typed, for `type`. */
  readonly source: string;
}

export interface ShellOptions {
  errexit: boolean;
  nounset: boolean;
  xtrace: boolean;
  noglob: boolean;
  pipefail: boolean;
}

export class ShellState {
  readonly variables: Variables;
  readonly functions: Map<string, ShellFunction>;
  readonly aliases: Map<string, string>;
  readonly options: ShellOptions;
  /** `$1`, `$2`, ... */
  positional: readonly string[];
  /** `$0` */
  name: string;
  cwd: string;
  status = 0;
  pipeStatus: readonly number[] = [0];
  /** Depth of `( )`, pipelines and substitutions: BASH_SUBSHELL. */
  subshell: number;
  /** True at a prompt: errors end a line there, and a script elsewhere. */
  interactive: boolean;
  /** How many `<( )` stand open: their paths count down from /dev/fd/63. */
  substitutions: number;
  /** The text that runs; the syntax tree's positions point into it. */
  text: string;
  /** In a script error messages name the line. */
  script: boolean;
  line = 1;

  constructor(
    from: { readonly cwd: string; readonly name: string; readonly interactive: boolean } | ShellState,
  ) {
    const parent = from instanceof ShellState ? from : undefined;
    this.variables = new Variables(parent?.variables);
    this.functions = new Map(parent?.functions);
    this.aliases = new Map(parent?.aliases);
    this.options = parent === undefined ? { ...NO_OPTIONS } : { ...parent.options };
    this.positional = parent?.positional ?? [];
    this.name = from.name;
    this.cwd = from.cwd;
    this.status = parent?.status ?? 0;
    this.pipeStatus = parent?.pipeStatus ?? [0];
    this.subshell = parent === undefined ? 0 : parent.subshell + 1;
    this.interactive = parent === undefined ? from.interactive : false;
    this.substitutions = parent?.substitutions ?? 0;
    this.text = parent?.text ?? '';
    this.script = parent?.script ?? false;
    this.line = parent?.line ?? 1;
  }

  fork(): ShellState {
    return new ShellState(this);
  }

  /** What bash puts before its messages: its name, and the line in a script. */
  get label(): string {
    return this.script ? `${this.name}: line ${this.line}` : 'bash';
  }

  /** `$-` */
  get flags(): string {
    const { errexit, noglob, nounset, xtrace } = this.options;
    return `${errexit ? 'e' : ''}${noglob ? 'f' : ''}h${this.interactive ? 'im' : ''}${nounset ? 'u' : ''}${xtrace ? 'x' : ''}B${this.interactive ? 'H' : ''}`;
  }
}

const NO_OPTIONS: ShellOptions = {
  errexit: false,
  nounset: false,
  xtrace: false,
  noglob: false,
  pipefail: false,
};
