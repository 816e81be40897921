/** What running a piece of script needs to know, and how it can end. */
import type { ParsedScript } from 'unbash';
import type { Place } from '../../../model/place.ts';
import type { RoutingPort } from '../../routing/speaker-view.ts';
import {
  BrokenPipe,
  type AgentsPort,
  type ClockPort,
  type ClusterPort,
  type Command,
  type CommandIo,
  type NetworkPort,
  type Output,
  type ScreenDoor,
} from '../command.ts';
import type { FileSystem } from '../files.ts';
import type { Pace } from './pace.ts';
import type { ShellState } from './state.ts';
import type { Source } from './streams.ts';

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** An open file, pipe end or terminal. */
export interface Descriptor {
  readonly input?: Source;
  readonly output?: Output;
  /** Present on terminals; asked anew because windows change size. */
  readonly terminal?: () => WindowSize;
}

export type Descriptors = ReadonlyMap<number, Descriptor>;

export interface Ports {
  readonly cluster: ClusterPort;
  readonly network: NetworkPort;
  readonly routing: RoutingPort;
  readonly agents: AgentsPort;
  readonly clock: ClockPort;
  /** Runs `act`, and whatever it changes is put down to this command line at this place. */
  readonly sign?: <T>(argv: readonly string[], act: () => T) => T;
}

/** The machine a shell runs on: the same for all its subshells. */
export interface Host {
  readonly place: Place;
  readonly files: FileSystem;
  readonly ports: Ports;
  readonly pace: Pace;
  readonly builtins: ReadonlyMap<string, Builtin>;
  /** Undefined when this place has no such command. */
  command(name: string): Command | undefined;
  commandNames(): readonly string[];
  /** `/usr/bin/grep` */
  pathOf(name: string): string;
  /** A shell inside this one at the keyboard; undefined when `stdin` is not a terminal that can hold one. */
  interact(scope: Scope, stdin: Source): Promise<number> | undefined;
  /** The lines typed so far; builtins may clear them. */
  readonly history: string[];
  /** A command line here or at another place, for the command that stands behind `io`. */
  run(place: Place, argv: readonly string[], request: RunRequest): Promise<number>;
}

export type Streams = Parameters<CommandIo['run']>[2];

export interface RunRequest {
  readonly io: CommandIo;
  /** What replaces the caller's streams. A new stdout is no terminal unless a `tty` comes with it. */
  readonly streams: Streams;
  readonly scope: Scope;
}

export interface Scope {
  readonly host: Host;
  readonly state: ShellState;
  readonly fds: Descriptors;
  /** The controlling terminal, when somebody sits at one. */
  readonly screen?: ScreenDoor;
  readonly signal: AbortSignal;
  /** Under a condition or `!`, where `set -e` looks away. */
  readonly guarded: boolean;
  /** Functions and sourced files around. */
  readonly depth: number;
  /** Loops around, which `break` may leave. */
  readonly loops: number;
}

export type Leave =
  | { readonly kind: 'break' | 'continue'; readonly levels: number }
  | { readonly kind: 'return' }
  | { readonly kind: 'exit' }
  /** An expansion failed: a prompt gives up the line, a script ends. */
  | { readonly kind: 'abandon' };

export interface Completion {
  readonly code: number;
  /** Why what follows is not run. */
  readonly leave?: Leave;
}

export interface BuiltinCall {
  readonly name: string;
  readonly args: readonly string[];
  readonly scope: Scope;
  readonly stdin: Source;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly interpreter: Interpreter;
}

/** A command that is part of the shell, because it reads or changes the shell's own state. */
export interface Builtin {
  readonly name: string;
  /** As `help` lists it. */
  readonly synopsis: string;
  readonly summary: string;
  /** A program of its own on a real machine, though here it needs the shell: env, xargs, bash. */
  readonly external?: boolean;
  run(call: BuiltinCall): Promise<number | Completion> | number | Completion;
}

/** What builtins may ask of the interpreter. */
export interface Interpreter {
  runScript(script: ParsedScript, scope: Scope): Promise<Completion>;
  /** `origin` names the text in complaints about its syntax: `-c`, `eval`. */
  runSource(source: string, scope: Scope, origin?: string): Promise<Completion>;
  /** Functions are skipped unless wanted. */
  runArgv(
    argv: readonly string[],
    scope: Scope,
    options?: { readonly functions: boolean },
  ): Promise<Completion>;
}

/** Ctrl-C reached the shell. */
export class Interrupted extends Error {}

export function outputOf(fds: Descriptors, fd: number): Output {
  return fds.get(fd)?.output ?? CLOSED;
}

/** Writing to a closed descriptor fails; what would be said about it has nowhere to go either. */
const CLOSED: Output = { write: () => Promise.reject(new BrokenPipe()) };

export async function complain(scope: Scope, message: string): Promise<void> {
  await outputOf(scope.fds, 2).write(`${scope.state.label}: ${message}\n`);
}
