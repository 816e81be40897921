/** Ethernet addresses, kept in the spelling every Linux tool prints: six lower-case hex pairs. */
export type Mac = string & { readonly __brand: 'Mac' };

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as Mac;
export const ZERO_MAC = '00:00:00:00:00:00' as Mac;

/** To a group of receivers: the lowest bit of the first byte is set, as it is in the broadcast address. */
export const isMulticastMac = (mac: Mac): boolean => (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;

/** Undefined when the text is not six colon-separated hex pairs. */
export function parseMac(text: string): Mac | undefined {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text) ? (text.toLowerCase() as Mac) : undefined;
}

export function macFromBytes(bytes: Uint8Array): Mac {
  return [...bytes.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':') as Mac;
}

export function macToBytes(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16));
}
