/**
 * Everything that crosses any device of one namespace, read from tcpdump as it is captured (pcap with LINUX_SLL2 headers:
 * interface index, direction, then the packet). A mark sent over loopback tells when the capture has seen all before it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { inside } from '../../src/cli/kernel/namespaces.ts';

/** A packet at a device, as bytes of IP. */
export interface Captured {
  readonly index: number;
  readonly direction: 'in' | 'out';
  /** The frame was for another machine: a switch that did not know where to flooded it. */
  readonly foreign: boolean;
  readonly bytes: Buffer;
}

const PCAP_HEADER = 24;
const RECORD_HEADER = 16;
const SLL2_HEADER = 20;
const SLL2 = 276;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const LOOPBACK_INDEX = 1;
const LOCALHOST = 0x7f000001;
/** linux/if_packet.h */
const OTHER_HOST = 3;
const OUTGOING = 4;

/** Longer than any packet on these networks; the buffer is cut into slots of it. */
const SNAPLEN = '2048';

/** Sessions of routing daemons are no flows of ours. */
const FILTER = '(ip or ip6) and not tcp port 179';

export class Capture {
  readonly #process: ChildProcess;
  #unread = Buffer.alloc(0);
  #begun = false;
  readonly #marks = new Map<string, () => void>();
  readonly #see: (captured: Captured) => void;

  private constructor(process: ChildProcess, see: (captured: Captured) => void) {
    this.#process = process;
    this.#see = see;
    process.stdout?.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /** Captures from now on, when the promise resolves. */
  static async open(namespace: string, see: (captured: Captured) => void): Promise<Capture> {
    const argv = [
      'tcpdump',
      '-i',
      'any',
      '-n',
      '-U',
      '--immediate-mode',
      '-s',
      SNAPLEN,
      '-B',
      '8192',
      '-Z',
      'root',
      '-w',
      '-',
      FILTER,
    ];
    const [command = '', ...args] = inside(namespace, argv);
    const process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const capture = new Capture(process, see);
    await new Promise<void>((done, fail) => {
      let said = '';
      process.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('listening on')) done();
      });
      process.once('error', fail);
      process.once('exit', () => fail(new Error(`tcpdump ended: ${said}`)));
    });
    return capture;
  }

  /** Resolves when the mark with this text is seen. */
  seen(mark: string): Promise<void> {
    return new Promise((done) => this.#marks.set(mark, done));
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  #read(chunk: Buffer): void {
    let rest = Buffer.concat([this.#unread, chunk]);
    if (!this.#begun && rest.length >= PCAP_HEADER) {
      const link = rest.readUInt32LE(20);
      if (link !== SLL2) throw new Error(`tcpdump wrote link type ${link}, not LINUX_SLL2`);
      this.#begun = true;
      rest = rest.subarray(PCAP_HEADER);
    }
    while (this.#begun && rest.length >= RECORD_HEADER) {
      const end = RECORD_HEADER + rest.readUInt32LE(8);
      if (rest.length < end) break;
      this.#take(rest.subarray(RECORD_HEADER, end));
      rest = rest.subarray(end);
    }
    this.#unread = Buffer.from(rest);
  }

  #take(record: Buffer): void {
    const type = record.readUInt16BE(0);
    if (type !== IPV4 && type !== IPV6) return;
    const index = record.readUInt32BE(4);
    const to = record.readUInt8(10);
    const bytes = Buffer.from(record.subarray(SLL2_HEADER));
    const direction = to === OUTGOING ? 'out' : 'in';
    if (index === LOOPBACK_INDEX && direction === 'out') return; // it comes in again at once
    if (type === IPV4 && bytes.readUInt32BE(16) === LOCALHOST) this.#hearMark(bytes);
    else this.#see({ index, direction, foreign: to === OTHER_HOST, bytes });
  }

  #hearMark(bytes: Buffer): void {
    const text = bytes.subarray(28).toString('latin1');
    const marked = this.#marks.get(text);
    if (!marked) return;
    this.#marks.delete(text);
    marked();
  }
}
