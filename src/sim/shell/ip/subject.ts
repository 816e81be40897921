/** What every subcommand of `ip` works on, and how it changes the stack. */
import { ok } from '../../../base/result.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import type { LinkChange } from '../../net/link-change.ts';
import type { CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import type { Here } from '../network/here.ts';
import { mayAdministrate } from '../network/privilege.ts';
import type { IpOptions } from './options.ts';

export interface Subject {
  readonly io: CommandIo;
  readonly here: Here;
  readonly options: IpOptions;
  /** Says something on stderr without giving up. */
  warn(text: string): void;
  /** Changes the stack; the kernel's refusal becomes a complaint with `status`. */
  edit(edit: NetnsEdit, status: number): Parsed<string>;
  /** Makes, moves or removes devices, which may concern other stacks too. */
  links(change: LinkChange): Parsed<string>;
}

/** A subcommand; only one that runs another command takes time. */
export type Run = (subject: Subject, words: readonly string[]) => Parsed<string> | Promise<Parsed<string>>;

export function linksThrough(io: CommandIo, here: Here): Subject['links'] {
  return (change) => {
    if (!mayAdministrate(io)) return NOT_PERMITTED;
    const done = io.network.changeLinks(here.id, change);
    return done.ok ? ok('') : complain(2, done.message);
  };
}

const NOT_PERMITTED = complain(2, 'RTNETLINK answers: Operation not permitted');

export function editThrough(io: CommandIo, here: Here): Subject['edit'] {
  return (edit, status) => {
    if (!mayAdministrate(io)) return NOT_PERMITTED;
    const done = io.network.edit(here.id, edit);
    return done.ok ? ok('') : complain(status, done.message);
  };
}
