/**
 * JSON objects in a stream of bytes, as an engine tells of events and of progress: one chunk may hold many, or a part of one,
 * cut inside a character too; what stands between them does not matter.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

export class JsonPieces {
  /** Chunks of an object that is not whole yet. */
  #begun: Uint8Array[] = [];
  #depth = 0;
  #inText = false;
  #escaped = false;

  /** The objects that are whole with this chunk; throws `SyntaxError` for what is none. */
  push(chunk: Uint8Array): readonly unknown[] {
    const objects: unknown[] = [];
    let start = this.#depth > 0 ? 0 : -1;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#inText) this.#read(byte);
      else if (byte === QUOTE) this.#inText = this.#depth > 0;
      else if (byte === OPEN) {
        if (this.#depth === 0) start = at;
        this.#depth += 1;
      } else if (byte === CLOSE && this.#depth > 0) {
        this.#depth -= 1;
        if (this.#depth > 0) continue;
        objects.push(JSON.parse(Buffer.concat([...this.#begun, chunk.subarray(start, at + 1)]).toString()));
        this.#begun = [];
        start = -1;
      }
    }
    if (start >= 0) this.#begun.push(chunk.subarray(start));
    return objects;
  }

  #read(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inText = false;
  }
}
