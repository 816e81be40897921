/**
 * One WebSocket as several streams, by the channel byte in front of each frame.
 * Source: k8s.io/apimachinery pkg/util/remotecommand/constants.go (StreamProtocolV5Name), 1.35.
 */
import type { WebSocket } from 'ws';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { TerminalSize } from '../../lab/ports.ts';

/** Newest first. */
export const CHANNELS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

const STDIN = 0;
const STATUS = 3;
const RESIZE = 4;
const CLOSE = 255;

export const STDOUT = 1;
export const STDERR = 2;

const NORMAL = 1000;
/** Larger than any screen: what comes in is not trusted as a size. */
const MOST_CELLS = 10_000;

export interface ChannelEvents {
  /** Before input is handled: virtual time comes up to the wall clock. */
  catchUp(): void;
}

export class ChannelSocket {
  readonly #socket: WebSocket;
  readonly #gone = new AbortController();
  readonly #input: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => undefined;
  #size: TerminalSize = { columns: 80, rows: 24 };

  /** What came on standard input so far is read with `read`, or handed on here as it comes. */
  onInput: ((bytes: Uint8Array) => void) | undefined;
  onResize: ((size: TerminalSize) => void) | undefined;

  constructor(socket: WebSocket, { catchUp }: ChannelEvents) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      catchUp();
      this.#receive(data);
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#gone.abort(new Error('the client has gone'));
      this.#wake();
    });
  }

  /** Aborts when the client is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  get size(): TerminalSize {
    return this.#size;
  }

  /** The next bytes of standard input; undefined at its end. */
  async read(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const next = this.#input.shift();
      if (next || this.#ended) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Resolves when the bytes are on their way: a slow client holds the command back. */
  write(channel: typeof STDOUT | typeof STDERR, bytes: Uint8Array): Promise<void> {
    return this.#send(channel, bytes);
  }

  /** The final word of a command, a metav1.Status; then the socket closes. */
  async finish(status: JsonObject): Promise<void> {
    await this.#send(STATUS, Buffer.from(JSON.stringify(status)));
    this.#socket.close(NORMAL);
  }

  #send(channel: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) =>
      this.#socket.send(Buffer.concat([Buffer.of(channel), bytes]), () => resolve()),
    );
  }

  #receive(data: Buffer): void {
    const [channel, first] = data;
    const bytes = new Uint8Array(data.subarray(1));
    if (channel === STDIN && bytes.length > 0) {
      if (this.onInput) this.onInput(bytes);
      else this.#input.push(bytes);
    } else if (channel === CLOSE && first === STDIN) this.#ended = true;
    else if (channel === RESIZE) this.#resize(data.subarray(1).toString('utf8'));
    this.#wake();
  }

  #resize(text: string): void {
    const size = parsed(text);
    const cells = (value: unknown): number =>
      typeof value === 'number' && value > 0 ? Math.min(Math.floor(value), MOST_CELLS) : 0;
    const [columns, rows] = [cells(size?.['Width']), cells(size?.['Height'])];
    if (columns === 0 || rows === 0) return;
    this.#size = { columns, rows };
    this.onResize?.(this.#size);
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
