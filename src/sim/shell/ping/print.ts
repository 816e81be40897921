/** ping's lines. Format: iputils 20221126 ping/ping.c and ping_common.c, compared with real transcripts. */
import type { IpFamily } from '../../../model/ip-family.ts';
import type { IcmpErrorKind } from '../../../model/packet.ts';

export interface Statistics {
  readonly sent: number;
  readonly received: number;
  readonly errors: number;
  /** Milliseconds between the first and the last packet sent. */
  readonly elapsed: number;
  /** Round trips in microseconds, in order of arrival; empty when the payload is too short to carry a time. */
  readonly times: readonly number[];
  /** The most packets that were under way at once. */
  readonly pipe: number;
}

export function headLine(name: string, address: string, size: number, via: string): string {
  return `PING ${name} (${address})${via} ${size}(${size + 28}) bytes of data.\n`;
}

/** Of IPv6 only the payload is told (ping6_common.c). */
export const headLine6 = (name: string, address: string, size: number, via: string): string =>
  `PING ${name}(${address})${via} ${size} data bytes\n`;

/** `via` of the head line: ` from 10.0.0.1 eth0:`; an address alone leaves a blank where the device would stand. */
export function viaText(source: string, device: string | undefined): string {
  return ` from ${source} ${device ?? ''}:`;
}

export interface ReplyLine {
  readonly bytes: number;
  readonly from: string;
  readonly sequence: number;
  readonly identifier: number | undefined;
  readonly ttl: number;
  /** Microseconds; undefined when the payload carries no time. */
  readonly time: number | undefined;
}

export function replyLine({ bytes, from, sequence, identifier, ttl, time }: ReplyLine): string {
  const ident = identifier === undefined ? '' : ` ident=${identifier}`;
  const timing = time === undefined ? '' : ` time=${roundTrip(time)} ms`;
  return `${bytes} bytes from ${from}: icmp_seq=${sequence}${ident} ttl=${ttl}${timing}\n`;
}

/** Three significant digits, and never more than three after the point. */
export function roundTrip(micros: number): string {
  const milliseconds = micros / 1000;
  if (micros >= 100000 - 50) return String(Math.floor((micros + 500) / 1000));
  if (micros >= 10000 - 5) return milliseconds.toFixed(1);
  return milliseconds.toFixed(micros >= 1000 ? 2 : 3);
}

const ERRORS: Readonly<Record<IcmpErrorKind, string>> = {
  'net-unreachable': 'Destination Net Unreachable',
  'host-unreachable': 'Destination Host Unreachable',
  'port-unreachable': 'Destination Port Unreachable',
  'too-big': 'Frag needed and DF set',
  'admin-prohibited': 'Packet filtered',
  'ttl-exceeded': 'Time to live exceeded',
};

/** ICMPv6's, as print_icmp6 in ping6_common.c puts them. */
const ERRORS6: Readonly<Record<IcmpErrorKind, string>> = {
  'net-unreachable': 'Destination unreachable: No route',
  'host-unreachable': 'Destination unreachable: Address unreachable',
  'port-unreachable': 'Destination unreachable: Port unreachable',
  'too-big': 'Packet too big: mtu=',
  'admin-prohibited': 'Destination unreachable: Administratively prohibited',
  'ttl-exceeded': 'Time exceeded: Hop limit',
};

export interface ErrorLine {
  readonly family: IpFamily;
  readonly from: string;
  readonly sequence: number;
  readonly error: IcmpErrorKind;
  readonly mtu: number | undefined;
}

export function errorLine({ family, from, sequence, error, mtu }: ErrorLine): string {
  if (family === 6)
    return `From ${from} icmp_seq=${sequence} ${ERRORS6[error]}${error === 'too-big' ? (mtu ?? 0) : ''}\n`;
  const detail = error === 'too-big' ? ` (mtu = ${mtu ?? 0})` : '';
  return `From ${from} icmp_seq=${sequence} ${ERRORS[error]}${detail}\n`;
}

export function localErrorLine(mtu: number | undefined, family: IpFamily): string {
  return mtu === undefined
    ? 'ping: local error: Message too long\n'
    : `ping: local error: message too long, mtu${family === 6 ? ': ' : '='}${mtu}\n`;
}

/** The block after the last packet. It ends in an empty line when there is neither a round trip nor a pipe to tell. */
export function summary(name: string, statistics: Statistics): string {
  const { sent, received, errors, elapsed, times, pipe } = statistics;
  const errorText = errors === 0 ? '' : ` +${errors} errors,`;
  const loss = sent === 0 ? '' : ` ${lossText(sent, received)}% packet loss,`;
  const counts = `${sent} packets transmitted, ${received} received,${errorText}${loss} time ${Math.round(elapsed)}ms\n`;
  const rtt = received > 0 && times.length > 0 ? rttText(times) : '';
  const pipeText = pipe > 1 ? `${rtt === '' ? '' : ', '}pipe ${pipe}` : '';
  return `\n--- ${name} ping statistics ---\n${counts}${rtt}${pipeText}\n`;
}

/** C's %g of the percentage: six significant digits. */
function lossText(sent: number, received: number): string {
  return String(Number((((sent - received) * 100) / sent).toPrecision(6)));
}

/** mdev is the standard deviation; iputils computes all four in whole microseconds. */
function rttText(times: readonly number[]): string {
  const sum = times.reduce((total, time) => total + time, 0);
  const mean = Math.floor(sum / times.length);
  const squares = times.reduce((total, time) => total + time * time, 0);
  const deviation = Math.floor(Math.sqrt(Math.max(0, Math.floor(squares / times.length) - mean * mean)));
  const figures = [Math.min(...times), mean, Math.max(...times), deviation];
  return `rtt min/avg/max/mdev = ${figures.map((micros) => (micros / 1000).toFixed(3)).join('/')} ms`;
}
