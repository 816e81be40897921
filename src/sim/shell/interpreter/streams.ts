/**
 * The byte streams of the shell: what a descriptor reads from or writes to. `Source` adds to the command interface's
 * `Input` what `read` needs, a line at a time with the rest left for the next reader, as descriptors shared by several
 * commands behave.
 */
import { concatBytes, utf8, utf8Text } from '../../../base/bytes.ts';
import { BrokenPipe, type Input, type Output } from '../command.ts';
import type { Pace } from './pace.ts';

export interface Line {
  /** Without the newline. */
  readonly text: string;
  /** False when the input ended before a newline. */
  readonly terminated: boolean;
}

const NEWLINE = 0x0a;

export class Source implements Input {
  readonly isTerminal: boolean;
  /** The input this one was made from: terminals recognise their own. */
  readonly origin: Input;
  #left: Uint8Array | undefined;

  private constructor(origin: Input) {
    this.origin = origin;
    this.isTerminal = origin.isTerminal;
  }

  static of(input: Input): Source {
    return input instanceof Source ? input : new Source(input);
  }

  async read(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const left = this.#left;
    this.#left = undefined;
    return left ?? (await this.origin.read(signal));
  }

  async text(): Promise<string> {
    return utf8Text(await this.bytes());
  }

  async bytes(signal?: AbortSignal): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let part = await this.read(signal); part !== undefined; part = await this.read(signal))
      parts.push(part);
    return concatBytes(parts);
  }

  /** The next line; undefined at end of file. */
  async line(signal?: AbortSignal): Promise<Line | undefined> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = await this.read(signal);
      if (part === undefined) {
        return parts.length === 0 ? undefined : { text: utf8Text(concatBytes(parts)), terminated: false };
      }
      const at = part.indexOf(NEWLINE);
      parts.push(at < 0 ? part : part.subarray(0, at));
      if (at < 0) continue;
      if (at + 1 < part.length) this.#left = part.subarray(at + 1);
      return { text: utf8Text(concatBytes(parts)), terminated: true };
    }
  }
}

/** Reads given bytes once. */
export function bytesInput(bytes: Uint8Array): Input {
  let left: Uint8Array | undefined = bytes.length === 0 ? undefined : bytes;
  const read = (): Promise<Uint8Array | undefined> => {
    const now = left;
    left = undefined;
    return Promise.resolve(now);
  };
  return { isTerminal: false, read, text: async () => utf8Text((await read()) ?? new Uint8Array()) };
}

export function textInput(text: string): Input {
  return bytesInput(utf8(text));
}

/** `/dev/null`, and the standard input of a command that was given none. */
export const EMPTY_INPUT: Input = {
  isTerminal: false,
  read: () => Promise.resolve(undefined),
  text: () => Promise.resolve(''),
};

export function nullOutput(pace: Pace): Output {
  return { write: () => pace.step() };
}

/** Keeps what is written, up to a limit that no honest command of a lab reaches. */
export class Capture implements Output {
  static readonly LIMIT = 1 << 25;
  readonly #pace: Pace | undefined;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(pace?: Pace) {
    this.#pace = pace;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? utf8(data) : data.slice();
    this.#size += bytes.length;
    if (this.#size > Capture.LIMIT) throw new BrokenPipe();
    this.#parts.push(bytes);
    await this.#pace?.step();
  }

  get bytes(): Uint8Array {
    if (this.#parts.length > 1) this.#parts = [concatBytes(this.#parts)];
    return this.#parts[0] ?? new Uint8Array();
  }

  get text(): string {
    return utf8Text(this.bytes);
  }
}
