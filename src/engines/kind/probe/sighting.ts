/**
 * A probe's packet where it was seen. The probe chooses a number that no address translation changes, TCP's initial sequence
 * number or the first bytes of an echo, and by it a packet is known again in every namespace it crosses, in a tunnel too.
 */
import type { Encapsulation } from '../../../model/encapsulation.ts';
import type { NetnsId } from '../../../model/trace.ts';
import type { CapturedPacket } from './capture-file.ts';
import { readSeenPacket, type SeenPacket } from './seen-packet.ts';

export interface Sighting {
  readonly at: NetnsId;
  /** Interface index in that namespace. */
  readonly device: number;
  readonly direction: 'in' | 'out';
  /** The frame was for another machine. */
  readonly foreign: boolean;
  /** Microseconds since 1970, by the one clock of the machine that runs all containers. */
  readonly time: number;
  /** The probe on its way there, the answer on its way back, or an ICMP error about the probe. */
  readonly way: Way;
  /** The probe's own packet, whatever it was wrapped in. */
  readonly packet: SeenPacket;
  readonly encapsulation: Encapsulation;
  /** The header around it. */
  readonly outer?: { readonly source: string; readonly destination: string };
  /** Bytes on that device, with what is around it. */
  readonly length: number;
}

export type Way = 'there' | 'back' | 'error';

/** Undefined for a packet that is not the probe's. */
export function sightingOf(at: NetnsId, captured: CapturedPacket, marker: number): Sighting | undefined {
  const whole = readSeenPacket(captured.bytes);
  if (!whole) return undefined;
  const { device, direction, foreign, time } = captured;
  const { kind } = whole.content;
  const isTunnel = kind === 'vxlan' || kind === 'ipip';
  const packet = isTunnel ? whole.content.inner : whole;
  const way = packet && wayOf(packet, marker);
  if (!packet || way === undefined) return undefined;
  return {
    ...{ at, device, direction, foreign, time, way, packet, length: whole.length },
    encapsulation: isTunnel ? kind : 'none',
    ...(isTunnel ? { outer: { source: whole.source, destination: whole.destination } } : {}),
  };
}

function wayOf({ content }: SeenPacket, marker: number): Way | undefined {
  switch (content.kind) {
    case 'tcp':
      if (!content.ack) return content.sequence === marker ? 'there' : undefined;
      return content.acknowledgement === (marker + 1) >>> 0 ? 'back' : undefined;
    case 'echo':
      if (!isMarked(content, marker)) return undefined;
      return content.reply ? 'back' : 'there';
    case 'error':
      return content.quoted && wayOf(content.quoted, marker) === 'there' ? 'error' : undefined;
    default:
      return undefined;
  }
}

/** A small echo has no room for the number; half of it is its sequence number. */
const isMarked = (
  { mark, sequence }: { readonly mark: number | undefined; readonly sequence: number },
  marker: number,
): boolean => (mark === undefined ? sequence === marker >>> 16 : mark === marker);
