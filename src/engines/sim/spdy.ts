/**
 * The server's side of SPDY/3.1, as much as port-forward needs: streams that a client opens with headers, bytes both ways, and
 * their ends. Priorities, settings and flow control are left out, as spdystream, the other end, leaves them out.
 * Source: SPDY Protocol - Draft 3.1 (frames, dictionary); github.com/moby/spdystream.
 */
import { constants, createInflate, type Inflate } from 'node:zlib';

export interface SpdyStream {
  readonly headers: ReadonlyMap<string, string>;
  /** Called with what the client writes; undefined when it has closed its half. */
  onData: ((bytes: Buffer | undefined) => void) | undefined;
  write(bytes: Uint8Array): void;
  /** Ends this half. */
  end(): void;
}

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const FIN = 1;
const HEADER = 8;
const CONTROL = 0x8003;
/** A data frame is no larger; what is longer is cut. */
const MOST_DATA = 32 * 1024;

interface Open extends SpdyStream {
  readonly id: number;
}

export class SpdyServer {
  readonly #send: (bytes: Buffer) => void;
  readonly #accept: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, Open>();
  readonly #inflate: Inflate = createInflate({
    dictionary: dictionary(),
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  #inflated: Buffer[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #replied = false;
  /** Header blocks are one compressed stream: frames are taken one after another. */
  #turn: Promise<void> = Promise.resolve();

  constructor(send: (bytes: Buffer) => void, accept: (stream: SpdyStream) => void) {
    this.#send = send;
    this.#accept = accept;
    this.#inflate.on('data', (bytes: Buffer) => this.#inflated.push(bytes));
    this.#inflate.on('error', () => undefined);
  }

  /** Bytes as they come, in pieces of any size. Rejects when they are no SPDY. */
  receive(bytes: Buffer): Promise<void> {
    this.#turn = this.#turn.then(() => this.#take(bytes));
    return this.#turn;
  }

  close(): void {
    this.#inflate.destroy();
    for (const stream of this.#streams.values()) stream.onData?.(undefined);
    this.#streams.clear();
  }

  async #take(bytes: Buffer): Promise<void> {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length >= HEADER) {
      const end = HEADER + this.#pending.readUIntBE(5, 3);
      if (this.#pending.length < end) return;
      const frame = this.#pending.subarray(0, end);
      this.#pending = this.#pending.subarray(end);
      if (frame.readUInt16BE(0) === CONTROL) await this.#control(frame);
      else if (frame.readUInt8(0) < 0x80) this.#data(frame);
      else throw new Error('not SPDY/3');
    }
  }

  #data(frame: Buffer): void {
    const stream = this.#streams.get(frame.readUInt32BE(0));
    if (!stream) return;
    if (frame.length > HEADER) stream.onData?.(frame.subarray(HEADER));
    if (frame.readUInt8(4) & FIN) stream.onData?.(undefined);
  }

  async #control(frame: Buffer): Promise<void> {
    switch (frame.readUInt16BE(2)) {
      case SYN_STREAM:
        await this.#open(frame);
        return;
      case RST_STREAM:
        this.#streams.get(frame.readUInt32BE(HEADER))?.onData?.(undefined);
        this.#streams.delete(frame.readUInt32BE(HEADER));
        return;
      case PING:
        this.#send(Buffer.from(frame));
        return;
      default:
    }
  }

  async #open(frame: Buffer): Promise<void> {
    const id = frame.readUInt32BE(HEADER);
    const headers = headersOf(await this.#inflateBlock(frame.subarray(HEADER + 10)));
    const stream: Open = {
      id,
      headers,
      onData: undefined,
      write: (bytes) => {
        for (let at = 0; at < bytes.length; at += MOST_DATA)
          this.#write(id, bytes.subarray(at, at + MOST_DATA), 0);
      },
      end: () => this.#write(id, new Uint8Array(), FIN),
    };
    this.#streams.set(id, stream);
    this.#send(this.#reply(id));
    this.#accept(stream);
    if (frame.readUInt8(4) & FIN) stream.onData?.(undefined);
  }

  #inflateBlock(block: Buffer): Promise<Buffer> {
    this.#inflated = [];
    return new Promise((resolve, reject) => {
      this.#inflate.write(block, (cause) => {
        if (cause) reject(cause);
        else resolve(Buffer.concat(this.#inflated));
      });
    });
  }

  #write(id: number, bytes: Uint8Array, flags: number): void {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32BE(id, 0);
    header.writeUInt8(flags, 4);
    header.writeUIntBE(bytes.length, 5, 3);
    this.#send(Buffer.concat([header, bytes]));
  }

  /**
   * Accepts a stream with no headers: a stored block of the compressed stream, which begins with the first reply, and an
   * empty one, which makes the reader hand over what it has.
   */
  #reply(id: number): Buffer {
    const none = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    const block = this.#replied ? none : Buffer.concat([Buffer.from([0x78, 0x01]), none]);
    this.#replied = true;
    const frame = Buffer.alloc(HEADER + 4);
    frame.writeUInt16BE(CONTROL, 0);
    frame.writeUInt16BE(SYN_REPLY, 2);
    frame.writeUIntBE(4 + block.length, 5, 3);
    frame.writeUInt32BE(id, HEADER);
    return Buffer.concat([frame, block]);
  }
}

/** Names and values, each with its length in front. */
function headersOf(block: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const number = (): number => {
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    at += length;
    return block.toString('utf8', at - length, at);
  };
  for (let left = number(); left > 0; left -= 1) {
    const name = text();
    headers.set(name, text());
  }
  return headers;
}

const WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status';
const PHRASES = ['200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin'];
const REST =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

/** The dictionary that both ends begin with; its Adler-32 is e3c6a7c2. */
function dictionary(): Buffer {
  const entries = [...WORDS.split(' '), ...PHRASES].map((word) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(word.length);
    return Buffer.concat([length, Buffer.from(word)]);
  });
  return Buffer.concat([...entries, Buffer.from(REST)]);
}
