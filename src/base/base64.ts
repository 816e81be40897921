/** Base64 (RFC 4648 section 4): the pure ring has neither `Buffer` nor `btoa`. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63] ?? '');
    text += digits
      .slice(0, Math.min(3, bytes.length - at) + 1)
      .join('')
      .padEnd(4, '=');
  }
  return text;
}

/** Characters outside the alphabet are skipped. */
export function fromBase64(text: string): Uint8Array {
  const digits = [...text].map((char) => ALPHABET.indexOf(char)).filter((digit) => digit >= 0);
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  for (let at = 0; at < bytes.length; at += 1) {
    const first = Math.floor((at * 8) / 6);
    const pair = ((digits[first] ?? 0) << 6) | (digits[first + 1] ?? 0);
    bytes[at] = (pair >> (4 - ((at * 8) % 6))) & 255;
  }
  return bytes;
}
