/** Every builtin and every command that the shell brings itself. */
import type { Command } from '../command.ts';
import type { Builtin } from '../interpreter/scope.ts';
import { CONTROL_BUILTINS } from './control.ts';
import { FILE_COMMANDS } from './files.ts';
import { LAUNCHERS } from './launch.ts';
import { STREAMING_COMMANDS } from './streaming.ts';
import { SYSTEM_COMMANDS } from './system.ts';
import { COUNTING_COMMANDS } from '../text/counting.ts';
import { NANO_COMMAND } from '../editor/nano/nano.ts';
import { VI_COMMANDS } from '../editor/vi/vi.ts';
import { DIFF_COMMAND } from '../text/diff.ts';
import { PAGER_COMMANDS } from '../pager/less.ts';
import { WATCH_COMMAND } from '../screen/watch.ts';
import { GREP_COMMANDS } from '../text/grep.ts';
import { TEXT_BUILTINS } from './text.ts';
import { VARIABLE_BUILTINS } from './variables.ts';

export function builtinTable(): ReadonlyMap<string, Builtin> {
  const all = [...TEXT_BUILTINS, ...VARIABLE_BUILTINS, ...CONTROL_BUILTINS, ...LAUNCHERS];
  return new Map(all.map((builtin) => [builtin.name, builtin]));
}

export function coreCommands(): readonly Command[] {
  return [
    ...FILE_COMMANDS,
    ...STREAMING_COMMANDS,
    ...SYSTEM_COMMANDS,
    ...GREP_COMMANDS,
    ...COUNTING_COMMANDS,
    DIFF_COMMAND,
    ...VI_COMMANDS,
    NANO_COMMAND,
    ...PAGER_COMMANDS,
    WATCH_COMMAND,
  ];
}
