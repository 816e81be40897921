/**
 * Asks the kernel how flows go, all at once and of stacks that have learnt nothing yet: each packet carries the number of its flow, so that captures tell them apart.
 * It listens until everything that the simulator leads one to expect was seen, or patience ends, and then until nothing
 * new comes; what neither side expects has its time to show up.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { formatIpv4 } from '../../src/model/ip.ts';
import { courseOf } from './course.ts';
import type { Course, Flow, Outcome } from './flow.ts';
import type { Answer, KernelLab, Question, Sighting } from './kernel-lab.ts';
import { innermost, readPacket, TCP, type Crossing, type Packet } from './wire.ts';

/** Milliseconds. */
const LOOK_EVERY = 15;
const PATIENCE = 8_000;
/** Longer than it takes here to give up a neighbour: three tries of 60 ms. */
const QUIET = 240;

const FIRST_PORT = 41_000;
const ICMP_HEADERS = 28;
const UDP_HEADERS = 28;
const SIGN = [0xd5, 0x7a] as const;

export interface Expected {
  readonly flow: Flow;
  /** The simulator's course: how long to wait, never what to see. */
  readonly course: Course;
}

export async function observedCourses(
  lab: KernelLab,
  expected: readonly Expected[],
): Promise<readonly Course[]> {
  await lab.everywhere({ task: 'run', argv: ['ip', 'neigh', 'flush', 'all'] });
  lab.forget();
  await lab.everywhere({ task: 'sysctl', path: 'ipv4/route/flush', value: '1' });
  const asked = expected.map(({ flow }) => new Asked(lab, flow));
  await settled(() => asked.every((one, at) => one.isDone(expected[at]?.course)));
  await quiet(lab);
  await lab.everywhere({ task: 'quit' });
  await lab.caughtUp();
  const crossings = attributed(lab, asked);
  return Promise.all(
    asked.map(async (one) => courseOf(await one.outcome(), crossings.get(one.number) ?? [], one.flow.from)),
  );
}

async function settled(isSettled: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!isSettled() && performance.now() < deadline) await pause(LOOK_EVERY);
}

async function quiet(lab: KernelLab): Promise<void> {
  let seen = lab.sightings.length;
  for (let since = performance.now(); performance.now() < since + QUIET;) {
    await pause(LOOK_EVERY);
    if (lab.sightings.length === seen) continue;
    seen = lab.sightings.length;
    since = performance.now();
  }
}

/** Ports above `FIRST_PORT`. */
const NUMBERS = 20_000;
let asking = 0;

/** A flow that was asked for. */
class Asked {
  readonly flow: Flow;
  /** Carried by its packets; for TCP it makes the client's port, which no earlier connection had. */
  readonly number: number;
  #answer: Answer | undefined;
  readonly #answered: Promise<Answer>;

