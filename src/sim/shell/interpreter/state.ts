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

export interface ShellStart {
  readonly cwd: string;
  /** `$0` */
  readonly name: string;
  readonly interactive: boolean;
}

export class ShellState {
  readonly variables: Variables;
  readonly functions: Map<string, ShellFunction>;
  readonly aliases: Map<string, string>;
  readonly options: ShellOptions;
  /** `$1`, `$2`, ... */
  positional: readonly string[] = [];
  /** `$0` */
  name: string;
  cwd: string;
  status = 0;
  pipeStatus: readonly number[] = [0];
  /** Depth of `( )`, pipelines and substitutions: BASH_SUBSHELL. */
  subshell = 0;
  /** True at a prompt: errors end a line there, and a script elsewhere. */
  interactive: boolean;
  /** How many `<( )` stand open: their paths count down from /dev/fd/63. */
  substitutions = 0;
  /** The text that runs; the syntax tree's positions point into it. */
  text = '';
  /** In a script error messages name the line. */
  script = false;
  line = 1;

  constructor({ cwd, name, interactive }: ShellStart, parent?: ShellState) {
    this.cwd = cwd;
    this.name = name;
    this.interactive = interactive;
    this.variables = new Variables(parent?.variables);
    this.functions = new Map(parent?.functions);
    this.aliases = new Map(parent?.aliases);
    this.options = { ...(parent?.options ?? NO_OPTIONS) };
  }

  fork(): ShellState {
    const child = new ShellState({ cwd: this.cwd, name: this.name, interactive: false }, this);
    const { positional, status, pipeStatus, substitutions, text, script, line } = this;
    const subshell = this.subshell + 1;
    return Object.assign(child, {
      positional,
      status,
      pipeStatus,
      substitutions,
      text,
      script,
      line,
      subshell,
    });
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
