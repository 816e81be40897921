/** Captures of a session: tcpdump in a place's namespace, its file handed over when it is stopped. */
import { PassThrough } from 'node:stream';
import { err, ok, type Result } from '../../../base/result.ts';
import type { CaptureGroup, CaptureId, CaptureWish, LabError, Recording } from '../../../lab/ports.ts';
import { formatPlace, type Place } from '../../../model/place.ts';
import { machineDoor, podDoor, type Door } from '../probe/doors.ts';
import { noSuchPlace } from '../probe/errors.ts';
import { isIn } from '../probe/execution.ts';
import { podOf } from '../probe/kubernetes.ts';
import type { Measured } from '../probe/target.ts';

/** Captures at once, and bytes of one: what is larger ends by itself. */
const MOST_CAPTURES = 8;
const MOST_BYTES = 16 * 1024 * 1024;

const UNTIL_CLOSED =
  'exec 3<&0; "$@" & watched=$!; (cat; kill -INT "$watched") <&3 >/dev/null 2>&1 & wait "$watched"';
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

export class SessionCapture implements CaptureGroup {
  readonly #measured: Measured;
  readonly #running = new Map<CaptureId, RunningCapture>();
  #last = 0;

  constructor(measured: Measured) {
    this.#measured = measured;
  }

  async start(wish: CaptureWish, signal: AbortSignal): Promise<Result<CaptureId, LabError>> {
    if (this.#running.size >= MOST_CAPTURES) return err(TOO_MANY);
    const door = await this.#door(wish.place, signal);
    if (!door.ok) return door;
    const capture = new RunningCapture();
    const begun = await capture.begin(this.#measured, door.value, wish);
    if (!begun.ok) return begun;
    this.#last += 1;
    this.#running.set(this.#last, capture);
    return ok(this.#last);
  }

  async stop(id: CaptureId): Promise<Result<Recording, LabError>> {
    const capture = this.#running.get(id);
    if (!capture) return err(noSuchCapture(id));
    this.#running.delete(id);
    return capture.end();
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id)));
  }

  async #door(place: Place, signal: AbortSignal): Promise<Result<Door, LabError>> {
    const { cluster, kubectl } = this.#measured;
    if (place.kind !== 'pod')
      return isIn(this.#measured, place)
        ? ok(machineDoor(cluster, place))
        : err(noSuchPlace(formatPlace(place)));
    const pod = await podOf(kubectl, place, signal);
    if (!pod.ok) return pod;
    return pod.value?.phase === 'Running'
      ? podDoor(cluster, pod.value, signal)
      : err(noSuchPlace(formatPlace(place)));
  }
}

class RunningCapture {
  readonly #pieces: Uint8Array[] = [];
  readonly #ending = new AbortController();
  #bytes = 0;
  #full = false;
  #said = '';
  /** Nothing is ever written to it; it ends when the capture is to end. */
  readonly #stdin = new PassThrough();
  #ended: Promise<Result<unknown, LabError>> = Promise.resolve(ok(undefined));

  async begin(
    { cluster }: Measured,
    door: Door,
    { device, filter = '' }: CaptureWish,
  ): Promise<Result<void, LabError>> {
    let heard: () => void = () => undefined;
    const listening = new Promise<void>((resolve) => (heard = resolve));
    const argv = [
      ...['sh', '-c', UNTIL_CLOSED, 'sh', ...door.prefix],
      ...['tcpdump', '-i', device, '-n', '-U', '--immediate-mode', '-Z', 'root', '-w', '-', '--', filter],
    ];
    const ended = cluster.docker.containers.exec(
      door.container,
      argv.filter((word, at) => at < argv.length - 1 || word !== ''),
      {
        signal: this.#ending.signal,
        stdin: this.#stdin,
        onOutput: (bytes, stream) => {
          this.#take(bytes, stream);
          if (this.#said.includes('listening on')) heard();
        },
      },
    );
    this.#ended = ended;
    const early = await Promise.race([listening.then(() => undefined), ended]);
    if (early === undefined) return ok(undefined);
    return early.ok ? err(refused(this.#said)) : early;
  }

  async end(): Promise<Result<Recording, LabError>> {
    this.#stdin.end();
    const ended = await this.#ended;
    if (!ended.ok && !this.#full) return ended;
    const pcap = new Uint8Array(Buffer.concat(this.#pieces));
    return ok({ packets: packetsIn(pcap), full: this.#full, pcap });
  }

  #take(bytes: Uint8Array, stream: 'stdout' | 'stderr'): void {
    if (stream === 'stderr') {
      this.#said += new TextDecoder().decode(bytes);
      return;
    }
    if (this.#full) return;
    this.#pieces.push(Uint8Array.from(bytes));
    this.#bytes += bytes.length;
    if (this.#bytes < MOST_BYTES) return;
    this.#full = true;
    this.#stdin.end();
  }
}

/** Whole packets; one that was cut off when the file was full is not counted. */
function packetsIn(pcap: Uint8Array): number {
  const view = new DataView(pcap.buffer, pcap.byteOffset, pcap.byteLength);
  let count = 0;
  for (let at = FILE_HEADER; at + RECORD_HEADER <= pcap.length; count += 1) {
    at += RECORD_HEADER + view.getUint32(at + 8, true);
    if (at > pcap.length) break;
  }
  return count;
}

/** tcpdump's own words: the line that begins with its name. */
function refused(said: string): LabError {
  const line = said
    .split('\n')
    .find((each) => each.startsWith('tcpdump: ') && !each.includes('data link type'));
  return {
    code: 'capture-refused',
    message: line ?? said.trim(),
    remedy: 'Look at the devices of the place with ip link, and at the filter with man pcap-filter.',
  };
}

function noSuchCapture(id: number): LabError {
  return {
    code: 'no-such-capture',
    message: `There is no capture ${id}, or it was stopped.`,
    remedy: 'Start a new one.',
  };
}

const TOO_MANY: LabError = {
  code: 'too-many-captures',
  message: 'So many captures are running that no more can be started.',
  remedy: 'Stop one of them.',
};
