/** A capture in one namespace while a probe is under way: tcpdump from the tool image, read as it writes. */
import { PassThrough } from 'node:stream';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import { CaptureReader, StrangeCapture } from './capture-file.ts';
import type { Door } from './doors.ts';
import { notMeasured } from './errors.ts';
import { sightingOf, type Sighting } from './sighting.ts';

/** Seconds after which a capture ends whatever happens to us. */
const LONGEST = 30;

/** Ends when its standard input does. */
const UNTIL_CLOSED =
  'exec 3<&0; "$@" & watched=$!; (cat; kill "$watched") <&3 >/dev/null 2>&1 & wait "$watched"';
const SHELL = ['sh', '-c', UNTIL_CLOSED, 'sh'];

/** A packet of the probe and as much of what is around it, or in an error about it, as tells it from others. */
const SNAPLEN = '256';
const MOST_PACKETS = '20000';

export interface Watch {
  readonly at: Door['at'];
  readonly sightings: readonly Sighting[];
  /** Resolves when something of that kind was seen, or after so many milliseconds. */
  until(wanted: (sighting: Sighting) => boolean, patience: number): Promise<void>;
  /** Ends the capture; an error when it had not gone well. */
  end(): Promise<Result<void, LabError>>;
}

export interface WatchWish {
  readonly docker: Docker;
  readonly marker: number;
  readonly signal: AbortSignal;
}

/** The probe itself, its answers, errors about it, and whatever it may be wrapped in. */
function filterOf(marker: number): string {
  const answer = (marker + 1) >>> 0;
  const tcp = `tcp[4:4] = ${marker} or tcp[8:4] = ${answer}`;
  const tcp6 = `ip6[44:4] = ${marker} or ip6[48:4] = ${answer}`;
  return `(${tcp}) or (ip6 proto 6 and (${tcp6})) or icmp or icmp6 or udp port 4789 or ip proto 4`;
}

/** Resolves when it has begun to see. */
export function openWatch(
  door: Door,
  { docker, marker, signal }: WatchWish,
): Promise<Result<Watch, LabError>> {
  const capture = new Capture(door.at, marker);
  const argv = [
    ...[...SHELL, ...door.prefix, 'tcpdump', '-i', 'any', '-y', 'LINUX_SLL2', '-n', '-U', '--immediate-mode'],
    ...['-Z', 'root', '-s', SNAPLEN, '-c', MOST_PACKETS, '-w', '-', filterOf(marker)],
  ];
  const ended = docker.containers.exec(door.container, argv, {
    signal,
    seconds: LONGEST,
    stdin: capture.stdin,
    onOutput: (bytes, stream) => capture.take(bytes, stream),
  });
  return capture.begun(ended);
}

class Capture implements Watch {
  readonly at: Door['at'];
  readonly sightings: Sighting[] = [];
  readonly #marker: number;
  readonly #reader = new CaptureReader();
  readonly #waiting = new Set<() => void>();
  #said = '';
  #strange: string | undefined;
  /** Nothing is ever written to it; it ends when the capture is to end. */
  readonly stdin = new PassThrough();
  #ended: ReturnType<Docker['containers']['exec']> | undefined;

  constructor(at: Door['at'], marker: number) {
    this.at = at;
    this.#marker = marker;
  }

  take(bytes: Uint8Array, stream: 'stdout' | 'stderr'): void {
    if (stream === 'stderr') this.#said += new TextDecoder().decode(bytes);
    else this.#read(bytes);
    for (const look of [...this.#waiting]) look();
  }

  #read(bytes: Uint8Array): void {
    if (this.#strange !== undefined) return;
    try {
      for (const packet of this.#reader.read(bytes)) {
        const sighting = sightingOf(this.at, packet, this.#marker);
        if (sighting) this.sightings.push(sighting);
      }
    } catch (error) {
      if (!(error instanceof StrangeCapture)) throw error;
      this.#strange = error.message;
    }
  }

  async begun(ended: ReturnType<Docker['containers']['exec']>): Promise<Result<Watch, LabError>> {
    this.#ended = ended;
    const listening = this.#met(() => this.#said.includes('listening on'));
    const early = await Promise.race([listening.then(() => undefined), ended]);
    if (early === undefined) return ok(this);
    return early.ok ? err(notMeasured(`tcpdump at ${this.at}: ${lastLine(this.#said)}`)) : early;
  }

  async until(wanted: (sighting: Sighting) => boolean, patience: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, patience)));
    await Promise.race([this.#met(() => this.sightings.some(wanted)), late]);
    clearTimeout(timer);
  }

  async end(): Promise<Result<void, LabError>> {
    this.stdin.end();
    const ended = await this.#ended;
    if (ended && !ended.ok) return ended;
    return this.#strange === undefined
      ? ok(undefined)
      : err(notMeasured(`the capture at ${this.at} cannot be read: ${this.#strange}`));
  }

  #met(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
