/**
 * Numbers that a real process draws by chance or is given by the kernel (ping's identifier, ephemeral ports): here they follow
 * from the place and the virtual time, so that the same run gives the same packets. Of several that are drawn at one place in
 * one instant each is another, as the kernel gives no two sockets the same.
 */
import { formatPlace } from '../../../model/place.ts';
import type { ClockPort, CommandIo } from '../command.ts';

/** 1-65535, different for each purpose, place, moment and process. */
export const identifierOf = (io: CommandIo, purpose: string): number =>
  drawn(io, 'identifier', hashOf(io, purpose), (value) => value & 0xffff || 1);

/** net.ipv4.ip_local_port_range: 32768-60999. */
export const ephemeralPort = (io: CommandIo, purpose: string): number =>
  drawn(io, 'port', hashOf(io, purpose), (value) => 32768 + (value % (60999 - 32768 + 1)));

function hashOf(io: CommandIo, purpose: string): number {
  let hash = 0x811c9dc5;
  for (const letter of `${purpose} ${formatPlace(io.place)} ${Math.round(io.clock.now() * 1000)}`) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & 0xffff || 1;
}

/** What was drawn at the present instant of a lab. */
interface Drawn {
  readonly at: number;
  readonly taken: Set<string>;
}

const instants = new WeakMap<ClockPort, Drawn>();

/** The number that a value stands for, or the next one that nobody has drawn at this place. */
function drawn(io: CommandIo, kind: string, start: number, numberOf: (value: number) => number): number {
  const at = io.clock.now();
  let instant = instants.get(io.clock);
  if (instant?.at !== at) instants.set(io.clock, (instant = { at, taken: new Set() }));
  const key = (value: number): string => `${kind} ${formatPlace(io.place)} ${numberOf(value)}`;
  let value = start;
  while (instant.taken.has(key(value))) value += 1;
  instant.taken.add(key(value));
  return numberOf(value);
}
