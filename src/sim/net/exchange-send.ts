/**
 * One packet and the error it may provoke: the step from which every exchange is made.
 */
import type { IcmpError, IcmpErrorKind, IpPacket } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import type { NetnsId, Trace } from '../../model/trace.ts';
import { lateField } from '../core/late-field.ts';
import type { Exchange, ProbeReply } from './exchange.ts';
import type { PacketAt, WalkStart } from './forward.ts';
import { walkOn } from './forward.ts';
import type { Journey } from './journey.ts';
import type { RouteError } from './output-route.ts';
import type { Stack } from './stack.ts';

export interface Sent {
  /** The way there and, when an ICMP error was sent, the way of that error. */
  readonly traces: readonly Trace[];
  readonly delivered: PacketAt | undefined;
  /** The ICMP error that came back to the sender. */
  readonly heard?: {
    readonly from: IpPacket['source'];
    readonly error: IcmpErrorKind;
    readonly mtu?: number;
  };
  /** The packet as a stack saw it whose port is closed; TCP answers it with a reset. */
  readonly refused: PacketAt | undefined;
}

export function send(journey: Journey, start: WalkStart): Sent {
  const there = walkOn(journey, start);
  const { delivered, refused } = there;
  const base = { traces: [there.trace], delivered, refused };
  if (!there.icmpError) return base;
  const back = walkOn(journey, there.icmpError);
  // Nothing is said about an error, but the tunnel's packet that carries one is no error.
  const about = back.icmpError ? [walkOn(journey, back.icmpError).trace] : [];
  const traces = [there.trace, back.trace, ...about];
  const message = back.delivered?.at === start.at ? back.delivered.packet : undefined;
  if (message?.payload.kind !== 'icmp-error' || !isAbout(message.payload, start.packet)) {
    return { ...base, traces };
  }
  const { error, mtu } = message.payload;
  return { ...base, traces, heard: { from: message.source, error, ...(mtu === undefined ? {} : { mtu }) } };
}

/** An error about a tunnel's outer packet reaches the same stack, but not the socket that sent the inner one. */
function isAbout({ original }: IcmpError, sent: IpPacket): boolean {
  const same = protocolNumber(original) === protocolNumber(sent);
  return same && original.destination === sent.destination;
}

/** The sender of a probe hears an error, or nothing. */
export function errorReply(journey: Journey, { heard }: Sent): ProbeReply {
  return heard ? { kind: 'icmp-error', ...heard, rtt: journey.offset } : { kind: 'silence' };
}

type LocalError = Extract<ProbeReply, { kind: 'local-error' }>['error'];

/** What the socket call says; EACCES of a prohibit route is not told apart from EINVAL. */
export function localError(error: RouteError): LocalError {
  return error === 'prohibited' ? 'invalid' : error;
}

/** Who only asks does not look at what was learnt: it is put together when somebody does. */
const withMemory = lateField('memory', (journey: Journey) => journey.memories());

export function finished<Outcome>(journey: Journey, outcome: Outcome): Exchange<Outcome> {
  const { frames, heard, walks } = journey;
  return withMemory({ outcome, frames, heard, walks }, journey);
}

/** The stack a program runs in. */
export function stackAt(journey: Journey, id: NetnsId): Stack {
  const stack = journey.stack(id);
  if (!stack) throw new RangeError(`there is no network stack "${id}"`);
  return stack;
}
