/**
 * A pipe between two stages that run at the same time: bounded, as the kernel's is (pipe(7): 64 KiB), so that a writer waits
 * for its reader, and a writer without a reader gets `BrokenPipe`, as SIGPIPE would tell it.
 */
import { concatBytes, utf8, utf8Text } from '../../../base/bytes.ts';
import { BrokenPipe, type Input, type Output } from '../command.ts';
import type { Pace } from './pace.ts';

const CAPACITY = 65536;

export class Pipe {
  readonly #pace: Pace;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #writerGone = false;
  #readerGone = false;
  /** Woken whenever anything above changes. */
  #waiting: (() => void)[] = [];

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  readonly input: Input = {
    isTerminal: false,
    read: (signal) => this.#read(signal),
    text: () => this.#text(),
  };

  readonly output: Output = { write: (data) => this.#write(data) };

  /** No more will be written. */
  closeWriter(): void {
    this.#writerGone = true;
    this.#wake();
  }

  /** Nobody reads any more. */
  closeReader(): void {
    this.#readerGone = true;
    this.#chunks = [];
    this.#wake();
  }

  async #write(data: string | Uint8Array): Promise<void> {
    await this.#pace.step();
    if (this.#readerGone) throw new BrokenPipe();
    const bytes = typeof data === 'string' ? utf8(data) : data.slice();
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    this.#wake();
    while (this.#size > CAPACITY && !this.#gone()) await this.#change();
    if (this.#size > CAPACITY) throw new BrokenPipe();
  }

  #gone(): boolean {
    return this.#readerGone;
  }

  async #read(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    await this.#pace.step(signal);
    while (this.#chunks.length === 0 && !this.#writerGone) await this.#change(signal);
    if (this.#chunks.length === 0) return undefined;
    const all = concatBytes(this.#chunks);
    this.#chunks = [];
    this.#size = 0;
    this.#wake();
    return all;
  }

  async #text(): Promise<string> {
    const parts: Uint8Array[] = [];
    for (let part = await this.#read(); part !== undefined; part = await this.#read()) parts.push(part);
    return utf8Text(concatBytes(parts));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal?.reason);
      };
      this.#waiting.push(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
