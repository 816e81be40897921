/**
 * One packet inside one network stack: what the kernel keeps in an sk_buff while a packet passes its hooks.
 */
import type { IpPacket } from '../../model/packet.ts';
import type { ConnectionState, Tracked } from './conntrack.ts';
import type { Journey } from './journey.ts';
import type { Device } from './netns.ts';
import type { Stack } from './stack.ts';

export interface Hop {
  readonly journey: Journey;
  readonly stack: Stack;
  /** The device it came in by; undefined for the stack's own packets. */
  readonly input: Device | undefined;
  /** The packet as a whole. */
  packet: IpPacket;
  /** Its fragments, when it crosses the wire in pieces. */
  pieces: readonly IpPacket[] | undefined;
  /** The firewall mark; it does not leave the stack. */
  mark: number;
  connection: Tracked | undefined;
  /** The packet's connection state as rules see it; INVALID until tracking looks. */
  state: ConnectionState;
  /** SO_BINDTODEVICE of the sending socket. */
  readonly boundTo: string | undefined;
  /** The packet inside, when this is a tunnel's outer packet that came from this very walk. */
  readonly inside: TunnelLoad | undefined;
}

/** What a tunnel carries: the inner packet with its fragments, and how many tunnels it is in already. */
export interface TunnelLoad {
  readonly packet: IpPacket;
  readonly pieces: readonly IpPacket[] | undefined;
  readonly inside: TunnelLoad | undefined;
  readonly depth: number;
}

export interface HopOrigin {
  readonly journey: Journey;
  readonly stack: Stack;
  readonly packet: IpPacket;
  readonly input?: Device | undefined;
  readonly pieces?: readonly IpPacket[] | undefined;
  readonly mark?: number;
  readonly boundTo?: string | undefined;
  readonly inside?: TunnelLoad | undefined;
}

export function hopOf(origin: HopOrigin): Hop {
  return {
    journey: origin.journey,
    stack: origin.stack,
    input: origin.input,
    packet: origin.packet,
    pieces: origin.pieces,
    mark: origin.mark ?? 0,
    connection: undefined,
    state: 'INVALID',
    boundTo: origin.boundTo,
    inside: origin.inside,
  };
}

/** The packets as they are on the wire: the whole one, or its fragments. */
export function onTheWire({ packet, pieces }: Hop): readonly IpPacket[] {
  return pieces ?? [packet];
}
