/** What every subcommand of `ip` works on, and how it changes the stack. */
import { ok } from '../../../base/result.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import type { CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import type { Here } from '../network/here.ts';
import type { IpOptions } from './options.ts';

export interface Subject {
  readonly io: CommandIo;
  readonly here: Here;
  readonly options: IpOptions;
  /** Says something on stderr without giving up. */
  warn(text: string): void;
  /** Changes the stack; the kernel's refusal becomes a complaint with `status`. */
  edit(edit: NetnsEdit, status: number): Parsed<string>;
}

export function editThrough(io: CommandIo, here: Here): Subject['edit'] {
  return (edit, status) => {
    const done = io.network.edit(here.id, edit);
    return done.ok ? ok('') : complain(status, done.message);
  };
}