  constructor(lab: KernelLab, flow: Flow) {
    asking = (asking + 1) % NUMBERS;
    this.flow = flow;
    this.number = asking;
    this.#answered = lab
      .ask(flow.from, question(flow, this.number))
      .then((answer) => (this.#answer = answer));
  }

  /** The program is done, or cannot be before it is told to give up. */
  isDone(course: Course | undefined): boolean {
    return this.#answer !== undefined || course?.outcome === 'nothing';
  }

  async outcome(): Promise<Outcome> {
    const answer = await this.#answered;
    return this.flow.protocol === 'icmp' ? pingOutcome(answer) : socketOutcome(answer);
  }
}

function question({ protocol, to, bytes, size, port }: Flow, number: number): Question {
  const pattern = Buffer.from([...SIGN, number >> 8, number & 255]).toString('hex');
  const address = formatIpv4(to);
  switch (protocol) {
    case 'icmp': {
      const discovery = size === 'jumbo' ? 'want' : 'do';
      return { task: 'ping', to: address, size: bytes - ICMP_HEADERS, pattern, discovery, ttl: 64 };
    }
    case 'udp':
      return { task: 'udp', to: address, port, pattern, size: bytes - UDP_HEADERS };
    case 'tcp':
      return { task: 'tcp', to: address, port, localPort: FIRST_PORT + number };
  }
}

const PING_ERRORS: readonly (readonly [RegExp, Outcome])[] = [
  [/bytes from /, 'answered'],
  [/message too long|Message too long/, 'error too-big'],
  [/Invalid argument/, 'error invalid'],
  [/connect: Network is unreachable/, 'error net-unreachable'],
  [/connect: No route to host/, 'error host-unreachable'],
];

function pingOutcome({ stdout, stderr }: Answer): Outcome {
  const said = `${String(stdout)}${String(stderr)}`;
  return PING_ERRORS.find(([pattern]) => pattern.test(said))?.[1] ?? 'nothing';
}

const SOCKET_OUTCOMES: Readonly<Record<string, Outcome>> = {
  reply: 'answered',
  silence: 'nothing',
  ETIMEDOUT: 'nothing',
  EMSGSIZE: 'error too-big',
  EINVAL: 'error invalid',
  ENETUNREACH: 'error net-unreachable',
  EHOSTUNREACH: 'error host-unreachable',
  EACCES: 'error admin-prohibited',
  ECONNREFUSED: 'refused',
};

function socketOutcome({ outcome }: Answer): Outcome {
  return SOCKET_OUTCOMES[String(outcome)] ?? `error ${String(outcome)}`;
}

/** Which packets belong to which flow. */
function attributed(lab: KernelLab, asked: readonly Asked[]): ReadonlyMap<number, readonly Crossing[]> {
  const seen = lab.sightings.flatMap((sighting) => crossingsOf(lab, sighting));
  const numbers = initialNumbers(seen, asked);
  const found = new Map<number, Crossing[]>();
  for (const { crossing, sighting } of seen) {
    const at = signedNumber(sighting.bytes) ?? connectionOf(innermost(crossing.packet), numbers);
    if (at === undefined) continue;
    const known = found.get(at);
    if (known) known.push(crossing);
    else found.set(at, [crossing]);
  }
  return found;
}

interface Seen {
  readonly crossing: Crossing;
  readonly sighting: Sighting;
}

/** A frame that a switch flooded to a port it was not for is nobody's news. */
function crossingsOf(lab: KernelLab, sighting: Sighting): readonly Seen[] {
  const { netns, index, direction, bytes, foreign } = sighting;
  const device = lab.stack(netns).devices.find((known) => known.index === index);
  if (foreign && device?.link?.kind === 'segment') return [];
  const packet = readPacket(bytes);
  return packet
    ? [{ crossing: { netns, device: device?.name ?? `#${index}`, direction, packet }, sighting }]
    : [];
}

function signedNumber(bytes: Buffer): number | undefined {
  const sign = Buffer.from(SIGN);
  for (let at = bytes.indexOf(sign); at >= 0; at = bytes.indexOf(sign, at + 1)) {
    if (at + 8 > bytes.length) return undefined;
    if (bytes.compare(bytes, at, at + 4, at + 4, at + 8) === 0) return bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/** By the sequence number of its SYN, which no translation changes: the number of the flow. */
function initialNumbers(seen: readonly Seen[], asked: readonly Asked[]): ReadonlyMap<number, number> {
  const byPort = new Map(asked.map((one) => [FIRST_PORT + one.number, one]));
  const numbers = new Map<number, number>();
  for (const { crossing } of seen) {
    const { content } = innermost(crossing.packet);
    // A SYN that never left is known from the error about it.
    const first = content.kind === 'icmp' ? content.quoted?.content : content;
    if (first?.kind !== 'tcp') continue;
    const one = byPort.get(first.sourcePort);
    const begins = content.kind === 'icmp' || (content.kind === 'tcp' && content.flags === TCP.syn);
    if (begins && one?.flow.protocol === 'tcp' && one.flow.from === crossing.netns) {
      numbers.set(first.sequence, one.number);
    }
  }
  return numbers;
}

function connectionOf({ content }: Packet, numbers: ReadonlyMap<number, number>): number | undefined {
  if (content.kind === 'icmp') return content.quoted && connectionOf(innermost(content.quoted), numbers);
  if (content.kind !== 'tcp') return undefined;
  // A quoted segment may be cut off before its flags.
  const first = content.flags === TCP.syn || content.flags === 0;
  return numbers.get(first ? content.sequence : (content.acknowledged - 1) >>> 0);
}
