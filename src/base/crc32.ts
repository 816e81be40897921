/** CRC-32 (ISO 3309, ITU-T V.42; the one of zip and Ethernet): finds what was damaged, and keeps out nobody who means to. */

/** The reflected polynomial. */
const POLYNOMIAL = 0xedb88320;

/** Of every byte, with none, one, two and three bytes of nothing after it: four bytes go at a time. */
const TABLES = new Int32Array(4 * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest & 1) === 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  TABLES[byte] = rest;
}
for (let at = 256; at < TABLES.length; at += 1) {
  const rest = TABLES[at - 256] ?? 0;
  TABLES[at] = (rest >>> 8) ^ (TABLES[rest & 0xff] ?? 0);
}

/** An unsigned number of 32 bits; `before` is that of the bytes that came before these. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let rest = ~before;
  let at = 0;
  for (; at + 3 < bytes.length; at += 4) {
    rest ^= word(bytes, at);
    rest = entry(3, rest) ^ entry(2, rest >>> 8) ^ entry(1, rest >>> 16) ^ entry(0, rest >>> 24);
  }
  for (; at < bytes.length; at += 1) rest = (rest >>> 8) ^ entry(0, rest ^ (bytes[at] ?? 0));
  return ~rest >>> 0;
}

const entry = (table: number, byte: number): number => TABLES[256 * table + (byte & 0xff)] ?? 0;

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);
