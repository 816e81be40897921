/** Ties word expansion to the interpreter: what `$( )` and `<( )` run, and where their output goes. */
import type { ParsedScript, Redirect } from 'unbash';
import { inSubshell, runScript } from './execute.ts';
import { expandText, type Expansion } from './expand.ts';
import { MAX_TEXT, ShellError } from './parameter.ts';
import { resolvePath } from './paths.ts';
import { complain, type Descriptor, type Scope } from './scope.ts';
import { Capture } from './streams.ts';
import { utf8Text } from '../../../base/bytes.ts';

export function expansionOf(scope: Scope): Expansion {
  const { state, host } = scope;
  const expansion: Expansion = {
    state,
    files: host.files,
    async substitute(script) {
      const file = fileShortcut(script);
      const text =
        file === undefined ? await captured(script, scope) : await contents(file, expansion, scope);
      if (text.length > MAX_TEXT) throw new ShellError('command substitution: cannot allocate memory', 2);
      return text.replaceAll('\0', '').replace(/\n+$/, '');
    },
    async substitutePath(script) {
      const path = `/dev/fd/${63 - state.substitutions}`;
      state.substitutions += 1;
      const problem = host.files.write(path, new TextEncoder().encode(await captured(script, scope)));
      if (problem !== undefined) throw new ShellError(`${path}: ${problem}`);
      return path;
    },
  };
  return expansion;
}

/** Forgets the files behind `<( )` once their command has ended. */
export function closeSubstitutions({ state, host }: Scope, before: number): void {
  while (state.substitutions > before) {
    state.substitutions -= 1;
    host.files.remove(`/dev/fd/${63 - state.substitutions}`);
  }
}

async function captured(script: ParsedScript, scope: Scope): Promise<string> {
  const capture = new Capture(scope.host.pace);
  const fds = new Map<number, Descriptor>(scope.fds).set(1, { output: capture });
  const text = scope.state.text;
  scope.state.status = await inSubshell({ ...scope, fds }, (inner) => {
    inner.state.text = script.source ?? text;
    return runScript(script, inner);
  });
  return capture.text;
}

/** `$(< file)` */
function fileShortcut(script: ParsedScript): Redirect | undefined {
  const [only, second] = script.commands;
  if (only?.command.type !== 'Command' || second !== undefined) return undefined;
  const { name, prefix, suffix } = only.command;
  const [redirect, another] = [...prefix, ...suffix];
  if (name !== undefined || another !== undefined || redirect?.type !== 'Redirect') return undefined;
  return redirect.operator === '<' ? redirect : undefined;
}

async function contents(redirect: Redirect, on: Expansion, scope: Scope): Promise<string> {
  const word = redirect.target === undefined ? '' : await expandText(redirect.target, on);
  const bytes = on.files.read(resolvePath(on.state.cwd, word));
  if (bytes !== undefined) return utf8Text(bytes);
  await complain(scope, `${word}: No such file or directory`);
  scope.state.status = 1;
  return '';
}
