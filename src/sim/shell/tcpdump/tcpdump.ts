/**
 * `tcpdump` 4.99.3: frames that cross a device of this stack, as they cross it, until the count is reached or the learner
 * presses Ctrl-C; or the packets of a capture file. Start and end lines go to stderr, as in life.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { CapturedFrame, Command, CommandIo, CompletionIo } from '../command.ts';
import { complain, type Complaint, type Parsed } from '../network/complaint.ts';
import { flagWords } from '../network/flags.ts';
import { hereOf, type Here } from '../network/here.ts';
import { hostName, knownHosts } from '../network/names.ts';
import { resolvePath } from '../interpreter/paths.ts';
import { deviceList, fileOf, openSource, packetOf, type Source } from './capture.ts';
import { LINK_TYPE_NAMES, readCaptureFile, type CaptureFile } from './capture-file.ts';
import { parseFilter } from './filter-parse.ts';
import { passes, type Filter } from './filter.ts';
import { TCPDUMP } from './flags.ts';
import { parseTcpdump, type TcpdumpWishes } from './parse.ts';
import { PacketPrinter } from './print.ts';

export const tcpdump: Command = {
  name: 'tcpdump',
  summary: 'watch the packets that cross a device',
  places: ['node', 'router', 'host', 'pod'],
  async run(io: CommandIo): Promise<number> {
    const line = parseTcpdump(io.args);
    if (!line.ok) return fail(io, line.error);
    if (line.value.kind === 'text') return say(io, line.value.text);
    const here = hereOf(io);
    if (!here) return fail(io, { status: 1, message: 'tcpdump: no suitable device found' });
    if (line.value.kind === 'devices') return say(io, deviceList(here));
    const { wishes } = line.value;
    return wishes.readFrom === undefined
      ? captureLive(io, here, wishes)
      : readFile(io, wishes, wishes.readFrom);
  },
  complete: completeTcpdump,
};

async function say(io: CommandIo, text: string): Promise<number> {
  await io.stdout.write(text);
  return 0;
}

async function fail(io: CommandIo, { message, status }: Complaint): Promise<number> {
  await io.stderr.write(`${message}\n`);
  return status;
}

function readFilter(io: CommandIo, { expression }: TcpdumpWishes): Parsed<Filter> {
  const filter = parseFilter(expression, (name) => knownHosts(io, name));
  return filter.ok ? filter : complain(1, `tcpdump: ${filter.error}`);
}

async function captureLive(io: CommandIo, here: Here, wishes: TcpdumpWishes): Promise<number> {
  const source = openSource(here, wishes.device);
  if (!source.ok) return fail(io, source.error);
  if (source.value.linkType === 276) await io.stderr.write('tcpdump: data link type LINUX_SLL2\n');
  if (source.value.linkType === 101 && wishes.writeTo !== undefined) {
    return fail(io, {
      status: 1,
      message: `tcpdump: -w on ${source.value.device} is not simulated: it has no link layer.`,
    });
  }
  const filter = readFilter(io, wishes);
  if (!filter.ok) return fail(io, filter.error);
  return new LiveCapture(io, wishes, { source: source.value, filter: filter.value }).run();
}

class LiveCapture {
  readonly #io: CommandIo;
  readonly #wishes: TcpdumpWishes;
  readonly #source: Source;
  readonly #filter: Filter;
  readonly #printer: PacketPrinter;
  readonly #kept: CapturedFrame[] = [];
  #captured = 0;

  constructor(
    io: CommandIo,
    wishes: TcpdumpWishes,
    { source, filter }: { readonly source: Source; readonly filter: Filter },
  ) {
    this.#io = io;
    this.#wishes = wishes;
    this.#source = source;
    this.#filter = filter;
    this.#printer = new PacketPrinter(wishes, (address) => hostName(io, address));
  }

  async run(): Promise<number> {
    const { network, signal } = this.#io;
    const done = new AbortController();
    const frames = network.capture(
      this.#source.here.id,
      this.#source.device,
      AbortSignal.any([signal, done.signal]),
    );
    const reader = frames[Symbol.asyncIterator]();
    // The capture begins with the first question: ask before saying that it has begun.
    let next = reader.next();
    try {
      await this.#io.stderr.write(this.#banner());
      for (let frame = await next; !frame.done; frame = await next) {
        await this.#take(frame.value);
        if (this.#isFull()) break;
        next = reader.next();
      }
    } catch (reason) {
      if (!signal.aborted) throw reason;
    } finally {
      done.abort();
      await reader.return?.();
    }
    return this.#finish();
  }

  #isFull(): boolean {
    return this.#wishes.count !== undefined && this.#captured >= this.#wishes.count;
  }

  #banner(): string {
    const { device, linkType } = this.#source;
    const listening = `listening on ${device}, link-type ${LINK_TYPE_NAMES[linkType]}, snapshot length 262144 bytes\n`;
    if (this.#wishes.verbose > 0 || this.#wishes.writeTo !== undefined) return `tcpdump: ${listening}`;
    return `tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n${listening}`;
  }

  async #take(frame: CapturedFrame): Promise<void> {
    const { direction, writeTo } = this.#wishes;
    if (direction !== 'inout' && frame.direction !== direction) return;
    const packet = packetOf(this.#io, this.#source, frame);
    if (!passes(this.#filter, packet)) return;
    this.#captured += 1;
    if (writeTo === undefined) await this.#io.stdout.write(this.#printer.print(packet));
    else this.#kept.push(frame);
  }

  async #finish(): Promise<number> {
    const { signal, stdout, stderr } = this.#io;
    const { writeTo } = this.#wishes;
    if (signal.aborted && writeTo === undefined) await stdout.write('\n');
    if (writeTo !== undefined) {
      const complaint = await this.#save(writeTo);
      if (complaint !== undefined)
        return fail(this.#io, { status: 1, message: `tcpdump: ${writeTo}: ${complaint}` });
    }
    const count = `${this.#captured} packet${this.#captured === 1 ? '' : 's'}`;
    await stderr.write(`${count} captured\n${count} received by filter\n0 packets dropped by kernel\n`);
    return 0;
  }

  async #save(path: string): Promise<string | undefined> {
    const bytes = fileOf(this.#source, this.#kept, this.#io.clock.epoch);
    if (path === '-') {
      await this.#io.stdout.write(bytes);
      return undefined;
    }
    return this.#io.files.write(resolvePath(this.#io.cwd, path), bytes);
  }
}

async function readFile(io: CommandIo, wishes: TcpdumpWishes, path: string): Promise<number> {
  const file = openFile(io, path);
  if (!file.ok) return fail(io, { status: 1, message: file.error });
  if (wishes.writeTo !== undefined) {
    return fail(io, { status: 1, message: 'tcpdump: -r together with -w is not simulated.' });
  }
  const { linkType, snapshotLength, packets } = file.value;
  const warning = linkType === 276 ? 'Warning: interface names might be incorrect\n' : '';
  await io.stderr.write(
    `reading from file ${path}, link-type ${LINK_TYPE_NAMES[linkType]}, snapshot length ${snapshotLength}\n${warning}`,
  );
  const filter = readFilter(io, wishes);
  if (!filter.ok) return fail(io, filter.error);
  const chosen = packets.filter((packet) => passes(filter.value, packet)).slice(0, wishes.count);
  if (wishes.onlyCount) return say(io, `${chosen.length} packet${chosen.length === 1 ? '' : 's'}\n`);
  const printer = new PacketPrinter(wishes, (address) => hostName(io, address));
  for (const packet of chosen) {
    if (io.signal.aborted) break;
    await io.stdout.write(printer.print(packet));
  }
  return 0;
}

function openFile(io: CommandIo, path: string): Result<CaptureFile, string> {
  const bytes = io.files.read(resolvePath(io.cwd, path));
  if (!bytes) return err(`tcpdump: ${path}: No such file or directory`);
  const devices = hereOf(io)?.netns.devices ?? [];
  const file = readCaptureFile(
    bytes,
    (index) => devices.find((device) => device.index === index)?.name ?? `if${index}`,
  );
  return file.ok ? ok(file.value) : err(`tcpdump: ${file.error}`);
}

const FILTER_WORDS = [
  'host',
  'net',
  'port',
  'src',
  'dst',
  'icmp',
  'arp',
  'tcp',
  'udp',
  'ip',
  'and',
  'or',
  'not',
];

function completeTcpdump(words: readonly string[], io: CompletionIo): readonly string[] {
  if (words.at(-2) === '-i') return ['any', ...(hereOf(io)?.netns.devices.map(({ name }) => name) ?? [])];
  return words.at(-1)?.startsWith('-') === true ? flagWords(TCPDUMP) : FILTER_WORDS;
}
