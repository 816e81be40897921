/** Captures without a terminal: the place's own tcpdump writes them, so that device, filter and file are as in life. */
import { concatBytes, utf8 } from '../../base/bytes.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { CaptureGroup, CaptureId, CaptureWish, LabError, Recording } from '../../lab/ports.ts';
import { formatPlace } from '../../model/place.ts';
import type { Output } from '../../sim/index.ts';
import { captureRefused, noSuchCapture, noSuchPlace, TOO_MANY_CAPTURES } from './errors.ts';
import type { Places } from './places.ts';

/** Packets of one recording. */
const MOST_PACKETS = 50_000;
/** Recordings that run at a time. */
const MOST_CAPTURES = 16;

/** What tcpdump says when it has begun. */
const BEGUN = 'listening on ';
const COUNT = /^(\d+) packets? captured$/m;

interface Running {
  readonly control: AbortController;
  readonly ended: Promise<number>;
  readonly said: Said;
  readonly file: Said;
}

export class SessionCapture implements CaptureGroup {
  readonly #places: Places;
  readonly #running = new Map<CaptureId, Running>();
  #nextId = 1;

  constructor(places: Places) {
    this.#places = places;
  }

  async start({ place, device, filter = '' }: CaptureWish): Promise<Result<CaptureId, LabError>> {
    if (this.#running.size >= MOST_CAPTURES) return err(TOO_MANY_CAPTURES);
    if (!this.#places.exists(place)) return err(noSuchPlace(formatPlace(place)));
    const id = this.#nextId;
    this.#nextId += 1;
    const control = new AbortController();
    const [said, file] = [new Said(), new Said()];
    const limits = ['-c', String(MOST_PACKETS), '-w', '-'];
    const argv = ['tcpdump', '-i', device, ...limits, ...(filter === '' ? [] : [filter])];
    const io = { stdout: file, stderr: said, signal: control.signal };
    const ended = this.#places.shell(place).execArgv(argv, io);
    this.#running.set(id, { control, ended, said, file });
    await Promise.race([said.until(BEGUN), ended]);
    if (said.text.includes(BEGUN)) return ok(id);
    this.#running.delete(id);
    return err(captureRefused(said.text.trim()));
  }

  async stop(id: CaptureId): Promise<Result<Recording, LabError>> {
    const running = this.#running.get(id);
    if (!running) return err(noSuchCapture(id));
    this.#running.delete(id);
    running.control.abort();
    await running.ended;
    const packets = Number(COUNT.exec(running.said.text)?.[1] ?? 0);
    return ok({ packets, full: packets >= MOST_PACKETS, pcap: running.file.bytes });
  }

  dispose(): void {
    for (const { control } of this.#running.values()) control.abort();
    this.#running.clear();
  }
}

/** What a program has written so far: bytes, and of them what was text. */
class Said implements Output {
  readonly #chunks: Uint8Array[] = [];
  readonly #waiting = new Set<() => void>();
  text = '';

  get bytes(): Uint8Array {
    return concatBytes(this.#chunks);
  }

  write(data: string | Uint8Array): Promise<void> {
    this.#chunks.push(typeof data === 'string' ? utf8(data) : data);
    if (typeof data === 'string') this.text += data;
    for (const look of [...this.#waiting]) look();
    return Promise.resolve();
  }

  /** Resolves once the words have been said. */
  until(words: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.text.includes(words)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
