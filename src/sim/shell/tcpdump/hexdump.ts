/** -x, -X, -XX and -A: a packet's bytes. Format: tcpdump 4.99.3 print-ascii.c, compared with the real tool. */

export function hexText(bytes: Uint8Array, withAscii: boolean): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = pairs(row);
    const ascii = withAscii ? `${hex.padEnd(HEX_WIDTH)}  ${[...row].map(graph).join('')}` : hex;
    text += `\n\t0x${at.toString(16).padStart(4, '0')}: ${ascii}`;
  }
  return text;
}

const HEX_WIDTH = 40;

export function pairs(row: Uint8Array): string {
  let text = '';
  row.forEach((byte, at) => {
    text += `${at % 2 === 0 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`;
  });
  return text;
}

const graph = (byte: number): string => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : '.');

/** Line ends, tabs and blanks are kept; a carriage return at the end of a line or of the packet is left out. */
export function asciiText(bytes: Uint8Array): string {
  let text = '\n';
  bytes.forEach((byte, at) => {
    if (byte === CARRIAGE_RETURN && (bytes[at + 1] ?? NEWLINE) === NEWLINE) return;
    text += byte === TAB || byte === NEWLINE || byte === BLANK ? String.fromCharCode(byte) : graph(byte);
  });
  return text;
}

const TAB = 9;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const BLANK = 32;
