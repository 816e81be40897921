/** One captured packet as tcpdump's lines: number, time, headers, bytes. Formats: tcpdump 4.99.3, compared. */
import { packetText } from './print-link.ts';
import type { Captured } from './packet-view.ts';
import type { TcpdumpWishes } from './parse.ts';
import type { Style } from './print-style.ts';
import { asciiText, hexText } from './hexdump.ts';

/** Prints packet after packet: sequence numbers, deltas and counts depend on those before. */
export class PacketPrinter {
  readonly #wishes: TcpdumpWishes;
  readonly #style: Style;
  #printed = 0;
  #first: number | undefined;
  #previous: number | undefined;

  constructor(wishes: TcpdumpWishes, nameOf: Style['nameOf']) {
    this.#wishes = wishes;
    const { linkHeader, verbose, quick, absoluteSequence, numeric } = wishes;
    this.#style = { linkHeader, verbose, quick, absoluteSequence, numeric, nameOf, conversations: new Map() };
  }

  print(packet: Captured): string {
    this.#printed += 1;
    const number = this.#wishes.numbered ? `${String(this.#printed).padStart(5)}  ` : '';
    const text = `${number}${this.#stamp(packet.time)}${packetText(packet, this.#style)}${this.#dump(packet)}\n`;
    this.#first ??= packet.time;
    this.#previous = packet.time;
    return text;
  }

  #dump({ bytes, whole }: Captured): string {
    const { dump, dumpLinkHeader } = this.#wishes;
    const shown = dumpLinkHeader ? whole : bytes;
    switch (dump) {
      case 'none':
        return '';
      case 'ascii':
        return asciiText(bytes);
      case 'hex':
      case 'hex-ascii':
        return hexText(shown, dump === 'hex-ascii');
    }
  }

  /** The time in the style that the number of -t asks for, with the blank after it. */
  #stamp(time: number): string {
    switch (this.#wishes.times) {
      case 0:
        return `${clock(micros(time))} `;
      case 1:
        return '';
      case 2:
        return `${secondsOf(micros(time))} `;
      case 3:
        return `${span(micros(time) - micros(this.#previous ?? time))} `;
      case 4:
        return `${new Date(time).toISOString().slice(0, 10)} ${clock(micros(time))} `;
      default:
        return `${span(micros(time) - micros(this.#first ?? time))} `;
    }
  }
}

/** Whole microseconds: the grain of a capture. */
const micros = (milliseconds: number): number => Math.round(milliseconds * 1000);

const DAY = 86_400_000_000;

/** A difference, with its sign or a blank. */
const span = (time: number): string => `${time < 0 ? '-' : ' '}${clock(Math.abs(time))}`;

function clock(time: number): string {
  const ofDay = time % DAY;
  const seconds = Math.floor(ofDay / 1_000_000);
  const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return `${parts.join(':')}.${String(ofDay % 1_000_000).padStart(6, '0')}`;
}

function secondsOf(time: number): string {
  return `${Math.floor(time / 1_000_000)}.${String(time % 1_000_000).padStart(6, '0')}`;
}
