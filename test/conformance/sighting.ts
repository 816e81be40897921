/** Captured frames as packets at devices, each read once, with the number of the flow that it says it is of. */
import type { Netns } from '../../src/sim/net/netns.ts';
import type { Captured } from './capture.ts';
import { readPacket, type Crossing } from './wire.ts';

export interface Sighting {
  readonly crossing: Crossing;
  /** Of the flow whose pattern it carries. */
  readonly number: number | undefined;
}

/** Undefined for what is nobody's news: a frame that a switch flooded, and what neighbours tell each other. */
export function sightingOf(
  { id, devices }: Netns,
  { index, direction, foreign, bytes }: Captured,
): Sighting | undefined {
  const device = devices.find((known) => known.index === index);
  const packet = foreign && device?.link?.kind === 'segment' ? undefined : readPacket(bytes);
  return (
    packet && {
      crossing: { netns: id, device: device?.name ?? `#${index}`, direction, packet },
      number: numberIn(bytes),
    }
  );
}

const SIGN = Buffer.from([0xd5, 0x7a]);

/** Hexadecimal: what the data of a flow's packets is filled with. */
export const patternOf = (number: number): string =>
  Buffer.from([...SIGN, number >> 8, number & 255]).toString('hex');

/** Of a pattern that stands there twice in a row. */
function numberIn(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(SIGN); at >= 0; at = bytes.indexOf(SIGN, at + 1)) {
    if (at + 8 > bytes.length) return undefined;
    if (bytes.compare(bytes, at, at + 4, at + 4, at + 8) === 0) return bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
