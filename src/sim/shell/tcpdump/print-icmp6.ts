/** ICMPv6 and neighbour discovery as tcpdump 4.99.3 prints them (print-icmp6.c), compared with the real tool. */
import { transportChecksum } from '../../../model/checksum.ts';
import { macFromBytes } from '../../../model/mac.ts';
import { address6At, readIp6Header, u16, u32 } from './packet-view.ts';
import type { IpPayload } from './print-ip.ts';
import { addressText, macText, portText, type Style } from './print-style.ts';
import { pairs } from './hexdump.ts';

const HEADER = 8;

const SOLICITATION = 135;
const ADVERTISEMENT = 136;

export function icmp6Text(packet: IpPayload, style: Style): string {
  const { payload, length } = packet;
  const [type = 0] = payload;
  if (payload.length < HEADER) return '[|icmp6]';
  const isDiscovery = type === SOLICITATION || type === ADVERTISEMENT;
  const sum = style.verbose > 0 && !packet.header.moreFragments ? checksumText(packet) : '';
  const early = style.verbose > 0 && isDiscovery ? `, length ${length}` : '';
  const late = style.verbose > 0 ? '' : `, length ${length}`;
  return `${sum}ICMP6, ${NAMES[type] ?? `unknown icmp6 type (${type})`}${early}${messageText(payload, style)}${late}`;
}

const NAMES: Readonly<Record<number, string>> = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded in-transit',
  128: 'echo request',
  129: 'echo reply',
  133: 'router solicitation',
  134: 'router advertisement',
  [SOLICITATION]: 'neighbor solicitation',
  [ADVERTISEMENT]: 'neighbor advertisement',
};

function checksumText({ header, payload, length }: IpPayload): string {
  if (payload.length < length) return '';
  const { source, destination, protocol } = header;
  const sum = transportChecksum({ source, destination, protocol }, payload);
  return sum === 0 || sum === 0xffff
    ? '[icmp6 sum ok] '
    : `[bad icmp6 cksum 0x${(u16(payload, 2) ?? 0).toString(16).padStart(4, '0')}!] `;
}

function messageText(payload: Uint8Array, style: Style): string {
  const [type = 0, code = 0] = payload;
  switch (type) {
    case 1:
      return `, ${unreachableText(code, payload.subarray(HEADER), style)}`;
    case 2:
      return `, mtu ${u32(payload, 4) ?? 0}`;
    case 3:
      return code === 0 ? ` for ${targetText(payload.subarray(HEADER), style)}` : ' (reassembly)';
    case 128:
    case 129:
      return `, id ${u16(payload, 4) ?? 0}, seq ${u16(payload, 6) ?? 0}`;
    case SOLICITATION:
      return `, who has ${addressText(style, address6At(payload, 8))}${optionsText(payload, style)}`;
    case ADVERTISEMENT:
      return `, tgt is ${addressText(style, address6At(payload, 8))}${flagsText(payload, style)}${optionsText(payload, style)}`;
    default:
      return '';
  }
}

/** The address that the quoted packet was for. */
const targetText = (quoted: Uint8Array, style: Style): string => addressText(style, address6At(quoted, 24));

const CODES = [
  'unreachable route',
  'unreachable prohibited',
  'beyond scope',
  'unreachable address',
  'unreachable port',
];

function unreachableText(code: number, quoted: Uint8Array, style: Style): string {
  const name = CODES[code] ?? `unknown unreach code (${code})`;
  const target = targetText(quoted, style);
  if (code === 4) return `${name}, ${target} ${portOf(quoted, style)}`;
  return code === 2
    ? `${name} ${target}, source address ${addressText(style, address6At(quoted, 8))}`
    : `${name} ${target}`;
}

function portOf(quoted: Uint8Array, style: Style): string {
  const header = readIp6Header(quoted);
  const port = u16(quoted, (header?.headerLength ?? 40) + 2) ?? 0;
  if (header?.protocol === 6) return `tcp port ${portText(style, 'tcp', port)}`;
  if (header?.protocol === 17) return `udp port ${portText(style, 'udp', port)}`;
  return `protocol ${header?.protocol ?? 0} port ${port}`;
}

const FLAGS = [
  [0x80, 'router'],
  [0x40, 'solicited'],
  [0x20, 'override'],
] as const;

function flagsText(payload: Uint8Array, { verbose }: Style): string {
  if (verbose === 0) return '';
  const flags = payload[4] ?? 0;
  const names = FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return `, Flags [${names.length === 0 ? 'none' : names.join(', ')}]`;
}

const OPTION_NAMES: Readonly<Record<number, string>> = {
  1: 'source link-address',
  2: 'destination link-address',
};
const OPTIONS_AT = 24;

/** With -v what the message carries, with -vv its bytes too. */
function optionsText(payload: Uint8Array, style: Style): string {
  if (style.verbose === 0) return '';
  let text = '';
  for (let at = OPTIONS_AT; at + 2 <= payload.length;) {
    const [type = 0, units = 0] = payload.subarray(at, at + 2);
    const length = units * 8;
    if (length === 0) break;
    const data = payload.subarray(at + 2, at + length);
    const name = OPTION_NAMES[type] ?? 'unknown';
    text += `\n\t  ${name} option (${type}), length ${length} (${units}): ${macText(style, macFromBytes(data))}`;
    if (style.verbose > 1) text += `\n\t    0x0000: ${pairs(data)}`;
    at += length;
  }
  return text;
}
