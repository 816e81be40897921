/** UDP, and what it carries, as tcpdump 4.99.3 prints it (print-udp.c, print-vxlan.c), compared with the real tool. */
import { transportChecksum } from '../../../model/checksum.ts';
import { VXLAN_PORT } from '../../../model/encapsulation.ts';
import { DNS_PORT } from '../../../model/dns.ts';
import { isIpv6 } from '../../../model/ip-family.ts';
import { u16, u8 } from './packet-view.ts';
import { dnsText } from './print-dns.ts';
import type { IpPayload } from './print-ip.ts';
import { innerFrameText } from './print-link.ts';
import { addressText, portText, type Style } from './print-style.ts';

const UDP_HEADER = 8;
const VXLAN_HEADER = 8;

export function udpText(packet: IpPayload, style: Style): string {
  const { header, payload } = packet;
  const source = u16(payload, 0);
  const destination = u16(payload, 2);
  const from = addressText(style, header.source);
  const to = addressText(style, header.destination);
  if (source === undefined || destination === undefined || payload.length < UDP_HEADER)
    return `${from} > ${to}: [|udp]`;
  const ends = `${from}.${portText(style, 'udp', source)} > ${to}.${portText(style, 'udp', destination)}:`;
  const length = (u16(payload, 4) ?? UDP_HEADER) - UDP_HEADER;
  if (style.quick) return `${ends} UDP, length ${length}`;
  // Over IPv6 a checksum is never left out, and is looked at with the first -v.
  const sum = style.verbose > (isIpv6(header.source) ? 0 : 1) ? checksumText(packet) : '';
  const held = payload.subarray(UDP_HEADER);
  const carries = (port: number): boolean => source === port || destination === port;
  if (carries(VXLAN_PORT))
    return `${ends} ${sum}${vxlanText(held, Math.min(length, packet.length - UDP_HEADER), style)}`;
  const dns = carries(DNS_PORT) ? dnsText(held, length, style) : undefined;
  return `${ends} ${sum}${dns ?? `UDP, length ${length}`}`;
}

/** Only a whole datagram can be summed. */
function checksumText({ header, payload }: IpPayload): string {
  if (u16(payload, 6) === 0) return '[no cksum] ';
  if (header.moreFragments || payload.length < (u16(payload, 4) ?? 0)) return '';
  const { source, destination, protocol } = header;
  const sum = transportChecksum({ source, destination, protocol }, payload);
  return sum === 0 || sum === 0xffff
    ? '[udp sum ok] '
    : `[bad udp cksum 0x${(u16(payload, 6) ?? 0).toString(16).padStart(4, '0')}!] `;
}

function vxlanText(bytes: Uint8Array, length: number, style: Style): string {
  if (bytes.length < VXLAN_HEADER) return '[|VXLAN]';
  const flags = u8(bytes, 0) ?? 0;
  const vni = (u16(bytes, 4) ?? 0) * 256 + (u8(bytes, 6) ?? 0);
  const flagged = (flags & 8) === 0 ? '.' : 'I';
  const head = `VXLAN, flags [${flagged}] (0x${flags.toString(16).padStart(2, '0')}), vni ${vni}`;
  return `${head}\n${innerFrameText(bytes.subarray(VXLAN_HEADER), length - VXLAN_HEADER, style)}`;
}
