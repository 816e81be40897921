/**
 * One invocation of one kubectl command: what was typed, the cluster it talks to, and the streams it prints on.
 */
import type { CommandIo, CompletionIo } from '../command.ts';
import type { Api } from './api-client.ts';
import type { Flags, FlagSpec } from './flags.ts';

export interface Call {
  readonly io: CommandIo;
  readonly flags: Flags;
  readonly args: readonly string[];
  /** How many arguments stood before `--`; undefined without one. */
  readonly argsBeforeDashes?: number;
  readonly api: Api;
  /** Of -n, else of the current context, else `default`. */
  readonly namespace: string;
  /** True when -n was given. */
  readonly namespaceGiven: boolean;
  out(text: string): Promise<void>;
  err(text: string): Promise<void>;
}

/** What completion may know. */
export interface CompletionCall {
  readonly io: CompletionIo;
  readonly api: Api;
  readonly namespace: string;
  /** The arguments before the word to complete, without flags. */
  readonly args: readonly string[];
  readonly word: string;
}

/** A command as data: its help and its flags are read from here, so neither can promise what the other lacks. */
export interface Verb {
  /** e.g. `rollout status`. */
  readonly path: string;
  readonly summary: string;
  /** The paragraph above Usage, in our words. */
  readonly about: string;
  /** After `kubectl `: the real tool's usage line without `[options]`. */
  readonly usage: string;
  readonly examples: readonly string[];
  readonly flags: readonly FlagSpec[];
  /** How its behaviour is known: compared with the real tool's output, or read from its source only. */
  readonly provenance: 'compared' | 'source';
  run(call: Call): Promise<number>;
  complete?(call: CompletionCall): readonly string[];
}

/** Milliseconds since 1970 in the lab. */
export function wallClock(io: CompletionIo): number {
  return io.clock.epoch + io.clock.now();
}
