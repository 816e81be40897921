/**
 * Packets as true bytes and back, so that what the simulator captures opens in tcpdump and Wireshark.
 * Formats: see `packet.ts`. Bytes that are not modelled (IPv4 options, unknown ethertypes) are an error value, never a guess.
 */
export { decodeFrame, decodePacket } from './wire-decode.ts';
export { encodeFrame, encodePacket, encodePayload } from './wire-encode.ts';
export { frameLength, packetLength } from './wire-length.ts';
