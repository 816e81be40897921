/**
 * Asks the kernel how flows go, all at once and of stacks that have learnt nothing yet: each packet carries the number of its
 * flow, so that captures tell them apart. It listens until it has seen what the simulator leads one to expect, or patience
 * ends, and then until nothing new comes: what neither side expects has its time to show up, and a slow machine its own.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { formatIp } from '../../src/model/ip-family.ts';
import { courseOf } from './course.ts';
import { headersTo, type Course, type Flow, type Outcome } from './flow.ts';
import type { Answer, KernelLab, Question } from './kernel-lab.ts';
import { patternOf, type Sighting } from './sighting.ts';
import { innermost, TCP, type Crossing, type Packet } from './wire.ts';

/** Milliseconds. Patience begins anew with every packet and every answer, so it ends only where nothing happens any more. */
const LOOK_EVERY = 15;
const PATIENCE = 8_000;
/** Longer than it takes here to give up a neighbour: three tries of 60 ms. */
const QUIET = 240;

const FIRST_PORT = 41_000;

export interface Expected {
  readonly flow: Flow;
  /** The simulator's course: how long to wait, never what to see. */
  readonly course: Course;
}

/** Whether a flow has gone as the simulator says it does. */
export type Suffices = (expected: Expected, course: Course) => boolean;

export async function observedCourses(
  lab: KernelLab,
  expected: readonly Expected[],
  suffices: Suffices,
): Promise<readonly Course[]> {
  await lab.forget();
  const asked = expected.map((one) => new Asked(lab, one));
  await settled(lab, asked, suffices);
  await quiet(lab);
  await lab.everywhere({ task: 'quit' });
  await lab.caughtUp();
  const crossings = attributed(lab, asked);
  return Promise.all(
    asked.map(async (one) => courseOf(await one.outcome(), crossings.get(one.number) ?? [], one.flow.from)),
  );
}

async function settled(lab: KernelLab, asked: readonly Asked[], suffices: Suffices): Promise<void> {
  const progress = (): number => lab.sightings.length + asked.filter(({ isAnswered }) => isAnswered).length;
  let [made, looked] = [progress(), -1];
  for (let since = performance.now(); performance.now() < since + PATIENCE;) {
    if (made !== looked && asked.every(({ isDone }) => isDone)) {
      looked = made;
      const crossings = attributed(lab, asked);
      if (asked.every((one) => suffices(one.expected, one.courseSoFar(crossings.get(one.number) ?? []))))
        return;
    }
    await pause(LOOK_EVERY);
    const now = progress();
    if (now === made) continue;
    made = now;
    since = performance.now();
  }
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
  readonly expected: Expected;
  /** Carried by its packets; for TCP it makes the client's port, which no earlier connection had. */
  readonly number: number;
  #answer: Answer | undefined;
  readonly #answered: Promise<Answer>;

  constructor(lab: KernelLab, expected: Expected) {
    asking = (asking + 1) % NUMBERS;
    this.expected = expected;
    this.number = asking;
    this.#answered = lab
      .ask(this.flow.from, question(this.flow, this.number))
      .then((answer) => (this.#answer = answer));
  }

  get flow(): Flow {
    return this.expected.flow;
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined;
  }

  /** The program is done, or cannot be before it is told to give up. */
  get isDone(): boolean {
    return this.isAnswered || this.expected.course.outcome === 'nothing';
  }

  courseSoFar(crossings: readonly Crossing[]): Course {
    const outcome = this.#answer ? this.#outcomeOf(this.#answer) : 'nothing';
    return courseOf(outcome, crossings, this.flow.from);
  }

  async outcome(): Promise<Outcome> {
    return this.#outcomeOf(await this.#answered);
  }

  #outcomeOf(answer: Answer): Outcome {
    return this.flow.protocol === 'icmp' ? pingOutcome(answer) : socketOutcome(answer);
  }
}

function question({ protocol, to, bytes, size, port }: Flow, number: number): Question {
  const pattern = patternOf(number);
  const address = formatIp(to);
  switch (protocol) {
    case 'icmp': {
      const discovery = size === 'jumbo' ? 'want' : 'do';
      return { task: 'ping', to: address, size: bytes - headersTo(to), pattern, discovery, ttl: 64 };
    }
    case 'udp':
      return { task: 'udp', to: address, port, pattern, size: bytes - headersTo(to) };
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
  const seen = lab.sightings;
  const numbers = initialNumbers(seen, asked);
  const numbered = seen.map(({ crossing, number }) => ({
    crossing,
    number: number ?? connectionOf(innermost(crossing.packet), numbers),
  }));
  const byPacket = new Map(
    numbered.flatMap(({ crossing: { packet }, number }) =>
      packet.fragment && number !== undefined ? [[fragmentedPacket(packet), number] as const] : [],
    ),
  );
  const found = new Map<number, Crossing[]>();
  for (const { crossing, number } of numbered) {
    const at = number ?? byPacket.get(fragmentedPacket(crossing.packet));
    if (at === undefined) continue;
    const known = found.get(at);
    if (known) known.push(crossing);
    else found.set(at, [crossing]);
  }
  return found;
}

/** What all fragments of a packet have in common (RFC 791): the last may be too short to carry the flow's number. */
const fragmentedPacket = ({ source, destination, protocol, id }: Packet): string =>
  [source, destination, protocol, id].join(' ');

/** By the sequence number of its SYN, which no translation changes: the number of the flow. */
function initialNumbers(seen: readonly Sighting[], asked: readonly Asked[]): ReadonlyMap<number, number> {
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
