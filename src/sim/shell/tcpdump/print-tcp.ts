/**
 * TCP, HTTP and BGP as tcpdump 4.99.3 prints them (print-tcp.c, print-http.c), compared with the real tool. Sequence numbers are
 * relative to where the printer first saw the conversation acknowledged.
 */
import { transportChecksum } from '../../../model/checksum.ts';
import { utf8Text } from '../../../base/bytes.ts';
import { BGP_PORT } from '../../../model/bgp.ts';
import { u16, u32 } from './packet-view.ts';
import { bgpText } from './print-bgp.ts';
import type { IpPayload } from './print-ip.ts';
import { addressText, portText, type Style } from './print-style.ts';

const TCP_HEADER = 20;

interface Segment {
  readonly source: number;
  readonly destination: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly window: number;
  readonly headerLength: number;
  readonly options: Uint8Array;
  readonly data: Uint8Array;
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

export function tcpText(packet: IpPayload, style: Style): string {
  const { header, payload } = packet;
  const from = addressText(style, header.source);
  const to = addressText(style, header.destination);
  const segment = readSegment(payload);
  if (!segment) return quotedStart(payload, from, to, style);
  const ends = `${from}.${portText(style, 'tcp', segment.source)} > ${to}.${portText(style, 'tcp', segment.destination)}:`;
  const length = packet.length - segment.headerLength;
  if (style.quick) return `${ends} tcp ${length}`;
  const { sequence, acknowledgement } = relative(packet, segment, style);
  const parts = [
    `Flags [${flagLetters(segment.flags)}]`,
    ...(style.verbose > 0 ? [checksumText(packet)] : []),
    ...(style.verbose > 1 || length > 0 || (segment.flags & (SYN | FIN | RST)) !== 0
      ? [`seq ${sequenceText(sequence, length)}`]
      : []),
    ...((segment.flags & ACK) === 0 ? [] : [`ack ${acknowledgement}`]),
    `win ${segment.window}`,
    ...(segment.options.length === 0 ? [] : [`options [${optionsText(segment.options)}]`]),
    `length ${length}`,
  ];
  return `${ends} ${parts.join(', ')}${length === 0 ? '' : applicationText(segment, style)}`;
}

function readSegment(bytes: Uint8Array): Segment | undefined {
  if (bytes.length < TCP_HEADER) return undefined;
  const headerLength = ((bytes[12] ?? 0) >> 4) * 4;
  return {
    source: u16(bytes, 0) ?? 0,
    destination: u16(bytes, 2) ?? 0,
    sequence: u32(bytes, 4) ?? 0,
    acknowledgement: u32(bytes, 8) ?? 0,
    flags: bytes[13] ?? 0,
    window: u16(bytes, 14) ?? 0,
    headerLength,
    options: bytes.subarray(TCP_HEADER, headerLength),
    data: bytes.subarray(headerLength),
  };
}

/** An ICMP error may quote eight bytes of TCP only. */
function quotedStart(bytes: Uint8Array, from: string, to: string, style: Style): string {
  const source = u16(bytes, 0);
  const destination = u16(bytes, 2);
  if (source === undefined || destination === undefined) return `${from} > ${to}: [|tcp]`;
  return `${from}.${portText(style, 'tcp', source)} > ${to}.${portText(style, 'tcp', destination)}:  [|tcp]`;
}

const LETTERS = [
  [1, 'F'],
  [2, 'S'],
  [4, 'R'],
  [8, 'P'],
  [16, '.'],
  [32, 'U'],
  [64, 'E'],
  [128, 'W'],
] as const;

function flagLetters(flags: number): string {
  const letters = LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter);
  return letters.length === 0 ? 'none' : letters.join('');
}

function sequenceText(sequence: number, length: number): string {
  return length > 0 ? `${sequence}:${(sequence + length) >>> 0}` : String(sequence);
}

function relative(
  { header }: IpPayload,
  segment: Segment,
  style: Style,
): Pick<Segment, 'sequence' | 'acknowledgement'> {
  const { sequence, acknowledgement, flags } = segment;
  if (style.absoluteSequence || (flags & ACK) === 0) return { sequence, acknowledgement };
  const here = `${header.source}.${segment.source}`;
  const there = `${header.destination}.${segment.destination}`;
  const reverse = there < here;
  const key = reverse ? `${there} ${here}` : `${here} ${there}`;
  const known = style.conversations.get(key);
  if (!known || (flags & SYN) !== 0) {
    const own = sequence;
    const other = (acknowledgement - 1) >>> 0;
    style.conversations.set(
      key,
      reverse ? { sequence: other, acknowledgement: own } : { sequence: own, acknowledgement: other },
    );
    return { sequence, acknowledgement };
  }
  const [own, other] = reverse
    ? [known.acknowledgement, known.sequence]
    : [known.sequence, known.acknowledgement];
  return { sequence: (sequence - own) >>> 0, acknowledgement: (acknowledgement - other) >>> 0 };
}

function checksumText({ header, payload }: IpPayload): string {
  const { source, destination, protocol } = header;
  const carried = u16(payload, 16) ?? 0;
  const sum = transportChecksum({ source, destination, protocol }, payload);
  const verdict = sum === 0 || sum === 0xffff ? 'correct' : 'incorrect';
  return `cksum 0x${carried.toString(16).padStart(4, '0')} (${verdict})`;
}

function optionsText(bytes: Uint8Array): string {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at] ?? 0;
    if (kind === 0) {
      texts.push('eol');
      break;
    }
    const length = kind === 1 ? 1 : Math.max(2, bytes[at + 1] ?? 2);
    texts.push(optionText(kind, bytes.subarray(at, at + length)));
    at += length;
  }
  return texts.join(',');
}

function optionText(kind: number, bytes: Uint8Array): string {
  switch (kind) {
    case 1:
      return 'nop';
    case 2:
      return `mss ${u16(bytes, 2) ?? 0}`;
    case 3:
      return `wscale ${bytes[2] ?? 0}`;
    case 4:
      return 'sackOK';
    case 8:
      return `TS val ${u32(bytes, 2) ?? 0} ecr ${u32(bytes, 6) ?? 0}`;
    default:
      return `unknown-${kind}`;
  }
}

const HTTP_PORTS = [80, 8080, 3128];
const HTTP_START = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|TRACE|PATCH) |^HTTP\//;

function applicationText({ source, destination, data }: Segment, { verbose }: Style): string {
  if (source === BGP_PORT || destination === BGP_PORT) return bgpText(data, verbose);
  if (!HTTP_PORTS.includes(source) && !HTTP_PORTS.includes(destination)) return '';
  const text = utf8Text(data);
  const isMessage = HTTP_START.test(text);
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (verbose === 0) return isMessage ? `: HTTP: ${lines[0] ?? ''}` : ': HTTP';
  return `: HTTP, length: ${data.length}${isMessage ? lines.map((line) => `\n\t${line}`).join('') : ''}`;
}
