/**
 * The two outputs of a program without a terminal, which an engine sends on one stream: each piece behind eight bytes that say
 * which one it is of, and its length (moby api/swagger.yaml, ContainerAttach). Bytes are handed on as they come.
 */
export type OutputName = 'stdout' | 'stderr';

const HEADER = 8;
const STDERR = 2;

export class Demultiplexer {
  readonly #header = Buffer.alloc(HEADER);
  readonly #onOutput: (bytes: Uint8Array, stream: OutputName) => void;
  #headerLength = 0;
  /** Bytes that are still to come of the piece at hand. */
  #left = 0;
  #stream: OutputName = 'stdout';

  constructor(onOutput: (bytes: Uint8Array, stream: OutputName) => void) {
    this.#onOutput = onOutput;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const piece = chunk.subarray(at, at + this.#left);
        this.#left -= piece.length;
        at += piece.length;
        this.#onOutput(piece, this.#stream);
      } else {
        const part = chunk.subarray(at, at + HEADER - this.#headerLength);
        this.#header.set(part, this.#headerLength);
        this.#headerLength += part.length;
        at += part.length;
        if (this.#headerLength === HEADER) this.#begin();
      }
    }
  }

  #begin(): void {
    this.#headerLength = 0;
    this.#stream = this.#header[0] === STDERR ? 'stderr' : 'stdout';
    this.#left = this.#header.readUInt32BE(4);
  }
}
