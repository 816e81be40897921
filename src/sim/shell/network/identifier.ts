/**
 * Numbers that a real process draws by chance (ping's identifier, ephemeral ports): here they follow from the place and the
 * virtual time, so that the same run gives the same packets.
 */
import { formatPlace } from '../../../model/place.ts';
import type { CommandIo } from '../command.ts';

/** 1-65535, different for each purpose, place and moment. */
export function identifierOf(io: CommandIo, purpose: string): number {
  let hash = 0x811c9dc5;
  for (const letter of `${purpose} ${formatPlace(io.place)} ${Math.round(io.clock.now() * 1000)}`) {
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & 0xffff || 1;
}

/** net.ipv4.ip_local_port_range: 32768-60999. */
export function ephemeralPort(io: CommandIo, purpose: string): number {
  return 32768 + (identifierOf(io, purpose) % (60999 - 32768 + 1));
}
